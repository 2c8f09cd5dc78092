import { declare } from './declare.ts';
import type { Layout } from './layout.ts';
import { alias, DWORD, LARGE_INTEGER } from './types.ts';

/**
 * What `IOCTL_DISK_GET_LENGTH_INFO` answers. 8 bytes, little-endian.
 *
 * - `Length` (0x00): bytes of the disk, volume or partition.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-get_length_information
 */
export const GET_LENGTH_INFORMATION: Layout<'Length'> = declare('GET_LENGTH_INFORMATION', {
  Length: LARGE_INTEGER,
});

/**
 * What `IOCTL_DISK_GET_DRIVE_GEOMETRY` answers. 24 bytes, little-endian.
 *
 * - `Cylinders` (0x00): how many.
 * - `MediaType` (0x08): a MEDIA_TYPE; 12 is a fixed disk.
 * - `TracksPerCylinder` (0x0C), `SectorsPerTrack` (0x10): how many.
 * - `BytesPerSector` (0x14): bytes of a logical sector.
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
