import { describe, expect, expectTypeOf, test } from 'vitest';
import { type Layout, structs } from '../../structs/index.ts';

// Size, alignment, then `offset size name` of every field. Sources: winioctl.h, ntddstor.h, minwinbase.h, winbase.h,
// fileapi.h and fltuserstructures.h of the Windows SDK; the FSCTL_OFFLOAD_ structures also MS-FSCC 2.3.41 to 2.3.44.
const documented: Record<keyof typeof structs, [size: number, alignment: number, fields: string]> = {
  FSCTL_OFFLOAD_READ_INPUT: [
    32,
    8,
    '0 4 Size, 4 4 Flags, 8 4 TokenTimeToLive, 12 4 Reserved, 16 8 FileOffset, 24 8 CopyLength',
  ],
  FSCTL_OFFLOAD_READ_OUTPUT: [528, 8, '0 4 Size, 4 4 Flags, 8 8 TransferLength, 16 512 Token'],
  FSCTL_OFFLOAD_WRITE_INPUT: [
    544,
    8,
    '0 4 Size, 4 4 Flags, 8 8 FileOffset, 16 8 CopyLength, 24 8 TransferOffset, 32 512 Token',
  ],
  FSCTL_OFFLOAD_WRITE_OUTPUT: [16, 8, '0 4 Size, 4 4 Flags, 8 8 LengthWritten'],
  STORAGE_OFFLOAD_TOKEN: [512, 1, '0 4 TokenType, 4 2 Reserved, 6 2 TokenIdLength, 8 504 Token'],
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES: [
    28,
    4,
    '0 4 Size, 4 4 Action, 8 4 Flags, 12 4 ParameterBlockOffset, 16 4 ParameterBlockLength, ' +
      '20 4 DataSetRangesOffset, 24 4 DataSetRangesLength',
  ],
  DEVICE_DATA_SET_RANGE: [16, 8, '0 8 StartingOffset, 8 8 LengthInBytes'],
  DEVICE_DSM_OFFLOAD_READ_PARAMETERS: [16, 4, '0 4 Flags, 4 4 TimeToLive, 8 8 Reserved'],
  DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS: [528, 8, '0 4 Flags, 4 4 Reserved, 8 8 TokenOffset, 16 512 Token'],
  STORAGE_OFFLOAD_READ_OUTPUT: [
    536,
    8,
    '0 4 OffloadReadFlags, 4 4 Reserved, 8 8 LengthProtected, 16 4 TokenLength, 20 512 Token',
  ],
  STORAGE_OFFLOAD_WRITE_OUTPUT: [16, 8, '0 4 OffloadWriteFlags, 4 4 Reserved, 8 8 LengthCopied'],
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT: [
    36,
    4,
    '0 4 Size, 4 4 Action, 8 4 Flags, 12 4 OperationStatus, 16 4 ExtendedError, 20 4 TargetDetailedError, ' +
      '24 4 ReservedStatus, 28 4 OutputBlockOffset, 32 4 OutputBlockLength',
  ],
  DEVICE_DSM_DEFINITION: [
    28,
    4,
    '0 4 Action, 4 1 SingleRange, 8 4 ParameterBlockAlignment, 12 4 ParameterBlockLength, 16 1 HasOutput, ' +
      '20 4 OutputBlockAlignment, 24 4 OutputBlockLength',
  ],
  STORAGE_PROPERTY_QUERY: [12, 4, '0 4 PropertyId, 4 4 QueryType, 8 1 AdditionalParameters'],
  STORAGE_DESCRIPTOR_HEADER: [8, 4, '0 4 Version, 4 4 Size'],
  DEVICE_COPY_OFFLOAD_DESCRIPTOR: [
    48,
    8,
    '0 4 Version, 4 4 Size, 8 4 MaximumTokenLifetime, 12 4 DefaultTokenLifetime, 16 8 MaximumTransferSize, ' +
      '24 8 OptimalTransferCount, 32 4 MaximumDataDescriptors, 36 4 MaximumTransferLengthPerDescriptor, ' +
      '40 4 OptimalTransferLengthPerDescriptor, 44 2 OptimalTransferLengthGranularity, 46 2 Reserved',
  ],
  STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR: [
    28,
    4,
    '0 4 Version, 4 4 Size, 8 4 BytesPerCacheLine, 12 4 BytesOffsetForCacheAlignment, ' +
      '16 4 BytesPerLogicalSector, 20 4 BytesPerPhysicalSector, 24 4 BytesOffsetForSectorAlignment',
  ],
  OVERLAPPED: [32, 8, '0 8 Internal, 8 8 InternalHigh, 16 4 Offset, 20 4 OffsetHigh, 24 8 hEvent'],
  OVERLAPPED32: [20, 4, '0 4 Internal, 4 4 InternalHigh, 8 4 Offset, 12 4 OffsetHigh, 16 4 hEvent'],
  OVERLAPPED_ENTRY: [
    32,
    8,
    '0 8 lpCompletionKey, 8 8 lpOverlapped, 16 8 Internal, 24 4 dwNumberOfBytesTransferred',
  ],
  BY_HANDLE_FILE_INFORMATION: [
    52,
    4,
    '0 4 dwFileAttributes, 4 8 ftCreationTime, 12 8 ftLastAccessTime, 20 8 ftLastWriteTime, ' +
      '28 4 dwVolumeSerialNumber, 32 4 nFileSizeHigh, 36 4 nFileSizeLow, 40 4 nNumberOfLinks, ' +
      '44 4 nFileIndexHigh, 48 4 nFileIndexLow',
  ],
  FILE_BASIC_INFO: [
    40,
    8,
    '0 8 CreationTime, 8 8 LastAccessTime, 16 8 LastWriteTime, 24 8 ChangeTime, 32 4 FileAttributes',
  ],
  FILE_STANDARD_INFO: [
    24,
    8,
    '0 8 AllocationSize, 8 8 EndOfFile, 16 4 NumberOfLinks, 20 1 DeletePending, 21 1 Directory',
  ],
  FILE_ATTRIBUTE_TAG_INFO: [8, 4, '0 4 FileAttributes, 4 4 ReparseTag'],
  FILE_END_OF_FILE_INFO: [8, 8, '0 8 EndOfFile'],
  FILE_DISPOSITION_INFO: [1, 1, '0 1 DeleteFile'],
  FILE_STORAGE_INFO: [
    28,
    4,
    '0 4 LogicalBytesPerSector, 4 4 PhysicalBytesPerSectorForAtomicity, ' +
      '8 4 PhysicalBytesPerSectorForPerformance, 12 4 FileSystemEffectivePhysicalBytesPerSectorForAtomicity, ' +
      '16 4 Flags, 20 4 ByteOffsetForSectorAlignment, 24 4 ByteOffsetForPartitionAlignment',
  ],
  FILE_ID_INFO: [24, 8, '0 8 VolumeSerialNumber, 8 16 FileId'],
  WIN32_FILE_ATTRIBUTE_DATA: [
    36,
    4,
    '0 4 dwFileAttributes, 4 8 ftCreationTime, 12 8 ftLastAccessTime, 20 8 ftLastWriteTime, ' +
      '28 4 nFileSizeHigh, 32 4 nFileSizeLow',
  ],
  FILE_STREAM_INFO: [
    32,
    8,
    '0 4 NextEntryOffset, 4 4 StreamNameLength, 8 8 StreamSize, 16 8 StreamAllocationSize, 24 2 StreamName',
  ],
  WIN32_FIND_STREAM_DATA: [600, 8, '0 8 StreamSize, 8 592 cStreamName'],
  GET_LENGTH_INFORMATION: [8, 8, '0 8 Length'],
  DISK_GEOMETRY: [
    24,
    8,
    '0 8 Cylinders, 8 4 MediaType, 12 4 TracksPerCylinder, 16 4 SectorsPerTrack, 20 4 BytesPerSector',
  ],
  STORAGE_DEVICE_NUMBER: [12, 4, '0 4 DeviceType, 4 4 DeviceNumber, 8 4 PartitionNumber'],
  INSTANCE_AGGREGATE_STANDARD_INFORMATION: [
    40,
    4,
    '0 4 NextEntryOffset, 4 4 Flags, 8 4 Type.MiniFilter.Flags, 12 4 Type.MiniFilter.FrameID, ' +
      '16 4 Type.MiniFilter.VolumeFileSystemType, 20 2 Type.MiniFilter.InstanceNameLength, ' +
      '22 2 Type.MiniFilter.InstanceNameBufferOffset, 24 2 Type.MiniFilter.AltitudeLength, ' +
      '26 2 Type.MiniFilter.AltitudeBufferOffset, 28 2 Type.MiniFilter.VolumeNameLength, ' +
      '30 2 Type.MiniFilter.VolumeNameBufferOffset, 32 2 Type.MiniFilter.FilterNameLength, ' +
      '34 2 Type.MiniFilter.FilterNameBufferOffset, 36 4 Type.MiniFilter.SupportedFeatures',
  ],
};

const rows = Object.values(structs).map((layout: Layout) => [layout.name, layout] as const);

describe('structs', () => {
  test('contains exactly the structures that are checked here', () => {
    expect(Object.keys(structs).sort()).toEqual(Object.keys(documented).sort());
  });

  test.each(rows)('%s has the documented size, alignment and offsets', (name, layout) => {
    const fields = layout.fields.map((field) => `${field.offset} ${field.size} ${field.name}`).join(', ');
    expect([layout.size, layout.alignment, fields]).toEqual(documented[name as keyof typeof documented]);
  });

  test.each(rows)('%s has no gaps other than alignment padding', (_, layout) => {
    let end = 0;
    for (const field of layout.fields) {
      expect(field.offset - end).toBeGreaterThanOrEqual(0);
      expect(field.offset - end).toBeLessThan(layout.alignment);
      end = field.offset + field.size;
    }
    expect(layout.size - end).toBeGreaterThanOrEqual(0);
    expect(layout.size - end).toBeLessThan(layout.alignment);
    expect(layout.size % layout.alignment).toBe(0);
  });

  test.each(rows)('%s has the same offsets in offsetOf as in fields', (_, layout) => {
    expect(layout.offsetOf).toEqual(
      Object.fromEntries(layout.fields.map((field) => [field.name, field.offset])),
    );
  });

  test.each(rows)('%s is frozen, plain data under its own name', (name, layout) => {
    expect(Object.keys(layout)).toEqual(['name', 'size', 'alignment', 'fields']);
    expect(structs[name as keyof typeof structs]).toBe(layout);
    expect(JSON.parse(JSON.stringify(layout))).toEqual({ ...layout });
    expect(structuredClone(layout)).toEqual({ ...layout });
    for (const part of [structs, layout, layout.fields, ...layout.fields, layout.offsetOf]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    for (const field of layout.fields) expect(Object.keys(field)).toEqual(['name', 'offset', 'size', 'type']);
  });
});

test('fields have the Windows spelling of their types', () => {
  const types = (layout: Layout) => layout.fields.map((field) => field.type).join(' ');
  expect(types(structs.FSCTL_OFFLOAD_WRITE_INPUT)).toBe(
    'ULONG ULONG ULONGLONG ULONGLONG ULONGLONG UCHAR[512]',
  );
  expect(types(structs.STORAGE_OFFLOAD_READ_OUTPUT)).toBe(
    'ULONG ULONG ULONGLONG ULONG STORAGE_OFFLOAD_TOKEN',
  );
  expect(types(structs.OVERLAPPED)).toBe('ULONG_PTR ULONG_PTR DWORD DWORD HANDLE');
});

test('the token has its own offset in each structure', () => {
  expect(structs.FSCTL_OFFLOAD_READ_OUTPUT.offsetOf.Token).toBe(16);
  expect(structs.FSCTL_OFFLOAD_WRITE_INPUT.offsetOf.Token).toBe(32);
  expect(structs.DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS.offsetOf.Token).toBe(16);
  expect(structs.STORAGE_OFFLOAD_READ_OUTPUT.offsetOf.Token).toBe(20);
});

test('a misspelt field does not compile', () => {
  // @ts-expect-error there is no such field
  expect(structs.FSCTL_OFFLOAD_READ_INPUT.offsetOf.Nope).toBeUndefined();
  expectTypeOf(structs.OVERLAPPED.offsetOf).toEqualTypeOf<{
    readonly [K in 'Internal' | 'InternalHigh' | 'Offset' | 'OffsetHigh' | 'hEvent']: number;
  }>();
});

// Koffi has one table of type names for the whole process, even if it contains several copies of a package.
test.each([
  'disk',
  'dsm',
  'file-information',
  'filter',
  'offload-read',
  'offload-write',
  'overlapped',
  'storage-property',
  'token',
])('a second copy of %s.ts loads in the same process', async (file) => {
  const second: Record<string, Layout> = await import(`../../structs/${file}.ts?copy`);
  const layouts = Object.values(second).filter((value) => 'fields' in value);
  expect(layouts.length).toBeGreaterThan(0);
  for (const layout of layouts) {
    const first = structs[layout.name as keyof typeof structs];
    expect(layout).toEqual(first);
    expect(layout).not.toBe(first);
  }
});
