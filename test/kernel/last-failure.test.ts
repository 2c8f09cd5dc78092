import { describe, expect, test } from 'vitest';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import { bindStatusFunctions, failureOf, lastFailure } from '../../src/kernel/win32/last-failure.ts';
import type { Native } from '../../src/kernel/win32/native.ts';

const STATUS_INVALID_TOKEN = 0xc000_0465;
const STATUS_ACCESS_DENIED = 0xc000_0022;

describe('the NTSTATUS of a call that failed at once', () => {
  // GetLastError; what RtlGetLastNtStatus gives; what is told of it.
  test.each([
    ['is told where it maps to the error', 315, STATUS_INVALID_TOKEN, STATUS_INVALID_TOKEN],
    ['is left out where it belongs to another call', 315, STATUS_ACCESS_DENIED, undefined],
    ['is left out where it is no failure', 315, 0, undefined],
  ])('%s', (_, errno, status, expected) => {
    expect(lastFailure(windows(errno, status))).toEqual(new KernelFailure(errno, expected));
  });
});

describe('without an ntdll', () => {
  test('the functions are bound all the same', () => {
    expect(() => bindStatusFunctions(bare(0))).not.toThrow();
  });

  test('the error of a call that failed at once is told alone', () => {
    expect(lastFailure(bare(315))).toEqual(new KernelFailure(315));
  });

  test('a status maps as the table has it', () => {
    expect(failureOf(bare(0), STATUS_INVALID_TOKEN)).toEqual(new KernelFailure(315, STATUS_INVALID_TOKEN));
  });
});

function windows(errno: number, status: number): Native {
  const native: Partial<Native> = {
    GetLastError: () => errno,
    RtlGetLastNtStatus: () => status,
    RtlNtStatusToDosErrorNoTeb: (given) => (given === STATUS_INVALID_TOKEN ? 315 : 5),
  };
  return native as Native;
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
  return native as Native;
}
