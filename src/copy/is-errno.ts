import { Win32Error } from '../errors.ts';

export function isErrno(error: unknown, ...errnos: readonly number[]): boolean {
  return error instanceof Win32Error && errnos.includes(error.errno);
}
