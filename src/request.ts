import * as z from 'zod';
import { describeValue, isRevokedProxy, nearestName } from './describe.ts';
import { type ArgumentIssue, InvalidArgumentError, type Sentence } from './errors.ts';
import { safeSignal } from './signal.ts';
import { snapshotToken } from './token.ts';

/** A copy of the caller's object: its own keys, each read once, and every key of the schema. */
export type Snapshot = Readonly<Record<string, unknown>>;

/** Explains why a value is refused. `path` is its place in the request, such as `ranges.0.lengthInBytes`. */
export type Explain = (path: string, value: unknown, request: Snapshot) => Sentence;

/** The facts about an open file that complete a request. */
export interface KnownFile {
  readonly sectorSize?: number | undefined;
  readonly size?: bigint | undefined;
}

/** The sector size to assume where it is not known. It is the smallest that exists, so no legal request is refused. */
export const SMALLEST_SECTOR = 512;

/** Checks the requests of one function. */
export interface RequestSchema<Arguments> {
  /**
   * Returns a checked copy of a request.
   *
   * @throws {InvalidArgumentError} with one issue for each problem. An exception of a getter of the caller passes through.
   */
  check(given: unknown, file?: KnownFile): Arguments;
}

type Input<Fields extends z.ZodRawShape> = z.input<z.ZodObject<Fields, z.core.$strict>>;

interface RequestOptions<Arguments> {
  /** Rules that compare several fields; see fields.ts. */
  readonly rules?: readonly z.core.$ZodCheck<Snapshot>[];
  /** Values for omitted keys. `sectorSize` and `endOfFile` come from the file. */
  readonly defaults?: Partial<Arguments>;
  /** The keys of the items of each list in the request. Items are copied like the request itself. */
  readonly itemKeys?: Readonly<Record<string, readonly string[]>>;
}

/** The maximum number of items in a list. A longer list is refused before its items are read. */
export const LONGEST_LIST = 65_536;

/** How many problems of a list are named, at least. Naming all of them could take minutes. */
export const MOST_ISSUES = 100;

/**
 * Makes a function's request check from its Zod fields and rules. The check copies the caller's object, fills in the
 * defaults and the facts about the file, validates, and converts a ZodError into an InvalidArgumentError.
 */
export function requestSchema<Fields extends z.ZodRawShape>(
  functionName: string,
  fields: Fields,
  { rules = [], defaults, itemKeys = {} }: RequestOptions<Input<Fields>> = {},
): RequestSchema<Input<Fields>> {
  const hasSignal = Object.hasOwn(fields, 'signal');
  const hasToken = Object.hasOwn(fields, 'token');
  const keys = Object.keys(fields);
  const template = { ...withFile(absentKeys(keys), { sectorSize: SMALLEST_SECTOR }), ...defaults };
  const lists = Object.entries(itemKeys);
  let schemas: Schemas<Fields> | undefined;

  return {
    check(given, file) {
      const known = file?.sectorSize === undefined ? { ...template } : withFile(template, file);
      const request = snapshot(objectOf(given, functionName), known);
      if (lists.length > 0) snapshotLists(request, lists);
      if (hasToken) request['token'] = snapshotToken(request['token']);
      if (hasSignal && request['signal'] !== undefined) request['signal'] = safeSignal(request['signal']);

      // Compiled on first use, because compiling takes longer than importing the whole package.
      schemas ??= compile(fields, rules);
      if (z.validate(schemas.fields, request) && z.validate(schemas.rules, request)) return request;
      throw refusalOfRequest(functionName, schemas, keys, request);
    },
  };
}

interface Schemas<Fields extends z.ZodRawShape> {
  readonly fields: z.ZodObject<Fields, z.core.$strict>;
  readonly rules: z.ZodType<Snapshot>;
}

// Where eval is forbidden, Zod validates without compiling. The rules run on the snapshot and not on Zod's own output
// object, because an accessor on Object.prototype can interfere with that.
function compile<Fields extends z.ZodRawShape>(
  fields: Fields,
  rules: readonly z.core.$ZodCheck<Snapshot>[],
): Schemas<Fields> {
  return {
    fields: z.compile(z.strictObject(fields)),
    rules: z.compile(z.custom<Snapshot>(() => true).check(...rules)),
  };
}

/** The error for an illegal request: its issues in the order of the fields, unknown options last. */
function refusalOfRequest(
  functionName: string,
  schemas: Schemas<z.ZodRawShape>,
  keys: readonly string[],
  request: Snapshot,
): InvalidArgumentError {
  const context = { error: (issue: Issue) => sentenceOf(issue, request)?.(sameName) };
  const rank = ({ path }: z.core.$ZodIssue): number =>
    path.length > 0 ? keys.indexOf(String(path[0])) : keys.length;
  const cause = new z.ZodRealError(
    [schemas.fields, schemas.rules]
      .flatMap((schema) => schema.safeParse(request, context).error?.issues ?? [])
      .sort((a, b) => rank(a) - rank(b)),
  );
  const issues = cause.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') {
      return { path: issue.path.join('.'), message: sentenceOf(issue, request) ?? issue.message };
    }
    return issue.keys.map((key) => ({
      path: key,
      message: `Unknown option ${describeValue(key)} for ${functionName}; ${hint('option', key, keys)}`,
    }));
  });
  return new InvalidArgumentError(issues, { cause });
}

/** {@link requestSchema} for options, which the caller may omit as a whole. */
export function optionsSchema<Fields extends z.ZodRawShape>(
  functionName: string,
  fields: Fields,
  options: RequestOptions<Input<Fields>> = {},
): RequestSchema<Input<Fields>> {
  const request = requestSchema(functionName, fields, options);
  return {
    check(given = {}, file) {
      if (isPlainObject(given)) return request.check(given, file);
      return refuse('', `${functionName} takes its options as an object, not ${describeSecret(given)}.`);
    },
  };
}

/** Checks a single argument, such as the flags of openFile. */
export function checkArgument<T>(path: string, field: z.ZodType<T>, value: unknown): T {
  const explain = (issue: Issue): Sentence | undefined => explainOf(issue)?.(path, value, {});
  const parsed = field.safeParse(value, { error: (issue) => explain(issue)?.(sameName) });
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => ({ path, message: explain(issue) ?? issue.message }));
  throw new InvalidArgumentError(issues, { cause: parsed.error });
}

/** Refuses an argument for a reason that no schema can check. The cause is a ZodError here too. */
export function refuse(path: string, message: string): never {
  throw refusalOf([{ path, message }]);
}

export function refusalOf(issues: readonly ArgumentIssue[]): InvalidArgumentError {
  const cause = new z.ZodRealError(
    issues.map(({ path, message }) => ({
      code: 'custom',
      path: path === '' ? [] : path.split('.'),
      message,
      input: undefined,
    })),
  );
  return new InvalidArgumentError(issues, { cause });
}

// The snapshot.

const EMPTY: object = {};

function objectOf(given: unknown, functionName: string): Snapshot {
  if (isPlainObject(given)) return given;
  return refuse('', `${functionName} takes an object, not ${describeSecret(given)}.`);
}

/**
 * Copies the own properties of the caller's object over what is known without it: an object that has every key of the
 * schema. So each getter runs once, and no key is looked up on a polluted Object.prototype. `undefined` means that the key
 * was omitted.
 */
function snapshot(given: Snapshot, known: Record<string, unknown>): Record<string, unknown> {
  // V8 is fastest with for-in and hasOwnProperty together.
  for (const key in given) {
    if (!hasOwn.call(given, key)) continue;
    const value = given[key];
    if (value === undefined && hasOwn.call(known, key)) continue;
    if (key === '__proto__') Object.defineProperty(known, key, { value, enumerable: true });
    else known[key] = value;
  }
  return hasEnumerableKeys(EMPTY) ? Object.assign(Object.create(null), known) : known;
}

const hasOwn = Object.prototype.hasOwnProperty;

function absentKeys(keys: readonly string[]): Record<string, undefined> {
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

/** Fills in what an open file knows, where the request has such keys. */
function withFile(template: Snapshot, { sectorSize, size }: KnownFile): Record<string, unknown> {
  const known = { ...template };
  if (Object.hasOwn(known, 'sectorSize')) known['sectorSize'] = sectorSize;
  if (Object.hasOwn(known, 'endOfFile')) known['endOfFile'] = size;
  return known;
}

function snapshotLists(
  request: Record<string, unknown>,
  lists: readonly (readonly [key: string, itemKeys: readonly string[]])[],
): void {
  for (const [key, itemKeys] of lists) request[key] = snapshotItems(key, request[key], itemKeys);
}

function snapshotItems(path: string, list: unknown, keys: readonly string[]): unknown {
  if (!isArray(list)) return list;
  const length = lengthOf(list);
  // Only the length of such a list is looked at.
  if (length > LONGEST_LIST) return new Array(length);
  const absent = absentKeys(keys);
  // Read by index, so a custom iterator never runs.
  return Array.from({ length }, (_, index) => {
    const given = list[index];
    if (isPlainObject(given)) return snapshot(given, { ...absent });
    const at = `${path}.${index}`;
    return refuse(at, `${at} is ${describeValue(given)}; it must be an object with ${keys.join(' and ')}.`);
  });
}

export function isPlainObject(value: unknown): value is Snapshot {
  return (
    typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !isArrayOrRevoked(value)
  );
}

// Array.isArray throws for a revoked proxy, which is no object to work with either.
function isArrayOrRevoked(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return true;
  }
}

/** Whether a value is an array. False for an array-like object and for a revoked proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  return typeof value === 'object' && value !== null && !isRevokedProxy(value) && Array.isArray(value);
}

const LONGEST_ARRAY = 2 ** 32 - 1;

/** The length of an array. That of a proxy may be anything, and differ from one look to the next: use it only once. */
export function lengthOf(list: readonly unknown[]): number {
  const length: unknown = list.length;
  return typeof length === 'number' && length > 0 ? Math.min(Math.floor(length), LONGEST_ARRAY) : 0;
}

// An enumerable property on Object.prototype is visible in every object.
function hasEnumerableKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

// Messages.

interface Issue {
  readonly code?: string | undefined;
  readonly path?: readonly PropertyKey[] | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: Zod's own type.
  readonly params?: Record<string, any> | undefined;
}

const sameName = (path: string): string => path;

function explainOf({ params }: Issue): Explain | undefined {
  return params?.['explain'];
}

function sentenceOf(issue: Issue, request: Snapshot): Sentence | undefined {
  const { path = [] } = issue;
  return explainOf(issue)?.(path.join('.'), valueAt(request, path), request);
}

/** The value at a path within a snapshot. */
export function valueAt(request: Snapshot, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), request);
}

/** What follows the complaint about an unknown option or key: the nearest one, or all that there are. */
export function hint(noun: 'option' | 'key', key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  return nearest === undefined ? `the ${noun}s are ${known.join(', ')}.` : `did you mean ${nearest}?`;
}

// A string may be a token in base64, which is secret.
function describeSecret(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describeValue(value);
}
