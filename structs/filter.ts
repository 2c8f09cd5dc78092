import { alias, DWORD, declare, type Layout, ULONG, USHORT } from './layout.ts';

/**
 * A filter driver on a volume, as `FilterInstanceFindFirst` and `FilterInstanceFindNext` return it. 40 bytes,
 * little-endian, followed by the names.
 *
 * `Type` is a union. The fields declared here are those of `Type.MiniFilter`, which are valid if `Flags` is 1.
 *
 * - `NextEntryOffset` (0x00): the distance to the next entry in bytes, 0 in the last entry.
 * - `Flags` (0x04): 1 for a minifilter, 2 for a legacy filter.
 * - `Type.MiniFilter.Flags` (0x08): 1 if the volume is detached.
 * - `Type.MiniFilter.FrameID` (0x0C): the filter manager frame.
 * - `Type.MiniFilter.VolumeFileSystemType` (0x10): an FLT_FILESYSTEM_TYPE; 2 is NTFS.
 * - `...Length` and `...BufferOffset` (0x14 to 0x23, 2 bytes each): instance name, altitude, volume name and
 *   filter name, in bytes from the start of the entry.
 * - `Type.MiniFilter.SupportedFeatures` (0x24): `SUPPORTED_FS_FEATURES_` bits; a filter without the offload bits
 *   blocks copy offload on its volume.
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
