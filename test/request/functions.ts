import { expect } from 'vitest';
import { ZodError } from 'zod';
import { InvalidArgumentError } from '../../src/errors.ts';
import type { OffloadFile } from '../../src/offload-file.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, type Workspace } from '../kit.ts';

export type FunctionName =
  | 'offloadRead'
  | 'offloadReadSync'
  | 'offloadWrite'
  | 'offloadWriteSync'
  | 'dsmOffloadRead'
  | 'dsmOffloadReadSync'
  | 'dsmOffloadWrite'
  | 'dsmOffloadWriteSync';

export const READS: readonly FunctionName[] = ['offloadRead', 'offloadReadSync'];
export const WRITES: readonly FunctionName[] = ['offloadWrite', 'offloadWriteSync'];
export const DSM_READS: readonly FunctionName[] = ['dsmOffloadRead', 'dsmOffloadReadSync'];
export const DSM_WRITES: readonly FunctionName[] = ['dsmOffloadWrite', 'dsmOffloadWriteSync'];
export const ALL: readonly FunctionName[] = [...READS, ...WRITES, ...DSM_READS, ...DSM_WRITES];

const LENGTH = 65_536;
const range = (): object => ({ startingOffset: 0, lengthInBytes: LENGTH });

/** A legal request of a function, for any sector size. */
export function legalRequest(name: FunctionName): Record<string, unknown> {
  if (READS.includes(name)) return { copyLength: LENGTH };
  if (WRITES.includes(name)) return { token: OffloadToken.zeroData(), copyLength: LENGTH };
  if (DSM_READS.includes(name)) return { ranges: [range()] };
  return { ranges: [range()], token: OffloadToken.zeroData() };
}

/** A copy of the request with another value at a dotted path. */
export function withValue(request: Record<string, unknown>, path: string, value: unknown): unknown {
  const [key = '', ...rest] = path.split('.');
  const inner = request[key] as Record<string, unknown>;
  if (rest.length === 0) return { ...request, [key]: value };
  if (!Array.isArray(inner)) return { ...request, [key]: withValue(inner, rest.join('.'), value) };
  const [at = '', ...deeper] = rest;
  const items = [...inner];
  items[Number(at)] = deeper.length === 0 ? value : withValue(items[Number(at)], deeper.join('.'), value);
  return { ...request, [key]: items };
}

/** Calls a function with any value as its request. */
export function call(
  { odx }: Workspace,
  name: FunctionName,
  file: OffloadFile | bigint,
  request: unknown,
): unknown {
  return (odx[name] as (file: unknown, request: unknown) => unknown)(file, request);
}

/** Returns the InvalidArgumentError of a call. Rethrows any other error. */
export async function refusal(run: () => unknown): Promise<InvalidArgumentError> {
  const error = await failureOf(run);
  if (error instanceof InvalidArgumentError) return error;
  throw error;
}

/** Checks that an error has one issue, a plain sentence at this path, and returns the sentence. */
export function sentenceOf(error: InvalidArgumentError, path: string): string {
  expect(error.code).toBe('ERR_ODX_INVALID_ARGUMENT');
  expect(error.cause).toBeInstanceOf(ZodError);
  const [cause, ...more] = (error.cause as ZodError).issues;
  expect(more).toEqual([]);
  // Zod has words of its own for an unknown key, and knows no path for a single argument.
  if (cause?.code !== 'unrecognized_keys') {
    expect(cause?.message).toBe(error.message);
    expect(['', path]).toContain(cause?.path.join('.'));
  }
  expect(error.issues).toEqual([{ path, message: error.message }]);
  expect(error.message).toMatch(/^\S.*[.?]$/);
  expect(error.message).not.toContain('[object');
  return error.message;
}

/** The legal value that a message suggests, if any. */
export function legalValueIn(sentence: string): number | bigint | undefined {
  const found = /(?:nearest legal value is|for example|such as) (-?\d+)(n?)(?![\w'])/.exec(sentence);
  if (found?.[1] === undefined) return undefined;
  return found[2] === 'n' ? BigInt(found[1]) : Number(found[1]);
}
