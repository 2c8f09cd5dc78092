import type { Signal } from '../signal.ts';
import { failure } from './refusal.ts';

/** Something that takes time, in both ways of waiting for it. After an abort `async` ends as soon as nothing runs any more. */
export interface Step {
  sync(): void;
  async(signal: Signal | undefined): Promise<void>;
}

/** A job written once for blocking and for asynchronous calls: it yields what it has to wait for. */
export type Work<T> = Generator<Step, T, void>;

/** A step with a result. */
export function* waitFor<T>(sync: () => T, async: (signal: Signal | undefined) => Promise<T>): Work<T> {
  let outcome: { readonly value: T } | undefined;
  yield {
    sync() {
      outcome = { value: sync() };
    },
    async async(signal) {
      outcome = { value: await async(signal) };
    },
  };
  if (outcome === undefined) throw new Error('A step was left out.');
  return outcome.value;
}

export function runSync<T>(work: Work<T>): T {
  let state = work.next();
  while (state.done !== true) {
    let thrown: { readonly error: unknown } | undefined;
    try {
      state.value.sync();
    } catch (error) {
      thrown = { error };
    }
    state = thrown === undefined ? work.next() : work.throw(thrown.error);
  }
  return state.value;
}

/** Once the signal fires STATUS_CANCELLED is thrown into the job, once; what it has to tidy up then still runs to its end. */
export async function runAsync<T>(work: Work<T>, signal: Signal | undefined): Promise<T> {
  let cancelled = false;
  let state = work.next();
  while (state.done !== true) {
    let thrown: { readonly error: unknown } | undefined;
    try {
      if (cancelled || signal?.aborted !== true) await state.value.async(signal);
    } catch (error) {
      thrown = { error };
    }
    if (!cancelled && signal?.aborted === true) {
      cancelled = true;
      state = work.throw(failure('CANCELLED'));
    } else {
      state = thrown === undefined ? work.next() : work.throw(thrown.error);
    }
  }
  return state.value;
}
