import { declare } from './declare.ts';
import type { Layout } from './layout.ts';
import { alias, array, BYTE, DWORD, ULONG, ULONGLONG, USHORT } from './types.ts';

/**
 * The input of `IOCTL_STORAGE_QUERY_PROPERTY`: which fact about a device is asked for. 12 bytes, little-endian,
 * the last three of them padding.
 *
 * - `PropertyId` (0x00): `StorageDeviceCopyOffloadProperty` (13), `StorageAccessAlignmentProperty` (6), ...
 * - `QueryType` (0x04): `PropertyStandardQuery` (0) for the descriptor itself.
 * - `AdditionalParameters` (0x08, 1 byte): 0 for these properties.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_property_query
 */
export const STORAGE_PROPERTY_QUERY: Layout<'PropertyId' | 'QueryType' | 'AdditionalParameters'> = declare(
  'STORAGE_PROPERTY_QUERY',
  {
    PropertyId: alias('STORAGE_PROPERTY_ID', DWORD),
    QueryType: alias('STORAGE_QUERY_TYPE', DWORD),
    AdditionalParameters: array(BYTE, 1),
  },
);

/**
 * How every descriptor begins. 8 bytes, little-endian. An output buffer of this size asks how much is needed.
 *
 * - `Version` (0x00): of the descriptor.
 * - `Size` (0x04): of the whole descriptor, in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_descriptor_header
 */
export const STORAGE_DESCRIPTOR_HEADER: Layout<'Version' | 'Size'> = declare('STORAGE_DESCRIPTOR_HEADER', {
  Version: DWORD,
  Size: DWORD,
});

/**
 * What `StorageDeviceCopyOffloadProperty` answers: how far the device can copy by itself. 48 bytes,
 * little-endian.
 *
 * - `Version` (0x00): 1 in the class driver, 48 in the documentation.
 * - `Size` (0x04): 48.
 * - `MaximumTokenLifetime` (0x08), `DefaultTokenLifetime` (0x0C): seconds.
 * - `MaximumTransferSize` (0x10), `OptimalTransferCount` (0x18): logical blocks in the class driver, bytes in
 *   the documentation; the class driver is what answers.
 * - `MaximumDataDescriptors` (0x20): ranges in one command.
 * - `MaximumTransferLengthPerDescriptor` (0x24), `OptimalTransferLengthPerDescriptor` (0x28): logical blocks.
 * - `OptimalTransferLengthGranularity` (0x2C, 2 bytes): logical blocks.
 * - `Reserved` (0x2E, 2 bytes): 0.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_copy_offload_descriptor
 */
export const DEVICE_COPY_OFFLOAD_DESCRIPTOR: Layout<
  | 'Version'
  | 'Size'
  | 'MaximumTokenLifetime'
  | 'DefaultTokenLifetime'
  | 'MaximumTransferSize'
  | 'OptimalTransferCount'
  | 'MaximumDataDescriptors'
  | 'MaximumTransferLengthPerDescriptor'
  | 'OptimalTransferLengthPerDescriptor'
  | 'OptimalTransferLengthGranularity'
  | 'Reserved'
> = declare('DEVICE_COPY_OFFLOAD_DESCRIPTOR', {
  Version: ULONG,
  Size: ULONG,
  MaximumTokenLifetime: ULONG,
  DefaultTokenLifetime: ULONG,
  MaximumTransferSize: ULONGLONG,
  OptimalTransferCount: ULONGLONG,
  MaximumDataDescriptors: ULONG,
  MaximumTransferLengthPerDescriptor: ULONG,
  OptimalTransferLengthPerDescriptor: ULONG,
  OptimalTransferLengthGranularity: USHORT,
  Reserved: array(BYTE, 2),
});

/**
 * What `StorageAccessAlignmentProperty` answers: the sectors of a device. 28 bytes, little-endian.
 *
 * - `Version` (0x00), `Size` (0x04): of the descriptor, 28 both.
 * - `BytesPerCacheLine` (0x08), `BytesOffsetForCacheAlignment` (0x0C): bytes.
 * - `BytesPerLogicalSector` (0x10): bytes; the unit that every offset and length of an offload is a multiple of.
 * - `BytesPerPhysicalSector` (0x14): bytes.
 * - `BytesOffsetForSectorAlignment` (0x18): where the first physical sector boundary lies, in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_access_alignment_descriptor
 */
export const STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR: Layout<
  | 'Version'
  | 'Size'
  | 'BytesPerCacheLine'
  | 'BytesOffsetForCacheAlignment'
  | 'BytesPerLogicalSector'
  | 'BytesPerPhysicalSector'
  | 'BytesOffsetForSectorAlignment'
> = declare('STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR', {
  Version: DWORD,
  Size: DWORD,
  BytesPerCacheLine: DWORD,
  BytesOffsetForCacheAlignment: DWORD,
  BytesPerLogicalSector: DWORD,
  BytesPerPhysicalSector: DWORD,
  BytesOffsetForSectorAlignment: DWORD,
});
