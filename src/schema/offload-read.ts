import type * as z from 'zod';
import type { Signal } from '../abort.ts';
import { type ByteCount, endsWithinReach, reachSentence } from './byte-count.ts';
import { type Checker, checker } from './check.ts';
import { byteCount, sectorSize, signal, u32 } from './fields.ts';
import { perSector } from './per-sector.ts';
import { AT_END_OF_FILE } from './tail.ts';
import type { Transfer } from './transfer.ts';

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
  readonly fileOffset: ByteCount;
  readonly tokenTimeToLive: number;
  readonly signal?: Signal | undefined;
}

export const offloadReadChecker: (sectorSize: number) => Checker<OffloadReadOrder> = perSector((sector) =>
  checker('offloadRead', { ...fields(sector), signal: signal.optional() }, refine(sector)),
);

/** A blocking call cannot be cancelled: `signal` is an unknown key of it. */
export const offloadReadSyncChecker: (sectorSize: number) => Checker<OffloadReadOrder> = perSector((sector) =>
  checker('offloadReadSync', fields(sector), refine(sector)),
);

function fields(sector: number) {
  return {
    copyLength: byteCount('copyLength', sector, AT_END_OF_FILE),
    fileOffset: byteCount('fileOffset', sector).default(0),
    tokenTimeToLive: u32('tokenTimeToLive', 'milliseconds').default(0),
    sectorSize: sectorSize.optional(),
    endOfFile: byteCount('endOfFile', 1).optional(),
  };
}

function refine(sector: number) {
  return <S extends z.ZodType<OffloadReadOrder>>(schema: S): S =>
    schema.refine((order) => endsWithinReach(order.fileOffset, order.copyLength), {
      path: ['copyLength'],
      error: ({ input }) => {
        const { fileOffset, copyLength } = input as OffloadReadOrder;
        return reachSentence('fileOffset', fileOffset, 'copyLength', copyLength, sector);
      },
    });
}
