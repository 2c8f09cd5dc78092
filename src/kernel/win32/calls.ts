import {
  ERROR_INVALID_HANDLE,
  ERROR_IO_PENDING,
  ERROR_OPERATION_ABORTED,
  STATUS_CANCELLED,
} from '../../../structs/index.ts';
import type { Signal } from '../../signal.ts';
import { KernelFailure } from '../kernel.ts';
import type { CompletionPort } from './completion-port.ts';
import { failureOf, failureOnPool, isFailure, isWarning, lastFailure } from './failures.ts';
import type { Win32IoBuffers } from './io-buffers.ts';
import type { FunctionName, Native, NativeFunctions } from './native.ts';
import type { SerialQueue } from './serial-queue.ts';

// No asynchronous function may block the event loop, whatever the file system does. So every native call that may block is
// made on a thread of libuv's pool:
//
// - Each handle has a queue. Its calls are made one after the other, in order; close comes last in it.
// - All queues share the lanes, a semaphore with as many permits as the pool has threads less two: one waits at the
//   completion port, one stays free for the program. Different handles are served side by side.
// - A call on a file of this kernel that is pending frees its lane at once and completes through the port. A call that
//   blocks keeps its lane, and the other lanes go on.
// - A queued call that is aborted is withdrawn. One that has been made is cancelled until it returns.

const INFINITE = 0xffff_ffff;
const SHORTEST_POLL = 1;
const LONGEST_POLL = 16;
const CANCEL_AGAIN = 10;

/** A handle that calls are made on. */
export interface CallTarget {
  readonly handle: bigint;
  readonly queue: SerialQueue;
  /** Where its calls complete. Undefined for a borrowed handle, whose calls carry an event. */
  readonly port: CompletionPort | undefined;
  readonly inFlight: Set<InFlight>;
  isClosing: boolean;
}

/** A call that has been made and has not completed. */
export interface InFlight {
  isPending: boolean;
  cancel(): void;
}

/** Makes a native call on a thread of the pool, inside a job that has a lane. */
export type PoolCall = <Name extends FunctionName>(
  name: Name,
  ...parameters: Parameters<NativeFunctions[Name]>
) => Promise<PoolResult<ReturnType<NativeFunctions[Name]>>>;

/** What a native call returned, and GetLastError, which counts only after a failure. */
export interface PoolResult<T> {
  readonly result: T;
  readonly errno: number;
}

/** The calls that this kernel has on threads of the pool, to be cancelled when the process exits. */
export type Running = Set<() => void>;

/** DeviceIoControl on either kind of handle, blocking until it has completed. */
export function controlSync(
  native: Native,
  handle: bigint,
  code: number,
  io: Win32IoBuffers,
  inputLength: number,
  outputLength: number,
): number {
  const event = io.useEvent(native);
  // SAFETY: both areas are inside the buffers and at least this long; the caller lends them until the call has completed.
  const succeeded = native.DeviceIoControl(
    handle,
    code,
    io.inputAddress,
    inputLength,
    io.outputAddress,
    outputLength,
    io.returnedAddress,
    io.overlapped,
  );
  if (succeeded !== 0) return io.returned;
  const errno = native.GetLastError();
  if (errno !== ERROR_IO_PENDING) throw lastFailure(native);
  native.WaitForSingleObject(event, INFINITE);
  return transferred(native, io);
}

/** How to end a job early: at the exit of the process, or when its signal fires. */
export interface JobEnd {
  /** Ends the call that the job has made. */
  readonly cancel?: (() => void) | undefined;
  readonly signal?: Signal | undefined;
}

/**
 * Runs a job that makes calls without an OVERLAPPED. It keeps its turn in the queue, and its lane, until it has ended. A
 * signal withdraws it while it is queued, and cancels it afterwards.
 */
export function runJob<T>(
  native: Native,
  running: Running,
  queue: SerialQueue,
  job: (call: PoolCall) => Promise<T>,
  { cancel = () => {}, signal }: JobEnd = {},
): Promise<T> {
  const call: PoolCall = (name, ...parameters) =>
    new Promise((resolve) => {
      // SAFETY: the callback references the parameters, and with them their memory.
      native.background(name, parameters, (result) => resolve({ result, errno: native.GetLastError() }));
    });
  return new Promise((resolve, reject) => {
    const settle = () => signal?.removeEventListener('abort', abort);
    const abort = () => {
      if (!withdraw()) {
        cancel();
        return;
      }
      settle();
      reject(withdrawn());
    };
    signal?.addEventListener('abort', abort);
    const withdraw = queue.add((finished) => {
      running.add(cancel);
      const end = () => {
        running.delete(cancel);
        finished();
        settle();
      };
      job(call).finally(end).then(resolve, reject);
    }, reject);
  });
}

/** The failure of a call that was aborted before it was made. */
export function withdrawn(): KernelFailure {
  return new KernelFailure(ERROR_OPERATION_ABORTED, STATUS_CANCELLED);
}

/**
 * Makes an overlapped call on a thread of the pool. `start` makes it through {@link Native.background}. Resolves with the
 * bytes transferred, always after Windows has finished with the buffers.
 */
export function overlapped(
  native: Native,
  running: Running,
  target: CallTarget,
  io: Win32IoBuffers,
  signal: Signal | undefined,
  start: (done: (succeeded: number) => void) => void,
): Promise<number> {
  const { handle, queue, port, inFlight } = target;
  return new Promise((resolve, reject) => {
    let cancelling: NodeJS.Timeout | undefined;
    let completion: 'awaited' | 'arrived' | KernelFailure = 'awaited';

    const cancel = () => {
      native.CancelIoEx(handle, io.overlapped);
    };
    const call: InFlight = { isPending: false, cancel };
    const settle = () => {
      clearInterval(cancelling);
      signal?.removeEventListener('abort', abort);
      inFlight.delete(call);
    };
    const succeed = (bytes: number) => {
      settle();
      resolve(bytes);
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    const settleCompleted = () => {
      if (completion instanceof KernelFailure) fail(completion);
      else if (isFailure(io.status)) fail(failureOf(native, io.status));
      else succeed(io.information);
    };
    const abort = () => {
      if (withdraw()) {
        fail(withdrawn());
        return;
      }
      // Windows does not remember a cancellation, and the thread may not have made the call yet.
      cancel();
      cancelling = setInterval(cancel, CANCEL_AGAIN);
    };
    const returned = (errno: number) => {
      const isPending = errno === ERROR_IO_PENDING;
      if (port === undefined) {
        if (isPending) whenCompleted(io, settleCompleted);
        else if (errno === 0) succeed(io.returned);
        else fail(failureOnPool(native, errno));
      } else if (errno === 0 || isPending || isWarning(io.status)) {
        // The completion is posted also for a call that succeeds at once or fails with a warning such as STATUS_DEVICE_BUSY.
        call.isPending = true;
        if (completion !== 'awaited') settleCompleted();
      } else {
        port.forget(io);
        fail(failureOnPool(native, errno));
      }
    };

    inFlight.add(call);
    signal?.addEventListener('abort', abort);
    const withdraw = queue.add(
      (finished) => {
        if (port === undefined) io.useEvent(native);
        else {
          io.useCompletionPort();
          port.expect(io, (failure) => {
            completion = failure ?? 'arrived';
            if (call.isPending) settleCompleted();
          });
        }
        running.add(cancel);
        start((succeeded) => {
          // Read here, where it is that of the call.
          const errno = succeeded === 0 ? native.GetLastError() : 0;
          running.delete(cancel);
          finished();
          returned(errno);
        });
      },
      (error) => {
        running.delete(cancel);
        port?.forget(io);
        fail(error);
      },
    );
  });
}

/** Refuses calls on a handle that is being closed: its number may soon belong to another file. */
export function refuseClosing(target: CallTarget): void {
  if (target.isClosing) throw new KernelFailure(ERROR_INVALID_HANDLE);
}

function transferred(native: Native, io: Win32IoBuffers): number {
  if (isFailure(io.status)) throw failureOf(native, io.status);
  return io.information;
}

// Rare: an overlapped handle that another module opened. Polling holds no thread.
function whenCompleted(io: Win32IoBuffers, done: () => void, wait = SHORTEST_POLL): void {
  if (io.isPending) setTimeout(() => whenCompleted(io, done, Math.min(wait * 2, LONGEST_POLL)), wait);
  else done();
}
