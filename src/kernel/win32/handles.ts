import { win32 } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ERROR_FILENAME_EXCED_RANGE,
  ERROR_INVALID_HANDLE,
  INVALID_HANDLE_VALUE,
} from '../../../structs/index.ts';
import { isDevicePath } from '../../path.ts';
import { type Disposition, KernelFailure, type OpenRequest, type Sharing } from '../kernel.ts';
import {
  type CallTarget,
  type JobEnd,
  type PoolCall,
  type PoolResult,
  type Running,
  refuseClosing,
  runJob,
} from './calls.ts';
import type { CompletionPort } from './completion-port.ts';
import { lastFailure } from './failures.ts';
import type { Native, NativeFunctions } from './native.ts';
import { type Semaphore, SerialQueue } from './serial-queue.ts';

const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const DELETE = 0x1_0000;
// Lets a file be removed although it is read-only.
const FILE_WRITE_ATTRIBUTES = 0x100;
const FILE_SHARE_ALL = 0x7;
// FILE_SHARE_READ is 1, FILE_SHARE_DELETE 4.
const SHARES: Record<Sharing, number> = { all: FILE_SHARE_ALL, 'read-delete': 0x5, read: 0x1, none: 0 };
const FILE_FLAG_OVERLAPPED = 0x4000_0000;
const FILE_FLAG_NO_BUFFERING = 0x2000_0000;
// Without it a folder does not open.
const FILE_FLAG_BACKUP_SEMANTICS = 0x0200_0000;
const FILE_ATTRIBUTE_NORMAL = 0x80;
const CANCEL_AGAIN = 10;
// 32,767 with the NUL at the end.
const LONGEST_PATH = 32_766;

const DISPOSITIONS: Record<Disposition, number> = {
  'create-new': 1,
  create: 2,
  open: 3,
};

export type CreateParameters = Parameters<NativeFunctions['CreateFileW']>;

/** The handles that calls are made on: those of files that this kernel opens, and borrowed ones. */
export class Handles {
  readonly #native: Native;
  readonly #running: Running;
  readonly #lanes: Semaphore;
  readonly #port: CompletionPort;
  readonly #own = new Map<bigint, CallTarget>();
  // Only while calls are queued or in flight: we are not notified when a borrowed handle is closed.
  readonly #borrowed = new Map<bigint, CallTarget>();
  // A server that does not answer holds one lane, however many of its files are opened.
  readonly #volumes = new Map<string, SerialQueue>();

  constructor(native: Native, running: Running, lanes: Semaphore, port: CompletionPort) {
    this.#native = native;
    this.#running = running;
    this.#lanes = lanes;
    this.#port = port;
  }

  /** The queue and state of a handle. To be given back with {@link Handles.release}. */
  target(handle: bigint): CallTarget {
    const own = this.#own.get(handle);
    if (own !== undefined) {
      refuseClosing(own);
      return own;
    }
    let borrowed = this.#borrowed.get(handle);
    if (borrowed === undefined) {
      borrowed = this.#makeTarget(handle, undefined);
      this.#borrowed.set(handle, borrowed);
    }
    return borrowed;
  }

  release(target: CallTarget): void {
    if (this.#borrowed.get(target.handle) === target && isIdle(target)) this.#borrowed.delete(target.handle);
  }

  /** Runs a job on a handle, after the calls that are queued on it. */
  async run<T>(handle: bigint, job: (call: PoolCall) => Promise<T>): Promise<T> {
    const target = this.target(handle);
    try {
      const cancel = () => {
        this.#native.CancelIoEx(handle, 0);
      };
      return await runJob(this.#native, this.#running, target.queue, job, { cancel });
    } finally {
      this.release(target);
    }
  }

  /** Runs a job on a path, after the other jobs on its volume. */
  async runOnPath<T>(path: string, job: (call: PoolCall) => Promise<T>): Promise<T> {
    const volume = volumeOrServer(path);
    let queue = this.#volumes.get(volume);
    if (queue === undefined) {
      queue = new SerialQueue(this.#lanes);
      this.#volumes.set(volume, queue);
    }
    try {
      return await runJob(this.#native, this.#running, queue, job);
    } finally {
      if (queue.isIdle) this.#volumes.delete(volume);
    }
  }

  /** Runs a job that may take minutes, beside those on the same volume. */
  runAlone<T>(job: (call: PoolCall) => Promise<T>, end: JobEnd): Promise<T> {
    return runJob(this.#native, this.#running, new SerialQueue(this.#lanes), job, end);
  }

  /** CreateFileW, inside a job. */
  async open(call: PoolCall, parameters: CreateParameters): Promise<bigint> {
    return this.#adoptResult(call, await call('CreateFileW', ...parameters));
  }

  /** ReOpenFile for reading past the cache, inside a job on the handle. */
  async openUnbuffered(call: PoolCall, handle: bigint): Promise<bigint> {
    const flags = FILE_FLAG_OVERLAPPED + FILE_FLAG_NO_BUFFERING;
    return this.#adoptResult(call, await call('ReOpenFile', handle, GENERIC_READ, FILE_SHARE_ALL, flags));
  }

  async #adoptResult(call: PoolCall, { result: handle, errno }: PoolResult<bigint | null>): Promise<bigint> {
    if (!isHandle(handle)) throw new KernelFailure(errno);
    try {
      return this.#adopt(handle);
    } catch (error) {
      await call('CloseHandle', handle);
      throw error;
    }
  }

  openSync(parameters: CreateParameters): bigint {
    const handle = this.#native.CreateFileW(...parameters);
    if (!isHandle(handle)) throw lastFailure(this.#native);
    try {
      return this.#adopt(handle);
    } catch (error) {
      this.#native.CloseHandle(handle);
      throw error;
    }
  }

  /** Closes a file once every call on it has completed. What is queued is made first; what is pending is cancelled. */
  async close(handle: bigint): Promise<void> {
    const target = this.#own.get(handle);
    if (target === undefined) throw new KernelFailure(ERROR_INVALID_HANDLE);
    refuseClosing(target);
    target.isClosing = true;
    while (!isIdle(target)) {
      for (const call of target.inFlight) if (call.isPending) call.cancel();
      await sleep(CANCEL_AGAIN);
    }
    await runJob(this.#native, this.#running, target.queue, async (call) => {
      const { result, errno } = await call('CloseHandle', handle);
      this.#forget(target);
      if (result === 0) throw new KernelFailure(errno);
    });
  }

  /** Closes a file at once, or in the background when calls on it have not completed. */
  closeSync(handle: bigint): void {
    const target = this.#own.get(handle);
    if (target === undefined) throw new KernelFailure(ERROR_INVALID_HANDLE);
    refuseClosing(target);
    if (!isIdle(target)) {
      this.close(handle).catch(() => {});
      return;
    }
    this.#forget(target);
    if (this.#native.CloseHandle(handle) === 0) throw lastFailure(this.#native);
  }

  #adopt(handle: bigint): bigint {
    this.#port.adopt(handle);
    this.#own.set(handle, this.#makeTarget(handle, this.#port));
    return handle;
  }

  // Another file may have the number already: its CreateFileW can be reported before this CloseHandle.
  #forget(target: CallTarget): void {
    if (this.#own.get(target.handle) === target) this.#own.delete(target.handle);
  }

  #makeTarget(handle: bigint, port: CompletionPort | undefined): CallTarget {
    return { handle, queue: new SerialQueue(this.#lanes), port, inFlight: new Set(), isClosing: false };
  }
}

/** The parameters of CreateFileW for a file that will be used overlapped. */
export function openParameters(path: string, request: OpenRequest): CreateParameters {
  const { read, write, removable = false } = request;
  const access =
    (read ? GENERIC_READ : 0) +
    (write ? GENERIC_WRITE : 0) +
    (removable ? DELETE + FILE_WRITE_ATTRIBUTES : 0);
  const share = SHARES[request.sharing ?? 'all'];
  const flags = FILE_FLAG_OVERLAPPED + FILE_ATTRIBUTE_NORMAL;
  return [nativePath(path), access, share, null, DISPOSITIONS[request.disposition], flags, 0n];
}

/** The parameters of CreateFileW for a device that is only queried, which needs no access rights. */
export function deviceParameters(path: string): CreateParameters {
  return [path, 0, FILE_SHARE_ALL, null, DISPOSITIONS.open, FILE_FLAG_OVERLAPPED, 0n];
}

/** The parameters of CreateFileW for a file or folder that is only queried, without an OVERLAPPED. */
export function queryParameters(path: string): CreateParameters {
  return [nativePath(path), 0, FILE_SHARE_ALL, null, DISPOSITIONS.open, FILE_FLAG_BACKUP_SEMANTICS, 0n];
}

/** The path as CreateFileW takes it whatever its length. A device path stays as it is. */
export function nativePath(path: string): string {
  const isNative = isDevicePath(path) || path.startsWith('\\\\?\\');
  const longForm = isNative ? path : win32.toNamespacedPath(win32.resolve(path));
  // Beyond this, the length of the path overflows in the kernel, and another file could be meant.
  if (longForm.length > LONGEST_PATH) throw new KernelFailure(ERROR_FILENAME_EXCED_RANGE);
  return longForm;
}

// All shares of a server stand or fall together.
function volumeOrServer(path: string): string {
  if (isDevicePath(path)) return path;
  const resolved = win32.resolve(path).toLowerCase();
  const [, server] = /^\\\\(?:\?\\unc\\)?([^\\?.][^\\]*)\\/.exec(resolved) ?? [];
  return server ?? win32.parse(resolved).root;
}

export function isHandle(handle: bigint | null): handle is bigint {
  return handle !== null && handle !== INVALID_HANDLE_VALUE;
}

function isIdle({ queue, inFlight }: CallTarget): boolean {
  return queue.isIdle && inFlight.size === 0;
}
