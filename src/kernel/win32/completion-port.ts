import { INVALID_HANDLE_VALUE, OVERLAPPED_ENTRY } from '../../../structs/index.ts';
import { getUint64 } from '../../uint64.ts';
import { KernelFailure } from '../kernel.ts';
import type { Address, Native } from './native.ts';
import { roomForNumber } from './room.ts';

const ENTRIES = 256;
const { lpOverlapped } = OVERLAPPED_ENTRY.offsetOf;

// Node joins its pool when a thread ends, where no exit event comes, so no wait may last for ever.
const LONGEST_WAIT = 500;

// Without this a process that is told to exit would sit out the wait.
const waiting = new Set<() => void>();
let isHooked = false;

function wakeAtExit(wake: () => void): void {
  waiting.add(wake);
  if (isHooked) return;
  isHooked = true;
  process.once('exit', () => {
    for (const each of waiting) each();
  });
}

/**
 * The one place where calls on our own handles complete. While anything is in flight one thread of libuv's pool waits
 * here, which also keeps the process alive; when nothing is, none does, and the process may end.
 */
export class CompletionPort {
  readonly #native: Native;
  readonly #inFlight = new Map<Address, () => void>();
  readonly #entries = new Uint8Array(ENTRIES * OVERLAPPED_ENTRY.size);
  readonly #view = new DataView(this.#entries.buffer);
  readonly #removed = roomForNumber();
  #port = 0n;
  #isWaiting = false;

  constructor(native: Native) {
    this.#native = native;
  }

  /** From now on calls on this handle that carry no event complete here. */
  adopt(handle: bigint): void {
    if (this.#native.CreateIoCompletionPort(handle, this.#open(), 0, 0) === null) {
      throw new KernelFailure(this.#native.GetLastError());
    }
  }

  /** Has `done` run when the call with this OVERLAPPED has completed. To be called before the call is made. */
  expect(overlapped: Address, done: () => void): void {
    this.#wait();
    this.#inFlight.set(overlapped, done);
  }

  /** For a call that failed at once: it will not come here. */
  forget(overlapped: Address): void {
    this.#inFlight.delete(overlapped);
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
    const wake = () => this.#native.PostQueuedCompletionStatus(this.#port, 0, 0, null);
    wakeAtExit(wake);
    // SAFETY: this port, which the callback keeps, holds the memory.
    this.#native.background(
      'GetQueuedCompletionStatusEx',
      [this.#port, this.#entries, ENTRIES, this.#removed, LONGEST_WAIT, 0],
      (succeeded) => {
        this.#isWaiting = false;
        waiting.delete(wake);
        try {
          if (succeeded !== 0) this.#complete(new DataView(this.#removed.buffer).getUint32(0, true));
        } finally {
          if (this.#inFlight.size > 0) this.#wait();
        }
      },
    );
    this.#isWaiting = true;
  }

  #complete(count: number): void {
    // Taken out first: what is completed may wait again, into the same entries.
    const finished: (() => void)[] = [];
    for (let at = 0; at < count; at++) {
      const overlapped = Number(getUint64(this.#view, at * OVERLAPPED_ENTRY.size + lpOverlapped));
      const done = this.#inFlight.get(overlapped);
      if (done === undefined) continue;
      this.#inFlight.delete(overlapped);
      finished.push(done);
    }
    for (const done of finished) done();
  }
}
