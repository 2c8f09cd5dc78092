import * as z from 'zod';
import { describeValue, isRevokedProxy, nearestName } from './describe.ts';
import { type ArgumentIssue, InvalidArgumentError, type Sentence } from './errors.ts';

/** A caller's object, copied: its own keys, each read once, beside every key that the schema knows. */
export type Snapshot = Readonly<Record<string, unknown>>;

/** Says what is wrong with a value: `path` is where it is (`ranges.0.lengthInBytes`), `request` what it came with. */
export type Explain = (path: string, value: unknown, request: Snapshot) => Sentence;

/** What an open file adds to a request that leaves it out. */
export interface KnownFile {
  readonly sectorSize?: number | undefined;
  readonly size?: bigint | undefined;
}

/** The logical sector that is assumed where none is known: with the smallest there is, nothing legal is refused. */
export const SMALLEST_SECTOR = 512;

/** Checks the requests of one function. */
export interface RequestSchema<Arguments> {
  /**
   * Returns a checked copy of a request.
   *
   * @throws {InvalidArgumentError} with an issue for everything that is wrong. What a getter of the caller throws passes
   *   through.
   */
  check(given: unknown, file?: KnownFile): Arguments;
}

type StrictObject<Shape extends z.ZodRawShape> = z.ZodObject<Shape, z.core.$strict>;

/** For each list of a request, the schema of its items, which are copied as the request itself is. */
type Items = Readonly<Record<string, z.ZodObject>>;

/** The most items that a list may have; longer ones are refused without a look at them. */
export const LONGEST_LIST = 65_536;

/**
 * Makes the check of a function's request out of its Zod schema: copies the caller's object, fills in what the file
 * knows, parses, and turns a ZodError into an InvalidArgumentError.
 */
export function requestSchema<Shape extends z.ZodRawShape>(
  functionName: string,
  schema: StrictObject<Shape>,
  items: Items = {},
): RequestSchema<z.output<StrictObject<Shape>>> {
  // Where eval is forbidden, Zod goes on without compiling.
  const compiled = z.compile(schema);
  const keys = Object.keys(schema.shape);
  const absent = absentKeys(schema);
  const lists = Object.entries(items);
  const hasSectorSize = keys.includes('sectorSize');
  const hasEndOfFile = keys.includes('endOfFile');

  return {
    check(given, file) {
      const request = snapshot(objectOf(given, functionName), absent);
      if (hasSectorSize && request['sectorSize'] === undefined) {
        request['sectorSize'] = file?.sectorSize ?? SMALLEST_SECTOR;
      }
      if (hasEndOfFile && request['endOfFile'] === undefined) request['endOfFile'] = file?.size;
      for (const [key, item] of lists) request[key] = snapshotItems(key, request[key], item);

      const parsed = compiled.safeParse(request, {
        error: (issue) => sentenceOf(issue, request)?.(sameName),
      });
      if (parsed.success) return parsed.data;
      const issues = parsed.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? unknownKeys(functionName, issue, keys, items)
          : { path: issue.path.join('.'), message: sentenceOf(issue, request) ?? issue.message },
      );
      throw new InvalidArgumentError(issues, { cause: parsed.error });
    },
  };
}

/** The same for options, which may be left out. */
export function optionsSchema<Shape extends z.ZodRawShape>(
  functionName: string,
  schema: StrictObject<Shape>,
): RequestSchema<z.output<StrictObject<Shape>>> {
  const request = requestSchema(functionName, schema);
  return {
    check(given, file) {
      if (given === undefined) return request.check({}, file);
      if (!isPlainObject(given)) {
        refuse('', `${functionName} takes its options as an object, not ${describeSecret(given)}.`);
      }
      return request.check(given, file);
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

/** Refuses an argument for a reason that its schema cannot see. The cause is a ZodError all the same. */
export function refuse(path: string, message: string): never {
  throw refusalOf([{ path, message }]);
}

export function refusalOf(issues: readonly ArgumentIssue[]): InvalidArgumentError {
  const cause = new z.ZodError(
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

/** Every key becomes an own one, so that nothing is ever looked up on a polluted Object.prototype. */
function snapshot(given: object, absent: object): Record<string, unknown> {
  const copy = { ...absent, ...given };
  return hasEnumerableKeys(EMPTY) ? Object.assign(Object.create(null), copy) : copy;
}

function absentKeys(schema: z.ZodObject): Record<string, undefined> {
  return Object.fromEntries(Object.keys(schema.shape).map((key) => [key, undefined]));
}

function snapshotItems(path: string, list: unknown, item: z.ZodObject): unknown {
  if (!isArray(list) || list.length > LONGEST_LIST) return list;
  const absent = absentKeys(item);
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

/** False for what only looks like an array, and for a revoked proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  return typeof value === 'object' && value !== null && !isRevokedProxy(value) && Array.isArray(value);
}

// A polluted Object.prototype shows in every object.
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
  functionName: string,
  issue: z.core.$ZodIssueUnrecognizedKeys,
  keys: readonly string[],
  items: Items,
): ArgumentIssue[] {
  const parent = issue.path.join('.');
  const [where, noun, known] =
    parent === ''
      ? [`option %s for ${functionName}`, 'options', keys]
      : [`key %s in ${parent}`, 'keys', Object.keys(items[String(issue.path[0])]?.shape ?? {})];
  return issue.keys.map((key) => {
    const nearest = nearestName(key, known);
    const hint = nearest === undefined ? `the ${noun} are ${known.join(', ')}.` : `did you mean ${nearest}?`;
    return {
      path: parent === '' ? key : `${parent}.${key}`,
      message: `Unknown ${where.replace('%s', () => describeValue(key))}; ${hint}`,
    };
  });
}

// A string may be a token in base64, which is secret.
function describeSecret(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describeValue(value);
}
