import {
  BY_HANDLE_FILE_INFORMATION,
  ERROR_ACCESS_DENIED,
  ERROR_CALL_NOT_IMPLEMENTED,
  ERROR_HANDLE_EOF,
  ERROR_INVALID_DATA,
  ERROR_INVALID_FUNCTION,
  ERROR_INVALID_PARAMETER,
  ERROR_MORE_DATA,
  ERROR_NOT_SUPPORTED,
  FILE_BASIC_INFO,
  FILE_DISPOSITION_INFO,
  FILE_END_OF_FILE_INFO,
  FILE_ID_INFO,
  FILE_STORAGE_INFO,
  FILE_STREAM_INFO,
  WIN32_FILE_ATTRIBUTE_DATA,
} from '../../../structs/index.ts';
import { ignoreErrors, ignoreErrorsSync } from '../../call-context.ts';
import { perform, performSync } from '../../control.ts';
import { ProtocolError, Win32Error } from '../../errors.ts';
import { isSectorSize } from '../../fields.ts';
import { streamOf } from '../../path.ts';
import { SMALLEST_SECTOR } from '../../request.ts';
import { getUint64 } from '../../uint64.ts';
import {
  allowWholeVolume,
  identityOfDevice,
  identityOfDeviceSync,
  lengthQuery,
  sectorSizeOfDevice,
  sectorSizeOfDeviceSync,
} from '../device-queries.ts';
import { type ControlKernel, type FileInfo, type FoundFile, KernelFailure } from '../kernel.ts';
import type { PoolCall } from './calls.ts';
import { lastFailure } from './failures.ts';
import { nativePath } from './handles.ts';
import { type Native, nativeMemory } from './native.ts';
import { sectorSizeOfVolume, sectorSizeOfVolumeSync } from './volume.ts';

// FILE_INFO_BY_HANDLE_CLASS
const FileBasicInfo = 0;
const FileDispositionInfo = 4;
const FileEndOfFileInfo = 6;
const FileStreamInfo = 7;
const FileRemoteProtocolInfo = 13;
const FileStorageInfo = 16;
const FileIdInfo = 18;

const FILE_ATTRIBUTE_DIRECTORY = 0x10;
const FILE_ATTRIBUTE_NORMAL = 0x80;
const FILE_ATTRIBUTE_REPARSE_POINT = 0x400;
const FILE_ATTRIBUTE_ENCRYPTED = 0x4000;
// GET_FILEEX_INFO_LEVELS
const GetFileExInfoStandard = 0;
const STREAMS_ROOM = 4096;
const MOST_STREAMS_ROOM = 1_048_576;
const MAIN_STREAM = '::$DATA';
// A file without streams, and file systems that know no streams.
const WITHOUT_STREAMS: readonly number[] = [
  ERROR_HANDLE_EOF,
  ERROR_INVALID_FUNCTION,
  ERROR_NOT_SUPPORTED,
  ERROR_INVALID_PARAMETER,
  ERROR_CALL_NOT_IMPLEMENTED,
];
// What CopyFile keeps of the source: read-only, hidden, system, archive, not indexed.
const KEPT_ATTRIBUTES = 0x1 | 0x2 | 0x4 | 0x20 | 0x2000;

/** The state of a file, inside a job on its handle. */
export async function fileInfo(call: PoolCall, handle: bigint, path: string): Promise<FileInfo> {
  const query = async (kind: number, size: number) => {
    const bytes = nativeMemory(size);
    const { result } = await call('GetFileInformationByHandleEx', handle, kind, bytes, size);
    return result === 0 ? undefined : new DataView(bytes.buffer, 0, size);
  };
  const size = nativeMemory(8);
  const found = await call('GetFileSizeEx', handle, size);
  if (found.result === 0) throw new KernelFailure(found.errno);
  const storage = await query(FileStorageInfo, FILE_STORAGE_INFO.size);
  const basic = await query(FileBasicInfo, FILE_BASIC_INFO.size);
  let identity = identityById(await query(FileIdInfo, FILE_ID_INFO.size));
  if (identity === undefined) {
    const index = nativeMemory(BY_HANDLE_FILE_INFORMATION.size);
    const { result } = await call('GetFileInformationByHandle', handle, index);
    if (result !== 0) identity = identityByIndex(new DataView(index.buffer));
  }
  const sectorSize = storageSector(storage) ?? (await sectorSizeOfVolume(call, handle, path));
  return regularFile(path, size, basic, identity, sectorSize);
}

/** {@link fileInfo}, blocking. */
export function fileInfoSync(native: Native, handle: bigint, path: string): FileInfo {
  const query = (kind: number, size: number) => {
    const bytes = nativeMemory(size);
    const result = native.GetFileInformationByHandleEx(handle, kind, bytes, size);
    return result === 0 ? undefined : new DataView(bytes.buffer, 0, size);
  };
  const size = nativeMemory(8);
  if (native.GetFileSizeEx(handle, size) === 0) throw lastFailure(native);
  const storage = query(FileStorageInfo, FILE_STORAGE_INFO.size);
  const basic = query(FileBasicInfo, FILE_BASIC_INFO.size);
  let identity = identityById(query(FileIdInfo, FILE_ID_INFO.size));
  if (identity === undefined) {
    const index = nativeMemory(BY_HANDLE_FILE_INFORMATION.size);
    if (native.GetFileInformationByHandle(handle, index) !== 0) {
      identity = identityByIndex(new DataView(index.buffer));
    }
  }
  const sectorSize = storageSector(storage) ?? sectorSizeOfVolumeSync(native, handle, path);
  return regularFile(path, size, basic, identity, sectorSize);
}

/** The state of a volume or disk. */
export async function deviceInfo(kernel: ControlKernel, handle: bigint, path: string): Promise<FileInfo> {
  try {
    await ignoreErrors(() => perform(kernel, allowWholeVolume, { handle }, undefined));
    const size = await perform(kernel, lengthQuery, { handle }, undefined);
    const identity = await identityOfDevice(kernel, { handle }, path);
    return device(identity, size, await sectorSizeOfDevice(kernel, { handle }));
  } catch (error) {
    throw asKernelFailure(error);
  }
}

/** {@link deviceInfo}, blocking. */
export function deviceInfoSync(kernel: ControlKernel, handle: bigint, path: string): FileInfo {
  try {
    ignoreErrorsSync(() => performSync(kernel, allowWholeVolume, { handle }, undefined));
    const size = performSync(kernel, lengthQuery, { handle }, undefined);
    const identity = identityOfDeviceSync(kernel, { handle }, path);
    return device(identity, size, sectorSizeOfDeviceSync(kernel, { handle }));
  } catch (error) {
    throw asKernelFailure(error);
  }
}

export type SetParameters = [handle: bigint, kind: number, information: Uint8Array, length: number];

/** FILE_END_OF_FILE_INFO moves the end of a file without a file pointer, which an overlapped handle does not have. */
export function endOfFileParameters(handle: bigint, size: bigint): SetParameters {
  const information = nativeMemory(FILE_END_OF_FILE_INFO.size);
  new DataView(information.buffer).setBigInt64(FILE_END_OF_FILE_INFO.offsetOf.EndOfFile, size, true);
  return [handle, FileEndOfFileInfo, information, FILE_END_OF_FILE_INFO.size];
}

/** What a name stands for, inside a job. */
export async function findFile(call: PoolCall, path: string): Promise<FoundFile | undefined> {
  const bytes = nativeMemory(WIN32_FILE_ATTRIBUTE_DATA.size);
  const { result } = await call('GetFileAttributesExW', nativePath(path), GetFileExInfoStandard, bytes);
  if (result === 0) return undefined;
  const view = new DataView(bytes.buffer);
  const { dwFileAttributes, ftLastWriteTime, nFileSizeHigh, nFileSizeLow } =
    WIN32_FILE_ATTRIBUTE_DATA.offsetOf;
  const attributes = view.getUint32(dwFileAttributes, true);
  const size =
    (BigInt(view.getUint32(nFileSizeHigh, true)) << 32n) + BigInt(view.getUint32(nFileSizeLow, true));
  return {
    isPlain: (attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT)) === 0,
    size,
    stamp: `${size}:${getUint64(view, ftLastWriteTime)}`,
  };
}

/** The names of the named streams of a file, inside a job on its handle. None where the file system has no streams. */
export async function namedStreams(call: PoolCall, handle: bigint): Promise<string[]> {
  for (let room = STREAMS_ROOM; room <= MOST_STREAMS_ROOM; room *= 4) {
    const bytes = nativeMemory(room);
    const { result, errno } = await call('GetFileInformationByHandleEx', handle, FileStreamInfo, bytes, room);
    if (result !== 0) return streamNames(bytes).filter((name) => name !== MAIN_STREAM);
    if (WITHOUT_STREAMS.includes(errno)) return [];
    if (errno !== ERROR_MORE_DATA) throw new KernelFailure(errno);
  }
  throw new KernelFailure(ERROR_MORE_DATA);
}

function streamNames(list: Uint8Array): string[] {
  const { NextEntryOffset, StreamNameLength, StreamName } = FILE_STREAM_INFO.offsetOf;
  const view = new DataView(list.buffer);
  const names: string[] = [];
  for (let at = 0, next = 0; ; at += next) {
    const length = view.getUint32(at + StreamNameLength, true);
    names.push(Buffer.from(list.buffer, at + StreamName, length).toString('utf16le'));
    next = view.getUint32(at + NextEntryOffset, true);
    if (next === 0) return names;
  }
}

/** Removes a file, inside a job on its handle. Windows does not remove a read-only one, so that attribute is dropped first. */
export async function removeFile(call: PoolCall, handle: bigint): Promise<void> {
  try {
    await setInformation(call, removeParameters(handle));
  } catch (error) {
    if (!(error instanceof KernelFailure && error.errno === ERROR_ACCESS_DENIED)) throw error;
    const plain = nativeMemory(FILE_BASIC_INFO.size);
    new DataView(plain.buffer).setUint32(
      FILE_BASIC_INFO.offsetOf.FileAttributes,
      FILE_ATTRIBUTE_NORMAL,
      true,
    );
    await setInformation(call, metadataParameters(handle, plain));
    await setInformation(call, removeParameters(handle));
  }
}

/** FILE_DISPOSITION_INFO removes by handle, since the path may belong to another file by now. */
export function removeParameters(handle: bigint): SetParameters {
  const information = nativeMemory(FILE_DISPOSITION_INFO.size);
  information[FILE_DISPOSITION_INFO.offsetOf.DeleteFile] = 1;
  return [handle, FileDispositionInfo, information, FILE_DISPOSITION_INFO.size];
}

/** Reads the last write time and attributes of a file, as CopyFile gives them to the copy. */
export async function readMetadata(call: PoolCall, handle: bigint): Promise<Uint8Array> {
  const { LastWriteTime, FileAttributes } = FILE_BASIC_INFO.offsetOf;
  const { size } = FILE_BASIC_INFO;
  const bytes = nativeMemory(size);
  const { result, errno } = await call('GetFileInformationByHandleEx', handle, FileBasicInfo, bytes, size);
  if (result === 0) throw new KernelFailure(errno);
  const source = new DataView(bytes.buffer);
  // A time of zero leaves that time unchanged.
  const wanted = nativeMemory(size);
  const view = new DataView(wanted.buffer);
  view.setBigInt64(LastWriteTime, source.getBigInt64(LastWriteTime, true), true);
  const attributes = source.getUint32(FileAttributes, true) & KEPT_ATTRIBUTES;
  view.setUint32(FileAttributes, attributes === 0 ? FILE_ATTRIBUTE_NORMAL : attributes, true);
  return wanted;
}

export function metadataParameters(handle: bigint, metadata: Uint8Array): SetParameters {
  return [handle, FileBasicInfo, metadata, FILE_BASIC_INFO.size];
}

/** SetFileInformationByHandle, inside a job on the handle. */
export async function setInformation(call: PoolCall, parameters: SetParameters): Promise<void> {
  const { result, errno } = await call('SetFileInformationByHandle', ...parameters);
  if (result === 0) throw new KernelFailure(errno);
}

/** {@link setInformation}, blocking. */
export function setInformationSync(native: Native, parameters: SetParameters): void {
  if (native.SetFileInformationByHandle(...parameters) === 0) throw lastFailure(native);
}

// Room for every version of FILE_REMOTE_PROTOCOL_INFO.
const REMOTE_PROTOCOL_ROOM = 256;

/** Refuses a file on a server, which may answer from a cache of its own, inside a job on the handle. */
export async function refuseRemote(call: PoolCall, handle: bigint): Promise<void> {
  const bytes = nativeMemory(REMOTE_PROTOCOL_ROOM);
  // Fails for a local file.
  const { result } = await call(
    'GetFileInformationByHandleEx',
    handle,
    FileRemoteProtocolInfo,
    bytes,
    REMOTE_PROTOCOL_ROOM,
  );
  if (result !== 0) throw new KernelFailure(ERROR_NOT_SUPPORTED);
}

/** FlushFileBuffers, inside a job on the handle. */
export async function flush(call: PoolCall, handle: bigint): Promise<void> {
  const { result, errno } = await call('FlushFileBuffers', handle);
  if (result === 0) throw new KernelFailure(errno);
}

function device(identity: string, size: bigint, sectorSize: number): FileInfo {
  return { size, sectorSize, identity, stamp: 'device', isDevice: true, isEncrypted: false };
}

// The caller adds the name of the call and the path.
function asKernelFailure(error: unknown): unknown {
  if (error instanceof Win32Error) return new KernelFailure(error.errno, error.ntstatus?.value);
  return error instanceof ProtocolError ? new KernelFailure(ERROR_INVALID_DATA) : error;
}

function regularFile(
  path: string,
  sizeMemory: Uint8Array,
  basic: DataView | undefined,
  identity: string | undefined,
  sectorSize = SMALLEST_SECTOR,
): FileInfo {
  const size = new DataView(sizeMemory.buffer).getBigInt64(0, true);
  const lastWrite = basic?.getBigInt64(FILE_BASIC_INFO.offsetOf.LastWriteTime, true) ?? 0n;
  const attributes = basic?.getUint32(FILE_BASIC_INFO.offsetOf.FileAttributes, true) ?? 0;
  const isEncrypted = (attributes & FILE_ATTRIBUTE_ENCRYPTED) !== 0;
  const stream = streamOf(path);
  return { size, sectorSize, identity, stream, stamp: `${size}:${lastWrite}`, isDevice: false, isEncrypted };
}

// Undefined where this Windows, or this file system, does not know the class.
function storageSector(storage: DataView | undefined): number | undefined {
  const bytes = storage?.getUint32(FILE_STORAGE_INFO.offsetOf.LogicalBytesPerSector, true);
  return isSectorSize(bytes) ? bytes : undefined;
}

function identityById(id: DataView | undefined): string | undefined {
  if (id === undefined) return undefined;
  const digits = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
  const at = FILE_ID_INFO.offsetOf.FileId * 2;
  return identityOf(digits.slice(0, at), digits.slice(at));
}

function identityByIndex(index: DataView): string | undefined {
  const { dwVolumeSerialNumber, nFileIndexHigh, nFileIndexLow } = BY_HANDLE_FILE_INFORMATION.offsetOf;
  const digits = (field: number) => index.getUint32(field, true).toString(16).padStart(8, '0');
  return identityOf(digits(dwVolumeSerialNumber), digits(nFileIndexHigh) + digits(nFileIndexLow));
}

// MS-FSCC 2.1.9, 2.1.10: all zeros where the file system has no ids, all ones where it has none for this file.
function identityOf(volume: string, file: string): string | undefined {
  return /^(?:0+|f+)$/.test(file) ? undefined : `${volume}:${file}`;
}
