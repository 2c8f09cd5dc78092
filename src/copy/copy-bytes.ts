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
   *   unit, negative if that is before the range, or the length.
   */
  prepare(): Promise<bigint>;
  /** Has the system copy the whole file, while nothing was written to it. Undefined where ordinary writes must do. */
  readonly copyBySystem?: (() => Promise<void>) | undefined;
  /** Copies what belongs to the file besides the range, if it is a whole file. */
  readonly copyStreams?: (() => Promise<void>) | undefined;
  /** Throws SourceChangedError if the source was modified since the copy began. */
  checkSource(): Promise<void>;
}

/** Copies the range: by tokens, or by the system if there is nothing to offload, or by ordinary reads and writes from where tokens fail. With `verify` it is compared afterwards. */
export async function copyBytes(job: CopyJob): Promise<CopyFallback | undefined> {
  const { length, offloadLength, progress } = job;
  const isOffloaded = offloadLength > 0n || (length === 0n && job.copyBySystem === undefined);
  const otherwise = job.copyBySystem === undefined ? 'buffered' : 'system';
  progress.phase = isOffloaded ? 'offload' : otherwise;
  progress.begin();

  const fallback = await new OffloadedCopy(job).run();
  const offloadedTo = fallback?.at ?? offloadLength;
  if (fallback !== undefined) await job.checkSource();
  if (offloadedTo === 0n && job.copyBySystem !== undefined) await job.copyBySystem();
  else {
    await job.prepare();
    if (offloadedTo < length) {
      progress.phase = 'buffered';
      await copyBuffered(job, offloadedTo);
    }
    await job.copyStreams?.();
  }
  if (job.verify) {
    progress.phase = 'verify';
    job.tally.verified = await verifyCopy(job);
  }
  await job.checkSource();
  await progress.settle();
  throwIfAborted(job.signal);
  return fallback;
}
