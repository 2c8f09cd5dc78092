import {
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_STORAGE_QUERY_PROPERTY,
  StorageAccessAlignmentProperty,
  StorageDeviceCopyOffloadProperty,
} from '../../structs/index.ts';
import type { Signal } from '../abort.ts';
import {
  ACCESS_ALIGNMENT_SIZE,
  COPY_OFFLOAD_SIZE,
  type CopyOffloadDescriptor,
  decodeBytesPerLogicalSector,
  decodeBytesPerSector,
  decodeCopyOffload,
  encodePropertyQuery,
  GEOMETRY_SIZE,
  PROPERTY_QUERY_SIZE,
} from '../codec/storage-property.ts';
import { ProtocolError, Win32Error } from '../errors.ts';
import { defaultKernel } from '../kernel/default.ts';
import type { Frame, Kernel } from '../kernel/kernel.ts';
import { isSectorSize, SMALLEST_SECTOR } from '../schema/sector.ts';
import { calling } from './calling.ts';
import { type ControlCall, ImpossibleReply, perform } from './control-call.ts';
import { type FileSource, handleOf, openedSource } from './file-source.ts';
import { quietly } from './quietly.ts';

/**
 * What a device says of its copy offload (`DEVICE_COPY_OFFLOAD_DESCRIPTOR`): lifetimes in seconds, sizes in logical
 * blocks as the class driver gives them, and beside them the two transfer sizes in bytes.
 */
export interface CopyOffload extends CopyOffloadDescriptor {
  /** maximumTransferSize in bytes: the most that one token covers. */
  readonly maximumTransferBytes: bigint;
  /** optimalTransferCount in bytes: what the device likes best in one command; 0 where it does not say. */
  readonly optimalTransferBytes: bigint;
}

/**
 * Asks a device how far it can copy by itself
 * (`IOCTL_STORAGE_QUERY_PROPERTY` with `StorageDeviceCopyOffloadProperty`). Works from user mode, without access rights.
 *
 * @param device a disk or volume. For an OffloadFile that is an ordinary file, the volume beneath it is asked.
 * @returns the descriptor. It speaks of the device alone: file system and filters may still refuse, see {@link probe}.
 * @throws {InvalidArgumentError} when `device` is no file, descriptor or HANDLE, or is closed.
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

export async function queryCopyOffloadWith(kernel: Kernel, device: FileSource): Promise<CopyOffload> {
  const opened = openedSource(kernel, device);
  if (opened === undefined) {
    const handle = handleOf(kernel, device);
    const descriptor = await perform(kernel, COPY_OFFLOAD, handle, undefined, undefined);
    return inBytes(descriptor, await sectorOf(kernel, handle));
  }
  if (opened.isDevice) return queryHandle(kernel, opened.handle, opened.path, opened.sectorSize);
  return queryBeneath(kernel, opened.path, opened.sectorSize);
}

/** Asks the volume beneath a path. */
export async function queryBeneath(
  kernel: Kernel,
  path: string,
  sectorSize: number,
  signal?: Signal,
): Promise<CopyOffload> {
  const handle = await calling({ syscall: 'CreateFileW', path }, () => kernel.openDevice(path));
  try {
    return await queryHandle(kernel, handle, path, sectorSize, signal);
  } finally {
    await quietly(() => kernel.close(handle));
  }
}

async function queryHandle(
  kernel: Kernel,
  handle: bigint,
  path: string | undefined,
  sectorSize: number,
  signal?: Signal,
): Promise<CopyOffload> {
  return inBytes(await perform(kernel, COPY_OFFLOAD, handle, path, undefined, signal), sectorSize);
}

function inBytes(descriptor: CopyOffloadDescriptor, sectorSize: number): CopyOffload {
  const sector = BigInt(sectorSize);
  return {
    ...descriptor,
    maximumTransferBytes: descriptor.maximumTransferSize * sector,
    optimalTransferBytes: descriptor.optimalTransferCount * sector,
  };
}

// The descriptor counts in blocks, and a borrowed handle does not say how large they are.
async function sectorOf(kernel: Kernel, handle: bigint): Promise<number> {
  const bytes = (await ask(kernel, ACCESS_ALIGNMENT, handle)) ?? (await ask(kernel, GEOMETRY, handle));
  return isSectorSize(bytes) ? bytes : SMALLEST_SECTOR;
}

async function ask(
  kernel: Kernel,
  call: ControlCall<undefined, number>,
  handle: bigint,
): Promise<number | undefined> {
  try {
    return await perform(kernel, call, handle, undefined, undefined);
  } catch (error) {
    if (error instanceof Win32Error || error instanceof ProtocolError) return undefined;
    throw error;
  }
}

const COPY_OFFLOAD = property(StorageDeviceCopyOffloadProperty, COPY_OFFLOAD_SIZE, decodeCopyOffload);

const ACCESS_ALIGNMENT = property(
  StorageAccessAlignmentProperty,
  ACCESS_ALIGNMENT_SIZE,
  decodeBytesPerLogicalSector,
);

const GEOMETRY: ControlCall<undefined, number> = {
  name: 'IOCTL_DISK_GET_DRIVE_GEOMETRY',
  code: IOCTL_DISK_GET_DRIVE_GEOMETRY,
  outputSize: GEOMETRY_SIZE,
  inputSize: () => 0,
  offset: () => undefined,
  encode() {},
  decode: wholeReply(GEOMETRY_SIZE, decodeBytesPerSector),
};

function property<T>(
  propertyId: number,
  outputSize: number,
  decode: (view: DataView) => T,
): ControlCall<undefined, T> {
  return {
    name: 'IOCTL_STORAGE_QUERY_PROPERTY',
    code: IOCTL_STORAGE_QUERY_PROPERTY,
    outputSize,
    inputSize: () => PROPERTY_QUERY_SIZE,
    offset: () => undefined,
    encode: (frame) => encodePropertyQuery(frame.inputView, frame.input, propertyId),
    decode: wholeReply(outputSize, decode),
  };
}

function wholeReply<T>(size: number, decode: (view: DataView) => T): (frame: Frame, returned: number) => T {
  return (frame, returned) => {
    if (returned < size) throw new ImpossibleReply(`the reply holds ${returned} bytes instead of ${size}.`);
    return decode(frame.outputView);
  };
}
