import { ERROR_IO_PENDING, ERROR_OPERATION_ABORTED, STATUS_CANCELLED } from '../../../structs/index.ts';
import type { Signal } from '../../signal.ts';
import { KernelFailure } from '../kernel.ts';
import type { CompletionPort } from './completion-port.ts';
import type { Win32Frame } from './frame.ts';
import type { Lane } from './lane.ts';
import { failureOf, isFailure, isWarning, lastFailure } from './last-failure.ts';
import type { Native } from './native.ts';

const INFINITE = 0xffff_ffff;
const SHORTEST_POLL = 1;
const LONGEST_POLL = 16;
const CANCEL_AGAIN = 10;

/** DeviceIoControl, to its end, on either kind of handle. */
export function controlSync(
  native: Native,
  handle: bigint,
  code: number,
  frame: Win32Frame,
  inputLength: number,
  outputLength: number,
): number {
  const event = frame.useEvent(native);
  // SAFETY: both areas are inside the frame and at least this long; the frame is ours until the call has ended.
  const succeeded = native.DeviceIoControl(
    handle,
    code,
    frame.inputAddress,
    inputLength,
    frame.outputAddress,
    outputLength,
    frame.returnedAddress,
    frame.overlapped,
  );
  if (succeeded !== 0) return frame.returned;
  const errno = native.GetLastError();
  if (errno !== ERROR_IO_PENDING) throw lastFailure(native);
  native.WaitForSingleObject(event, INFINITE);
  return completed(native, frame);
}

/** A call on a handle of ours: the completion port tells its end, and OVERLAPPED.Internal its exact NTSTATUS. */
export function overlapped(
  native: Native,
  port: CompletionPort,
  handle: bigint,
  frame: Win32Frame,
  signal: Signal | undefined,
  start: () => number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const cancel = () => native.CancelIoEx(handle, frame.overlapped);
    const settle = (end: () => number) => {
      signal?.removeEventListener('abort', cancel);
      try {
        resolve(end());
      } catch (error) {
        reject(error);
      }
    };
    frame.useCompletionPort();
    port.expect(frame.overlapped, () => settle(() => completed(native, frame)));
    signal?.addEventListener('abort', cancel);
    const failure = failureAtOnce(native, frame, start);
    if (failure === undefined) return;
    // The port is told of a call that succeeds at once, but not of one that fails at once with an error.
    port.forget(frame.overlapped);
    settle(() => {
      throw failure;
    });
  });
}

function failureAtOnce(native: Native, frame: Win32Frame, start: () => number): unknown {
  try {
    if (start() !== 0) return undefined;
  } catch (error) {
    return error;
  }
  const errno = native.GetLastError();
  // A warning, such as STATUS_DEVICE_BUSY, fails the call as well, and the port is told of it all the same.
  return errno === ERROR_IO_PENDING || isWarning(frame.status) ? undefined : lastFailure(native);
}

/**
 * A control code on a borrowed handle. It may be a synchronous one, on which the call blocks, so the call is made on the
 * lane's thread; where it was overlapped after all and is pending, its OVERLAPPED is looked at until it has ended.
 */
export function borrowedControl(
  native: Native,
  lane: Lane,
  handle: bigint,
  code: number,
  frame: Win32Frame,
  inputLength: number,
  outputLength: number,
  signal: Signal | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let cancelling: NodeJS.Timeout | undefined;
    const settle = (end: () => number) => {
      clearInterval(cancelling);
      signal?.removeEventListener('abort', cancel);
      try {
        resolve(end());
      } catch (error) {
        reject(error);
      }
    };
    const cancel = () => {
      if (takeBack()) {
        settle(() => {
          throw new KernelFailure(ERROR_OPERATION_ABORTED, STATUS_CANCELLED);
        });
        return;
      }
      // Windows does not remember a cancellation, and the thread may not have come to the call yet.
      const cancelNow = () => native.CancelIoEx(handle, frame.overlapped);
      cancelNow();
      cancelling = setInterval(cancelNow, CANCEL_AGAIN);
    };
    frame.useEvent(native);
    signal?.addEventListener('abort', cancel);
    const takeBack = lane.add(
      (finished) => {
        // SAFETY: this closure keeps the frame, and with it the memory, until the call has ended.
        native.background(
          'DeviceIoControl',
          [
            handle,
            code,
            frame.inputAddress,
            inputLength,
            frame.outputAddress,
            outputLength,
            frame.returnedAddress,
            frame.overlapped,
          ],
          (succeeded) => {
            // The status of the pool's thread cannot be asked for from here, so only the error is known.
            const errno = succeeded === 0 ? native.GetLastError() : 0;
            finished();
            if (errno === ERROR_IO_PENDING) whenEnded(frame, () => settle(() => completed(native, frame)));
            else
              settle(() => {
                if (errno !== 0) throw new KernelFailure(errno);
                return frame.returned;
              });
          },
        );
      },
      (error) =>
        settle(() => {
          throw error;
        }),
    );
  });
}

function completed(native: Native, frame: Win32Frame): number {
  if (isFailure(frame.status)) throw failureOf(native, frame.status);
  return frame.information;
}

// Rare, and without a thread: an overlapped handle that another module opened.
function whenEnded(frame: Win32Frame, done: () => void, wait = SHORTEST_POLL): void {
  if (frame.isPending) setTimeout(() => whenEnded(frame, done, Math.min(wait * 2, LONGEST_POLL)), wait);
  else done();
}
