import { statusByName, win32FromNtstatus } from '../../structs/index.ts';
import { KernelFailure } from '../kernel/kernel.ts';

/** The statuses that the emulator gives of its own accord, without their prefix. */
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
