import { ProtocolError, type Win32Error } from '../errors.ts';
import { withToJson } from '../json.ts';

/** Why a copy continued without offload, and from where. */
export interface CopyFallback {
  /** The first failure of an offload call from which the copy could not recover. */
  readonly reason: Win32Error | ProtocolError;
  /**
   * Position in bytes of the first byte that was not offloaded, counted from the start of the file or range. With 0 the system
   * has copied the whole file, unless it is a range, a device or a single stream.
   */
  readonly at: bigint;
}

/**
 * Where a verified copy was read from: `disk`, past the cache of Windows, after the destination was flushed; or `cache`
 * where that is not possible: over the network, where Windows refuses, for a read-only copy by the system, and on the emulator.
 */
export type VerifiedFrom = 'disk' | 'cache';

/**
 * The result of a copy. `offloadedBytes + zeroedBytes + bufferedBytes + systemBytes` is always `bytes`. JSON.stringify
 * writes a bigint as a decimal string.
 */
export interface CopyReport {
  /** Size of the source, or length of the range, in bytes. Named streams are copied too, but not counted. */
  readonly bytes: bigint;
  /** Bytes that the storage array copied. */
  readonly offloadedBytes: bigint;
  /** Bytes known to be zeros without reading them: written with the zero token, or zeros already because the file was extended. */
  readonly zeroedBytes: bigint;
  /**
   * Bytes copied by ordinary reads and writes, zeros included: the rest of a file whose offload stopped in the middle, copies
   * of devices and of single streams (`file:name`), and what copyRange could not offload.
   */
  readonly bufferedBytes: bigint;
  /**
   * Bytes copied by the file copy function of the operating system (`CopyFileExW`): small files, and files of which nothing
   * could be offloaded.
   */
  readonly systemBytes: bigint;
  /** Offload reads that succeeded, including those that made no progress. */
  readonly reads: number;
  /** Offload writes that succeeded, including those that made no progress. */
  readonly writes: number;
  /** Duration in milliseconds, rounded up to a whole number. */
  readonly elapsedMs: number;
  /** Where source and destination were read from for the comparison. Present with `verify`. */
  readonly verified?: VerifiedFrom;
  /** Present if offload was tried and given up. A file that is too small for offload is copied by the system without it. */
  readonly fallback?: CopyFallback;
}

/**
 * The progress of a copy. Counts are in bytes, and named streams are not counted. JSON.stringify writes a bigint as a decimal
 * string.
 */
export interface CopyProgress {
  /** The path of the source as it was given: one callback may serve many copies. */
  readonly source: string;
  /** The path of the destination as it was given. */
  readonly destination: string;
  /**
   * `offload`: the array copies. `system`: the operating system copies the whole file. `buffered`: ordinary reads and writes.
   * `verify`: both files are compared.
   */
  readonly phase: 'offload' | 'system' | 'buffered' | 'verify';
  /** bytesDone as a percentage of totalBytes, from 0 to 100, rounded down to a whole number. 100 for an empty file. */
  readonly percent: number;
  /** Bytes copied so far by any means: the sum of the four counts below. Never falls. */
  readonly bytesDone: bigint;
  /** Size of the source, or length of the range. */
  readonly totalBytes: bigint;
  /** Bytes that the storage array copied so far. */
  readonly offloadedBytes: bigint;
  /** Bytes known to be zeros so far. */
  readonly zeroedBytes: bigint;
  /** Bytes copied by ordinary reads and writes so far. */
  readonly bufferedBytes: bigint;
  /** Bytes copied by the operating system so far. */
  readonly systemBytes: bigint;
  /** Bytes compared so far; 0 before the phase `verify`. */
  readonly verifiedBytes: bigint;
  /** Average since the copy began, rounded to whole bytes. */
  readonly bytesPerSecond: number;
}

/** A callback for progress. A returned promise is awaited before the copy completes. */
export type OnProgress = (progress: CopyProgress) => void;

/** Running counts of one copy. */
export interface Tally {
  offloadedBytes: bigint;
  zeroedBytes: bigint;
  bufferedBytes: bigint;
  systemBytes: bigint;
  verifiedBytes: bigint;
  reads: number;
  writes: number;
  verified?: VerifiedFrom;
}

export function emptyTally(): Tally {
  return {
    offloadedBytes: 0n,
    zeroedBytes: 0n,
    bufferedBytes: 0n,
    systemBytes: 0n,
    verifiedBytes: 0n,
    reads: 0,
    writes: 0,
  };
}

/** Counts a control code that succeeds, even if its reply is useless. */
export async function counted<T>(tally: Tally, which: 'reads' | 'writes', call: Promise<T>): Promise<T> {
  try {
    const result = await call;
    tally[which]++;
    return result;
  } catch (error) {
    if (error instanceof ProtocolError) tally[which]++;
    throw error;
  }
}

/** The report of a finished copy. */
export function reportOf(
  bytes: bigint,
  { verifiedBytes: _, ...counts }: Tally,
  startedAt: number,
  fallback: CopyFallback | undefined,
): CopyReport {
  const elapsedMs = Math.ceil(performance.now() - startedAt);
  const report = { bytes, ...counts, elapsedMs };
  if (fallback === undefined) return withToJson(report);
  return withToJson({ ...report, fallback: withToJson({ ...fallback }) });
}

const SHORTEST_INTERVAL_MS = 50;

/** Calls onProgress when the copy begins, at most twenty times a second, and when it is complete. */
export class ProgressReporter {
  phase: CopyProgress['phase'] = 'offload';
  readonly #names: Pick<CopyProgress, 'source' | 'destination'>;
  readonly #totalBytes: bigint;
  readonly #tally: Tally;
  readonly #onProgress: OnProgress | undefined;
  readonly #startedAt: number;
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly reason: unknown } | undefined;
  #reportedAt = 0;

  constructor(
    names: Pick<CopyProgress, 'source' | 'destination'>,
    totalBytes: bigint,
    tally: Tally,
    onProgress: OnProgress | undefined,
    startedAt: number,
  ) {
    this.#names = names;
    this.#totalBytes = totalBytes;
    this.#tally = tally;
    this.#onProgress = onProgress;
    this.#startedAt = startedAt;
  }

  /** Whether anybody is told of the progress. */
  get isObserved(): boolean {
    return this.#onProgress !== undefined;
  }

  /** The files are open, and nothing has been copied. Throws what onProgress throws. */
  begin(): void {
    this.#report();
  }

  /** Something was done. Throws what onProgress throws. Completion is left to {@link end}, so it is reported once. */
  tick(): void {
    if (this.#failure !== undefined) throw this.#failure.reason;
    const isDue = performance.now() - this.#reportedAt >= SHORTEST_INTERVAL_MS;
    if (!isDue || this.#isComplete()) return;
    try {
      this.#report();
    } catch (reason) {
      // For settle, because a copy by the system may be complete before it can be cancelled.
      this.#failure = { reason };
      throw reason;
    }
  }

  /** Waits for the promises that onProgress has returned so far, and throws if one was rejected, or if it has thrown. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    if (this.#failure !== undefined) throw this.#failure.reason;
  }

  /** The copy is complete. Its destination is closed and valid, so a failure of onProgress no longer matters. */
  async end(): Promise<void> {
    try {
      this.#report();
    } catch {
      return;
    }
    await Promise.all(this.#pending);
  }

  #isComplete(): boolean {
    const { verifiedBytes } = this.#tally;
    return (this.phase === 'verify' ? verifiedBytes : bytesDone(this.#tally)) >= this.#totalBytes;
  }

  #report(): void {
    if (this.#onProgress === undefined) return;
    const now = performance.now();
    this.#reportedAt = now;
    const { offloadedBytes, zeroedBytes, bufferedBytes, systemBytes, verifiedBytes } = this.#tally;
    const done = bytesDone(this.#tally);
    const seconds = (now - this.#startedAt) / 1000;
    const returned: unknown = this.#onProgress(
      withToJson({
        ...this.#names,
        phase: this.phase,
        percent: this.#totalBytes === 0n ? 100 : Number((done * 100n) / this.#totalBytes),
        bytesDone: done,
        totalBytes: this.#totalBytes,
        offloadedBytes,
        zeroedBytes,
        bufferedBytes,
        systemBytes,
        verifiedBytes,
        bytesPerSecond: seconds > 0 ? Math.round(Number(done) / seconds) : 0,
      }),
    );
    if (returned instanceof Promise) this.#watch(returned);
  }

  // Without a handler Node would end the process in the middle of the copy when an async callback fails.
  #watch(promise: Promise<unknown>): void {
    const settled = promise.then(
      () => {},
      (reason: unknown) => {
        this.#failure ??= { reason };
      },
    );
    this.#pending.add(settled);
    settled.then(() => this.#pending.delete(settled));
  }
}

function bytesDone({ offloadedBytes, zeroedBytes, bufferedBytes, systemBytes }: Tally): bigint {
  return offloadedBytes + zeroedBytes + bufferedBytes + systemBytes;
}
