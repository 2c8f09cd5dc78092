import { defaultKernel } from '../kernel/default-kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { checkPath } from '../path.ts';
import { type CopyFileOptions, copyFileOptions } from './options.ts';
import type { CopyReport } from './report.ts';
import { runCopy } from './run-copy.ts';

export type { CopyFileOptions } from './options.ts';
export type { CopyProgress } from './progress.ts';
export type { CopyReport } from './report.ts';

/**
 * Copies a file by having the storage array copy it (`FSCTL_OFFLOAD_READ` and `FSCTL_OFFLOAD_WRITE`), and by ordinary
 * reads and writes where it will not. Last write time and attributes are kept as CopyFileW keeps them; other streams,
 * extended attributes and access rights are not copied.
 *
 * An existing destination is overwritten in place, as CopyFileW does: after a failure or an abort nobody has its old
 * content any more, and the half-written file is removed. It is left as it was when the copy fails before its first
 * change: a missing source, an illegal argument, a destination that cannot be opened, a copy onto itself, and with
 * `require` an offload read that is refused at once. A new destination is removed after any failure. With
 * `overwrite: false` an existing one is never touched.
 *
 * Meanwhile nobody else can open the destination, nor open the source to write to it. A source that somebody had open
 * for writing before is copied all the same; what is written to it then is found out by its size and last write time,
 * which Windows may bring up to date only when the writer closes it. A device cannot be watched at all.
 *
 * A device, `\\.\D:`, may be source or destination. It is neither resized nor removed, and its last sector is filled up
 * with zeros where the copy ends within it.
 *
 * @param source path of the file to copy. It is open until the copy ends, because some servers forget its tokens else.
 * @param destination path of the copy. Its folder must exist.
 * @param options how; see {@link CopyFileOptions}.
 * @returns what was copied by which means, and why offload was given up where it was.
 * @throws {InvalidArgumentError} when an argument is not legal, or both paths name the same file; nothing was changed.
 * @throws {Win32Error} when a file cannot be opened, resized, read or written: ERROR_FILE_NOT_FOUND, ERROR_FILE_EXISTS,
 *   ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_DISK_FULL and others. With `require`, also when Windows refuses an offload call.
 * @throws {ProtocolError} with `require`, when a device answers what cannot be; with `verify`, when the copy differs.
 * @throws {SourceChangedError} when the source was modified meanwhile.
 * @throws {AbortError} when the signal fired.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/storage/offloaded-data-transfer
 * @example
 * const { offloadedBytes, fallback } = await copyFile('big.vhdx', 'copy.vhdx');
 * if (fallback) console.warn(`Not offloaded from ${fallback.at} on: ${fallback.reason.message}`);
 */
export async function copyFile(
  source: string,
  destination: string,
  options?: CopyFileOptions,
): Promise<CopyReport> {
  return copyFileWith(defaultKernel(), source, destination, options);
}

export async function copyFileWith(
  kernel: Kernel,
  source: string,
  destination: string,
  options?: CopyFileOptions,
): Promise<CopyReport> {
  const from = checkPath('source', source);
  const to = checkPath('destination', destination);
  return runCopy(kernel, from, to, copyFileOptions.check(options));
}
