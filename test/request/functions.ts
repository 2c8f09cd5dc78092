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

/** A request that each of them takes, for a sector of any size. */
export function legalRequest(name: FunctionName): Record<string, unknown> {
  if (READS.includes(name)) return { copyLength: LENGTH };
  if (WRITES.includes(name)) return { token: OffloadToken.zeroData(), copyLength: LENGTH };
  if (DSM_READS.includes(name)) return { ranges: [range()] };
  return { ranges: [range()], token: OffloadToken.zeroData() };
}

/** The request with something else at a dotted path. */
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

/** Calls one of them with a request of any kind. */
export function call(
  { odx }: Workspace,
  name: FunctionName,
  file: OffloadFile | bigint,
  request: unknown,
): unknown {
  return (odx[name] as (file: unknown, request: unknown) => unknown)(file, request);
}

/** What was refused; anything but an InvalidArgumentError is an error of the test. */
export async function refusal(run: () => unknown): Promise<InvalidArgumentError> {
  const error = await failureOf(run);
  if (error instanceof InvalidArgumentError) return error;
  throw error;
}

/** Holds a refusal to its form, one plain sentence on one path, and gives the sentence. */
export function sentenceOf(error: InvalidArgumentError, path: string): string {
  expect(error.code).toBe('ERR_ODX_INVALID_ARGUMENT');
  expect(error.cause).toBeInstanceOf(ZodError);
  expect(error.issues).toEqual([{ path, message: error.message }]);
  expect(error.message).toMatch(/^\S.*[.?]$/);
  expect(error.message).not.toContain('[object');
  return error.message;
}

/** The legal value that a sentence names, if it names one. */
export function legalValueIn(sentence: string): number | bigint | undefined {
  const found = /(?:nearest legal value is|for example|such as) (-?\d+)(n?)(?![\w'])/.exec(sentence);
  if (found?.[1] === undefined) return undefined;
  return found[2] === 'n' ? BigInt(found[1]) : Number(found[1]);
}
