import { hex32 } from './codes.ts';

/** A control code: its name and number, the parts of the number, what it does and how to use it. */
export interface ControlCode {
  /** The Windows name. */
  readonly name: string;
  /** The number, unsigned. */
  readonly value: number;
  /** The driver that it belongs to, such as 9 for file systems. */
  readonly deviceType: number;
  /** The number of the function within the device type. */
  readonly function: number;
  /** How the buffers reach the driver: 0 for METHOD_BUFFERED, 3 for METHOD_NEITHER. */
  readonly method: number;
  /** The access that the handle needs: 0 for none, 1 for read, 2 for write. */
  readonly access: number;
  /** What it does, in one sentence. */
  readonly meaning: string;
  /** How to use it, in one sentence. */
  readonly advice: string;
}

// devioctl.h
const METHOD_BUFFERED = 0;
const METHOD_NEITHER = 3;
const FILE_ANY_ACCESS = 0;
const FILE_READ_ACCESS = 1;
const FILE_WRITE_ACCESS = 2;
const FILE_DEVICE_DISK = 0x07;
const FILE_DEVICE_FILE_SYSTEM = 0x09;
const FILE_DEVICE_MASS_STORAGE = 0x2d;

/**
 * Composes a control code from its parts, as the macro of the headers does. The result is unsigned:
 * `(deviceType << 16) | (access << 14) | (fn << 2) | method`.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/kernel/defining-i-o-control-codes
 */
export function CTL_CODE(deviceType: number, fn: number, method: number, access: number): number {
  return ((deviceType << 16) | (access << 14) | (fn << 2) | method) >>> 0;
}

/**
 * 0x0009_4264 (winioctl.h): creates a token for a range of a file. The handle needs FILE_READ_DATA.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-read
 */
export const FSCTL_OFFLOAD_READ: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  153,
  METHOD_BUFFERED,
  FILE_READ_ACCESS,
);

/**
 * 0x0009_8268 (winioctl.h): writes the data of a token to a file. The handle needs FILE_WRITE_DATA.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write
 */
export const FSCTL_OFFLOAD_WRITE: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  154,
  METHOD_BUFFERED,
  FILE_WRITE_ACCESS,
);

/**
 * 0x0009_0083 (winioctl.h): lets a volume handle read and write beyond the end of the file system. Any handle of the
 * volume works; the code is METHOD_NEITHER and has no buffers.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-fsctl_allow_extended_dasd_io
 */
export const FSCTL_ALLOW_EXTENDED_DASD_IO: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  32,
  METHOD_NEITHER,
  FILE_ANY_ACCESS,
);

/**
 * 0x0009_0018 (winioctl.h): locks a volume for the handle. Fails with ERROR_ACCESS_DENIED while files are open on it.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-fsctl_lock_volume
 */
export const FSCTL_LOCK_VOLUME: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  6,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/**
 * 0x0009_001C (winioctl.h): unlocks a volume that the same handle has locked. Closing the handle does it too.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-fsctl_unlock_volume
 */
export const FSCTL_UNLOCK_VOLUME: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  7,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/**
 * 0x0009_0020 (winioctl.h): dismounts a volume, which makes every open file on it invalid. Windows mounts the volume
 * again at the next access.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-fsctl_dismount_volume
 */
export const FSCTL_DISMOUNT_VOLUME: number = CTL_CODE(
  FILE_DEVICE_FILE_SYSTEM,
  8,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/**
 * 0x002D_9404 (winioctl.h): runs a data set management action on ranges of a device. The handle needs write access,
 * even for an offload read.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_manage_data_set_attributes
 */
export const IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES: number = CTL_CODE(
  FILE_DEVICE_MASS_STORAGE,
  0x501,
  METHOD_BUFFERED,
  FILE_WRITE_ACCESS,
);

/**
 * 0x002D_1400 (winioctl.h): queries a property of a device. The handle needs no access right.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_query_property
 */
export const IOCTL_STORAGE_QUERY_PROPERTY: number = CTL_CODE(
  FILE_DEVICE_MASS_STORAGE,
  0x500,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/**
 * 0x002D_1080 (winioctl.h): queries the device type and number of a disk or volume, which identify a device under
 * all its names. The handle needs no access right.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_get_device_number
 */
export const IOCTL_STORAGE_GET_DEVICE_NUMBER: number = CTL_CODE(
  FILE_DEVICE_MASS_STORAGE,
  0x420,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/**
 * 0x0007_405C (winioctl.h): queries the length of a disk, volume or partition. The handle needs read access.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_disk_get_length_info
 */
export const IOCTL_DISK_GET_LENGTH_INFO: number = CTL_CODE(
  FILE_DEVICE_DISK,
  0x17,
  METHOD_BUFFERED,
  FILE_READ_ACCESS,
);

/**
 * 0x0007_0000 (winioctl.h): queries the geometry of a disk, of which only the sector size is still meaningful.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_disk_get_drive_geometry
 */
export const IOCTL_DISK_GET_DRIVE_GEOMETRY: number = CTL_CODE(
  FILE_DEVICE_DISK,
  0,
  METHOD_BUFFERED,
  FILE_ANY_ACCESS,
);

/** The control codes that this package sends, and those that a program needs to use it on a volume. */
export const controlCodes: readonly ControlCode[] = Object.freeze(
  [
    {
      name: 'FSCTL_OFFLOAD_READ',
      value: FSCTL_OFFLOAD_READ,
      meaning: 'Asks the file system for a token for a range of a file, without reading the data.',
      advice: 'Send it with offloadRead() on a handle that was opened for reading.',
    },
    {
      name: 'FSCTL_OFFLOAD_WRITE',
      value: FSCTL_OFFLOAD_WRITE,
      meaning: 'Asks the file system to write the data of a token to a file.',
      advice:
        'Set the file size first, then send it with offloadWrite() on a handle that was opened for writing.',
    },
    {
      name: 'FSCTL_ALLOW_EXTENDED_DASD_IO',
      value: FSCTL_ALLOW_EXTENDED_DASD_IO,
      meaning:
        'Lets a volume handle reach the last sectors of the volume, beyond the end of the file system.',
      advice: 'Send it right after opening a volume such as \\\\.\\D:, before reading or writing its end.',
    },
    {
      name: 'FSCTL_LOCK_VOLUME',
      value: FSCTL_LOCK_VOLUME,
      meaning: 'Locks a volume, so that no other program can open files on it.',
      advice:
        'Close every file on the volume first, and send it on the handle that will write to the volume.',
    },
    {
      name: 'FSCTL_UNLOCK_VOLUME',
      value: FSCTL_UNLOCK_VOLUME,
      meaning: 'Unlocks a volume that was locked through the same handle.',
      advice: 'Send it when the writes to the volume have ended, or close the handle, which unlocks it too.',
    },
    {
      name: 'FSCTL_DISMOUNT_VOLUME',
      value: FSCTL_DISMOUNT_VOLUME,
      meaning: 'Dismounts a volume, so that the file system forgets it and open files on it become invalid.',
      advice: 'Lock the volume first, and keep the handle open until the last write to the volume.',
    },
    {
      name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
      value: IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
      meaning:
        'Runs an action, such as an offload read or write, on ranges of a disk, below the file system.',
      advice:
        'Send it with dsmOffloadRead() or dsmOffloadWrite() on a writable device handle, and expect the Windows disk driver to reject it with error 5.',
    },
    {
      name: 'IOCTL_STORAGE_QUERY_PROPERTY',
      value: IOCTL_STORAGE_QUERY_PROPERTY,
      meaning: 'Queries a property of a device, such as its copy offload limits or its sector size.',
      advice: 'Send it with queryCopyOffload(); a handle without any access right is enough.',
    },
    {
      name: 'IOCTL_STORAGE_GET_DEVICE_NUMBER',
      value: IOCTL_STORAGE_GET_DEVICE_NUMBER,
      meaning: 'Queries the device type and number, by which a device is recognized under all its names.',
      advice: 'Send it on a disk or volume handle; a handle without any access right is enough.',
    },
    {
      name: 'IOCTL_DISK_GET_LENGTH_INFO',
      value: IOCTL_DISK_GET_LENGTH_INFO,
      meaning: 'Queries the length of a disk, volume or partition in bytes.',
      advice: 'Open the device with openFile(), which sends it to determine the size.',
    },
    {
      name: 'IOCTL_DISK_GET_DRIVE_GEOMETRY',
      value: IOCTL_DISK_GET_DRIVE_GEOMETRY,
      meaning: 'Queries the geometry of a disk, which contains its logical sector size.',
      advice: 'Open the device with openFile(), which sends it if the alignment query fails.',
    },
  ].map((row) => Object.freeze({ ...row, ...partsOf(row.value) })),
);

/** The name of a control code, such as `FSCTL_OFFLOAD_READ`, or its hexadecimal number if it is not listed here. */
export function controlCodeName(code: number): string {
  return controlCodes.find((row) => row.value === code)?.name ?? hex32(code);
}

function partsOf(code: number) {
  return {
    deviceType: code >>> 16,
    function: (code >>> 2) & 0xfff,
    method: code & 3,
    access: (code >>> 14) & 3,
  };
}
