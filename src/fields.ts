import * as z from 'zod';
import {
  type ByteCount,
  byteCountSentence,
  fitsInFile,
  isByteCount,
  isMultiple,
  LARGEST,
  type Limits,
  roundDown,
  roundUp,
} from './byte-count.ts';
import { describeValue } from './describe.ts';
import { type Explain, SMALLEST_SECTOR, type Snapshot, valueAt } from './request.ts';
import { isSafeSignal, type Signal } from './signal.ts';
import { isToken, type OffloadToken, tokenSentence } from './token.ts';

/** Accepts values of one kind. A check that needs other fields too is a {@link Rule}. */
export type Field<T> = z.ZodCustom<T, T>;

/** Compares the fields of a request. It ignores a field that is already refused. */
export type Rule = z.core.$ZodCheck<Snapshot>;

export function field<T>(isLegal: (value: unknown) => boolean, explain: Explain): Field<T> {
  return z.custom<T>(isLegal, { params: { explain } });
}

/** A field that may be omitted. Unlike Zod's `.optional()` it keeps the key, so that it is never looked up on a prototype. */
export function optional<T>(required: Field<T>): Field<T | undefined> {
  const { fn, params } = required.def;
  return z.custom<T | undefined>((value) => value === undefined || fn(value), { params });
}

/** A byte count of any size. */
export const byteCount: Field<ByteCount> = field(isByteCount, (path, value) =>
  byteCountSentence(path, value, 1),
);

/** The limits of a field, which depend on the sector size. */
type LimitsOf = (sectorSize: number) => Limits;

/** A byte count that the rule {@link aligned} checks too. */
export function limitedByteCount(limitsOf?: LimitsOf): Field<ByteCount> {
  return field(isByteCount, explainAlignment(limitsOf));
}

/** {@link limitedByteCount} without limits. */
export const alignedByteCount: Field<ByteCount> = limitedByteCount();

/** A byte count of at least 1. */
export const positiveByteCount: Field<ByteCount> = field(
  (value) => isByteCount(value) && value > 0,
  (path, value) =>
    isByteCount(value)
      ? must('be at least one byte, the nearest legal value is 1')(path, value, {})
      : byteCountSentence(path, value, 1, { lowest: 1 }),
);

/** An NTSTATUS as a signed or unsigned integer. */
export const ntstatus: Field<number> = field(
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= -0x8000_0000 && value <= 0xffff_ffff,
  must('be an NTSTATUS, such as 0xC0000465'),
);

export function u32(unit: string): Field<number> {
  return integer(0, 0xffff_ffff, unit);
}

export function integer(lowest: number, highest: number, unit: string): Field<number> {
  return field(
    (value) => typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest,
    (path, value) => {
      const isNumber = typeof value === 'number' && !Number.isNaN(value);
      const end = isNumber
        ? `the nearest legal value is ${Math.min(Math.max(Math.round(value), lowest), highest)}.`
        : `such as ${lowest}.`;
      return (nameOf) =>
        `${nameOf(path)} is ${describeValue(value)}; it must be a whole number of ${unit} from ${lowest} to ${highest}, ${end}`;
    },
  );
}

// The longest delay of a Node.js timer.
const LONGEST_MS = 0x7fff_ffff;

/** A time in milliseconds, which may have a fraction. */
export const milliseconds: Field<number> = field(
  (value) => typeof value === 'number' && value >= 0 && value <= LONGEST_MS,
  (path, value) => {
    const isNumber = typeof value === 'number' && !Number.isNaN(value);
    const end = isNumber ? `the nearest legal value is ${value < 0 ? 0 : LONGEST_MS}.` : 'such as 5.';
    return (nameOf) =>
      `${nameOf(path)} is ${describeValue(value)}; it must be a number of milliseconds from 0 to ${LONGEST_MS}, ${end}`;
  },
);

export const flag: Field<boolean> = field((value) => typeof value === 'boolean', must('be true or false'));

export function oneOf<const T extends string>(...values: readonly T[]): Field<T> {
  const quoted = values.map((value) => `'${value}'`).join(', ');
  return field((value) => values.some((legal) => legal === value), must(`be one of ${quoted}`));
}

export function callback<T>(): Field<T> {
  return field((value) => typeof value === 'function', must('be a function'));
}

/** An optional AbortSignal, which requestSchema has made safe. */
export const signal: Field<Signal | undefined> = optional(
  field<Signal>(isSafeSignal, must('be an AbortSignal')),
);

/** An OffloadToken. requestSchema has made one of a caller's 512 bytes. */
export const offloadToken: Field<OffloadToken> = field(isToken, tokenSentence);

export const LARGEST_SECTOR = 65_536;

/** A power of two from 512 to 65,536: every logical sector size that Windows knows. */
export function isSectorSize(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    value >= SMALLEST_SECTOR &&
    value <= LARGEST_SECTOR &&
    Number.isInteger(value) &&
    (value & (value - 1)) === 0
  );
}

export const sectorSize: Field<number> = field(
  isSectorSize,
  (path, value) => (nameOf) =>
    `${nameOf(path)} is ${describeValue(value)}; it must be a power of two from ${SMALLEST_SECTOR} to ${LARGEST_SECTOR}, the nearest legal value is ${nearestSectorSize(value)}.`,
);

function nearestSectorSize(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !(number > SMALLEST_SECTOR)) return SMALLEST_SECTOR;
  const above = 2 ** Math.ceil(Math.log2(Math.min(number, LARGEST_SECTOR)));
  return above - number <= number - above / 2 ? above : Math.max(above / 2, SMALLEST_SECTOR);
}

// Rules.

/** Makes a rule. A request that breaks it gets an issue for the field at `path`. */
export function rule(path: string, isFollowed: (request: Snapshot) => boolean, explain: Explain): Rule {
  return z.refine<Snapshot>(isFollowed, { path: [path], params: { explain } });
}

/** The field must be a multiple of the logical sector. */
export function aligned(path: string, limitsOf?: LimitsOf): Rule {
  return rule(path, (request) => isAligned(request[path], request), explainAlignment(limitsOf));
}

/**
 * The length must be a multiple of the logical sector or end exactly at the end of the file. Only one of the specifications
 * allows the second case, so it is accepted only where the end of the file is known, and {@link wireLength} rounds it up.
 */
export function alignedOrAtEndOfFile(path: string): Rule {
  return rule(
    path,
    (request) => isAligned(request[path], request) || endsAtEndOfFile(request[path], request),
    (at, value, request) => {
      const tail = tailOf(request);
      const unless =
        request['endOfFile'] === undefined
          ? ', or end at the end of the file where endOfFile is given'
          : tail === undefined
            ? ''
            : `, or ${tail} to end exactly at the end of the file`;
      return byteCountSentence(at, value, sectorSizeOf(request), { unless, exception: tail });
    },
  );
}

/** The range that begins at an offset, rounded up to the sector, must end within 2^63-1. */
export function endsInReach(offset: string, length: string): Rule {
  return rule(
    length,
    (request) => {
      if (typeof request[offset] === 'number' && typeof request[length] === 'number') return true;
      const isLength = isAligned(request[length], request) || endsAtEndOfFile(request[length], request);
      return !isLength || isInReach(request[offset], request[length], request);
    },
    explainReach(offset),
  );
}

/** Whether a range ends within 2^63-1. True for a range that is refused for another reason. */
export function isInReach(offset: unknown, length: unknown, request: Snapshot): boolean {
  if (!isByteCount(offset) || !isByteCount(length) || !isAligned(offset, request)) return true;
  return fitsInFile(offset, roundUp(length, sectorSizeOf(request)));
}

/** Explains that a length ends beyond 2^63-1. `offset` is a key of the same object. */
export function explainReach(offset: string): Explain {
  return (path, value, request) => {
    const start = valueAt(request, [...path.split('.').slice(0, -1), offset]);
    const room = isByteCount(start) ? roundDown(LARGEST - BigInt(start), sectorSizeOf(request)) : 0n;
    return (nameOf) =>
      `${nameOf(path)} is ${describeValue(value)}, which with ${nameOf(offset)} ${describeValue(start)} ends beyond 2^63-1; the nearest legal value is ${room}n.`;
  };
}

/** The length that a checked request has on the wire: a multiple of the logical sector. */
export function wireLength({
  copyLength,
  sectorSize,
}: {
  readonly copyLength: ByteCount;
  readonly sectorSize: number;
}): ByteCount {
  return isMultiple(copyLength, sectorSize) ? copyLength : roundUp(copyLength, sectorSize);
}

export function isAligned(value: unknown, request: Snapshot): boolean {
  const { sectorSize } = request;
  // The common case first, for speed.
  if (typeof value === 'number' && typeof sectorSize === 'number' && Number.isInteger(value / sectorSize)) {
    return true;
  }
  return !isByteCount(value) || isMultiple(value, sectorSizeOf(request));
}

export function explainAlignment(limitsOf: LimitsOf = () => ({})): Explain {
  return (path, value, request) => {
    const sector = sectorSizeOf(request);
    return byteCountSentence(path, value, sector, limitsOf(sector));
  };
}

/** The sector size of a request, or the smallest where its own is refused. */
export function sectorSizeOf(request: Snapshot): number {
  const { sectorSize: named } = request;
  return isSectorSize(named) ? named : SMALLEST_SECTOR;
}

function endsAtEndOfFile(length: unknown, request: Snapshot): boolean {
  const { fileOffset, endOfFile } = request;
  return (
    isByteCount(length) &&
    isByteCount(endOfFile) &&
    isByteCount(fileOffset) &&
    BigInt(fileOffset) + BigInt(length) === BigInt(endOfFile)
  );
}

/** The length from fileOffset to the end of the file, if it is not a multiple of the sector. */
function tailOf(request: Snapshot): bigint | undefined {
  const { fileOffset = 0, endOfFile } = request;
  if (!isByteCount(endOfFile) || !isByteCount(fileOffset) || !isAligned(fileOffset, request))
    return undefined;
  const tail = BigInt(endOfFile) - BigInt(fileOffset);
  return tail > 0n && !isMultiple(tail, sectorSizeOf(request)) ? tail : undefined;
}

export function must(rule: string): Explain {
  return (path, value) => (nameOf) => `${nameOf(path)} is ${describeValue(value)}; it must ${rule}.`;
}
