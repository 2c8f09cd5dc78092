import type * as z from 'zod';
import type { Signal } from '../abort.ts';
import { type ByteCount, endsWithinReach, reachSentence } from './byte-count.ts';
import { type Checker, check, checker } from './check.ts';
import { byteCount, sectorSize, signal } from './fields.ts';
import { type Own, ownProperties } from './own.ts';
import { perSector } from './per-sector.ts';
import { isSectorSize, SMALLEST_SECTOR } from './sector.ts';
import { roundTail, tellTail } from './tail.ts';

/** What {@link zeroRange} takes. */
export interface ZeroRangeRequest {
  /** Where the zeros begin, in bytes from the start of the file; a multiple of the logical sector. */
  readonly fileOffset: ByteCount;
  /** Bytes to zero: a multiple of the logical sector, or a length that ends at the end of the file. 0 is legal. */
  readonly length: ByteCount;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the volume for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
  /** Size of the file in bytes; where it is known, a length that ends there need not be aligned. Default: known for an OffloadFile. */
  readonly endOfFile?: ByteCount | undefined;
  /** Cancels the write in flight (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** The checked request, in bytes. */
export interface ZeroRangeOrder {
  readonly fileOffset: bigint;
  /** What goes on the wire: a multiple of the sector. */
  readonly wireLength: bigint;
  /** What was asked for: less where it ends at the end of the file. */
  readonly length: bigint;
  readonly sectorSize: number;
  readonly signal: Signal | undefined;
}

export function checkZeroRange(
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): ZeroRangeOrder {
  const { of, keys } = zeroRangeChecker(SMALLEST_SECTOR);
  const own = ownProperties(request, of, keys);
  const { sectorSize: named, endOfFile = fileEnd } = own;
  const sector = isSectorSize(named) ? named : (fileSector ?? SMALLEST_SECTOR);
  const asked = roundLength(own, sector, endOfFile);
  const { fileOffset, length, signal: given } = checkRange(own, sector, endOfFile);
  return {
    fileOffset: BigInt(fileOffset),
    wireLength: BigInt(length),
    length: BigInt(asked ?? length),
    sectorSize: sector,
    signal: given,
  };
}

function checkRange(own: Own, sector: number, endOfFile: unknown): ZeroRangeRequest {
  try {
    return check(zeroRangeChecker(sector), own);
  } catch (error) {
    const { length, fileOffset } = own;
    throw tellTail(error, 'length', { length, fileOffset }, sector, endOfFile);
  }
}

const zeroRangeChecker: (sectorSize: number) => Checker<ZeroRangeRequest> = perSector((sector) =>
  checker(
    'zeroRange',
    {
      fileOffset: byteCount('fileOffset', sector),
      length: byteCount('length', sector),
      sectorSize: sectorSize().optional(),
      endOfFile: byteCount('endOfFile', 1).optional(),
      signal: signal().optional(),
    },
    refine(sector),
  ),
);

function refine(sector: number) {
  return <S extends z.ZodType<ZeroRangeRequest>>(schema: S): S =>
    schema.refine((request) => endsWithinReach(request.fileOffset, request.length), {
      path: ['length'],
      error: ({ input }) => {
        const { fileOffset, length } = input as ZeroRangeRequest;
        return reachSentence('fileOffset', fileOffset, 'length', length, sector);
      },
    });
}

function roundLength(own: Own, sector: number, end: unknown): ByteCount | undefined {
  const transfer: Own = { copyLength: own['length'], fileOffset: own['fileOffset'] };
  const asked = roundTail(transfer, sector, end);
  own['length'] = transfer['copyLength'];
  return asked;
}
