import { ignoreErrors, withCallContext } from '../call-context.ts';
import { type CopyOffload, queryDeviceBeneath } from '../copy-offload.ts';
import { ProtocolError, Win32Error } from '../errors.ts';
import { withToJson } from '../json.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import { type FileInfo, type FilterInfo, filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import { checkPath, type FilePath, fixPath } from '../path.ts';
import { type Descriptor, judge } from './judge.ts';

/** The result of {@link probe}. What could not be determined is left out. JSON.stringify writes a bigint as a decimal string. */
export interface ProbeReport {
  /**
   * `capable`: no obstacle to copy offload was found, which promises nothing. `incapable`: an obstacle was found.
   * `unknown`: something that matters could not be determined.
   */
  readonly verdict: 'capable' | 'incapable' | 'unknown';
  /** Sentences for people: what was found, and what to do next. The most important first. */
  readonly reasons: string[];
  /** The path as it was given. */
  readonly path: string;
  /** Windows' name for it: `NTFS`. */
  readonly fileSystem?: string;
  /** Whether the volume is on this host or on a server. */
  readonly location: 'local' | 'remote' | 'unknown';
  /** A volume that cannot be written to; its files can still be the source of a copy. */
  readonly readOnly: boolean;
  /** Logical sector in bytes. */
  readonly sectorSize: number;
  /** Size in bytes of the file or device. */
  readonly size?: bigint;
  /** Obstacles of the file itself. */
  readonly attributes: readonly ('sparse' | 'compressed' | 'encrypted')[];
  /** The device's report on its copy offload. */
  readonly copyOffload?: CopyOffload;
  /** The filters on the volume, and what they opted in to. A legacy filter cannot, and has no effect on the verdict. */
  readonly filters?: readonly FilterInfo[];
  /** The registry's FilterSupportedFeaturesMode; 1 turns copy offload off. */
  readonly featuresMode?: number;
}

/**
 * Checks whether copy offload can be expected for a file, folder or device, and if not, why (`GetVolumeInformationW`,
 * `StorageDeviceCopyOffloadProperty`, `FilterVolumeInstanceFindFirst`). Nothing is changed, and no offload is tried.
 *
 * Success is never promised: only the storage knows whether two volumes can exchange tokens. To find out, copy a file
 * with `copyFile(a, b, { mode: 'require' })`.
 *
 * @param path of an existing file, folder or device. A copy has two ends: probe both.
 * @returns a verdict, its reasons as sentences, and the facts behind them.
 * @throws {InvalidArgumentError} when `path` is not a path.
 * @throws {Win32Error} when there is nothing at the path: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND and others.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-server/storage/data-transfer/offloaded-data-transfers
 * @example
 * const { verdict, reasons } = await probe('D:\\disks\\big.vhdx');
 * console.log(verdict, reasons.join('\n'));
 */
export async function probe(path: FilePath): Promise<ProbeReport> {
  return probeWith(defaultKernel(), path);
}

/** {@link probe} on a kernel. */
export async function probeWith(kernel: Kernel, path: FilePath): Promise<ProbeReport> {
  const { shown, absolute } = fixPath(checkPath('path', path));
  const volume = await withCallContext({ syscall: 'CreateFileW', path: shown }, () =>
    filesOf(kernel).volume(absolute),
  );
  const file = await queryFile(kernel, absolute);
  const { fileSystem, location, readOnly, isFolder, attributes, filters, filtersUnknown, featuresMode } =
    volume;
  const sectorSize = file?.sectorSize ?? volume.sectorSize;
  const size = file?.size ?? volume.size;
  const isDevice = file?.isDevice ?? false;
  const descriptor = await descriptorOf(kernel, absolute, sectorSize);
  const { verdict, reasons } = judge({
    fileSystem,
    location,
    readOnly,
    isFolder,
    attributes,
    size,
    isDevice,
    filters,
    filtersUnknown,
    featuresMode,
    descriptor,
  });
  return withToJson({
    verdict,
    reasons,
    path: shown,
    ...(fileSystem === undefined ? {} : { fileSystem }),
    location,
    readOnly,
    sectorSize,
    ...(size === undefined ? {} : { size }),
    attributes,
    ...('copyOffload' in descriptor ? { copyOffload: descriptor.copyOffload } : {}),
    ...(filters === undefined ? {} : { filters }),
    ...(featuresMode === undefined ? {} : { featuresMode }),
  });
}

async function descriptorOf(kernel: Kernel, path: string, sectorSize: number): Promise<Descriptor> {
  try {
    return { copyOffload: await queryDeviceBeneath(kernel, path, sectorSize) };
  } catch (error) {
    if (error instanceof Win32Error || error instanceof ProtocolError) return { failure: error };
    throw error;
  }
}

// The verdict on a folder, or a file that may not be read, depends on its volume alone.
async function queryFile(kernel: Kernel, path: string): Promise<FileInfo | undefined> {
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
