import { ERROR_MR_MID_NOT_FOUND, win32FromNtstatus } from '../../../structs/index.ts';
import { KernelFailure } from '../kernel.ts';
import type { Native } from './native.ts';

/**
 * The failure of a call that has just returned on this thread. The NTSTATUS of the thread is taken only when it maps to
 * the error that GetLastError gives: where another call has come between, it does not, and is left out rather than guessed.
 */
export function lastFailure(native: Native): KernelFailure {
  const errno = native.GetLastError();
  const status = certainStatus(native, errno);
  return status === undefined ? new KernelFailure(errno) : failureOf(native, status);
}

/** The failure of a call that was pending, of which the NTSTATUS is known exactly. */
export function failureOf(native: Native, status: number): KernelFailure {
  return new KernelFailure(errnoOf(native, status), status);
}

export function isFailure(status: number): boolean {
  return (status | 0) < 0;
}

export function isWarning(status: number): boolean {
  return status >>> 30 === 2;
}

/** The first call of a lazily bound function overwrites the thread's status, so both are bound beforehand. */
export function bindStatusFunctions(native: Native): void {
  unlessMissing(() => native.RtlNtStatusToDosErrorNoTeb(native.RtlGetLastNtStatus()));
  native.GetLastError();
}

// A library that plays kernel32 may come without one that plays ntdll.
function unlessMissing<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}

// A Windows that does not know a status shows it as 317; what newer ones show is known here.
function errnoOf(native: Native, status: number): number {
  const errno = unlessMissing(() => native.RtlNtStatusToDosErrorNoTeb(status)) ?? ERROR_MR_MID_NOT_FOUND;
  return errno === ERROR_MR_MID_NOT_FOUND ? win32FromNtstatus(status) : errno;
}

function certainStatus(native: Native, errno: number): number | undefined {
  const status = unlessMissing(() => native.RtlGetLastNtStatus());
  if (status === undefined) return undefined;
  return isFailure(status) && native.RtlNtStatusToDosErrorNoTeb(status) === errno ? status : undefined;
}
