import type * as z from 'zod';
import type { Signal } from '../abort.ts';
import { describeValue } from '../describe.ts';
import type { OffloadToken } from '../token.ts';
import {
  type ByteCount,
  byteCountSentence,
  endsWithinReach,
  isByteCount,
  LARGEST,
  reachSentence,
} from './byte-count.ts';
import { type Checker, check, checker } from './check.ts';
import { sectorSize, signal, u32 } from './fields.ts';
import { isArray, type Own, ownProperties, ownPropertiesAt } from './own.ts';
import { perSector } from './per-sector.ts';
import { isSectorSize, SMALLEST_SECTOR } from './sector.ts';
import { token } from './token.ts';
import { zod } from './zod.ts';

/** A range of a device (DEVICE_DATA_SET_RANGE), in bytes; both are multiples of the logical sector. */
export interface DataSetRange {
  readonly startingOffset: ByteCount;
  /** More than 0. */
  readonly lengthInBytes: ByteCount;
}

/** What {@link dsmOffloadReadSync} takes. */
export interface DsmOffloadReadSyncRequest {
  /** 1 to 65,536 ranges; the token stands for their bytes one after the other. */
  readonly ranges: readonly DataSetRange[];
  /** How long the array should keep the token, 0 to 2^32-1; the headers say milliseconds, the class driver takes seconds. Default 0: the array's own. */
  readonly timeToLive?: number | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the device for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
}

/** What {@link dsmOffloadRead} takes. */
export interface DsmOffloadReadRequest extends DsmOffloadReadSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** What {@link dsmOffloadWriteSync} takes. */
export interface DsmOffloadWriteSyncRequest {
  /** 1 to 65,536 ranges, filled one after the other. */
  readonly ranges: readonly DataSetRange[];
  /** The token that an offload read gave, or its 512 bytes. */
  readonly token: OffloadToken | Uint8Array;
  /** Where to begin within what the token stands for, in bytes; a multiple of the logical sector. Default 0. */
  readonly tokenOffset?: ByteCount | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the device for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
}

/** What {@link dsmOffloadWrite} takes. */
export interface DsmOffloadWriteRequest extends DsmOffloadWriteSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

export interface DsmReadOrder {
  readonly ranges: readonly DataSetRange[];
  readonly timeToLive: number;
  readonly signal?: Signal | undefined;
}

export interface DsmWriteOrder {
  readonly ranges: readonly DataSetRange[];
  readonly token: OffloadToken | Uint8Array;
  readonly tokenOffset: ByteCount;
  readonly signal?: Signal | undefined;
}

export const dsmReadChecker: CheckerPerSector<DsmReadOrder> = perSector((sector) =>
  checker(
    'dsmOffloadRead',
    { ...readFields(sector), signal: signal().optional() },
    withinReach(sector),
    RANGE_KEYS,
  ),
);
export const dsmReadSyncChecker: CheckerPerSector<DsmReadOrder> = perSector((sector) =>
  checker('dsmOffloadReadSync', readFields(sector), withinReach(sector), RANGE_KEYS),
);
export const dsmWriteChecker: CheckerPerSector<DsmWriteOrder> = perSector((sector) =>
  checker(
    'dsmOffloadWrite',
    { ...writeFields(sector), signal: signal().optional() },
    withinReach(sector),
    RANGE_KEYS,
  ),
);
export const dsmWriteSyncChecker: CheckerPerSector<DsmWriteOrder> = perSector((sector) =>
  checker('dsmOffloadWriteSync', writeFields(sector), withinReach(sector), RANGE_KEYS),
);

/** Checks a request of the storage pair against the sector that it names, or else that of its device. */
export function checkDsm<T>(
  checkerFor: CheckerPerSector<T>,
  request: unknown,
  deviceSector: number = SMALLEST_SECTOR,
): T {
  const { of, keys } = checkerFor(deviceSector);
  const own = ownProperties(request, of, keys);
  own['ranges'] = ownRanges(own['ranges']);
  const named = own['sectorSize'];
  return check(checkerFor(isSectorSize(named) ? named : deviceSector), own);
}

export function totalLength(ranges: readonly DataSetRange[]): bigint {
  let total = 0n;
  for (const range of ranges) total += BigInt(range.lengthInBytes);
  return total;
}

type CheckerPerSector<T> = (sectorSize: number) => Checker<T>;

const MOST_RANGES = 65_536;
const RANGE_KEYS = ['startingOffset', 'lengthInBytes'];

function ownRanges(ranges: unknown): unknown {
  if (!isArray(ranges) || ranges.length > MOST_RANGES) return ranges;
  // By index: an iterator of the caller's has no say in it.
  return Array.from({ length: ranges.length }, (_, at): Own => {
    return ownPropertiesAt(`ranges.${at}`, ranges[at], RANGE_KEYS);
  });
}

function ranges(sector: number) {
  return zod()
    .custom<readonly DataSetRange[]>(
      (value) => isArray(value) && value.length >= 1 && value.length <= MOST_RANGES,
      { error: ({ input }) => countSentence(input), abort: true },
    )
    .pipe(zod().array(range(sector)));
}

function range(sector: number) {
  return zod()
    .strictObject({
      startingOffset: start('startingOffset', sector),
      lengthInBytes: zod().custom<ByteCount>((value) => isByteCount(value, sector) && value > 0, {
        error: ({ input }) =>
          input === 0 || input === 0n
            ? `lengthInBytes is ${describeValue(input)}; a range must not be empty, the nearest legal value is ${sector}.`
            : byteCountSentence('lengthInBytes', input, sector, { least: sector }),
      }),
    })
    .refine((value) => endsWithinReach(value.startingOffset, value.lengthInBytes), {
      path: ['lengthInBytes'],
      error: ({ input }) => {
        const { startingOffset, lengthInBytes } = input as DataSetRange;
        return reachSentence('startingOffset', startingOffset, 'lengthInBytes', lengthInBytes, sector);
      },
    });
}

/** Where something that is never empty begins: not in the last sector there is. */
function start(field: string, sector: number): z.ZodCustom<ByteCount, ByteCount> {
  const last = LARGEST - BigInt(sector);
  return zod().custom<ByteCount>((value) => isByteCount(value, sector) && value <= last, {
    error: ({ input }) =>
      isByteCount(input, sector)
        ? `${field} is ${describeValue(input)}; a sector must fit behind it within 2^63-1, the nearest legal value is ${roundDown(last, sector)}n.`
        : byteCountSentence(field, input, sector, { most: last }),
  });
}

function roundDown(value: bigint, sector: number): bigint {
  return value - (value % BigInt(sector));
}

function readFields(sector: number) {
  return {
    ranges: ranges(sector),
    timeToLive: u32('timeToLive', 'time units').default(0),
    sectorSize: sectorSize().optional(),
  };
}

function writeFields(sector: number) {
  return {
    ranges: ranges(sector),
    token: token(),
    tokenOffset: start('tokenOffset', sector).default(0),
    sectorSize: sectorSize().optional(),
  };
}

function withinReach(sector: number) {
  return <S extends z.ZodType<{ ranges: readonly DataSetRange[]; tokenOffset?: ByteCount }>>(schema: S): S =>
    schema.refine((order) => BigInt(order.tokenOffset ?? 0) + totalLength(order.ranges) <= LARGEST, {
      path: ['ranges'],
      error: ({ input }) => {
        const { ranges, tokenOffset = 0 } = input as {
          ranges: readonly DataSetRange[];
          tokenOffset?: ByteCount;
        };
        const from = BigInt(tokenOffset) === 0n ? '' : ` from tokenOffset ${describeValue(tokenOffset)}`;
        const most = roundDown(LARGEST - BigInt(tokenOffset), sector);
        return `ranges hold ${totalLength(ranges)} bytes together${from}, which ends beyond 2^63-1; the most is ${most}.`;
      },
    });
}

function countSentence(value: unknown): string {
  if (!isArray(value)) {
    const said = value === undefined ? 'missing' : describeValue(value);
    return `ranges is ${said}; it must be an array of { startingOffset, lengthInBytes }.`;
  }
  const nearest = value.length === 0 ? 1 : MOST_RANGES;
  return `ranges holds ${value.length} ranges; it must hold 1 to ${MOST_RANGES}, the nearest legal number is ${nearest}.`;
}
