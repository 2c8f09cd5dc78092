import type { Signal } from '../../abort.ts';

/** One abort for many copies at once. A listener for each of them on one signal would have Node warn of a leak. */
export class SharedAbort {
  readonly #controllers = new Set<AbortController>();
  #aborted: { readonly reason: unknown } | undefined;

  abort(reason: unknown): void {
    this.#aborted ??= { reason };
    for (const controller of this.#controllers) controller.abort(this.#aborted.reason);
  }

  /** Runs one copy with a signal of its own. */
  async run<T>(copy: (signal: Signal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    if (this.#aborted !== undefined) controller.abort(this.#aborted.reason);
    this.#controllers.add(controller);
    try {
      return await copy(controller.signal);
    } finally {
      this.#controllers.delete(controller);
    }
  }
}
