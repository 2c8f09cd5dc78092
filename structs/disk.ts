import { alias, DWORD, declare, LARGE_INTEGER, type Layout } from './layout.ts';

/**
 * The reply to `IOCTL_DISK_GET_LENGTH_INFO`. 8 bytes, little-endian.
 *
 * - `Length` (0x00): the size of the disk, volume or partition in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-get_length_information
 */
export const GET_LENGTH_INFORMATION: Layout<'Length'> = declare('GET_LENGTH_INFORMATION', {
  Length: LARGE_INTEGER,
});

/**
 * The reply to `IOCTL_DISK_GET_DRIVE_GEOMETRY`. 24 bytes, little-endian.
 *
 * - `Cylinders` (0x00): the number of cylinders.
 * - `MediaType` (0x08): a MEDIA_TYPE; 12 is a fixed disk.
 * - `TracksPerCylinder` (0x0C), `SectorsPerTrack` (0x10): counts.
 * - `BytesPerSector` (0x14): the size of a logical sector in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-disk_geometry
 */
export const DISK_GEOMETRY: Layout<
  'Cylinders' | 'MediaType' | 'TracksPerCylinder' | 'SectorsPerTrack' | 'BytesPerSector'
> = declare('DISK_GEOMETRY', {
  Cylinders: LARGE_INTEGER,
  MediaType: alias('MEDIA_TYPE', DWORD),
  TracksPerCylinder: DWORD,
  SectorsPerTrack: DWORD,
  BytesPerSector: DWORD,
});

/**
 * The reply to `IOCTL_STORAGE_GET_DEVICE_NUMBER`. 12 bytes, little-endian. Type and number together identify a
 * device until the next restart, whatever name it was opened by.
 *
 * - `DeviceType` (0x00): a FILE_DEVICE_ number; 7 is a disk.
 * - `DeviceNumber` (0x04): the N of `\\.\PhysicalDriveN`.
 * - `PartitionNumber` (0x08): counted from 1; 0 for the whole disk, all ones if the device cannot be partitioned.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_device_number
 */
export const STORAGE_DEVICE_NUMBER: Layout<'DeviceType' | 'DeviceNumber' | 'PartitionNumber'> = declare(
  'STORAGE_DEVICE_NUMBER',
  { DeviceType: alias('DEVICE_TYPE', DWORD), DeviceNumber: DWORD, PartitionNumber: DWORD },
);
