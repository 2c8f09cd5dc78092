import { alias, array, BYTE, DWORD, declare, type Layout, ULONG, ULONGLONG, USHORT } from './layout.ts';

/**
 * The input of `IOCTL_STORAGE_QUERY_PROPERTY`: the property to query. 12 bytes, little-endian, of which the last three
 * are padding.
 *
 * - `PropertyId` (0x00): `StorageDeviceCopyOffloadProperty` (13), `StorageAccessAlignmentProperty` (6), ...
 * - `QueryType` (0x04): `PropertyStandardQuery` (0) requests the descriptor.
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
 * The start of every descriptor. 8 bytes, little-endian. A query with an output buffer of this size returns the
 * required size in `Size`.
 *
 * - `Version` (0x00): the version of the descriptor.
 * - `Size` (0x04): the size of the whole descriptor in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_descriptor_header
 */
export const STORAGE_DESCRIPTOR_HEADER: Layout<'Version' | 'Size'> = declare('STORAGE_DESCRIPTOR_HEADER', {
  Version: DWORD,
  Size: DWORD,
});

/**
 * The reply for `StorageDeviceCopyOffloadProperty`: the copy offload limits of a device. 48 bytes, little-endian.
 *
 * - `Version` (0x00): 1 in the class driver, 48 in the documentation.
 * - `Size` (0x04): 48.
 * - `MaximumTokenLifetime` (0x08), `DefaultTokenLifetime` (0x0C): in seconds.
 * - `MaximumTransferSize` (0x10), `OptimalTransferCount` (0x18): in logical blocks. The documentation says
 *   bytes, but the class driver, which sends the reply, uses blocks.
 * - `MaximumDataDescriptors` (0x20): the maximum number of ranges in one command.
 * - `MaximumTransferLengthPerDescriptor` (0x24), `OptimalTransferLengthPerDescriptor` (0x28): in logical
 *   blocks.
 * - `OptimalTransferLengthGranularity` (0x2C, 2 bytes): in logical blocks.
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
 * The reply for `StorageAccessAlignmentProperty`: the sector sizes of a device. 28 bytes, little-endian.
 *
 * - `Version` (0x00), `Size` (0x04): both 28.
 * - `BytesPerCacheLine` (0x08), `BytesOffsetForCacheAlignment` (0x0C): in bytes.
 * - `BytesPerLogicalSector` (0x10): in bytes; every offset and length of an offload is a multiple of it.
 * - `BytesPerPhysicalSector` (0x14): in bytes.
 * - `BytesOffsetForSectorAlignment` (0x18): the position of the first physical sector boundary in bytes.
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
