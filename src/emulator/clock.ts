import type { Signal } from '../signal.ts';
import type { Step } from './work.ts';

// A timer of Node comes up to a millisecond late and counts from the start of its turn of the event loop, which would
// add several per cent to a latency of a few milliseconds. So the last stretch is spent asking the clock.
const SPIN_MS = 2;
const LONGEST_TIMER_MS = 0x7fff_ffff;

/** Milliseconds of a clock that never steps back. */
export function now(): number {
  return performance.now();
}

/** Waits until {@link now} has reached `deadline`; an abort ends it at once. Adds no timer where nothing is left to wait. */
export function sleepUntil(deadline: number): Step {
  return {
    sync() {
      const left = deadline - now();
      if (left > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, left);
    },
    async async(signal) {
      if (deadline > now() && signal?.aborted !== true) await sleep(deadline, signal);
    },
  };
}

function sleep(deadline: number, signal: Signal | undefined): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let immediate: NodeJS.Immediate | undefined;

    const end = (): void => {
      clearTimeout(timer);
      clearImmediate(immediate);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const wait = (): void => {
      const left = deadline - now();
      if (left <= 0) end();
      else if (left <= SPIN_MS + 1) immediate = setImmediate(wait);
      else timer = setTimeout(wait, Math.min(Math.floor(left - SPIN_MS), LONGEST_TIMER_MS));
    };

    signal?.addEventListener('abort', end);
    wait();
  });
}
