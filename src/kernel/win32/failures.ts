import { ERROR_MR_MID_NOT_FOUND, win32FromNtstatus } from '../../../structs/index.ts';
import { KernelFailure } from '../kernel.ts';
import type { Native } from './native.ts';

/**
 * The failure of a call that has just returned on the JavaScript thread. The thread's NTSTATUS is reported only when it
 * maps to the error that GetLastError returns: otherwise it belongs to another call.
 */
export function lastFailure(native: Native): KernelFailure {
  const errno = native.GetLastError();
  const status = threadStatus(native, errno);
  return status === undefined ? new KernelFailure(errno) : failureOf(native, status);
}

/**
 * The failure of a call on a thread of the pool, whose NTSTATUS cannot be read from the JavaScript thread. It is reported
 * where only one NTSTATUS of Windows maps to the error.
 */
export function failureOnPool(errno: number): KernelFailure {
  return new KernelFailure(errno, ONLY_STATUS.get(errno));
}

/** The failure of a call that was pending: OVERLAPPED.Internal holds its NTSTATUS. */
export function failureOf(native: Native, status: number): KernelFailure {
  return new KernelFailure(errnoOf(native, status), status);
}

/**
 * Win32 errors that exactly one NTSTATUS maps to. A test compares them with every NTSTATUS that ntdll knows; Wine 8 maps
 * the last four to 317.
 */
export const ONLY_STATUS: ReadonlyMap<number, number> = new Map([
  [315, 0xc000_0465], // ERROR_INVALID_TOKEN
  [316, 0xc000_0463], // ERROR_DEVICE_FEATURE_NOT_SUPPORTED
  [321, 0xc000_0464], // ERROR_DEVICE_UNREACHABLE
  [4440, 0xc000_a2a1], // ERROR_OFFLOAD_READ_FLT_NOT_SUPPORTED
  [4441, 0xc000_a2a2], // ERROR_OFFLOAD_WRITE_FLT_NOT_SUPPORTED
  [4442, 0xc000_a2a3], // ERROR_OFFLOAD_READ_FILE_NOT_SUPPORTED
  [4443, 0xc000_a2a4], // ERROR_OFFLOAD_WRITE_FILE_NOT_SUPPORTED
]);

export function isFailure(status: number): boolean {
  return (status | 0) < 0;
}

export function isWarning(status: number): boolean {
  return status >>> 30 === 2;
}

/** Binds the functions that read a failure. The first call of a function binds it, which overwrites the thread's status. */
export function bindStatusFunctions(native: Native): void {
  unlessMissing(() => native.RtlNtStatusToDosErrorNoTeb(native.RtlGetLastNtStatus()));
  native.GetLastError();
}

/** Undefined where the library or the function is missing. A stand-in for kernel32 may come without one for ntdll. */
export function unlessMissing<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}

// A Windows that does not know a status maps it to 317; the table knows newer ones.
function errnoOf(native: Native, status: number): number {
  const errno = unlessMissing(() => native.RtlNtStatusToDosErrorNoTeb(status)) ?? ERROR_MR_MID_NOT_FOUND;
  return errno === ERROR_MR_MID_NOT_FOUND ? win32FromNtstatus(status) : errno;
}

function threadStatus(native: Native, errno: number): number | undefined {
  const status = unlessMissing(() => native.RtlGetLastNtStatus());
  if (status === undefined) return undefined;
  return isFailure(status) && native.RtlNtStatusToDosErrorNoTeb(status) === errno ? status : undefined;
}
