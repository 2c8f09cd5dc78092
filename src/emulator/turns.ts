import type { Work } from './work.ts';

/** Lets so many jobs at a time through, in the order they came. */
export class Turns {
  #free: number;
  readonly #waiting: Set<() => void> = new Set();

  constructor(atATime: number) {
    this.#free = atATime;
  }

  /** Runs a job when it is its turn. A blocking call cannot wait for those that are not, and so goes first. */
  *take<T>(job: () => Work<T>): Work<T> {
    let held = this.#free > 0;
    if (held) this.#free--;
    try {
      if (!held) {
        yield {
          sync() {},
          async: (signal) =>
            new Promise((resolve) => {
              const end = (): void => {
                this.#waiting.delete(granted);
                signal?.removeEventListener('abort', end);
                resolve();
              };
              const granted = (): void => {
                held = true;
                end();
              };
              this.#waiting.add(granted);
              signal?.addEventListener('abort', end);
            }),
        };
      }
      return yield* job();
    } finally {
      if (held) this.#give();
    }
  }

  #give(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
