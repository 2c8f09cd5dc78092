import type * as z from 'zod';
import { describeValue, nearestName } from '../describe.ts';
import { type ArgumentIssue, InvalidArgumentError } from '../errors.ts';
import { isBare } from './own.ts';
import { zod } from './zod.ts';

/** A schema that was compiled ahead, with what its messages need to know. */
export interface Checker<T> {
  /** The function or type that the argument belongs to: `offloadRead`. */
  readonly of: string;
  readonly keys: readonly string[];
  /** The keys of the objects in its lists. */
  readonly innerKeys?: readonly string[] | undefined;
  readonly schema: { parse(input: unknown): T };
}

/**
 * Compiles a strict object schema; where `eval` is barred Zod goes on without compiling.
 *
 * @internal Keeps Zod's types out of the declarations that the public ones import.
 */
export function checker<Shape extends z.core.$ZodShape>(
  of: string,
  shape: Shape,
  refine: (schema: z.ZodObject<Shape, z.core.$strict>) => z.ZodObject<Shape, z.core.$strict> = (schema) =>
    schema,
  innerKeys?: readonly string[],
): Checker<z.output<z.ZodObject<Shape, z.core.$strict>>> {
  return {
    of,
    keys: Object.keys(shape),
    innerKeys,
    schema: zod().compile(refine(zod().strictObject(shape))),
  };
}

/** The checked copy of a request, or an InvalidArgumentError. An exception of the caller's own getters passes through. */
export function check<T>(checker: Checker<T>, input: unknown): T {
  try {
    const checked = checker.schema.parse(input);
    // A key that was left out must not be found on a polluted prototype later on.
    return isBare(input) ? Object.assign(Object.create(null), checked) : checked;
  } catch (error) {
    if (error instanceof zod().ZodError) throw refusal(checker, error);
    throw error;
  }
}

function refusal(checker: Checker<unknown>, error: z.ZodError): InvalidArgumentError {
  const issues = error.issues.flatMap((issue): ArgumentIssue[] => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        message: unknownKey(checker, path, key),
      }));
    }
    // A message begins with its field; one within a list needs to say which.
    const parent = issue.path.slice(0, -1).join('.');
    return [{ path, message: parent === '' ? issue.message : `${parent}.${issue.message}` }];
  });
  return new InvalidArgumentError(issues, { cause: error });
}

function unknownKey(checker: Checker<unknown>, path: string, key: string): string {
  const [what, keys] =
    path === '' ? [`option of ${checker.of}`, checker.keys] : [`key of ${path}`, checker.innerKeys ?? []];
  const nearest = nearestName(key, keys);
  const hint = nearest === undefined ? `it takes ${keys.join(', ')}.` : `did you mean ${nearest}?`;
  return `${describeValue(key)} is no ${what}; ${hint}`;
}
