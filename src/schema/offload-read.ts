import type * as z from 'zod';
import { ownSignal, type Signal } from '../abort.ts';
import { type ByteCount, endsWithinReach, reachSentence } from './byte-count.ts';
import { checker } from './check.ts';
import { byteCount, filledByteCount, filledSectorSize, filledSignal, u32 } from './fields.ts';
import { objectOf } from './own.ts';
import {
  checkTransfer,
  type Filled,
  isOwn,
  orZero,
  type Transfer,
  type TransferChecks,
  transferChecks,
} from './transfer.ts';

/** What {@link offloadReadSync} takes. */
export interface OffloadReadSyncRequest {
  /** Bytes to put behind the token: a multiple of the logical sector, or a length that ends at the end of the file. 0 is legal. */
  readonly copyLength: ByteCount;
  /** Where the range begins, in bytes from the start of the file; a multiple of the logical sector. Default 0. */
  readonly fileOffset?: ByteCount | undefined;
  /** How long the array should keep the token, in milliseconds, 0 to 2^32-1. A hint; 0, the default, leaves it to the array. */
  readonly tokenTimeToLive?: number | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the volume for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
  /** Size of the file in bytes; where it is known, a copyLength that ends there need not be aligned. Default: known for an OffloadFile. */
  readonly endOfFile?: ByteCount | undefined;
}

/** What {@link offloadRead} takes. */
export interface OffloadReadRequest extends OffloadReadSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** The checked request. */
export interface OffloadReadOrder extends Transfer {
  readonly tokenTimeToLive: number;
}

/** The same with what only a call that does not block can have. */
export interface OffloadReadAsyncOrder extends OffloadReadOrder {
  readonly signal: Signal | undefined;
}

export function checkOffloadRead(
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): OffloadReadAsyncOrder {
  return checkTransfer(CHECKS, fill(objectOf(request, CHECKS.of), true), fileSector, fileEnd);
}

/** A blocking call cannot be cancelled: `signal` is an unknown key of it. */
export function checkOffloadReadSync(
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): OffloadReadOrder {
  return checkTransfer(SYNC_CHECKS, fill(objectOf(request, SYNC_CHECKS.of), false), fileSector, fileEnd);
}

/** Reads each key once, and none that is not the request's own. Names that are known beforehand are found fastest. */
function fill(
  request: { readonly [K in keyof OffloadReadRequest]?: unknown },
  takesSignal: boolean,
): Filled<OffloadReadAsyncOrder> {
  let copyLength: unknown;
  let fileOffset: unknown = 0;
  let tokenTimeToLive: unknown = 0;
  let sectorSize: unknown;
  let endOfFile: unknown;
  let signal: unknown;
  let strangers: string[] | undefined;
  for (const key in request) {
    if (!isOwn(request, key)) continue;
    if (key === 'copyLength') copyLength = request.copyLength;
    else if (key === 'fileOffset') fileOffset = orZero(request.fileOffset);
    else if (key === 'tokenTimeToLive') tokenTimeToLive = orZero(request.tokenTimeToLive);
    else if (key === 'sectorSize') sectorSize = request.sectorSize;
    else if (key === 'endOfFile') endOfFile = request.endOfFile;
    else if (key === 'signal' && takesSignal) signal = ownSignal(request.signal);
    else strangers = [...(strangers ?? []), key];
  }
  return {
    copyLength,
    fileOffset,
    tokenTimeToLive,
    sectorSize,
    endOfFile,
    signal,
    asked: undefined,
    strangers,
  };
}

function shape(sector: number) {
  return {
    copyLength: byteCount('copyLength', sector),
    fileOffset: byteCount('fileOffset', sector),
    tokenTimeToLive: u32('tokenTimeToLive', 'milliseconds'),
    sectorSize: filledSectorSize(),
    endOfFile: filledByteCount('endOfFile'),
  };
}

function reaches(order: OffloadReadOrder): boolean {
  return endsWithinReach(order.fileOffset, order.copyLength);
}

function refine(sector: number) {
  return <S extends z.ZodType<Omit<OffloadReadOrder, 'asked'>>>(schema: S): S =>
    schema.refine((order) => endsWithinReach(order.fileOffset, order.copyLength), {
      path: ['copyLength'],
      error: ({ input }) => {
        const { fileOffset, copyLength } = input as OffloadReadOrder;
        return reachSentence('fileOffset', fileOffset, 'copyLength', copyLength, sector);
      },
    });
}

const CHECKS: TransferChecks<OffloadReadAsyncOrder> = transferChecks(
  'offloadRead',
  (sector) => ({ ...shape(sector), signal: filledSignal() }),
  reaches,
  (sector, fields) => checker('offloadRead', fields, refine(sector)),
);

const SYNC_CHECKS: TransferChecks<OffloadReadOrder> = transferChecks(
  'offloadReadSync',
  shape,
  reaches,
  (sector, fields) => checker('offloadReadSync', fields, refine(sector)),
);
