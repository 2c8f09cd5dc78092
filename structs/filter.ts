import { declare } from './declare.ts';
import type { Layout } from './layout.ts';
import { alias, DWORD, ULONG, USHORT } from './types.ts';

/**
 * One filter driver on a volume, as `FilterInstanceFindFirst` and its kin list them. 40 bytes, little-endian, then
 * the names.
 *
 * `Type` is a union; the fields here are those of `Type.MiniFilter`, which hold when `Flags` is 1.
 *
 * - `NextEntryOffset` (0x00): bytes to the next entry, 0 in the last.
 * - `Flags` (0x04): 1 for a minifilter, 2 for a legacy filter.
 * - `Type.MiniFilter.Flags` (0x08): 1 when the volume is detached.
 * - `Type.MiniFilter.FrameID` (0x0C), `Type.MiniFilter.VolumeFileSystemType` (0x10): as the filter manager has them.
 * - `...Length` and `...BufferOffset` (0x14 to 0x23, 2 bytes each): where instance name, altitude, volume name and
 *   filter name are; bytes, from the start of the entry.
 * - `Type.MiniFilter.SupportedFeatures` (0x24): `SUPPORTED_FS_FEATURES_` bits; a filter without the offload bits
 *   blocks the offload for its volume.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/fltuserstructures/ns-fltuserstructures-_instance_aggregate_standard_information
 */
export const INSTANCE_AGGREGATE_STANDARD_INFORMATION: Layout<
  | 'NextEntryOffset'
  | 'Flags'
  | 'Type.MiniFilter.Flags'
  | 'Type.MiniFilter.FrameID'
  | 'Type.MiniFilter.VolumeFileSystemType'
  | 'Type.MiniFilter.InstanceNameLength'
  | 'Type.MiniFilter.InstanceNameBufferOffset'
  | 'Type.MiniFilter.AltitudeLength'
  | 'Type.MiniFilter.AltitudeBufferOffset'
  | 'Type.MiniFilter.VolumeNameLength'
  | 'Type.MiniFilter.VolumeNameBufferOffset'
  | 'Type.MiniFilter.FilterNameLength'
  | 'Type.MiniFilter.FilterNameBufferOffset'
  | 'Type.MiniFilter.SupportedFeatures'
> = declare('INSTANCE_AGGREGATE_STANDARD_INFORMATION', {
  NextEntryOffset: ULONG,
  Flags: ULONG,
  'Type.MiniFilter.Flags': ULONG,
  'Type.MiniFilter.FrameID': ULONG,
  'Type.MiniFilter.VolumeFileSystemType': alias('FLT_FILESYSTEM_TYPE', DWORD),
  'Type.MiniFilter.InstanceNameLength': USHORT,
  'Type.MiniFilter.InstanceNameBufferOffset': USHORT,
  'Type.MiniFilter.AltitudeLength': USHORT,
  'Type.MiniFilter.AltitudeBufferOffset': USHORT,
  'Type.MiniFilter.VolumeNameLength': USHORT,
  'Type.MiniFilter.VolumeNameBufferOffset': USHORT,
  'Type.MiniFilter.FilterNameLength': USHORT,
  'Type.MiniFilter.FilterNameBufferOffset': USHORT,
  'Type.MiniFilter.SupportedFeatures': ULONG,
});
