import { describeValue } from '../describe.ts';

/** A number of bytes: a safe, non-negative integer, or a bigint from 0 to 2^63-1. */
export type ByteCount = number | bigint;

/** MAXFILESIZE is below MAXULONGLONG, and offsets reach code that treats them as signed. */
export const LARGEST = 0x7fff_ffff_ffff_ffffn;

/** Whether a value is a count of bytes and a multiple of `unit`, a power of two. */
export function isByteCount(value: unknown, unit: number): value is ByteCount {
  if (typeof value === 'number') {
    // Dividing by a power of two is exact, and much faster than % beyond 2^31.
    return Number.isSafeInteger(value) && value >= 0 && Number.isInteger(value / unit);
  }
  return (
    typeof value === 'bigint' &&
    value >= 0n &&
    value <= LARGEST &&
    (unit === 1 || value % BigInt(unit) === 0n)
  );
}

export function roundUp(value: ByteCount, unit: number): ByteCount {
  if (typeof value === 'number') {
    const rounded = Math.ceil(value / unit) * unit;
    return Number.isSafeInteger(rounded) ? rounded : roundUp(BigInt(value), unit);
  }
  const big = BigInt(unit);
  return ((value + big - 1n) / big) * big;
}

/** Whether a range that starts at `offset` ends within 2^63-1. */
export function endsWithinReach(offset: ByteCount, length: ByteCount): boolean {
  // Two safe integers cannot reach 2^63, which spares the common case the bigints.
  return (
    (typeof offset === 'number' && typeof length === 'number') || BigInt(offset) + BigInt(length) <= LARGEST
  );
}

interface SentenceOptions {
  /** What else is legal, in words. */
  readonly exception?: string;
  /** The same as a value. */
  readonly tail?: bigint | undefined;
  /** For fields that do not take all byte counts. */
  readonly least?: number;
  readonly most?: bigint;
}

/** The sentence for a value that {@link isByteCount} refused: field, value, rule, nearest legal value. */
export function byteCountSentence(
  field: string,
  value: unknown,
  unit: number,
  { exception = '', tail, least = 0, most = LARGEST }: SentenceOptions = {},
): string {
  const said = describeValue(value);
  const example = Math.max(unit, least);
  if (value === undefined) {
    return `${field} is missing; it must be a number of bytes, such as ${example}.`;
  }
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return `${field} is ${said}; it must be a number of bytes, as a number or a bigint, such as ${example}.`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return `${field} is ${said}; it must be a finite number of bytes, such as ${example}.`;
  }
  const nearest = nearestLegal(value, unit, least, most, tail);
  if (value < 0)
    return `${field} is ${said}; it must not be negative, the nearest legal value is ${nearest}.`;
  if (value > LARGEST) {
    return `${field} is ${said}; it must stay within 2^63-1, the nearest legal value is ${nearest}.`;
  }
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return `${field} is ${said}; it must be a whole number of bytes, the nearest legal value is ${nearest}.`;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return `${field} is ${said}; a number beyond 2^53-1 is not exact, write it as a bigint, for example ${nearest}.`;
  }
  return `${field} is ${said}; it must be a multiple of the logical sector of ${unit} bytes${exception}, the nearest legal value is ${nearest}.`;
}

/** The sentence for a range that {@link endsWithinReach} refused. */
export function reachSentence(
  offsetField: string,
  offset: ByteCount,
  lengthField: string,
  length: ByteCount,
  unit: number,
): string {
  const room = ((LARGEST - BigInt(offset)) / BigInt(unit)) * BigInt(unit);
  return `${lengthField} is ${describeValue(length)}, which with ${offsetField} ${describeValue(offset)} ends beyond 2^63-1; the nearest legal value is ${room}n.`;
}

function nearestLegal(
  value: number | bigint,
  unit: number,
  least: number,
  most: bigint,
  tail: bigint | undefined,
): string {
  if (value <= least) return typeof value === 'bigint' ? `${least}n` : `${least}`;
  const big = BigInt(unit);
  const highest = (most / big) * big;
  if (value > highest) return `${highest}n`;
  const whole = typeof value === 'bigint' ? value : BigInt(Math.round(value));
  const below = (whole / big) * big;
  const above = below + big;
  const multiple = whole - below < above - whole || above > highest ? below : above;
  const nearest = tail !== undefined && distance(tail, whole) < distance(multiple, whole) ? tail : multiple;
  const asNumber = typeof value === 'number' && nearest <= BigInt(Number.MAX_SAFE_INTEGER);
  return asNumber ? `${nearest}` : `${nearest}n`;
}

function distance(a: bigint, b: bigint): bigint {
  return a < b ? b - a : a - b;
}
