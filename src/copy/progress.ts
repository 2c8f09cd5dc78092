import { bytesDone, type Tally } from './tally.ts';

/** How far a copy is. All counts are in bytes. */
export interface CopyProgress {
  /** The paths as they were given: one callback may serve many copies. */
  readonly source: string;
  readonly destination: string;
  /** `offload`: the array copies. `buffered`: ordinary reads and writes. `verify`: both files are being compared. */
  readonly phase: 'offload' | 'buffered' | 'verify';
  /** Bytes copied so far, by whatever means: the sum of the three counts below. Never falls. */
  readonly bytesDone: bigint;
  readonly totalBytes: bigint;
  readonly offloadedBytes: bigint;
  readonly zeroedBytes: bigint;
  readonly bufferedBytes: bigint;
  /** Bytes compared so far; 0 before the phase `verify`. */
  readonly verifiedBytes: bigint;
  /** Average since the copy began, rounded to whole bytes. */
  readonly bytesPerSecond: number;
}

const LEAST_INTERVAL_MS = 50;

/** Tells the caller how far the copy is, at most twenty times a second, and once at its end. */
export class ProgressReporter {
  phase: CopyProgress['phase'] = 'offload';
  readonly #names: Pick<CopyProgress, 'source' | 'destination'>;
  readonly #totalBytes: bigint;
  readonly #tally: Tally;
  readonly #listener: ((progress: CopyProgress) => void) | undefined;
  readonly #startedAt: number;
  readonly #heard = new Set<Promise<void>>();
  #failure: { readonly reason: unknown } | undefined;
  #toldAt: number;

  constructor(
    names: Pick<CopyProgress, 'source' | 'destination'>,
    totalBytes: bigint,
    tally: Tally,
    listener: ((progress: CopyProgress) => void) | undefined,
    startedAt: number,
  ) {
    this.#names = names;
    this.#totalBytes = totalBytes;
    this.#tally = tally;
    this.#listener = listener;
    this.#startedAt = startedAt;
    this.#toldAt = startedAt;
  }

  /** Something was done. What is complete is left to {@link end}, so that the end is told once. */
  tick(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
    const now = performance.now();
    if (this.#listener === undefined || now - this.#toldAt < LEAST_INTERVAL_MS || this.#isComplete()) return;
    this.#tell(now);
  }

  /** Resolves when the listener has heard all of it; a listener that returns promises is waited for. */
  async end(): Promise<void> {
    this.#tell(performance.now());
    await Promise.all(this.#heard);
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  #isComplete(): boolean {
    const { verifiedBytes } = this.#tally;
    return (this.phase === 'verify' ? verifiedBytes : bytesDone(this.#tally)) >= this.#totalBytes;
  }

  #tell(now: number): void {
    if (this.#listener === undefined) return;
    this.#toldAt = now;
    const { offloadedBytes, zeroedBytes, bufferedBytes, verifiedBytes } = this.#tally;
    const done = bytesDone(this.#tally);
    const seconds = (now - this.#startedAt) / 1000;
    const returned: unknown = this.#listener({
      ...this.#names,
      phase: this.phase,
      bytesDone: done,
      totalBytes: this.#totalBytes,
      offloadedBytes,
      zeroedBytes,
      bufferedBytes,
      verifiedBytes,
      bytesPerSecond: seconds > 0 ? Math.round(Number(done) / seconds) : 0,
    });
    if (returned instanceof Promise) this.#await(returned);
  }

  // Nobody else hears of it when an async listener fails, and Node would end the process in the middle of the copy.
  #await(promise: Promise<unknown>): void {
    const heard = promise.then(
      () => {},
      (reason: unknown) => {
        this.#failure ??= { reason };
      },
    );
    this.#heard.add(heard);
    heard.then(() => this.#heard.delete(heard));
  }
}
