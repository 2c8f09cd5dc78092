import type { Kernel } from '../kernel/kernel.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import { OffloadedCopy } from './offload.ts';
import { copyBuffered } from './ordinary.ts';
import type { CopyFallback, ProgressReporter, Tally } from './progress.ts';
import type { CopyEndpoint } from './source.ts';
import { verifyCopy } from './verify.ts';

/**
 * A copy whose files are open: a range of one file is to become equal to a range of another. Within a job a position
 * is a number of bytes from the start of the range.
 */
export interface CopyJob {
  readonly kernel: Kernel;
  readonly source: CopyEndpoint;
  readonly destination: CopyEndpoint;
  readonly sourceOffset: bigint;
  readonly destinationOffset: bigint;
  /** Bytes to copy. */
  readonly length: bigint;
  /** How many of them may be offloaded, from the start: all, none, or all but a last partial sector. */
  readonly offloadLength: bigint;
  /** The larger of the two sectors, in bytes: offsets and lengths of offload calls are multiples of it. */
  readonly unit: number;
  /** What follows the range in its last sector must be preserved, also on a device, which takes whole sectors only. */
  readonly keepsTail: boolean;
  readonly mode: 'prefer' | 'require';
  readonly chunkSize: bigint | undefined;
  readonly verify: boolean;
  readonly signal: Signal | undefined;
  readonly tally: Tally;
  readonly progress: ProgressReporter;
  /**
   * Makes the destination large enough; to be awaited before anything is written to it.
   *
   * @returns the position from where the destination was never written, and therefore reads as zeros: a multiple of the
   *   unit, or the length.
   */
  prepare(): Promise<bigint>;
  /** Throws SourceChangedError if the source was modified since the copy began. */
  checkSource(): Promise<void>;
}

/** Copies the range: by tokens, and by ordinary reads and writes from where these fail. With `verify` it is compared afterwards. */
export async function copyBytes(job: CopyJob): Promise<CopyFallback | undefined> {
  const { length, offloadLength, progress } = job;
  const isOffloaded = offloadLength > 0n || length === 0n;
  progress.phase = isOffloaded ? 'offload' : 'buffered';
  progress.begin();

  const fallback = await new OffloadedCopy(job).run();
  await job.prepare();
  const bufferedFrom = fallback?.at ?? offloadLength;
  if (bufferedFrom < length) {
    progress.phase = 'buffered';
    if (fallback !== undefined) await job.checkSource();
    await copyBuffered(job, bufferedFrom);
  }
  if (job.verify) {
    progress.phase = 'verify';
    await verifyCopy(job);
  }
  await job.checkSource();
  await progress.settle();
  throwIfAborted(job.signal);
  return fallback;
}
