import * as z from 'zod';
import { describeValue, isRevokedProxy, nearestName } from './describe.ts';
import { type ArgumentIssue, InvalidArgumentError, type Sentence } from './errors.ts';
import { safeSignal } from './signal.ts';

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
  /** The schema of the items of each list in the request. Items are copied like the request itself. */
  readonly items?: Items;
}

type Items = Readonly<Record<string, z.ZodObject>>;

/** The maximum number of items in a list. A longer list is refused before its items are read. */
export const LONGEST_LIST = 65_536;

/**
 * Makes a function's request check from its Zod fields and rules. The check copies the caller's object, fills in the
 * defaults and the facts about the file, validates, and converts a ZodError into an InvalidArgumentError.
 */
export function requestSchema<Fields extends z.ZodRawShape>(
  functionName: string,
  fields: Fields,
  { rules = [], defaults, items = {} }: RequestOptions<Input<Fields>> = {},
): RequestSchema<Input<Fields>> {
  const hasSectorSize = Object.hasOwn(fields, 'sectorSize');
  const hasEndOfFile = Object.hasOwn(fields, 'endOfFile');
  const hasSignal = Object.hasOwn(fields, 'signal');
  const template = { ...absentKeys(fields), ...defaults };
  const lists = Object.entries(items);
  let schemas: Schemas<Fields> | undefined;

  return {
    check(given, file) {
      const request = snapshot(objectOf(given, functionName), template);
      if (lists.length > 0) snapshotLists(request, lists);
      if (hasSectorSize && request['sectorSize'] === undefined) {
        request['sectorSize'] = file?.sectorSize ?? SMALLEST_SECTOR;
      }
      if (hasEndOfFile && request['endOfFile'] === undefined) request['endOfFile'] = file?.size;
      if (hasSignal && request['signal'] !== undefined) request['signal'] = safeSignal(request['signal']);

      // Compiled on first use, because compiling takes longer than importing the whole package.
      schemas ??= compile(fields, rules);
      if (schemas.fields.validate(request) && schemas.rules.validate(request)) return request;
      const context = { error: (issue: Issue) => sentenceOf(issue, request)?.(sameName) };
      const cause = new z.ZodRealError([
        ...(schemas.fields.safeParse(request, context).error?.issues ?? []),
        ...(schemas.rules.safeParse(request, context).error?.issues ?? []),
      ]);
      const issues = cause.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? unknownKeys(issue, functionName, fields, items)
          : { path: issue.path.join('.'), message: sentenceOf(issue, request) ?? issue.message },
      );
      throw new InvalidArgumentError(issues, { cause });
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
  const parsed = field.safeParse(value, { error: (issue) => explainOf(issue)?.(path, value, {})(sameName) });
  if (parsed.success) return parsed.data;
  const message = parsed.error.issues.map((issue) => issue.message).join('\n');
  throw new InvalidArgumentError([{ path, message }], { cause: parsed.error });
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

function objectOf(given: unknown, functionName: string): object {
  if (isPlainObject(given)) return given;
  return refuse('', `${functionName} takes an object, not ${describeSecret(given)}.`);
}

/**
 * Copies the own properties of the caller's object into a copy of the template, which has every key of the schema. So each
 * getter runs once, and no key is looked up on a polluted Object.prototype. `undefined` means that the key was omitted.
 */
function snapshot(given: object, template: object): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...template };
  // V8 is fastest with for-in and hasOwnProperty together.
  for (const key in given) {
    if (!hasOwn.call(given, key)) continue;
    const value: unknown = Reflect.get(given, key);
    if (value === undefined && hasOwn.call(template, key)) continue;
    if (key === '__proto__') Object.defineProperty(copy, key, { value, enumerable: true });
    else copy[key] = value;
  }
  return hasEnumerableKeys(EMPTY) ? Object.assign(Object.create(null), copy) : copy;
}

const hasOwn = Object.prototype.hasOwnProperty;

function absentKeys(fields: z.ZodRawShape): Record<string, undefined> {
  return Object.fromEntries(Object.keys(fields).map((key) => [key, undefined]));
}

function snapshotLists(
  request: Record<string, unknown>,
  lists: readonly (readonly [key: string, item: z.ZodObject])[],
): void {
  for (const [key, item] of lists) request[key] = snapshotItems(key, request[key], item);
}

function snapshotItems(path: string, list: unknown, item: z.ZodObject): unknown {
  if (!isArray(list) || list.length > LONGEST_LIST) return list;
  const absent = absentKeys(item.shape);
  // Read by index, so a custom iterator never runs.
  return Array.from({ length: list.length }, (_, index) => {
    const given = list[index];
    if (isPlainObject(given)) return snapshot(given, absent);
    const at = `${path}.${index}`;
    const keys = Object.keys(absent).join(' and ');
    return refuse(at, `${at} is ${describeValue(given)}; it must be an object with ${keys}.`);
  });
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isRevokedProxy(value) && !Array.isArray(value);
}

/** Whether a value is an array. False for an array-like object and for a revoked proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  return typeof value === 'object' && value !== null && !isRevokedProxy(value) && Array.isArray(value);
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

function unknownKeys(
  { path, keys }: z.core.$ZodIssueUnrecognizedKeys,
  functionName: string,
  fields: z.ZodRawShape,
  items: Items,
): ArgumentIssue[] {
  const parent = path.join('.');
  const owner = parent === '' ? fields : items[String(path[0])]?.shape;
  const [noun, place] = parent === '' ? ['option', `for ${functionName}`] : ['key', `in ${parent}`];
  const known = Object.keys(owner ?? {});
  return keys.map((key) => {
    const nearest = nearestName(key, known);
    const hint = nearest === undefined ? `the ${noun}s are ${known.join(', ')}.` : `did you mean ${nearest}?`;
    return {
      path: parent === '' ? key : `${parent}.${key}`,
      message: `Unknown ${noun} ${describeValue(key)} ${place}; ${hint}`,
    };
  });
}

// A string may be a token in base64, which is secret.
function describeSecret(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describeValue(value);
}
