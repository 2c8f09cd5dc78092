import { INVALID_HANDLE_VALUE, OVERLAPPED_ENTRY } from '../../../structs/index.ts';
import { getUint64 } from '../../uint64.ts';
import { KernelFailure } from '../kernel.ts';
import type { Win32IoBuffers } from './io-buffers.ts';
import { type Address, type Native, nativeMemory } from './native.ts';

const WAIT_TIMEOUT = 258;
const ENTRIES = 256;
const { lpOverlapped } = OVERLAPPED_ENTRY.offsetOf;

// Node waits for its pool when a worker thread ends, which has no exit event, so no wait may be infinite.
const LONGEST_WAIT = 500;

interface Waiting {
  readonly io: Win32IoBuffers;
  readonly completed: (failure?: KernelFailure) => void;
}

/**
 * Where calls on the files of this kernel complete. While any is in flight, one thread of libuv's pool waits here, which
 * also keeps the process alive. When none is, no thread waits, and the process may end.
 */
export class CompletionPort {
  readonly #native: Native;
  readonly #inFlight = new Map<Address, Waiting>();
  readonly #entries = new Uint8Array(ENTRIES * OVERLAPPED_ENTRY.size);
  readonly #view = new DataView(this.#entries.buffer);
  readonly #removed = nativeMemory(4);
  #port = 0n;
  #isWaiting = false;
  #failure: KernelFailure | undefined;

  constructor(native: Native) {
    this.#native = native;
  }

  /** Makes calls on this handle that carry no event complete here. */
  adopt(handle: bigint): void {
    if (this.#native.CreateIoCompletionPort(handle, this.#open(), 0, 0) === null) {
      throw new KernelFailure(this.#native.GetLastError());
    }
  }

  /**
   * Calls `completed` when the call with this OVERLAPPED has completed, or with a failure when the port has failed. To be
   * called before the call is made.
   */
  expect(io: Win32IoBuffers, completed: (failure?: KernelFailure) => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#wait();
    this.#inFlight.set(io.overlapped, { io, completed });
  }

  /** For a call that failed at once: Windows posts no completion for it. */
  forget(io: Win32IoBuffers): void {
    this.#inFlight.delete(io.overlapped);
  }

  /** Ends the wait of the pool's thread. */
  wake(): void {
    if (this.#isWaiting) this.#native.PostQueuedCompletionStatus(this.#port, 0, 0, null);
  }

  #open(): bigint {
    if (this.#port !== 0n) return this.#port;
    const port = this.#native.CreateIoCompletionPort(INVALID_HANDLE_VALUE, 0n, 0, 1);
    if (port === null) throw new KernelFailure(this.#native.GetLastError());
    this.#port = port;
    return port;
  }

  #wait(): void {
    if (this.#isWaiting) return;
    // SAFETY: this object, which the callback references, keeps the memory alive.
    this.#native.background(
      'GetQueuedCompletionStatusEx',
      [this.#port, this.#entries, ENTRIES, this.#removed, LONGEST_WAIT, 0],
      (succeeded) => {
        const errno = succeeded === 0 ? this.#native.GetLastError() : 0;
        this.#isWaiting = false;
        try {
          if (errno === 0) this.#complete(new DataView(this.#removed.buffer).getUint32(0, true));
          else if (errno !== WAIT_TIMEOUT) this.#fail(new KernelFailure(errno));
        } finally {
          if (this.#inFlight.size > 0) this.#wait();
        }
      },
    );
    this.#isWaiting = true;
  }

  #complete(count: number): void {
    // Collected first: a callback may start the next wait, which overwrites the entries.
    const finished: Waiting[] = [];
    for (let at = 0; at < count; at++) {
      const overlapped = Number(getUint64(this.#view, at * OVERLAPPED_ENTRY.size + lpOverlapped));
      const waiting = this.#inFlight.get(overlapped);
      if (waiting === undefined) continue;
      this.#inFlight.delete(overlapped);
      finished.push(waiting);
    }
    for (const { completed } of finished) completed();
  }

  // Without a port nobody learns when Windows has finished with the buffers, so they are given up.
  #fail(failure: KernelFailure): void {
    this.#failure = failure;
    const lost = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const { io, completed } of lost) {
      io.isAbandoned = true;
      completed(failure);
    }
  }
}
