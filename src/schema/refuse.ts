import { type ArgumentIssue, InvalidArgumentError } from '../errors.ts';
import { zod } from './zod.ts';

/** Refuses an argument for what Zod cannot see; `cause` is a ZodError all the same. */
export function refuse(path: string, message: string): never {
  throw refusalOf([{ path, message }]);
}

export function refusalOf(issues: readonly ArgumentIssue[]): InvalidArgumentError {
  const cause = new (zod().ZodError)(
    issues.map(({ path, message }) => ({
      code: 'custom',
      path: path === '' ? [] : path.split('.'),
      message,
      input: undefined,
    })),
  );
  return new InvalidArgumentError(issues, { cause });
}
