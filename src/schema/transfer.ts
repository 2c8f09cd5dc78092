import type * as z from 'zod';
import type { ByteCount } from './byte-count.ts';
import { type Checker, check } from './check.ts';
import { perSector } from './per-sector.ts';
import { isSectorSize, SMALLEST_SECTOR } from './sector.ts';
import { roundTail, tellTail } from './tail.ts';
import { zod } from './zod.ts';

/** A checked offload read or write. */
export interface Transfer {
  /** What goes on the wire: a multiple of the sector. */
  readonly copyLength: ByteCount;
  readonly fileOffset: ByteCount;
  readonly sectorSize: number | undefined;
  readonly endOfFile: ByteCount | undefined;
  /** What the caller asked for, where that is less because it ends at the end of the file. */
  readonly asked: ByteCount | undefined;
}

/**
 * A request with its defaults, not checked yet. It has one shape whichever keys were given, which keeps fast whatever
 * works with it, so it is what the call goes on with once Zod has found it legal.
 */
export type Filled<T extends Transfer> = { -readonly [K in keyof T]: unknown } & {
  /** The keys that are not known. */
  readonly strangers: readonly string[] | undefined;
};

/** What checks the requests of one function, for each sector size. */
export interface TransferChecks<T extends Transfer> {
  readonly of: string;
  readonly fields: (sectorSize: number) => { safeParse(input: unknown): { readonly success: boolean } };
  /** Whether the ranges end within reach: said once for all fields, which Zod would do in closures of its own. */
  readonly reaches: (order: T) => boolean;
  /** Both, to say what is wrong, and unknown keys. */
  readonly all: (sectorSize: number) => Checker<object>;
}

/**
 * Checks a request that was filled in against the sector that it names, or else that of its file. For a borrowed handle
 * nothing is known: 512 is the smallest sector there is, so nothing legal is refused.
 */
export function checkTransfer<T extends Transfer>(
  checks: TransferChecks<T>,
  filled: Filled<T>,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): T {
  const sector = sectorOf(filled.sectorSize, fileSector);
  const end = filled.endOfFile ?? fileEnd;
  if (end !== undefined) filled.asked = roundTail(filled, sector, end);
  const isLegal = filled.strangers === undefined && checks.fields(sector).safeParse(filled).success;
  // What Zod has just found to be legal is what the types of `fields` say.
  const order = filled as unknown as T;
  if (isLegal && checks.reaches(order)) return order;
  try {
    return lookAgain(checks.all(sector), filled);
  } catch (error) {
    const { copyLength: length, fileOffset } = filled;
    throw tellTail(error, 'copyLength', { length, fileOffset }, sector, end);
  }
}

function sectorOf(named: unknown, fileSector = SMALLEST_SECTOR): number {
  return named !== undefined && isSectorSize(named) ? named : fileSector;
}

/** @internal Keeps Zod's types out of the declarations that the public ones import. */
export function transferChecks<T extends Transfer, Shape extends z.core.$ZodShape>(
  of: string,
  shape: (sectorSize: number) => Shape,
  reaches: (order: T) => boolean,
  checkerOf: (sectorSize: number, shape: Shape) => Checker<object>,
): TransferChecks<T> {
  return {
    of,
    fields: perSector((sector) => zod().compile(zod().object(shape(sector)))),
    reaches,
    all: perSector((sector) => checkerOf(sector, shape(sector))),
  };
}

function lookAgain<T extends Transfer>(checker: Checker<object>, filled: Filled<T>): never {
  const known = checker.keys.map((key) => [key, filled[key as keyof T]] as const);
  const unknown = (filled.strangers ?? []).map((key) => [key, undefined] as const);
  check(checker, Object.fromEntries([...known, ...unknown]));
  throw new Error(`${checker.of} refused what it finds legal.`);
}

/** What is left out and what is undefined are the same. */
export function orZero(value: unknown): unknown {
  return value === undefined ? 0 : value;
}

const isOwnOf = Object.prototype.hasOwnProperty;

/** For the keys that for-in gives: there V8 knows the answer beforehand, as it does not for Object.hasOwn. */
export function isOwn(request: object, key: string): boolean {
  return isOwnOf.call(request, key);
}
