import {
  DEVICE_COPY_OFFLOAD_DESCRIPTOR,
  DISK_GEOMETRY,
  FSCTL_ALLOW_EXTENDED_DASD_IO,
  FSCTL_DISMOUNT_VOLUME,
  FSCTL_LOCK_VOLUME,
  GET_LENGTH_INFORMATION,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_GET_DEVICE_NUMBER,
  IOCTL_STORAGE_QUERY_PROPERTY,
  type Layout,
  PropertyStandardQuery,
  STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR,
  STORAGE_DEVICE_NUMBER,
  STORAGE_PROPERTY_QUERY,
  StorageAccessAlignmentProperty,
  StorageDeviceCopyOffloadProperty,
} from '../../structs/index.ts';
import { type Control, ImpossibleReply, perform, performSync, type Target } from '../control.ts';
import { ProtocolError, Win32Error } from '../errors.ts';
import { isSectorSize } from '../fields.ts';
import { SMALLEST_SECTOR } from '../request.ts';
import type { Signal } from '../signal.ts';
import type { ControlKernel } from './kernel.ts';

/** DEVICE_COPY_OFFLOAD_DESCRIPTOR as the class driver fills it: lifetimes in seconds, sizes in logical blocks. */
export interface CopyOffloadDescriptor {
  /** 1 from the class driver; the size of the structure according to the documentation. */
  readonly version: number;
  /** Size of the structure, in bytes. */
  readonly size: number;
  /** The maximum time to live that a request may specify, in seconds. */
  readonly maximumTokenLifetime: number;
  /** The time to live of a token when the request specifies none, in seconds. */
  readonly defaultTokenLifetime: number;
  /** The maximum that one token covers, in logical blocks. */
  readonly maximumTransferSize: bigint;
  /** The best size of one command, in logical blocks; 0 where the device does not report it. */
  readonly optimalTransferCount: bigint;
  /** The maximum number of ranges in one command of the device. */
  readonly maximumDataDescriptors: number;
  /** The maximum length of one range, in logical blocks; 0 where the device does not report it, as in the next two. */
  readonly maximumTransferLengthPerDescriptor: number;
  /** The best length of one range, in logical blocks. */
  readonly optimalTransferLengthPerDescriptor: number;
  /** The best granularity of the length of a range, in logical blocks. */
  readonly optimalTransferLengthGranularity: number;
}

/** A control code that takes no arguments. */
export type Query<T> = Control<undefined, T>;

/** The copy offload limits of a device (StorageDeviceCopyOffloadProperty). */
export const copyOffloadQuery: Query<CopyOffloadDescriptor> = propertyQuery(
  StorageDeviceCopyOffloadProperty,
  DEVICE_COPY_OFFLOAD_DESCRIPTOR,
  (view) => {
    const { offsetOf } = DEVICE_COPY_OFFLOAD_DESCRIPTOR;
    return {
      version: view.getUint32(offsetOf.Version, true),
      size: view.getUint32(offsetOf.Size, true),
      maximumTokenLifetime: view.getUint32(offsetOf.MaximumTokenLifetime, true),
      defaultTokenLifetime: view.getUint32(offsetOf.DefaultTokenLifetime, true),
      maximumTransferSize: view.getBigUint64(offsetOf.MaximumTransferSize, true),
      optimalTransferCount: view.getBigUint64(offsetOf.OptimalTransferCount, true),
      maximumDataDescriptors: view.getUint32(offsetOf.MaximumDataDescriptors, true),
      maximumTransferLengthPerDescriptor: view.getUint32(offsetOf.MaximumTransferLengthPerDescriptor, true),
      optimalTransferLengthPerDescriptor: view.getUint32(offsetOf.OptimalTransferLengthPerDescriptor, true),
      optimalTransferLengthGranularity: view.getUint16(offsetOf.OptimalTransferLengthGranularity, true),
    };
  },
);

/** Lets a handle reach the last sectors of a volume, beyond the end of its file system. A disk refuses it. */
export const allowWholeVolume: Query<undefined> = command(
  'FSCTL_ALLOW_EXTENDED_DASD_IO',
  FSCTL_ALLOW_EXTENDED_DASD_IO,
);

/** Keeps everybody else from a volume until the handle is closed. Refused while a file on it is open. A disk refuses it. */
export const lockVolume: Query<undefined> = command('FSCTL_LOCK_VOLUME', FSCTL_LOCK_VOLUME);

/** Makes the file system forget a volume, until somebody opens it again. */
export const dismountVolume: Query<undefined> = command('FSCTL_DISMOUNT_VOLUME', FSCTL_DISMOUNT_VOLUME);

/** What a disk or partition has in common under all its names. A volume on several disks has no number, and refuses. */
export const deviceNumberQuery: Query<string> = {
  name: 'IOCTL_STORAGE_GET_DEVICE_NUMBER',
  code: IOCTL_STORAGE_GET_DEVICE_NUMBER,
  outputSize: STORAGE_DEVICE_NUMBER.size,
  inputSize: () => 0,
  encode: () => {},
  decode: wholeReply(STORAGE_DEVICE_NUMBER, (view) => {
    const { DeviceType, DeviceNumber, PartitionNumber } = STORAGE_DEVICE_NUMBER.offsetOf;
    return [DeviceType, DeviceNumber, PartitionNumber].map((field) => view.getUint32(field, true)).join(':');
  }),
};

/** Size of a disk or volume, in bytes. */
export const lengthQuery: Query<bigint> = {
  name: 'IOCTL_DISK_GET_LENGTH_INFO',
  code: IOCTL_DISK_GET_LENGTH_INFO,
  outputSize: GET_LENGTH_INFORMATION.size,
  inputSize: () => 0,
  encode: () => {},
  decode: wholeReply(GET_LENGTH_INFORMATION, (view) =>
    view.getBigInt64(GET_LENGTH_INFORMATION.offsetOf.Length, true),
  ),
};

/** Logical sector of a device (StorageAccessAlignmentProperty). */
export const alignmentQuery: Query<number> = propertyQuery(
  StorageAccessAlignmentProperty,
  STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR,
  (view) => view.getUint32(STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR.offsetOf.BytesPerLogicalSector, true),
);

/** Sector of a disk. */
export const geometryQuery: Query<number> = {
  name: 'IOCTL_DISK_GET_DRIVE_GEOMETRY',
  code: IOCTL_DISK_GET_DRIVE_GEOMETRY,
  outputSize: DISK_GEOMETRY.size,
  inputSize: () => 0,
  encode: () => {},
  decode: wholeReply(DISK_GEOMETRY, (view) => view.getUint32(DISK_GEOMETRY.offsetOf.BytesPerSector, true)),
};

/** Logical sector of a disk or volume, from its access alignment or its geometry; otherwise the smallest that exists. */
export async function sectorSizeOfDevice(
  kernel: ControlKernel,
  device: Target,
  signal?: Signal,
): Promise<number> {
  for (const query of [alignmentQuery, geometryQuery]) {
    try {
      const bytes = await perform(kernel, query, device, undefined, signal);
      if (isSectorSize(bytes)) return bytes;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return SMALLEST_SECTOR;
}

/** {@link sectorSizeOfDevice}, blocking. */
export function sectorSizeOfDeviceSync(kernel: ControlKernel, device: Target): number {
  for (const query of [alignmentQuery, geometryQuery]) {
    try {
      const bytes = performSync(kernel, query, device, undefined);
      if (isSectorSize(bytes)) return bytes;
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return SMALLEST_SECTOR;
}

/** The same for all names of a disk or volume as far as Windows reports it: by its number, otherwise by its name. */
export async function identityOfDevice(kernel: ControlKernel, device: Target, path: string): Promise<string> {
  try {
    return `device:${await perform(kernel, deviceNumberQuery, device, undefined)}`;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return identityByName(path);
  }
}

/** {@link identityOfDevice}, blocking. */
export function identityOfDeviceSync(kernel: ControlKernel, device: Target, path: string): string {
  try {
    return `device:${performSync(kernel, deviceNumberQuery, device, undefined)}`;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return identityByName(path);
  }
}

// What follows `\\.\` or `\\?\`.
function identityByName(path: string): string {
  return `device:${path.slice(4).replaceAll('/', '\\').toLowerCase()}`;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Win32Error || error instanceof ProtocolError;
}

/** A control code without input and reply. */
function command(name: string, code: number): Query<undefined> {
  return {
    name,
    code,
    outputSize: 0,
    inputSize: () => 0,
    encode: () => {},
    decode: () => undefined,
  };
}

/** IOCTL_STORAGE_QUERY_PROPERTY for one property. */
export function propertyQuery<T>(propertyId: number, reply: Layout, decode: (view: DataView) => T): Query<T> {
  const { size, offsetOf } = STORAGE_PROPERTY_QUERY;
  return {
    name: 'IOCTL_STORAGE_QUERY_PROPERTY',
    code: IOCTL_STORAGE_QUERY_PROPERTY,
    outputSize: reply.size,
    inputSize: () => size,
    encode({ input, inputView }) {
      input.fill(0, 0, size);
      inputView.setUint32(offsetOf.PropertyId, propertyId, true);
      inputView.setUint32(offsetOf.QueryType, PropertyStandardQuery, true);
    },
    decode: wholeReply(reply, decode),
  };
}

function wholeReply<T>({ size }: Layout, decode: (view: DataView) => T): Query<T>['decode'] {
  return ({ outputView }, returned) => {
    if (returned < size) throw new ImpossibleReply(`the reply holds ${returned} bytes instead of ${size}.`);
    return decode(outputView);
  };
}
