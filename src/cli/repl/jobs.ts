import type { Odx } from '../../index.ts';

/** The copies that a session has under way, to be ended with it: a half-made file must not outlive them. */
export class Jobs {
  readonly copyFile: Odx['copyFile'];
  readonly copyFiles: Odx['copyFiles'];
  readonly #running = new Set<Promise<unknown>>();
  #stop = new AbortController();

  constructor({ copyFile, copyFiles }: Odx) {
    this.copyFile = (source, destination, options) =>
      this.#keep(copyFile(source, destination, this.#stoppable(options)));
    this.copyFiles = (pairs, options) => this.#keep(copyFiles(pairs, this.#stoppable(options)));
  }

  /** Aborts what runs; what is begun later is not concerned. Resolves when all has ended. */
  async abort(): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    await Promise.allSettled(this.#running);
  }

  #keep<T>(job: Promise<T>): Promise<T> {
    this.#running.add(job);
    const forget = (): void => void this.#running.delete(job);
    job.then(forget, forget);
    return job;
  }

  // What is no legal argument goes on as it is, to be complained of.
  #stoppable<T extends { signal?: unknown }>(options: T | undefined): T | undefined {
    const { signal } = this.#stop;
    if (options === undefined) return { signal } as T;
    if (typeof options !== 'object' || options === null) return options;
    const own = options.signal;
    if (own === undefined) return { ...options, signal };
    return own instanceof AbortSignal ? { ...options, signal: AbortSignal.any([own, signal]) } : options;
  }
}
