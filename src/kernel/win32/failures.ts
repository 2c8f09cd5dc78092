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
 * only when no other NTSTATUS of this Windows maps to the error.
 */
export function failureOnPool(native: Native, errno: number): KernelFailure {
  let statuses = onlyStatuses.get(native);
  if (statuses === undefined) {
    statuses = unlessMissing(() => findOnlyStatuses(native)) ?? new Map();
    onlyStatuses.set(native, statuses);
  }
  return new KernelFailure(errno, statuses.get(errno));
}

/** The failure of a call that was pending: OVERLAPPED.Internal holds its NTSTATUS. */
export function failureOf(native: Native, status: number): KernelFailure {
  return new KernelFailure(errnoOf(native, status), status);
}

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

// Errors and warnings of the system's own facility.
const STATUS_RANGES = [0xc000_0000, 0x8000_0000];
const RANGE_SIZE = 0x1_0000;

const onlyStatuses = new WeakMap<Native, ReadonlyMap<number, number | undefined>>();

// Takes about 20 ms, once, when the first asynchronous call fails at once.
function findOnlyStatuses(native: Native): ReadonlyMap<number, number | undefined> {
  const found = new Map<number, number | undefined>();
  for (const first of STATUS_RANGES) {
    for (let status = first; status < first + RANGE_SIZE; status++) {
      const errno = native.RtlNtStatusToDosErrorNoTeb(status);
      if (errno !== ERROR_MR_MID_NOT_FOUND) found.set(errno, found.has(errno) ? undefined : status);
    }
  }
  return found;
}
