import type * as z from 'zod';
import { ownSignal, type Signal } from '../abort.ts';
import type { OffloadToken } from '../token.ts';
import { type ByteCount, endsWithinReach, reachSentence } from './byte-count.ts';
import { checker } from './check.ts';
import { byteCount, filledByteCount, filledSectorSize, filledSignal } from './fields.ts';
import { objectOf } from './own.ts';
import { filledToken, ownToken } from './token.ts';
import {
  checkTransfer,
  type Filled,
  isOwn,
  orZero,
  type Transfer,
  type TransferChecks,
  transferChecks,
} from './transfer.ts';

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
  return checkTransfer(CHECKS, fill(objectOf(request, CHECKS.of), true), fileSector, fileEnd);
}

/** A blocking call cannot be cancelled: `signal` is an unknown key of it. */
export function checkOffloadWriteSync(
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): OffloadWriteOrder {
  return checkTransfer(SYNC_CHECKS, fill(objectOf(request, SYNC_CHECKS.of), false), fileSector, fileEnd);
}

/** Reads each key once, and none that is not the request's own. Names that are known beforehand are found fastest. */
function fill(
  request: { readonly [K in keyof OffloadWriteRequest]?: unknown },
  takesSignal: boolean,
): Filled<OffloadWriteAsyncOrder> {
  let token: unknown;
  let copyLength: unknown;
  let fileOffset: unknown = 0;
  let transferOffset: unknown = 0;
  let sectorSize: unknown;
  let endOfFile: unknown;
  let signal: unknown;
  let strangers: string[] | undefined;
  for (const key in request) {
    if (!isOwn(request, key)) continue;
    if (key === 'token') token = ownToken(request.token);
    else if (key === 'copyLength') copyLength = request.copyLength;
    else if (key === 'fileOffset') fileOffset = orZero(request.fileOffset);
    else if (key === 'transferOffset') transferOffset = orZero(request.transferOffset);
    else if (key === 'sectorSize') sectorSize = request.sectorSize;
    else if (key === 'endOfFile') endOfFile = request.endOfFile;
    else if (key === 'signal' && takesSignal) signal = ownSignal(request.signal);
    else strangers = [...(strangers ?? []), key];
  }
  return {
    token,
    copyLength,
    fileOffset,
    transferOffset,
    sectorSize,
    endOfFile,
    signal,
    asked: undefined,
    strangers,
  };
}

function shape(sector: number) {
  return {
    token: filledToken(),
    copyLength: byteCount('copyLength', sector),
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
