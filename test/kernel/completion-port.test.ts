import { describe, expect, test } from 'vitest';
import type { KernelFailure } from '../../src/kernel/kernel.ts';
import { controlSync } from '../../src/kernel/win32/calls.ts';
import { CompletionPort } from '../../src/kernel/win32/completion-port.ts';
import { Win32IoBuffers } from '../../src/kernel/win32/io-buffers.ts';
import type { Native } from '../../src/kernel/win32/native.ts';
import { FSCTL_OFFLOAD_READ, OVERLAPPED_ENTRY } from '../../structs/index.ts';
import { nativeOf } from './pool-call.ts';

const ERROR_NO_SYSTEM_RESOURCES = 1450;
const PORT = 0x600n;
const NULL = null;

// What CreateIoCompletionPort returns when it creates the port, and when it associates a handle with it.
test.each([
  ['cannot be created', NULL, NULL],
  ['does not accept the handle', PORT, NULL],
])('a completion port that %s throws a KernelFailure', (_, created, associated) => {
  const native: Partial<Native> = {
    CreateIoCompletionPort: (_file, port) => (port === 0n ? created : associated),
    GetLastError: () => ERROR_NO_SYSTEM_RESOURCES,
  };
  expect(() => new CompletionPort(nativeOf(native)).adopt(0x100n)).toThrow(
    expect.objectContaining({ errno: ERROR_NO_SYSTEM_RESOURCES }) as KernelFailure,
  );
});

// GetQueuedCompletionStatusEx and PostQueuedCompletionStatus, as far as a completion port goes without a thread.
describe('the wait at a completion port', () => {
  const OVERLAPPED = 0x1000;

  test('is ended by wake, and by it alone', () => {
    const { native, posted } = played();
    const port = new CompletionPort(native);
    port.wake();
    expect(posted).toEqual([]);
    port.expect(new Win32IoBuffers(native, 0, 0), () => {});
    port.wake();
    expect(posted).toEqual([0]);
  });

  test('passes over a completion that nobody expects, such as that of a wake', () => {
    const { native, complete } = played();
    const port = new CompletionPort(native);
    const completed: unknown[] = [];
    port.expect(new Win32IoBuffers(native, 0, 0), (failure) => completed.push(failure));
    complete([0, OVERLAPPED + 8]);
    expect(completed).toEqual([]);
    complete([0, OVERLAPPED]);
    expect(completed).toEqual([undefined]);
  });

  test('goes on as long as a call is in flight, and ends with the last', () => {
    const { native, complete, waits } = played();
    const port = new CompletionPort(native);
    port.expect(new Win32IoBuffers(native, 0, 0), () => {});
    complete([]);
    expect(waits()).toBe(2);
    complete([OVERLAPPED]);
    expect(waits()).toBe(2);
  });

  /** A port whose completions a test makes. */
  function played(): {
    native: Native;
    posted: number[];
    complete(overlapped: readonly number[]): void;
    waits(): number;
  } {
    const posted: number[] = [];
    let waits = 0;
    let complete = (_: readonly number[]): void => {};
    const native: Partial<Native> = {
      allocate: (bytes) => new Uint8Array(bytes),
      addressOf: () => OVERLAPPED,
      PostQueuedCompletionStatus(_port, bytes) {
        posted.push(bytes);
        return 1;
      },
      background(_name, parameters, done) {
        waits++;
        complete = (overlapped) => {
          const [, entries, , removed] = parameters as unknown as [bigint, Uint8Array, number, Uint8Array];
          const view = new DataView(entries.buffer);
          overlapped.forEach((address, at) => {
            const offset = at * OVERLAPPED_ENTRY.size + OVERLAPPED_ENTRY.offsetOf.lpOverlapped;
            view.setBigUint64(offset, BigInt(address), true);
          });
          new DataView(removed.buffer).setUint32(0, overlapped.length, true);
          done(1 as never);
        };
      },
    };
    return { native: nativeOf(native), posted, complete: (list) => complete(list), waits: () => waits };
  }
});

test('a blocking call is not made when Windows has no memory for its event', () => {
  const native: Partial<Native> = {
    allocate: (bytes) => new Uint8Array(bytes),
    addressOf: () => 0x1000,
    CreateEventW: () => null,
    GetLastError: () => ERROR_NO_SYSTEM_RESOURCES,
    DeviceIoControl: () => expect.fail('The call was made.'),
  };
  const io = new Win32IoBuffers(nativeOf(native), 32, 528);
  expect(() => controlSync(nativeOf(native), 0x100n, FSCTL_OFFLOAD_READ, io, 32, 528)).toThrow(
    expect.objectContaining({ errno: ERROR_NO_SYSTEM_RESOURCES }) as KernelFailure,
  );
});
