import { release } from 'node:os';
import { resolve } from 'node:path';
import type { ByteCount } from '../byte-count.ts';
import { ignoreErrors } from '../call-context.ts';
import { AbortError, Win32Error } from '../errors.ts';
import { callback, optional, positiveByteCount, signal } from '../fields.ts';
import { withToJson } from '../json.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { checkPath, type FilePath, filePath } from '../path.ts';
import { optionsSchema } from '../request.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import { VERSION } from '../version.ts';
import { type ProbeReport, probeWith } from './probe.ts';
import { checkFreeSpace, ScratchFiles } from './scratch-files.ts';
import { Trial } from './trial.ts';

/** Options of {@link tryOffload}. */
export interface TryOffloadOptions {
  /** The folder to copy to. Default: the same folder. */
  readonly destination?: FilePath | undefined;
  /**
   * Bytes of the scratch files, at least 1; rounded up to whole sectors, and to 65,536 and 16 sectors. Two of them exist
   * at the same time. Default 67,108,864.
   */
  readonly size?: ByteCount | undefined;
  /** Called when the trial begins, at most twenty times a second, and when it is complete. What it throws ends the trial. */
  readonly onProgress?: ((progress: TrialProgress) => void) | undefined;
  /** Cancels the trial (CancelIoEx). The scratch files are removed; then the promise rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** The progress of a trial. */
export interface TrialProgress {
  /** `prepare`: the first scratch file is being written. */
  readonly step: 'prepare' | TrialStepName;
  /** Progress of the whole trial, from 0 to 100. */
  readonly percent: number;
}

/**
 * `whole-file`: an offloaded copy of a file. `ordinary-copy`: the same by ordinary reads and writes. `range`: a part of a
 * file to another offset, with more than one write per token. `zeros`: zeros from the well-known token. `unaligned-tail`: a file that
 * ends within a sector. `invalid-token`: a token of random bytes must be refused. `expired-token`: a token after its time
 * to live should be refused.
 */
export type TrialStepName =
  | 'whole-file'
  | 'ordinary-copy'
  | 'range'
  | 'zeros'
  | 'unaligned-tail'
  | 'invalid-token'
  | 'expired-token';

/** One step of a trial. */
export interface TrialStep {
  /** What was tried. */
  readonly name: TrialStepName;
  /**
   * `passed`: the storage did what it should, and every byte is right. `refused`: the storage said that it cannot do this.
   * `failed`: the storage answered wrongly. `skipped`: the step could not be tried or judged; `detail` says why.
   */
  readonly outcome: 'passed' | 'refused' | 'failed' | 'skipped';
  /** The code of the error: `ERROR_NOT_SUPPORTED`. Also present where the storage was right to refuse. */
  readonly status?: string;
  /** The NTSTATUS, where it is certain: `STATUS_NOT_SUPPORTED`. */
  readonly ntstatus?: string;
  /** A sentence about what went wrong, or why the step was skipped. */
  readonly detail?: string;
  /** Bytes that were written. */
  readonly bytes: bigint;
  /** Duration of the transfer in milliseconds, rounded up to a whole number; without the comparison. */
  readonly elapsedMs: number;
  /** Offload reads that succeeded. Absent if there were none. */
  readonly reads?: number;
  /** Offload writes that succeeded. Absent if there were none. */
  readonly writes?: number;
}

/** One of the volumes of a trial, as {@link probe} reports it. */
export type TrialVolume = Omit<ProbeReport, 'path' | 'size'>;

/** The result of {@link tryOffload}. It holds no token, path or user name. JSON.stringify writes a bigint as a decimal string. */
export interface TrialReport {
  /**
   * `offloads`: every copy was offloaded, and every byte is right. `incapable`: the storage refused at least one of them.
   * `broken`: the storage answered wrongly: other bytes, a fresh token refused, an impossible reply, an invalid token accepted.
   */
  readonly verdict: 'offloads' | 'incapable' | 'broken';
  /** What was tried, in order. */
  readonly steps: readonly TrialStep[];
  /** Size of the scratch files in bytes. */
  readonly size: bigint;
  /** The two copies of the whole file. Present if the storage copied it. */
  readonly timing?: TrialTiming;
  /** The volume of the folder. */
  readonly source: TrialVolume;
  /** Present if the destination is another folder. */
  readonly destination?: TrialVolume;
  /** Where the trial ran. */
  readonly environment: TrialEnvironment;
}

/** How long the copies of the whole file took. The ordinary copy may be served by the file cache, which makes it look faster. */
export interface TrialTiming {
  /** Duration of the offloaded copy in milliseconds. */
  readonly offloadMs: number;
  /** Duration of the ordinary copy in milliseconds. */
  readonly ordinaryMs: number;
  /** The ordinary duration divided by the offloaded one, with three digits: 4 means that offload was four times faster. */
  readonly speedup: number;
}

/** Where a trial ran. */
export interface TrialEnvironment {
  /** Version of this package. */
  readonly package: string;
  /** Version of Node.js. */
  readonly node: string;
  /** The operating system, as in process.platform. */
  readonly platform: string;
  /** Release of the operating system: `10.0.20348`. */
  readonly release: string;
  /** The processor, as in process.arch. */
  readonly architecture: string;
  /** `kernel32`, or `emulator`. */
  readonly kernel: string;
}

const DEFAULT_SIZE = 67_108_864;
// NTFS keeps very small files in its file table, and never offloads them.
const SMALLEST_SIZE = 65_536;
const FEWEST_SECTORS = 16;
const LARGEST_TAIL = 1_048_576;
const SHORTEST_MS = 0.001;

const tryOptions = optionsSchema(
  'tryOffload',
  {
    destination: optional(filePath),
    size: positiveByteCount,
    onProgress: optional(callback<(progress: TrialProgress) => void>()),
    signal,
  },
  { defaults: { size: DEFAULT_SIZE } },
);

/**
 * Proves on scratch files what a volume really does: offloads a whole file, a range, zeros and an unaligned tail
 * (`FSCTL_OFFLOAD_READ`, `FSCTL_OFFLOAD_WRITE`), compares every byte, tries an invalid and an expired token, and times an
 * ordinary copy of the same size.
 *
 * The scratch files hold random data and have names of their own. They are removed at the end, also after a failure or an
 * abort. Nothing else is changed.
 *
 * @param folder a folder on the volume, in which files can be created.
 * @param options `destination`: a folder on another volume to copy to. `size`: bytes of the scratch files.
 * @returns a verdict, the steps and the facts about the volumes. What the storage refuses or does wrong is in the report,
 *   which can be attached to an issue: it holds no token, path or user name.
 * @throws {InvalidArgumentError} when an argument is not legal, or the volume has too little free space for `size`.
 * @throws {Win32Error} when an ordinary operation fails: ERROR_PATH_NOT_FOUND, ERROR_ACCESS_DENIED, ERROR_DISK_FULL and others.
 * @throws {AbortError} when the signal fired.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-server/storage/data-transfer/offloaded-data-transfers
 * @example
 * const { verdict, steps } = await tryOffload('D:\\');
 * for (const { name, outcome } of steps) console.log(name, outcome);
 */
export async function tryOffload(folder: FilePath, options?: TryOffloadOptions): Promise<TrialReport> {
  return tryOffloadWith(defaultKernel(), folder, options);
}

/** {@link tryOffload} on a kernel. */
export async function tryOffloadWith(
  kernel: Kernel,
  folder: FilePath,
  options?: TryOffloadOptions,
): Promise<TrialReport> {
  const start = checkPath('folder', folder);
  const checked = tryOptions.check(options);
  const { destination = start, onProgress, signal } = checked;
  const end = checkPath('destination', destination);
  // Absolute, because the working folder may change during the trial.
  const folders = { folder: resolve(start), destination: resolve(end) };
  const isSameFolder = folders.destination === folders.folder;

  throwIfAborted(signal);
  const source = await probeWith(kernel, start);
  throwIfAborted(signal);
  const target = isSameFolder ? source : await probeWith(kernel, end);
  throwIfAborted(signal);

  const sectorSize = Math.max(source.sectorSize, target.sectorSize);
  const size = scratchSize(checked.size, sectorSize);
  const tailSize = tailOf(size, sectorSize);
  const bytes = size + tailSize;
  await checkFreeSpace(checked.size, [
    { folder: folders.folder, bytes },
    { folder: folders.destination, bytes },
  ]);

  const scratch = new ScratchFiles(kernel, signal);
  const trial = new Trial(kernel, scratch, {
    ...folders,
    size,
    tailSize,
    sectorSize,
    signal,
    onProgress,
  });
  try {
    await trial.run();
  } catch (error) {
    await ignoreErrors(() => scratch.removeAll());
    if (signal?.aborted && error instanceof Win32Error) throw new AbortError(signal.reason);
    throw error;
  }
  await scratch.removeAll();

  const { verdict, steps } = trial;
  const timing = timingOf(trial);
  return withToJson({
    verdict,
    steps,
    size: BigInt(size),
    ...(timing !== undefined && { timing }),
    source: volumeOf(source),
    ...(!isSameFolder && { destination: volumeOf(target) }),
    environment: environmentOf(kernel),
  });
}

function scratchSize(size: ByteCount, sectorSize: number): number {
  const least = Math.max(Number(size), SMALLEST_SIZE, FEWEST_SECTORS * sectorSize);
  return Math.ceil(least / sectorSize) * sectorSize;
}

// One byte short of a sector, so that it ends in the last sector of either volume where their sectors differ.
function tailOf(size: number, sectorSize: number): number {
  return Math.floor(Math.min(size, LARGEST_TAIL) / sectorSize) * sectorSize + sectorSize - 1;
}

function timingOf({ steps, offloadMs, ordinaryMs }: Trial): TrialTiming | undefined {
  const isOffloaded = steps.some(({ name, outcome }) => name === 'whole-file' && outcome === 'passed');
  if (!isOffloaded || offloadMs === undefined || ordinaryMs === undefined) return undefined;
  const speedup = Number(
    (Math.max(ordinaryMs, SHORTEST_MS) / Math.max(offloadMs, SHORTEST_MS)).toPrecision(3),
  );
  return { offloadMs: Math.ceil(offloadMs), ordinaryMs: Math.ceil(ordinaryMs), speedup };
}

function volumeOf({ path: _path, size: _size, ...facts }: ProbeReport): TrialVolume {
  return facts;
}

function environmentOf({ name }: Kernel): TrialEnvironment {
  return {
    package: VERSION,
    node: process.versions.node,
    platform: process.platform,
    release: release(),
    architecture: process.arch,
    kernel: name,
  };
}
