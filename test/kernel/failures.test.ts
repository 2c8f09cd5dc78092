import { describe, expect, test } from 'vitest';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import {
  bindStatusFunctions,
  failureOf,
  failureOnPool,
  lastFailure,
} from '../../src/kernel/win32/failures.ts';
import type { Native } from '../../src/kernel/win32/native.ts';
import { nativeOf } from './pool-call.ts';

const STATUS_INVALID_TOKEN = 0xc000_0465;
const STATUS_ACCESS_DENIED = 0xc000_0022;

describe('the NTSTATUS of a call that failed at once', () => {
  // GetLastError; RtlGetLastNtStatus; the NTSTATUS of the failure.
  test.each([
    ['is reported when it maps to the error', 315, STATUS_INVALID_TOKEN, STATUS_INVALID_TOKEN],
    ['is left out when it belongs to another call', 315, STATUS_ACCESS_DENIED, undefined],
    ['is left out when it is not a failure', 315, 0, undefined],
  ])('%s', (_, errno, status, expected) => {
    expect(lastFailure(windows(errno, status))).toEqual(new KernelFailure(errno, expected));
  });
});

describe('the NTSTATUS of a call that failed on a thread of the pool', () => {
  test.each([
    ['is reported when no other maps to the error', 315, STATUS_INVALID_TOKEN],
    ['is left out when several map to the error', 5, undefined],
    ['is left out when the error is unknown', 12_345, undefined],
  ])('%s', (_, errno, expected) => {
    expect(failureOnPool(windows(errno, 0), errno)).toEqual(new KernelFailure(errno, expected));
  });
});

describe('without ntdll', () => {
  test('binding the status functions does not throw', () => {
    expect(() => bindStatusFunctions(bare(0))).not.toThrow();
  });

  test('a call that failed at once reports its error without an NTSTATUS', () => {
    expect(lastFailure(bare(315))).toEqual(new KernelFailure(315));
  });

  test('a call that failed on a thread of the pool reports its error without an NTSTATUS', () => {
    expect(failureOnPool(bare(315), 315)).toEqual(new KernelFailure(315));
  });

  test('an NTSTATUS maps to the error that the status table lists', () => {
    expect(failureOf(bare(0), STATUS_INVALID_TOKEN)).toEqual(new KernelFailure(315, STATUS_INVALID_TOKEN));
  });
});

test('a defect in a function that reads the NTSTATUS is not taken for a missing function', () => {
  const bug = new TypeError('A bug.');
  const native: Partial<Native> = {
    GetLastError: () => 5,
    RtlGetLastNtStatus() {
      throw bug;
    },
  };
  expect(() => lastFailure(nativeOf(native))).toThrow(bug);
});

function windows(errno: number, status: number): Native {
  const native: Partial<Native> = {
    GetLastError: () => errno,
    RtlGetLastNtStatus: () => status,
    RtlNtStatusToDosErrorNoTeb: (given) => (given === STATUS_INVALID_TOKEN ? 315 : 5),
  };
  return nativeOf(native);
}

function bare(errno: number): Native {
  const missing = (): never => {
    throw new KernelFailure(127);
  };
  const native: Partial<Native> = {
    GetLastError: () => errno,
    RtlGetLastNtStatus: missing,
    RtlNtStatusToDosErrorNoTeb: missing,
  };
  return nativeOf(native);
}
