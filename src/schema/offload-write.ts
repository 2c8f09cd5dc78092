import type * as z from 'zod';
import type { Signal } from '../abort.ts';
import type { OffloadToken } from '../token.ts';
import { type ByteCount, endsWithinReach, reachSentence } from './byte-count.ts';
import { checker } from './check.ts';
import { byteCount, filledByteCount, filledSectorSize, filledSignal } from './fields.ts';
import { type Own, ownCopy } from './own.ts';
import { AT_END_OF_FILE } from './tail.ts';
import { filledToken, ownToken } from './token.ts';
import { checkTransfer, isPolluted, type Transfer, type TransferChecks, transferChecks } from './transfer.ts';

/** What {@link offloadWriteSync} takes. */
export interface OffloadWriteSyncRequest {
  /** The token that an offload read gave, or its 512 bytes. */
  readonly token: OffloadToken | Uint8Array;
  /** Bytes to write: a multiple of the logical sector, or a length that ends at the end of the file. 0 is legal. */
  readonly copyLength: ByteCount;
  /** Where the bytes go, from the start of the file; a multiple of the logical sector. Default 0. */
  readonly fileOffset?: ByteCount | undefined;
  /** Where they begin within the range that the token stands for; a multiple of the logical sector. Default 0. */
  readonly transferOffset?: ByteCount | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the volume for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
  /** Size of the file in bytes; where it is known, a copyLength that ends there need not be aligned. Default: known for an OffloadFile. */
  readonly endOfFile?: ByteCount | undefined;
}

/** What {@link offloadWrite} takes. */
export interface OffloadWriteRequest extends OffloadWriteSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** The checked request. */
export interface OffloadWriteOrder extends Transfer {
  readonly token: OffloadToken | Uint8Array;
  readonly transferOffset: ByteCount;
}

/** The same with what only a call that does not block can have. */
export interface OffloadWriteAsyncOrder extends OffloadWriteOrder {
  readonly signal: Signal | undefined;
}

export function checkOffloadWrite(
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): OffloadWriteAsyncOrder {
  const own = ownCopy(request, CHECKS.of, isPolluted());
  const stranger = hasStranger(own, 'signal') ? own : undefined;
  return checkTransfer(CHECKS, { ...fill(own), signal: own['signal'] }, stranger, fileSector, fileEnd);
}

/** A blocking call cannot be cancelled: `signal` is an unknown key of it. */
export function checkOffloadWriteSync(
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): OffloadWriteOrder {
  const own = ownCopy(request, SYNC_CHECKS.of, isPolluted());
  const stranger = hasStranger(own) ? own : undefined;
  return checkTransfer(SYNC_CHECKS, fill(own), stranger, fileSector, fileEnd);
}

function fill(own: Own) {
  const { token, copyLength, fileOffset = 0, transferOffset = 0, sectorSize, endOfFile } = own;
  return {
    token: ownToken(token),
    copyLength,
    fileOffset,
    transferOffset,
    sectorSize,
    endOfFile,
    asked: undefined,
  };
}

// Written out, because comparing with names that are known beforehand is a fraction of a look-up.
function hasStranger(own: Own, also?: string): boolean {
  for (const key in own) {
    if (
      key !== 'token' &&
      key !== 'copyLength' &&
      key !== 'fileOffset' &&
      key !== 'transferOffset' &&
      key !== 'sectorSize' &&
      key !== 'endOfFile' &&
      key !== also
    ) {
      return true;
    }
  }
  return false;
}

function shape(sector: number) {
  return {
    token: filledToken(),
    copyLength: byteCount('copyLength', sector, AT_END_OF_FILE),
    fileOffset: byteCount('fileOffset', sector),
    transferOffset: byteCount('transferOffset', sector),
    sectorSize: filledSectorSize(),
    endOfFile: filledByteCount('endOfFile'),
  };
}

function reaches(order: OffloadWriteOrder): boolean {
  const { fileOffset, transferOffset, copyLength } = order;
  return endsWithinReach(fileOffset, copyLength) && endsWithinReach(transferOffset, copyLength);
}

function refine(sector: number) {
  return <S extends z.ZodType<Omit<OffloadWriteOrder, 'asked'>>>(schema: S): S =>
    within(within(schema, 'fileOffset', sector), 'transferOffset', sector);
}

function within<S extends z.ZodType<Omit<OffloadWriteOrder, 'asked'>>>(
  schema: S,
  start: 'fileOffset' | 'transferOffset',
  sector: number,
): S {
  return schema.refine((order) => endsWithinReach(order[start], order.copyLength), {
    path: ['copyLength'],
    error: ({ input }) => {
      const order = input as OffloadWriteOrder;
      return reachSentence(start, order[start], 'copyLength', order.copyLength, sector);
    },
  });
}

const CHECKS: TransferChecks<OffloadWriteAsyncOrder> = transferChecks(
  'offloadWrite',
  (sector) => ({ ...shape(sector), signal: filledSignal() }),
  reaches,
  (sector, fields) => checker('offloadWrite', fields, refine(sector)),
);

const SYNC_CHECKS: TransferChecks<OffloadWriteOrder> = transferChecks(
  'offloadWriteSync',
  shape,
  reaches,
  (sector, fields) => checker('offloadWriteSync', fields, refine(sector)),
);
