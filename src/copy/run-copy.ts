import { ignoreErrors } from '../call-context.ts';
import { Win32Error } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { throwIfAborted } from '../signal.ts';
import { copyBuffered } from './buffered.ts';
import { checkPair, type Destination, openDestination } from './destination.ts';
import type { CopyJob, Side } from './job.ts';
import { OffloadedCopy } from './offloaded.ts';
import type { CopySettings } from './options.ts';
import { ProgressReporter } from './progress.ts';
import type { CopyFallback, CopyReport } from './report.ts';
import { checkUnchanged, openSource } from './source.ts';
import { emptyTally } from './tally.ts';
import { least, upToUnit } from './units.ts';
import { verify } from './verify.ts';

type Order = CopySettings;

/** One copy from the opening of its files to their closing. */
export async function runCopy(
  kernel: Kernel,
  source: string,
  destination: string,
  order: Order,
): Promise<CopyReport> {
  try {
    const report = await openAndCopy(kernel, source, destination, order);
    if (report.fallback !== undefined) tellDestination(report.fallback.reason, destination);
    return report;
  } catch (error) {
    tellDestination(error, destination);
    throw error;
  }
}

// The calls themselves know one file each.
function tellDestination(error: unknown, dest: string): void {
  if (error instanceof Win32Error) Object.assign(error, { dest });
}

async function openAndCopy(
  kernel: Kernel,
  sourcePath: string,
  destinationPath: string,
  order: Order,
): Promise<CopyReport> {
  const startedAt = performance.now();
  throwIfAborted(order.signal);
  const source = await openSource(kernel, sourcePath);
  try {
    throwIfAborted(order.signal);
    const destination = await openDestination(kernel, destinationPath, order.overwrite, source);
    try {
      const report = await copyInto(kernel, source, destination, order, startedAt);
      await destination.keep(source);
      return { ...report, elapsedMs: performance.now() - startedAt };
    } catch (error) {
      await destination.discard();
      throw error;
    }
  } finally {
    // It was only read: whether it closes well decides nothing.
    await ignoreErrors(() => source.file.close());
  }
}

async function copyInto(
  kernel: Kernel,
  source: Side,
  destination: Destination,
  order: Order,
  startedAt: number,
): Promise<Omit<CopyReport, 'elapsedMs'>> {
  checkPair(source, destination.side);
  throwIfAborted(order.signal);
  const { size } = source.info;
  const job = jobOf(kernel, source, destination, order, startedAt);
  const fallback = await moveBytes(job, order);
  if (order.verify) {
    job.progress.phase = 'verify';
    await verify(job);
  }
  await checkUnchanged(kernel, source);
  throwIfAborted(order.signal);
  await job.progress.end();
  const { offloadedBytes, zeroedBytes, bufferedBytes, reads, writes } = job.tally;
  const done = { bytes: size, offloadedBytes, zeroedBytes, bufferedBytes, reads, writes };
  return fallback === undefined ? done : { ...done, fallback };
}

async function moveBytes(job: CopyJob, order: Order): Promise<CopyFallback | undefined> {
  let fallback: CopyFallback | undefined;
  let bufferedFrom = 0n;
  if (order.mode === 'require' || job.size >= order.minimumSize) {
    fallback = await new OffloadedCopy(job).run();
    bufferedFrom = fallback?.at ?? job.size;
  }
  await job.prepare();
  if (bufferedFrom < job.size) {
    job.progress.phase = 'buffered';
    if (fallback !== undefined) await checkUnchanged(job.kernel, job.source);
    await copyBuffered(job, bufferedFrom);
  }
  return fallback;
}

function jobOf(
  kernel: Kernel,
  source: Side,
  destination: Destination,
  order: Order,
  startedAt: number,
): CopyJob {
  const { size } = source.info;
  const { mode, chunkSize, signal, onProgress } = order;
  const names = { source: source.path, destination: destination.side.path };
  const unit = Math.max(source.info.sectorSize, destination.side.info.sectorSize);
  const tally = emptyTally();
  return {
    kernel,
    source,
    destination: destination.side,
    async prepare() {
      throwIfAborted(signal);
      await destination.prepare(size);
    },
    size,
    unit,
    freshFrom: least(size, upToUnit(destination.freshFrom ?? size, unit)),
    mode,
    chunkSize: chunkSize === undefined ? undefined : BigInt(chunkSize),
    signal,
    tally,
    progress: new ProgressReporter(names, size, tally, onProgress, startedAt),
  };
}
