import { describeValue } from './describe.ts';
import type { Sentence } from './errors.ts';

/** A number of bytes: a safe, non-negative integer, or a bigint from 0 to 2^63-1. */
export type ByteCount = number | bigint;

/** 2^63-1: the largest file size of Windows (MAXFILESIZE), and the largest offset that signed code can hold. */
export const LARGEST = 0x7fff_ffff_ffff_ffffn;

/** Whether a value is a byte count. */
export function isByteCount(value: unknown): value is ByteCount {
  return typeof value === 'number'
    ? Number.isSafeInteger(value) && value >= 0
    : typeof value === 'bigint' && value >= 0n && value <= LARGEST;
}

/** Whether a byte count is a multiple of `unit`, a power of two. */
export function isMultiple(value: ByteCount, unit: number): boolean {
  // Dividing by a power of two is exact, and much faster than % beyond 2^31.
  return typeof value === 'number' ? Number.isInteger(value / unit) : value % BigInt(unit) === 0n;
}

/** Whether a range that begins at `offset` ends within 2^63-1. */
export function fitsInFile(offset: ByteCount, length: ByteCount): boolean {
  // The sum of two safe integers is always below 2^63, so the common case needs no bigint.
  return (
    (typeof offset === 'number' && typeof length === 'number') || BigInt(offset) + BigInt(length) <= LARGEST
  );
}

export function roundDown(value: bigint, unit: number): bigint {
  return value - (value % BigInt(unit));
}

export function roundUp<T extends ByteCount>(value: T, unit: number): T | bigint;
export function roundUp(value: ByteCount, unit: number): ByteCount {
  if (typeof value === 'bigint') return roundDown(value + BigInt(unit) - 1n, unit);
  const rounded = Math.ceil(value / unit) * unit;
  return Number.isSafeInteger(rounded) ? rounded : roundUp(BigInt(value), unit);
}

/** The smallest of some byte counts. */
export function least(...values: readonly [bigint, ...bigint[]]): bigint {
  return values.reduce((lowest, value) => (value < lowest ? value : lowest));
}

/** The limits of a field that does not accept every byte count, for {@link byteCountSentence}. */
export interface Limits {
  /** The smallest legal value. */
  readonly lowest?: number;
  /** The largest legal value. */
  readonly highest?: bigint;
  /** A legal value that is not a multiple of the unit. */
  readonly exception?: bigint | undefined;
  /** The exception in words, which follow the rule in the message. */
  readonly unless?: string;
}

/** The message for a value that is not a byte count or not a multiple of `unit`: the value, the rule, the nearest legal value. */
export function byteCountSentence(path: string, value: unknown, unit: number, limits: Limits = {}): Sentence {
  const rule = brokenRule(value, unit, limits);
  if (value === undefined) return (nameOf) => `${nameOf(path)} is missing; ${rule}`;
  return (nameOf) => `${nameOf(path)} is ${describeValue(value)}; ${rule}`;
}

function brokenRule(value: unknown, unit: number, limits: Limits): string {
  const { lowest = 0, unless = '' } = limits;
  const example = Math.max(unit, lowest);
  if (value === undefined) return `it must be a number of bytes, such as ${example}.`;
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    return `it must be a number of bytes, as a number or a bigint, such as ${example}.`;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return `it must be a finite number of bytes, such as ${example}.`;
  }
  const nearest = nearestLegal(value, unit, limits);
  if (value < 0) return `it must not be negative, the nearest legal value is ${nearest}.`;
  if (value > LARGEST) return `it must stay within 2^63-1, the nearest legal value is ${nearest}.`;
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return `it must be a whole number of bytes, the nearest legal value is ${nearest}.`;
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return `a number beyond 2^53-1 is not exact, write it as a bigint, for example ${nearest}.`;
  }
  return `it must be a multiple of the logical sector of ${unit} bytes${unless}, the nearest legal value is ${nearest}.`;
}

function nearestLegal(value: number | bigint, unit: number, limits: Limits): string {
  const { lowest = 0, highest = LARGEST, exception } = limits;
  if (value <= lowest) return typeof value === 'bigint' ? `${lowest}n` : `${lowest}`;
  const last = roundDown(highest, unit);
  if (value > last) return `${last}n`;
  const whole = typeof value === 'bigint' ? value : BigInt(Math.round(value));
  const below = roundDown(whole, unit);
  const above = below + BigInt(unit);
  const multiple = whole - below < above - whole ? below : above;
  const nearest =
    exception !== undefined && distance(exception, whole) < distance(multiple, whole) ? exception : multiple;
  const isNumber = typeof value === 'number' && nearest <= BigInt(Number.MAX_SAFE_INTEGER);
  return isNumber ? `${nearest}` : `${nearest}n`;
}

function distance(a: bigint, b: bigint): bigint {
  return a < b ? b - a : a - b;
}
