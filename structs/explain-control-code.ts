import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_WRITE,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  IOCTL_STORAGE_QUERY_PROPERTY,
} from './control-codes.ts';
import { hex32 } from './hex32.ts';

/** A control code in words. */
export interface ControlCode {
  readonly name: string;
  readonly value: number;
  readonly meaning: string;
  readonly advice: string;
}

/** The control codes that this package sends, each with a sentence on what it does and one on how to use it. */
export const controlCodes: readonly ControlCode[] = Object.freeze(
  [
    {
      name: 'FSCTL_OFFLOAD_READ',
      value: FSCTL_OFFLOAD_READ,
      meaning:
        'Asks the file system for a token that stands for a range of a file, without reading the data.',
      advice: 'Send it with offloadRead() on a handle that was opened for reading.',
    },
    {
      name: 'FSCTL_OFFLOAD_WRITE',
      value: FSCTL_OFFLOAD_WRITE,
      meaning: 'Asks the file system to write the data that a token stands for into a file.',
      advice:
        'Send it with offloadWrite() on a handle that was opened for writing, after setting the file size.',
    },
    {
      name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
      value: IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
      meaning:
        'Runs an action, such as an offload read or write, on ranges of a disk, below the file system.',
      advice:
        'Send it with dsmOffloadRead() or dsmOffloadWrite() on a writable device handle, and expect the inbox driver to refuse user mode with error 5.',
    },
    {
      name: 'IOCTL_STORAGE_QUERY_PROPERTY',
      value: IOCTL_STORAGE_QUERY_PROPERTY,
      meaning: 'Asks a device for one of its properties, such as its copy offload limits or its sector size.',
      advice: 'Send it with queryCopyOffload(), for which a handle without any access right is enough.',
    },
    {
      name: 'IOCTL_DISK_GET_LENGTH_INFO',
      value: IOCTL_DISK_GET_LENGTH_INFO,
      meaning: 'Asks a disk, volume or partition for its length in bytes.',
      advice: 'Open the device with openFile(), which sends it to fill in the size.',
    },
    {
      name: 'IOCTL_DISK_GET_DRIVE_GEOMETRY',
      value: IOCTL_DISK_GET_DRIVE_GEOMETRY,
      meaning: 'Asks a disk for its geometry, from which the logical sector size is taken.',
      advice: 'Open the device with openFile(), which sends it where the alignment query is not answered.',
    },
  ].map((row) => Object.freeze(row)),
);

/** The name of a control code, `FSCTL_OFFLOAD_READ`, or its hexadecimal number where it has none here. */
export function controlCodeName(code: number): string {
  return controlCodes.find((row) => row.value === code)?.name ?? hex32(code);
}
