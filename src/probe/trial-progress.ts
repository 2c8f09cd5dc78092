import type { TrialProgress, TrialStepName } from './try-offload.ts';

const SHORTEST_INTERVAL_MS = 50;

// How often each step passes over the whole file, roughly: by offload, by ordinary reads and writes, to compare.
const PLAN: Readonly<Record<TrialProgress['step'], number>> = {
  prepare: 1,
  'whole-file': 2,
  'ordinary-copy': 1,
  range: 1.25,
  zeros: 1.25,
  'unaligned-tail': 0.25,
  'invalid-token': 1,
  'expired-token': 1,
};
const PASSES = Object.values(PLAN).reduce((sum, passes) => sum + passes, 0);

/** Calls onProgress when the trial begins, at most twenty times a second, and when it is complete. */
export class TrialProgressReporter {
  readonly #size: number;
  readonly #onProgress: ((progress: TrialProgress) => unknown) | undefined;
  #step: TrialProgress['step'] = 'prepare';
  /** In passes over the whole file. */
  #done = 0;
  #limit = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(size: number, onProgress: ((progress: TrialProgress) => unknown) | undefined) {
    this.#size = size;
    this.#onProgress = onProgress;
  }

  /** A step begins. What the one before did not do is passed over. */
  async enter(step: 'prepare' | TrialStepName): Promise<void> {
    this.#step = step;
    this.#done = this.#limit;
    this.#limit += PLAN[step];
    await this.#reportIfDue();
  }

  async advance(bytes: number): Promise<void> {
    this.#done = Math.min(this.#done + bytes / this.#size, this.#limit);
    await this.#reportIfDue();
  }

  async end(): Promise<void> {
    this.stop();
    if (this.#failure !== undefined) throw this.#failure.reason;
    await this.#report(100);
  }

  /** Nothing more is reported. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  // A call that takes minutes may follow, so what is not due yet is reported when it is.
  async #reportIfDue(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.reason;
    const early = SHORTEST_INTERVAL_MS - (performance.now() - this.#reportedAt);
    if (early > 0) {
      this.#timer ??= setTimeout(() => this.#reportLate(), Math.ceil(early) + 1);
      return;
    }
    this.stop();
    await this.#report(this.#percent);
  }

  async #reportLate(): Promise<void> {
    this.#timer = undefined;
    try {
      await this.#report(this.#percent);
    } catch (reason) {
      this.#failure ??= { reason };
    }
  }

  get #percent(): number {
    return Math.min(99, Math.floor((this.#done * 100) / PASSES));
  }

  // A returned promise is awaited, so that its rejection ends the trial.
  async #report(percent: number): Promise<void> {
    this.#reportedAt = performance.now();
    await this.#onProgress?.({ step: this.#step, percent });
  }
}
