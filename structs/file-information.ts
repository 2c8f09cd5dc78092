import { declare } from './declare.ts';
import type { Layout } from './layout.ts';
import { alias, array, BOOLEAN, BYTE, DWORD, FILETIME, LARGE_INTEGER, ULONG, ULONGLONG } from './types.ts';

/**
 * What `GetFileInformationByHandle` answers. 52 bytes, little-endian, align 4.
 *
 * - `dwFileAttributes` (0x00): FILE_ATTRIBUTE_ bits.
 * - `ftCreationTime` (0x04), `ftLastAccessTime` (0x0C), `ftLastWriteTime` (0x14): 100 ns since 1601, low half first.
 * - `dwVolumeSerialNumber` (0x1C): of the volume; with the index it identifies the file.
 * - `nFileSizeHigh` (0x20), `nFileSizeLow` (0x24): bytes; the **high** half comes first.
 * - `nNumberOfLinks` (0x28): names of the file.
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
 * Times and attributes of a file (FileBasicInfo, 0). 40 bytes, little-endian, the last four of them padding.
 *
 * - `CreationTime` (0x00), `LastAccessTime` (0x08), `LastWriteTime` (0x10), `ChangeTime` (0x18): 100 ns since 1601;
 *   0 leaves a time as it is.
 * - `FileAttributes` (0x20): FILE_ATTRIBUTE_ bits; 0 leaves them as they are.
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
 * Where a file shall end (FileEndOfFileInfo, 6). 8 bytes, little-endian. An offload write never extends a file, so
 * this comes first.
 *
 * - `EndOfFile` (0x00): bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_end_of_file_info
 */
export const FILE_END_OF_FILE_INFO: Layout<'EndOfFile'> = declare('FILE_END_OF_FILE_INFO', {
  EndOfFile: LARGE_INTEGER,
});

/**
 * Whether a file goes when its last handle closes (FileDispositionInfo, 4). 1 byte.
 *
 * - `DeleteFile` (0x00): 0 or 1.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_disposition_info
 */
export const FILE_DISPOSITION_INFO: Layout<'DeleteFile'> = declare('FILE_DISPOSITION_INFO', {
  DeleteFile: BOOLEAN,
});

/**
 * The sectors beneath a file (FileStorageInfo, 16). 28 bytes, little-endian.
 *
 * - `LogicalBytesPerSector` (0x00): bytes; the unit that every offset and length of an offload is a multiple of.
 * - `PhysicalBytesPerSectorForAtomicity` (0x04), `PhysicalBytesPerSectorForPerformance` (0x08),
 *   `FileSystemEffectivePhysicalBytesPerSectorForAtomicity` (0x0C): bytes.
 * - `Flags` (0x10): STORAGE_INFO_FLAGS_ bits.
 * - `ByteOffsetForSectorAlignment` (0x14), `ByteOffsetForPartitionAlignment` (0x18): bytes; all ones when unknown.
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
 * What identifies a file (FileIdInfo, 18): two handles with the same 24 bytes are one file.
 *
 * - `VolumeSerialNumber` (0x00): of the volume.
 * - `FileId` (0x08, 16 bytes): within the volume; compare it as bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winbase/ns-winbase-file_id_info
 */
export const FILE_ID_INFO: Layout<'VolumeSerialNumber' | 'FileId'> = declare('FILE_ID_INFO', {
  VolumeSerialNumber: ULONGLONG,
  FileId: alias('FILE_ID_128', array(BYTE, 16)),
});
