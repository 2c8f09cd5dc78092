import { setTimeout } from 'node:timers/promises';
import type { Signal } from '../signal.ts';
import { failure } from './refusal.ts';

/** Something to wait for, in both ways. After an abort, `async` ends as soon as nothing is in flight. */
export interface Wait {
  sync(): void;
  async(signal: Signal | undefined): Promise<void>;
}

/**
 * A job that is written once and serves blocking and asynchronous calls alike: a generator that yields each
 * {@link Wait}. {@link runSync} and {@link runAsync} do the waiting, and throw into the generator what the wait throws.
 */
export type Task<T> = Generator<Wait, T, void>;

export function runSync<T>(task: Task<T>): T {
  let state = task.next();
  while (state.done !== true) {
    let resume = (): IteratorResult<Wait, T> => task.next();
    try {
      state.value.sync();
    } catch (error) {
      resume = () => task.throw(error);
    }
    state = resume();
  }
  return state.value;
}

/** When the signal fires, STATUS_CANCELLED is thrown into the task, once; its cleanup still runs to the end. */
export async function runAsync<T>(task: Task<T>, signal?: Signal): Promise<T> {
  let isCancelled = false;
  let state = task.next();
  while (state.done !== true) {
    let resume = (): IteratorResult<Wait, T> => task.next();
    try {
      if (isCancelled || signal?.aborted !== true) await state.value.async(signal);
    } catch (error) {
      resume = () => task.throw(error);
    }
    if (!isCancelled && signal?.aborted === true) {
      isCancelled = true;
      resume = () => task.throw(failure('CANCELLED'));
    }
    state = resume();
  }
  return state.value;
}

/** Waits for a result. */
export function* waitFor<T>(sync: () => T, async: (signal: Signal | undefined) => Promise<T>): Task<T> {
  let result: { readonly value: T } | undefined;
  yield {
    sync() {
      result = { value: sync() };
    },
    async async(signal) {
      result = { value: await async(signal) };
    },
  };
  if (result === undefined) throw new Error('The wait was skipped.');
  return result.value;
}

/** Waits until `performance.now()` reaches a deadline. An abort ends the wait at once. */
export function sleepUntil(deadline: number): Wait {
  const left = (): number => Math.max(deadline - performance.now(), 0);
  return {
    sync() {
      if (left() > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left());
    },
    async async(signal) {
      const timer = new AbortController();
      const abort = (): void => timer.abort();
      signal?.addEventListener('abort', abort);
      // Timers count whole milliseconds, and may fire a fraction of one too early.
      while (left() > 0 && signal?.aborted !== true) {
        await setTimeout(Math.ceil(left()), undefined, { signal: timer.signal }).catch(() => {});
      }
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** Runs a limited number of tasks at a time, in the order in which they came. */
export class Semaphore {
  #free: number;
  readonly #waiting: Set<() => void> = new Set();

  constructor(limit: number) {
    this.#free = limit;
  }

  /** Runs a task once it is its turn. A blocking call cannot wait for asynchronous ones, so it runs at once. */
  *run<T>(job: () => Task<T>): Task<T> {
    let isCounted = this.#free > 0;
    if (isCounted) this.#free--;
    try {
      if (!isCounted) {
        yield {
          sync() {},
          async: (signal) =>
            new Promise((resolve) => {
              const end = (): void => {
                this.#waiting.delete(start);
                signal?.removeEventListener('abort', end);
                resolve();
              };
              const start = (): void => {
                isCounted = true;
                end();
              };
              this.#waiting.add(start);
              signal?.addEventListener('abort', end);
            }),
        };
      }
      return yield* job();
    } finally {
      if (isCounted) this.#startNext();
    }
  }

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
