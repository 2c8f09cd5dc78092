import { ignoreErrors, withCallContext } from './call-context.ts';
import { perform, type Target } from './control.ts';
import { type FileSource, resolveFile } from './file-source.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import { type CopyOffloadDescriptor, copyOffloadQuery, sectorSizeOfDevice } from './kernel/device-queries.ts';
import { type ControlKernel, type FileKernel, filesOf, type Kernel } from './kernel/kernel.ts';
import type { Signal } from './signal.ts';

/**
 * The copy offload limits of a device (`DEVICE_COPY_OFFLOAD_DESCRIPTOR`): lifetimes in seconds, sizes in logical blocks as
 * the class driver reports them, and the two transfer sizes in bytes as well.
 */
export interface CopyOffload extends CopyOffloadDescriptor {
  /** maximumTransferSize in bytes: the maximum that one token covers. */
  readonly maximumTransferBytes: bigint;
  /** optimalTransferCount in bytes: the best size of one command; 0 where the device does not report it. */
  readonly optimalTransferBytes: bigint;
}

/**
 * Queries the copy offload limits of a device
 * (`IOCTL_STORAGE_QUERY_PROPERTY` with `StorageDeviceCopyOffloadProperty`). Works from user mode, without access rights.
 *
 * @param device a disk or volume. For an OffloadFile that is an ordinary file, its volume is queried.
 * @returns the descriptor. It describes the device only: file system and filters may still refuse, see {@link probe}.
 * @throws {InvalidArgumentError} when `device` is not a file, descriptor or HANDLE, or is closed.
 * @throws {Win32Error} ERROR_DEVICE_FEATURE_NOT_SUPPORTED (316) when the device has no copy offload.
 * @throws {ProtocolError} when the reply is too short.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_copy_offload_descriptor
 * @example
 * const { maximumTransferBytes } = await queryCopyOffload(file);
 */
export async function queryCopyOffload(device: FileSource): Promise<CopyOffload> {
  return queryCopyOffloadWith(defaultKernel(), device);
}

/** {@link queryCopyOffload} on a kernel. */
export async function queryCopyOffloadWith(kernel: Kernel, device: FileSource): Promise<CopyOffload> {
  const { handle, path, sectorSize, isDevice } = resolveFile(kernel, device);
  if (path === undefined || sectorSize === undefined) {
    // The descriptor counts in blocks, and nothing is known about a borrowed handle.
    return queryDevice(kernel, { handle }, () => sectorSizeOfDevice(kernel, { handle }));
  }
  return isDevice === true
    ? queryDevice(kernel, { handle, path }, () => sectorSize)
    : queryDeviceBeneath(kernel, path, sectorSize);
}

/** Queries the volume of a path. */
export async function queryDeviceBeneath(
  kernel: Kernel,
  path: string,
  sectorSize: number,
  signal?: Signal,
): Promise<CopyOffload> {
  const files: FileKernel = filesOf(kernel);
  const handle = await withCallContext({ syscall: 'CreateFileW', path }, () => files.openDevice(path));
  try {
    return await queryDevice(kernel, { handle, path }, () => sectorSize, signal);
  } finally {
    await ignoreErrors(() => files.close(handle));
  }
}

async function queryDevice(
  kernel: ControlKernel,
  device: Target,
  sectorSizeOf: () => number | Promise<number>,
  signal?: Signal,
): Promise<CopyOffload> {
  const descriptor = await perform(kernel, copyOffloadQuery, device, undefined, signal);
  const sector = BigInt(await sectorSizeOf());
  return {
    ...descriptor,
    maximumTransferBytes: descriptor.maximumTransferSize * sector,
    optimalTransferBytes: descriptor.optimalTransferCount * sector,
  };
}
