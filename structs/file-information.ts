import {
  alias,
  array,
  BOOLEAN,
  BYTE,
  DWORD,
  declare,
  FILETIME,
  LARGE_INTEGER,
  type Layout,
  ULONG,
  ULONGLONG,
  WCHAR,
} from './layout.ts';

/**
 * The result of `GetFileInformationByHandle`. 52 bytes, little-endian, aligned to 4.
 *
 * - `dwFileAttributes` (0x00): FILE_ATTRIBUTE_ bits.
 * - `ftCreationTime` (0x04), `ftLastAccessTime` (0x0C), `ftLastWriteTime` (0x14): 100 ns since 1601, low half first.
 * - `dwVolumeSerialNumber` (0x1C): of the volume; together with the index it identifies the file.
 * - `nFileSizeHigh` (0x20), `nFileSizeLow` (0x24): in bytes; the **high** half comes first.
 * - `nNumberOfLinks` (0x28): the number of names (hard links).
 * - `nFileIndexHigh` (0x2C), `nFileIndexLow` (0x30): the **high** half comes first.
 *
 * @see https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-by_handle_file_information
 */
export const BY_HANDLE_FILE_INFORMATION: Layout<
  | 'dwFileAttributes'
  | 'ftCreationTime'
  | 'ftLastAccessTime'
  | 'ftLastWriteTime'
  | 'dwVolumeSerialNumber'
  | 'nFileSizeHigh'
  | 'nFileSizeLow'
  | 'nNumberOfLinks'
  | 'nFileIndexHigh'
  | 'nFileIndexLow'
> = declare('BY_HANDLE_FILE_INFORMATION', {
  dwFileAttributes: DWORD,
  ftCreationTime: FILETIME,
  ftLastAccessTime: FILETIME,
  ftLastWriteTime: FILETIME,
  dwVolumeSerialNumber: DWORD,
  nFileSizeHigh: DWORD,
  nFileSizeLow: DWORD,
  nNumberOfLinks: DWORD,
  nFileIndexHigh: DWORD,
  nFileIndexLow: DWORD,
});

/**
 * Times and attributes of a file (FileBasicInfo, 0). 40 bytes, little-endian, of which the last four are padding.
 *
 * - `CreationTime` (0x00), `LastAccessTime` (0x08), `LastWriteTime` (0x10), `ChangeTime` (0x18): 100 ns since 1601;
 *   0 leaves a time unchanged.
 * - `FileAttributes` (0x20): FILE_ATTRIBUTE_ bits; 0 leaves them unchanged.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_basic_info
 */
export const FILE_BASIC_INFO: Layout<
  'CreationTime' | 'LastAccessTime' | 'LastWriteTime' | 'ChangeTime' | 'FileAttributes'
> = declare('FILE_BASIC_INFO', {
  CreationTime: LARGE_INTEGER,
  LastAccessTime: LARGE_INTEGER,
  LastWriteTime: LARGE_INTEGER,
  ChangeTime: LARGE_INTEGER,
  FileAttributes: DWORD,
});

/**
 * Sizes and state of a file (FileStandardInfo, 1). 24 bytes, little-endian, of which the last two are padding.
 *
 * - `AllocationSize` (0x00): the space that the file occupies, in bytes.
 * - `EndOfFile` (0x08): the size of the file in bytes.
 * - `NumberOfLinks` (0x10): the number of names (hard links).
 * - `DeletePending` (0x14): 1 if the file will be deleted when its last handle is closed.
 * - `Directory` (0x15): 1 for a directory.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_standard_info
 */
export const FILE_STANDARD_INFO: Layout<
  'AllocationSize' | 'EndOfFile' | 'NumberOfLinks' | 'DeletePending' | 'Directory'
> = declare('FILE_STANDARD_INFO', {
  AllocationSize: LARGE_INTEGER,
  EndOfFile: LARGE_INTEGER,
  NumberOfLinks: DWORD,
  DeletePending: BOOLEAN,
  Directory: BOOLEAN,
});

/**
 * Attributes and reparse tag of a file (FileAttributeTagInfo, 9). 8 bytes, little-endian.
 *
 * - `FileAttributes` (0x00): FILE_ATTRIBUTE_ bits.
 * - `ReparseTag` (0x04): the kind of link or placeholder, if FILE_ATTRIBUTE_REPARSE_POINT is set.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_attribute_tag_info
 */
export const FILE_ATTRIBUTE_TAG_INFO: Layout<'FileAttributes' | 'ReparseTag'> = declare(
  'FILE_ATTRIBUTE_TAG_INFO',
  { FileAttributes: DWORD, ReparseTag: DWORD },
);

/**
 * The new size of a file (FileEndOfFileInfo, 6). 8 bytes, little-endian. Set it before an offload write, which never
 * extends a file.
 *
 * - `EndOfFile` (0x00): in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_end_of_file_info
 */
export const FILE_END_OF_FILE_INFO: Layout<'EndOfFile'> = declare('FILE_END_OF_FILE_INFO', {
  EndOfFile: LARGE_INTEGER,
});

/**
 * Whether Windows deletes a file when its last handle is closed (FileDispositionInfo, 4). 1 byte.
 *
 * - `DeleteFile` (0x00): 0 or 1.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_disposition_info
 */
export const FILE_DISPOSITION_INFO: Layout<'DeleteFile'> = declare('FILE_DISPOSITION_INFO', {
  DeleteFile: BOOLEAN,
});

/**
 * The sector sizes of the storage of a file (FileStorageInfo, 16). 28 bytes, little-endian.
 *
 * - `LogicalBytesPerSector` (0x00): in bytes; every offset and length of an offload is a multiple of it.
 * - `PhysicalBytesPerSectorForAtomicity` (0x04), `PhysicalBytesPerSectorForPerformance` (0x08),
 *   `FileSystemEffectivePhysicalBytesPerSectorForAtomicity` (0x0C): in bytes.
 * - `Flags` (0x10): STORAGE_INFO_FLAGS_ bits.
 * - `ByteOffsetForSectorAlignment` (0x14), `ByteOffsetForPartitionAlignment` (0x18): in bytes; all ones if
 *   unknown.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_storage_info
 */
export const FILE_STORAGE_INFO: Layout<
  | 'LogicalBytesPerSector'
  | 'PhysicalBytesPerSectorForAtomicity'
  | 'PhysicalBytesPerSectorForPerformance'
  | 'FileSystemEffectivePhysicalBytesPerSectorForAtomicity'
  | 'Flags'
  | 'ByteOffsetForSectorAlignment'
  | 'ByteOffsetForPartitionAlignment'
> = declare('FILE_STORAGE_INFO', {
  LogicalBytesPerSector: ULONG,
  PhysicalBytesPerSectorForAtomicity: ULONG,
  PhysicalBytesPerSectorForPerformance: ULONG,
  FileSystemEffectivePhysicalBytesPerSectorForAtomicity: ULONG,
  Flags: ULONG,
  ByteOffsetForSectorAlignment: ULONG,
  ByteOffsetForPartitionAlignment: ULONG,
});

/**
 * The identity of a file (FileIdInfo, 18): two handles with the same 24 bytes refer to one file.
 *
 * - `VolumeSerialNumber` (0x00): of the volume.
 * - `FileId` (0x08, 16 bytes): unique within the volume; compare it byte by byte.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_id_info
 */
export const FILE_ID_INFO: Layout<'VolumeSerialNumber' | 'FileId'> = declare('FILE_ID_INFO', {
  VolumeSerialNumber: ULONGLONG,
  FileId: alias('FILE_ID_128', array(BYTE, 16)),
});

/**
 * Times, size and attributes of a file by its name (`GetFileAttributesExW`). 36 bytes, little-endian, aligned to 4.
 *
 * - `dwFileAttributes` (0x00): FILE_ATTRIBUTE_ bits; those of a link, not of its target.
 * - `ftCreationTime` (0x04), `ftLastAccessTime` (0x0C), `ftLastWriteTime` (0x14): 100 ns since 1601, low half first.
 * - `nFileSizeHigh` (0x1C), `nFileSizeLow` (0x20): in bytes; the **high** half comes first.
 *
 * @see https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-win32_file_attribute_data
 */
export const WIN32_FILE_ATTRIBUTE_DATA: Layout<
  | 'dwFileAttributes'
  | 'ftCreationTime'
  | 'ftLastAccessTime'
  | 'ftLastWriteTime'
  | 'nFileSizeHigh'
  | 'nFileSizeLow'
> = declare('WIN32_FILE_ATTRIBUTE_DATA', {
  dwFileAttributes: DWORD,
  ftCreationTime: FILETIME,
  ftLastAccessTime: FILETIME,
  ftLastWriteTime: FILETIME,
  nFileSizeHigh: DWORD,
  nFileSizeLow: DWORD,
});

/**
 * A stream of an open file (FileStreamInfo, 7): the start of each entry of the list, which the name follows. 32 bytes with
 * the first character of the name and padding, little-endian.
 *
 * - `NextEntryOffset` (0x00): from this entry to the next, in bytes; 0 in the last one.
 * - `StreamNameLength` (0x04): in bytes.
 * - `StreamSize` (0x08), `StreamAllocationSize` (0x10): in bytes.
 * - `StreamName` (0x18): UTF-16 without a zero at its end; `::$DATA` is the main stream.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_stream_info
 */
export const FILE_STREAM_INFO: Layout<
  'NextEntryOffset' | 'StreamNameLength' | 'StreamSize' | 'StreamAllocationSize' | 'StreamName'
> = declare('FILE_STREAM_INFO', {
  NextEntryOffset: DWORD,
  StreamNameLength: DWORD,
  StreamSize: LARGE_INTEGER,
  StreamAllocationSize: LARGE_INTEGER,
  StreamName: array(WCHAR, 1),
});

/**
 * A stream of a file, as `FindFirstStreamW` and `FindNextStreamW` return it. 600 bytes, little-endian.
 *
 * - `StreamSize` (0x00): in bytes.
 * - `cStreamName` (0x08, MAX_PATH + 36 characters): UTF-16, ends with a zero; `::$DATA` is the main stream,
 *   `:Zone.Identifier:$DATA` the mark of the web.
 *
 * @see https://learn.microsoft.com/windows/win32/api/fileapi/ns-fileapi-win32_find_stream_data
 */
export const WIN32_FIND_STREAM_DATA: Layout<'StreamSize' | 'cStreamName'> = declare(
  'WIN32_FIND_STREAM_DATA',
  {
    StreamSize: LARGE_INTEGER,
    cStreamName: array(WCHAR, 260 + 36),
  },
);
