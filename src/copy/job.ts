import type { Kernel } from '../kernel/kernel.ts';
import type { Opened } from '../open-file.ts';
import type { Signal } from '../signal.ts';
import type { ProgressReporter } from './progress.ts';
import type { Tally } from './tally.ts';

/** One of the two files of a copy. */
export type Side = Opened;

/** A copy whose files are open: all that is left is to move the bytes. */
export interface CopyJob {
  readonly kernel: Kernel;
  readonly source: Side;
  readonly destination: Side;
  /** To be awaited before anything is written to the destination. */
  readonly prepare: () => Promise<void>;
  readonly size: bigint;
  /** The larger of the two sectors, in bytes: what every offset and length on the wire is a multiple of. */
  readonly unit: number;
  /** From here on the destination was never written, and reads as zeros. A multiple of the unit, or the size. */
  readonly freshFrom: bigint;
  readonly mode: 'prefer' | 'require';
  readonly chunkSize: bigint | undefined;
  readonly signal: Signal | undefined;
  readonly tally: Tally;
  readonly progress: ProgressReporter;
}
