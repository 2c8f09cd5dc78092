import { ERROR_FILE_EXISTS } from '../../structs/index.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { SourceChangedError, Win32Error } from '../errors.ts';
import { type FoundFile, filesOf, type Kernel } from '../kernel/kernel.ts';
import { type FixedPath, isDevicePath, streamOf } from '../path.ts';
import { throwIfAborted } from '../signal.ts';
import { removeLeftover } from './destination.ts';
import type { CopyFileSettings } from './options.ts';
import { type CopyReport, emptyTally, ProgressReporter, reportOf } from './progress.ts';
import { isErrno, openSource } from './source.ts';
import { type CopyPaths, copyBySystem } from './system.ts';

/**
 * Has the system copy a file that is too small for offload, to a name that does not exist yet. Neither file is opened here:
 * opening and closing them takes longer than the copy.
 *
 * @returns undefined if this copy is not of that kind.
 */
export async function copySmallFile(
  kernel: Kernel,
  paths: CopyPaths,
  { mode, overwrite, minimumSize, verify, allowDecrypted, onProgress, signal }: CopyFileSettings,
  startedAt: number,
): Promise<CopyReport | undefined> {
  const { source, destination } = paths;
  const isPart = [source.absolute, destination.absolute].some(
    (path) => isDevicePath(path) || streamOf(path) !== undefined,
  );
  if (mode === 'require' || verify || isPart) return undefined;
  const found = await find(kernel, source);
  if (found === undefined || !found.isPlain || found.size >= minimumSize) return undefined;
  if ((await find(kernel, destination)) !== undefined) return undefined;

  const { size } = found;
  const tally = emptyTally();
  const names = { source: source.shown, destination: destination.shown };
  const progress = new ProgressReporter(names, size, tally, onProgress, startedAt);
  progress.phase = 'system';
  progress.begin();
  // Only a name that is free is copied to. So what has the name once the system was asked is the result of this copy, unless
  // another program has replaced that in the meantime, or the source could not be opened and another program has created it.
  const discard = async (isWritten: boolean) => {
    if (isWritten || (await canOpen(kernel, source))) await removeLeftover(kernel, destination, () => true);
  };
  const request = {
    kernel,
    paths,
    size,
    failIfExists: true,
    allowDecrypted,
    signal,
    tally,
    progress,
    discard,
  };
  try {
    await copyBySystem(request);
  } catch (error) {
    // Another program was faster.
    if (overwrite && isErrno(error, ERROR_FILE_EXISTS)) return undefined;
    if (error instanceof Win32Error) await checkSource(kernel, source);
    throw error;
  }
  try {
    if ((await find(kernel, source))?.stamp !== found.stamp) throw new SourceChangedError(source.shown);
    await progress.settle();
    throwIfAborted(signal);
  } catch (error) {
    await discard(true);
    throw error;
  }
  const report = reportOf(size, tally, startedAt, undefined);
  await progress.end();
  return report;
}

async function canOpen(kernel: Kernel, path: FixedPath): Promise<boolean> {
  return checkSource(kernel, path).then(
    () => true,
    () => false,
  );
}

/** Throws the error of the source if that is the file that cannot be copied. */
async function checkSource(kernel: Kernel, path: FixedPath): Promise<void> {
  const { file } = await openSource(kernel, path);
  await ignoreErrors(() => file.close());
}

function find(kernel: Kernel, { shown, absolute }: FixedPath): Promise<FoundFile | undefined> {
  const context = { syscall: 'GetFileAttributesExW', path: shown };
  return withCallContext(context, () => filesOf(kernel).find(absolute));
}
