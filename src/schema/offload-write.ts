import type * as z from 'zod';
import type { Signal } from '../abort.ts';
import type { OffloadToken } from '../token.ts';
import { type ByteCount, endsWithinReach, reachSentence } from './byte-count.ts';
import { type Checker, checker } from './check.ts';
import { byteCount, sectorSize, signal } from './fields.ts';
import { perSector } from './per-sector.ts';
import { AT_END_OF_FILE } from './tail.ts';
import { token } from './token.ts';
import type { Transfer } from './transfer.ts';

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
  readonly fileOffset: ByteCount;
  readonly transferOffset: ByteCount;
  readonly signal?: Signal | undefined;
}

export const offloadWriteChecker: (sectorSize: number) => Checker<OffloadWriteOrder> = perSector((sector) =>
  checker('offloadWrite', { ...fields(sector), signal: signal.optional() }, refine(sector)),
);

/** A blocking call cannot be cancelled: `signal` is an unknown key of it. */
export const offloadWriteSyncChecker: (sectorSize: number) => Checker<OffloadWriteOrder> = perSector(
  (sector) => checker('offloadWriteSync', fields(sector), refine(sector)),
);

function fields(sector: number) {
  return {
    token,
    copyLength: byteCount('copyLength', sector, AT_END_OF_FILE),
    fileOffset: byteCount('fileOffset', sector).default(0),
    transferOffset: byteCount('transferOffset', sector).default(0),
    sectorSize: sectorSize.optional(),
    endOfFile: byteCount('endOfFile', 1).optional(),
  };
}

function refine(sector: number) {
  return <S extends z.ZodType<OffloadWriteOrder>>(schema: S): S =>
    within(within(schema, 'fileOffset', sector), 'transferOffset', sector);
}

function within<S extends z.ZodType<OffloadWriteOrder>>(
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
