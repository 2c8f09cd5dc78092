import { ignoreErrors } from '../call-context.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { checkNewPath, checkPath, type FilePath, fixPath } from '../path.ts';
import { throwIfAborted } from '../signal.ts';
import { type CopyJob, copyBytes } from './copy-bytes.ts';
import { checkEndpoints, type Destination, openDestination } from './destination.ts';
import { type CopyFileOptions, type CopyFileSettings, copyFileOptions } from './options.ts';
import { type CopyReport, emptyTally, ProgressReporter, reportOf, type Tally } from './progress.ts';
import { copySmallFile } from './small-file.ts';
import { addDestination, type CopyEndpoint, checkUnchanged, openSource, refuseDecryption } from './source.ts';
import { copyStreams } from './streams.ts';
import { type CopyPaths, copyBySystem } from './system.ts';

/**
 * Copies a file by having the storage array copy it (`FSCTL_OFFLOAD_READ` and `FSCTL_OFFLOAD_WRITE`), and by other means
 * if it will not, so that the copy is never worse than one by `fs.copyFile`:
 *
 * - The system copies the whole file (`CopyFileExW`) if it is smaller than `minimumSize`, or if nothing of it could be
 *   offloaded. ReFS then clones its blocks, and an SMB server copies by itself. Not with `require`, nor with devices.
 * - Ordinary reads and writes copy the rest if offload stops in the middle of a file, and devices.
 *
 * Last write time, attributes and named streams (`Zone.Identifier`, the mark of the web, among them) are kept by every
 * means, and streams that only an existing destination has are removed. The streams are copied by ordinary means and not
 * counted in the report. Extended attributes are kept by the system only, and access rights are those of the folder.
 *
 * A file that is encrypted by EFS never becomes plain text: the system encrypts the copy, and any other means fails with
 * ERROR_ENCRYPTION_FAILED, unless the destination is encrypted too or `allowDecrypted` is set.
 *
 * An existing destination is overwritten in place, as CopyFileW does: after a failure or an abort its old content is
 * lost, and the half-written file is removed. It is unchanged if the copy fails before its first change: a missing
 * source, an illegal argument, a destination that cannot be opened, a copy onto itself, and with `require` an offload read
 * that is refused at once. A new destination is removed after any failure. With `overwrite: false` an existing one is
 * never touched.
 *
 * During the copy nobody else can open the destination, or open the source to write to it. That goes for a copy by the system
 * from the moment when it opens the files by their names: if another program puts another file in the place of an existing
 * destination before that moment, that file is overwritten; if the destination is new, the copy fails with
 * ERROR_FILE_EXISTS, but a file smaller than `minimumSize` overwrites what is there, without `verify` and unless `overwrite`
 * is false. With `verify`, programs that tolerate a writer can read the destination, because it is opened a second time to be
 * read past the cache. A source that was already open for writing is copied nevertheless; a change to it is detected by its
 * size and last write time, which Windows may update only when the writer closes the file. Changes to a device are not
 * detected.
 *
 * A device, `\\.\D:`, may be source or destination. It is neither resized nor removed. If the copy ends within a sector,
 * the rest of this sector is filled with zeros.
 *
 * Before the first write to a volume it is locked (`FSCTL_LOCK_VOLUME`), which Windows refuses while a file on it is open:
 * the copy then rejects with ERROR_ACCESS_DENIED, and the volume is unchanged. Once it is locked, so that no program can lose
 * anything, it is dismounted (`FSCTL_DISMOUNT_VOLUME`), because a file system that stays mounted would write its old state
 * over the copy. It is unlocked at the end, and Windows mounts the new content when it is next used. A disk,
 * `\\.\PhysicalDrive1`, must be offline or without mounted volumes: nothing on it is locked or dismounted, and Windows
 * refuses writes to the sectors of a mounted volume with ERROR_ACCESS_DENIED.
 *
 * @param source path of the file to copy. It stays open until the copy ends, because some servers forget its tokens otherwise.
 * @param destination path of the copy. Its folder must exist.
 * @param options see {@link CopyFileOptions}.
 * @returns how many bytes were copied by which means, and why offload was given up if it was.
 * @throws {InvalidArgumentError} when an argument is not legal, or both paths name the same file; nothing was changed.
 * @throws {Win32Error} when a file cannot be opened, resized, read or written: ERROR_FILE_NOT_FOUND, ERROR_FILE_EXISTS,
 *   ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_DISK_FULL and others; ERROR_ENCRYPTION_FAILED when the copy of an
 *   encrypted file would not be encrypted. With `require`, also when Windows refuses an offload call.
 * @throws {ProtocolError} with `require`, when the reply of a device is impossible; with `verify`, when the copy differs, or
 *   when another program has replaced it before it could be read.
 * @throws {SourceChangedError} when the source was modified during the copy.
 * @throws {AbortError} when the signal fired.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/storage/offloaded-data-transfer
 * @example
 * const { offloadedBytes, fallback } = await copyFile('big.vhdx', 'copy.vhdx');
 * if (fallback) console.warn(`Not offloaded from ${fallback.at} on: ${fallback.reason.message}`);
 */
export async function copyFile(
  source: FilePath,
  destination: FilePath,
  options?: CopyFileOptions,
): Promise<CopyReport> {
  return copyFileWith(defaultKernel(), source, destination, options);
}

/** {@link copyFile} on a kernel. */
export async function copyFileWith(
  kernel: Kernel,
  source: FilePath,
  destination: FilePath,
  options?: CopyFileOptions,
): Promise<CopyReport> {
  const paths = {
    source: fixPath(checkPath('source', source)),
    destination: fixPath(checkNewPath('destination', destination)),
  };
  return copyFromTo(kernel, paths, copyFileOptions.check(options));
}

/** One copy, from opening its files to closing them. */
export async function copyFromTo(
  kernel: Kernel,
  paths: CopyPaths,
  settings: CopyFileSettings,
): Promise<CopyReport> {
  try {
    const report = await openAndCopy(kernel, paths, settings);
    addDestination(report.fallback?.reason, paths.destination.shown);
    return report;
  } catch (error) {
    addDestination(error, paths.destination.shown);
    throw error;
  }
}

async function openAndCopy(
  kernel: Kernel,
  paths: CopyPaths,
  settings: CopyFileSettings,
): Promise<CopyReport> {
  const startedAt = performance.now();
  const { signal } = settings;
  throwIfAborted(signal);
  const small = await copySmallFile(kernel, paths, settings, startedAt);
  if (small !== undefined) return small;
  const source = await openSource(kernel, paths.source);
  try {
    throwIfAborted(signal);
    const destination = await openDestination(kernel, paths.destination, settings, source);
    const { size } = source.info;
    const tally = emptyTally();
    const names = { source: paths.source.shown, destination: paths.destination.shown };
    const progress = new ProgressReporter(names, size, tally, settings.onProgress, startedAt);
    try {
      checkEndpoints(source, destination.endpoint);
      throwIfAborted(signal);
      const job = jobOf(kernel, paths, source, destination, settings, tally, progress);
      const fallback = await copyBytes(job);
      await destination.keep(source);
      const report = reportOf(size, tally, startedAt, fallback);
      await progress.end();
      return report;
    } catch (error) {
      await destination.discard();
      throw error;
    }
  } finally {
    // It was only read, so a failure to close it loses nothing.
    await ignoreErrors(() => source.file.close());
  }
}

function jobOf(
  kernel: Kernel,
  paths: CopyPaths,
  source: CopyEndpoint,
  destination: Destination,
  { mode, minimumSize, chunkSize, verify, allowDecrypted, signal }: CopyFileSettings,
  tally: Tally,
  progress: ProgressReporter,
): CopyJob {
  const { size, sectorSize } = source.info;
  const { info } = destination.endpoint;
  const unit = Math.max(sectorSize, info.sectorSize);
  // What has no named streams of its own.
  const isPart = [source.info, info].some(({ isDevice, stream }) => isDevice || stream !== undefined);

  const system = async () => {
    throwIfAborted(signal);
    await destination.release();
    await copyBySystem({
      ...{ kernel, paths, size, allowDecrypted, signal, tally, progress },
      failIfExists: destination.isNew,
      discard: (isWritten) => destination.discardWritten(isWritten),
    });
    await destination.written(verify, size);
  };
  const job: CopyJob = {
    kernel,
    source,
    // Another one once the system has copied.
    get destination() {
      return destination.endpoint;
    },
    sourceOffset: 0n,
    destinationOffset: 0n,
    length: size,
    offloadLength: mode === 'require' || size >= minimumSize ? size : 0n,
    unit,
    keepsTail: false,
    mode,
    chunkSize: chunkSize === undefined ? undefined : BigInt(chunkSize),
    verify,
    signal,
    tally,
    progress,
    async prepare() {
      throwIfAborted(signal);
      refuseDecryption(source, destination.endpoint, allowDecrypted);
      return destination.prepare(size, unit);
    },
    checkSource: () => checkUnchanged(kernel, source, destination.endpoint),
    copyBySystem: mode === 'prefer' && !isPart ? system : undefined,
    copyStreams: isPart ? undefined : () => copyStreams(job, destination.isNew),
  };
  return job;
}
