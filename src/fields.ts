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
import { isLegalToken, type OffloadToken, tokenSentence } from './token.ts';

/** Accepts values of one kind. What depends on other fields as well is a {@link Rule}. */
export type Field<T> = z.ZodCustom<T, T>;

/** Compares the fields of a request. It passes over a field that is refused already. */
export type Rule = z.core.$ZodCheck<Snapshot>;

export function field<T>(isLegal: (value: unknown) => boolean, explain: Explain): Field<T> {
  return z.custom<T>(isLegal, { params: { explain } });
}

/** A field that may be left out. Unlike `.optional()` of Zod it keeps the key, so that it is never looked up elsewhere. */
export function optional<T>(required: Field<T>): Field<T | undefined> {
  const { fn, params } = required.def;
  return z.custom<T | undefined>((value) => value === undefined || fn(value), { params });
}

/** A count of bytes of any size. */
export const byteCount: Field<ByteCount> = field(isByteCount, (path, value) =>
  byteCountSentence(path, value, 1),
);

/** The limits of a field whose sector is known. */
type LimitsOf = (sectorSize: number) => Limits;

/** A count of bytes to which the rule {@link aligned} applies. */
export function limitedByteCount(limitsOf?: LimitsOf): Field<ByteCount> {
  return field(isByteCount, explainAlignment(limitsOf));
}

/** The same without limits of its own. */
export const alignedByteCount: Field<ByteCount> = limitedByteCount();

/** At least 1 byte. */
export const positiveByteCount: Field<ByteCount> = field(
  (value) => isByteCount(value) && value > 0,
  (path, value) =>
    isByteCount(value)
      ? must('be at least one byte, the nearest legal value is 1')(path, value, {})
      : byteCountSentence(path, value, 1, { lowest: 1 }),
);

/** A whole number that is an NTSTATUS, signed or not. */
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

// The longest that a timer of Node can wait.
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

/** An AbortSignal, which requestSchema has made safe. It may be left out. */
export const signal: Field<Signal | undefined> = optional(
  field<Signal>(isSafeSignal, must('be an AbortSignal')),
);

/** An OffloadToken or its 512 bytes. They are copied to the wire before any code of the caller runs again. */
export const offloadToken: Field<OffloadToken | Uint8Array> = field(isLegalToken, tokenSentence);

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

/** A rule of a request: whether it is kept, and the path of the field that is to blame where it is not. */
export function rule(path: string, isKept: (request: Snapshot) => boolean, explain: Explain): Rule {
  return z.refine<Snapshot>(isKept, { path: [path], params: { explain } });
}

/** The field is a multiple of the logical sector. */
export function aligned(path: string, limitsOf?: LimitsOf): Rule {
  return rule(path, (request) => isAligned(request[path], request), explainAlignment(limitsOf));
}

/**
 * The length is a multiple of the logical sector, or ends exactly at the end of the file. One source allows the second
 * and the others do not, so it is accepted only where that end is known, and {@link wireLength} rounds it up.
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

/** The range from an offset on, rounded up to the sector, ends within 2^63-1. */
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

/** Whether a range is within 2^63-1; true for one that is refused for another reason. */
export function isInReach(offset: unknown, length: unknown, request: Snapshot): boolean {
  if (!isByteCount(offset) || !isByteCount(length) || !isAligned(offset, request)) return true;
  return fitsInFile(offset, roundUp(length, sectorSizeOf(request)));
}

/** Blames a length for ending beyond 2^63-1; `offset` is a key beside it. */
export function explainReach(offset: string): Explain {
  return (path, value, request) => {
    const start = valueAt(request, [...path.split('.').slice(0, -1), offset]);
    const room = isByteCount(start) ? roundDown(LARGEST - BigInt(start), sectorSizeOf(request)) : 0n;
    return (nameOf) =>
      `${nameOf(path)} is ${describeValue(value)}, which with ${nameOf(offset)} ${describeValue(start)} ends beyond 2^63-1; the nearest legal value is ${room}n.`;
  };
}

/** The length of a checked request as Windows gets it: a multiple of the logical sector. */
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
  // The common case first.
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

/** The sector of a request, also of one whose own is refused. */
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

/** What is left of the file from fileOffset on, where that is no multiple of the sector. */
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
