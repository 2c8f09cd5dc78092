import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ERROR_FILE_EXISTS, ERROR_FILENAME_EXCED_RANGE } from '../../structs/index.ts';
import { KernelFailure } from '../kernel/kernel.ts';
import { failure, type Refusal } from './refusal.ts';

const refusals: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  ['EACCES', 'ACCESS_DENIED'],
  ['EPERM', 'ACCESS_DENIED'],
  ['EISDIR', 'FILE_IS_A_DIRECTORY'],
  ['ENOENT', 'OBJECT_NAME_NOT_FOUND'],
  ['ENOTDIR', 'OBJECT_PATH_NOT_FOUND'],
  ['EMFILE', 'TOO_MANY_OPENED_FILES'],
  ['ENFILE', 'TOO_MANY_OPENED_FILES'],
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  ['EFBIG', 'DISK_FULL'],
  ['EROFS', 'MEDIA_WRITE_PROTECTED'],
  ['EBUSY', 'SHARING_VIOLATION'],
  ['ETXTBSY', 'SHARING_VIOLATION'],
  ['EBADF', 'INVALID_HANDLE'],
  ['EIO', 'IO_DEVICE_ERROR'],
  ['ENOMEM', 'NO_MEMORY'],
  // Node refuses a path with a NUL in it before the host sees it.
  ['ERR_INVALID_ARG_VALUE', 'OBJECT_NAME_INVALID'],
]);

/** What Windows would have said where the host gave an errno. What is no error of the host stays as it is. */
export function asFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  if (error.code === 'EEXIST') return new KernelFailure(ERROR_FILE_EXISTS);
  if (error.code === 'ENAMETOOLONG') return new KernelFailure(ERROR_FILENAME_EXCED_RANGE);
  if (error.code === 'ENOENT' && isWithoutFolder(error)) return failure('OBJECT_PATH_NOT_FOUND');
  return failure(refusals.get(error.code) ?? 'UNSUCCESSFUL');
}

// Windows tells a missing folder from a missing file.
function isWithoutFolder(error: object): boolean {
  return 'path' in error && typeof error.path === 'string' && !existsSync(dirname(resolve(error.path)));
}

export function onHost<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw asFailure(error);
  }
}

export async function onHostAsync<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asFailure(error);
  }
}
