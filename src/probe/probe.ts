import { ignoreErrors, withCallContext } from '../call-context.ts';
import type { CopyOffload } from '../copy-offload.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import { type FileInfo, type FilterInfo, filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import { checkPath } from '../path.ts';
import { descriptorOf } from './descriptor.ts';
import { judge } from './judge.ts';

/** What {@link probe} found out. What could not be learnt is left out. */
export interface ProbeReport {
  /**
   * `capable`: nothing known stands against copy offload, which promises nothing. `incapable`: something does.
   * `unknown`: something that matters could not be learnt.
   */
  readonly verdict: 'capable' | 'incapable' | 'unknown';
  /** Sentences for people: what was found, and what to do next. The weightiest first. */
  readonly reasons: string[];
  readonly path: string;
  /** As Windows names it: `NTFS`. */
  readonly fileSystem?: string;
  readonly location: 'local' | 'remote' | 'unknown';
  /** A volume that cannot be written to; its files can still be the source of a copy. */
  readonly readOnly: boolean;
  /** Logical sector in bytes. */
  readonly sectorSize: number;
  /** Size in bytes of the file or device. */
  readonly size?: bigint;
  /** Obstacles of the file itself. */
  readonly attributes: readonly ('sparse' | 'compressed' | 'encrypted')[];
  /** What the device says of its copy offload. */
  readonly copyOffload?: CopyOffload;
  /** The mini-filters on the volume, and what they opted in to. */
  readonly filters?: readonly FilterInfo[];
  /** The registry's FilterSupportedFeaturesMode; 1 turns copy offload off. */
  readonly featuresMode?: number;
}

/**
 * Asks whether copy offload is to be expected for a file, folder or device, and if not, why (`GetVolumeInformationW`,
 * `StorageDeviceCopyOffloadProperty`, `FilterVolumeInstanceFindFirst`). Nothing is changed, and no offload is tried.
 *
 * Success is never promised: whether two places can exchange tokens is known to the storage alone. To know, copy a file
 * with `copyFile(a, b, { mode: 'require' })`.
 *
 * @param path of what exists. A copy has two ends: probe both.
 * @returns a verdict, its reasons as sentences, and the info behind them.
 * @throws {InvalidArgumentError} when the path is none.
 * @throws {Win32Error} when there is nothing at the path: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND and others.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-server/storage/data-transfer/offloaded-data-transfers
 * @example
 * const { verdict, reasons } = await probe('D:\\disks\\big.vhdx');
 * console.log(verdict, reasons.join('\n'));
 */
export async function probe(path: string): Promise<ProbeReport> {
  return probeWith(defaultKernel(), path);
}

export async function probeWith(kernel: Kernel, path: string): Promise<ProbeReport> {
  checkPath('path', path);
  const volume = await withCallContext({ syscall: 'GetFileAttributesW', path }, () =>
    filesOf(kernel).volume(path),
  );
  const file = await lookAt(kernel, path);
  const { fileSystem, location, readOnly, attributes, filters, filtersUnknown, featuresMode } = volume;
  const sectorSize = file?.sectorSize ?? volume.sectorSize;
  const size = file?.size ?? volume.size;
  const isDevice = file?.isDevice ?? false;
  const descriptor = await descriptorOf(kernel, path, sectorSize);
  const { verdict, reasons } = judge({
    fileSystem,
    location,
    readOnly,
    attributes,
    size,
    isDevice,
    filters,
    filtersUnknown,
    featuresMode,
    descriptor,
  });
  return {
    verdict,
    reasons,
    path,
    ...(fileSystem === undefined ? {} : { fileSystem }),
    location,
    readOnly,
    sectorSize,
    ...(size === undefined ? {} : { size }),
    attributes,
    ...('copyOffload' in descriptor ? { copyOffload: descriptor.copyOffload } : {}),
    ...(filters === undefined ? {} : { filters }),
    ...(featuresMode === undefined ? {} : { featuresMode }),
  };
}

// A folder, or a file that may not be read, is judged by its volume alone.
async function lookAt(kernel: Kernel, path: string): Promise<FileInfo | undefined> {
  const files = filesOf(kernel);
  try {
    const handle = await files.open(path, { read: true, write: false, disposition: 'open' });
    try {
      return await files.info(handle, path);
    } finally {
      await ignoreErrors(() => files.close(handle));
    }
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}
