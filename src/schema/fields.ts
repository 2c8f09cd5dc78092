import type * as z from 'zod';
import { isOwnSignal, ownSignal, type Signal } from '../abort.ts';
import { describeValue } from '../describe.ts';
import { type ByteCount, byteCountSentence, isByteCount } from './byte-count.ts';
import { once } from './once.ts';
import { isSectorSize, nearestSectorSize } from './sector.ts';
import { zod } from './zod.ts';

const U32 = 0xffff_ffff;

/** A count of bytes that is a multiple of `unit`. `least` is for its sentences alone. */
export function byteCount(field: string, unit: number, least = 0): z.ZodCustom<ByteCount, ByteCount> {
  return zod().custom<ByteCount>((value) => isByteCount(value, unit), {
    error: ({ input }) => byteCountSentence(field, input, unit, { least }),
  });
}

export function u32(field: string, what: string): z.ZodCustom<number, number> {
  return zod().custom<number>((value) => isIntegerWithin(value, 0, U32), {
    error: ({ input }) => integerSentence(field, input, 0, U32, what),
  });
}

/** Signed, as languages without unsigned integers write it, or not. */
export function ntstatus(field: string): z.ZodCustom<number, number> {
  return zod().custom<number>((value) => isIntegerWithin(value, -0x8000_0000, U32), {
    error: ({ input }) => `${field} is ${describeValue(input)}; it must be an NTSTATUS, such as 0xC0000465.`,
  });
}

export function integer(
  field: string,
  lowest: number,
  highest: number,
  what: string,
): z.ZodCustom<number, number> {
  return zod().custom<number>((value) => isIntegerWithin(value, lowest, highest), {
    error: ({ input }) => integerSentence(field, input, lowest, highest, what),
  });
}

export function flag(field: string): z.ZodCustom<boolean, boolean> {
  return zod().custom<boolean>((value) => typeof value === 'boolean', {
    error: ({ input }) => `${field} is ${describeValue(input)}; it must be true or false.`,
  });
}

export function oneOf<const T extends string>(field: string, values: readonly T[]): z.ZodCustom<T, T> {
  return zod().custom<T>(
    (value) => typeof value === 'string' && (values as readonly string[]).includes(value),
    {
      error: ({ input }) =>
        `${field} is ${describeValue(input)}; it must be one of ${values.map((value) => `'${value}'`).join(', ')}.`,
    },
  );
}

export function callback<T>(field: string): z.ZodCustom<T, T> {
  return zod().custom<T>((value) => typeof value === 'function', {
    error: ({ input }) => `${field} is ${describeValue(input)}; it must be a function.`,
  });
}

const sectorSizeRefusal = {
  error: ({ input }: { readonly input?: unknown }) =>
    `sectorSize is ${describeValue(input)}; it must be a power of two from 512 to 65536, the nearest legal value is ${nearestSectorSize(input)}.`,
};

const signalRefusal = {
  error: ({ input }: { readonly input?: unknown }) =>
    `signal is ${describeValue(input)}; it must be an AbortSignal.`,
};

export const sectorSize: () => z.ZodCustom<number, number> = once(() =>
  zod().custom<number>(isSectorSize, sectorSizeRefusal),
);

export const signal: () => z.ZodCustom<Signal, Signal> = once(() =>
  zod()
    .custom<Signal>((value) => isOwnSignal(ownSignal(value)), { ...signalRefusal, abort: true })
    .overwrite((value) => ownSignal(value) as Signal),
);

// For objects in which every key is there: `.optional()` and `.default()` make Zod create a closure for each parse.

/** {@link sectorSize}, or undefined. */
export const filledSectorSize: () => z.ZodCustom<number | undefined, number | undefined> = once(() =>
  zod().custom((value) => value === undefined || isSectorSize(value), sectorSizeRefusal),
);

/** What ownSignal made of a {@link signal}, or undefined. */
export const filledSignal: () => z.ZodCustom<Signal | undefined, Signal | undefined> = once(() =>
  zod().custom((value) => value === undefined || isOwnSignal(value), signalRefusal),
);

/** A count of bytes, or undefined. */
export function filledByteCount(field: string): z.ZodCustom<ByteCount | undefined, ByteCount | undefined> {
  return zod().custom((value) => value === undefined || isByteCount(value, 1), {
    error: ({ input }) => byteCountSentence(field, input, 1),
  });
}

function isIntegerWithin(value: unknown, lowest: number, highest: number): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest;
}

function integerSentence(
  field: string,
  value: unknown,
  lowest: number,
  highest: number,
  what: string,
): string {
  const said = `${field} is ${describeValue(value)}; it must be a whole number of ${what} from ${lowest} to ${highest}`;
  if (typeof value !== 'number' || Number.isNaN(value)) return `${said}, such as ${lowest}.`;
  const nearest = Math.min(Math.max(Math.round(value), lowest), highest);
  return `${said}, the nearest legal value is ${nearest}.`;
}
