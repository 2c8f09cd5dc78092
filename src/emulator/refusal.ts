import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  ERROR_FILE_EXISTS,
  ERROR_FILENAME_EXCED_RANGE,
  statusByName,
  win32FromNtstatus,
} from '../../structs/index.ts';
import { KernelFailure } from '../kernel/kernel.ts';

/** The statuses that the emulator returns by itself, without their prefix. */
export type Refusal =
  | 'ACCESS_DENIED'
  | 'BEYOND_VDL'
  | 'BUFFER_TOO_SMALL'
  | 'CANCELLED'
  | 'DEVICE_FEATURE_NOT_SUPPORTED'
  | 'DISK_FULL'
  | 'END_OF_FILE'
  | 'FILE_DELETED'
  | 'FILE_IS_A_DIRECTORY'
  | 'INFO_LENGTH_MISMATCH'
  | 'INVALID_DEVICE_REQUEST'
  | 'INVALID_HANDLE'
  | 'INVALID_PARAMETER'
  | 'INVALID_TOKEN'
  | 'INVALID_USER_BUFFER'
  | 'IO_DEVICE_ERROR'
  | 'MEDIA_WRITE_PROTECTED'
  | 'NONEXISTENT_SECTOR'
  | 'NOT_SUPPORTED'
  | 'NO_MEMORY'
  | 'OBJECT_NAME_INVALID'
  | 'OBJECT_NAME_NOT_FOUND'
  | 'OBJECT_PATH_NOT_FOUND'
  | 'OFFLOAD_READ_FILE_NOT_SUPPORTED'
  | 'OFFLOAD_WRITE_FILE_NOT_SUPPORTED'
  | 'SHARING_VIOLATION'
  | 'TOO_MANY_OPENED_FILES'
  | 'UNSUCCESSFUL';

export function failure(name: Refusal): KernelFailure {
  const status = statusByName(`STATUS_${name}`);
  if (status === undefined) throw new Error(`STATUS_${name} is missing from the table of statuses.`);
  return new KernelFailure(status.win32.value, status.value);
}

export function refuse(name: Refusal): never {
  throw failure(name);
}

/** The failure for an NTSTATUS that need not be in the table. */
export function failureOf(ntstatus: number): KernelFailure {
  return new KernelFailure(win32FromNtstatus(ntstatus), ntstatus);
}

/** Whether an error is this refusal. */
export function isRefusal(error: unknown, name: Refusal): error is KernelFailure {
  return error instanceof KernelFailure && error.ntstatus === failure(name).ntstatus;
}

const refusalByErrno: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
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
  // Node refuses a path that contains a NUL.
  ['ERR_INVALID_ARG_VALUE', 'OBJECT_NAME_INVALID'],
]);

/** Calls the file system of the host. An errno becomes the failure that Windows would report. */
export function onHost<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failureOfHost(error);
  }
}

/** {@link onHost} for a promise. */
export async function onHostAsync<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw failureOfHost(error);
  }
}

function failureOfHost(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  if (error.code === 'EEXIST') return new KernelFailure(ERROR_FILE_EXISTS);
  if (error.code === 'ENAMETOOLONG') return new KernelFailure(ERROR_FILENAME_EXCED_RANGE);
  if (error.code === 'ENOENT' && isWithoutFolder(error)) return failure('OBJECT_PATH_NOT_FOUND');
  return failure(refusalByErrno.get(error.code) ?? 'UNSUCCESSFUL');
}

// Unlike POSIX, Windows has separate errors for a missing folder and a missing file.
function isWithoutFolder(error: object): boolean {
  // A copy names two files.
  return ['path', 'dest'].some((key) => {
    const path: unknown = Reflect.get(error, key);
    return typeof path === 'string' && !existsSync(dirname(resolve(path)));
  });
}
