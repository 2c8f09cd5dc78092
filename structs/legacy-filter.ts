import { declare, type Layout, ULONG, USHORT } from './layout.ts';

/**
 * INSTANCE_AGGREGATE_STANDARD_INFORMATION for a legacy filter: `Type` is a union, and the fields declared here are those
 * of `Type.LegacyFilter`, which are valid if `Flags` is 2. Windows has no name of its own for this half.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/fltuserstructures/ns-fltuserstructures-_instance_aggregate_standard_information
 */
export const INSTANCE_AGGREGATE_LEGACY_INFORMATION: Layout<
  | 'NextEntryOffset'
  | 'Flags'
  | 'Type.LegacyFilter.Flags'
  | 'Type.LegacyFilter.AltitudeLength'
  | 'Type.LegacyFilter.AltitudeBufferOffset'
  | 'Type.LegacyFilter.VolumeNameLength'
  | 'Type.LegacyFilter.VolumeNameBufferOffset'
  | 'Type.LegacyFilter.FilterNameLength'
  | 'Type.LegacyFilter.FilterNameBufferOffset'
  | 'Type.LegacyFilter.SupportedFeatures'
> = declare('INSTANCE_AGGREGATE_STANDARD_INFORMATION', {
  NextEntryOffset: ULONG,
  Flags: ULONG,
  'Type.LegacyFilter.Flags': ULONG,
  'Type.LegacyFilter.AltitudeLength': USHORT,
  'Type.LegacyFilter.AltitudeBufferOffset': USHORT,
  'Type.LegacyFilter.VolumeNameLength': USHORT,
  'Type.LegacyFilter.VolumeNameBufferOffset': USHORT,
  'Type.LegacyFilter.FilterNameLength': USHORT,
  'Type.LegacyFilter.FilterNameBufferOffset': USHORT,
  'Type.LegacyFilter.SupportedFeatures': ULONG,
});
