import {
  BY_HANDLE_FILE_INFORMATION,
  ERROR_INVALID_DATA,
  FILE_BASIC_INFO,
  FILE_DISPOSITION_INFO,
  FILE_END_OF_FILE_INFO,
  FILE_ID_INFO,
  FILE_STORAGE_INFO,
  INVALID_HANDLE_VALUE,
} from '../../../structs/index.ts';
import { ImpossibleReply } from '../../control.ts';
import { isSectorSize } from '../../fields.ts';
import { isDevicePath } from '../../path.ts';
import { SMALLEST_SECTOR } from '../../request.ts';
import { lengthQuery, sectorSizeOfDeviceSync } from '../device-queries.ts';
import {
  type ControlKernel,
  type Disposition,
  type FileInfo,
  KernelFailure,
  type OpenRequest,
  type Sharing,
} from '../kernel.ts';
import { lastFailure } from './last-failure.ts';
import type { Native } from './native.ts';
import { roomFor, roomForNumber } from './room.ts';
import { nativePath } from './strings.ts';
import { sectorSizeOfVolume } from './volume.ts';

const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const DELETE = 0x1_0000;
const FILE_SHARE_ALL = 0x7;
// FILE_SHARE_READ and FILE_SHARE_DELETE
const SHARES: Record<Sharing, number> = { all: FILE_SHARE_ALL, read: 0x5, none: 0 };
const FILE_FLAG_OVERLAPPED = 0x4000_0000;
const FILE_ATTRIBUTE_NORMAL = 0x80;

const DISPOSITIONS: Record<Disposition, number> = {
  'create-new': 1,
  create: 2,
  open: 3,
};

// FILE_INFO_BY_HANDLE_CLASS
const FileBasicInfo = 0;
const FileDispositionInfo = 4;
const FileEndOfFileInfo = 6;
const FileStorageInfo = 16;
const FileIdInfo = 18;

// What a copy keeps of its source, as CopyFile does: read-only, hidden, system, archive, not indexed.
const KEPT_ATTRIBUTES = 0x1 | 0x2 | 0x4 | 0x20 | 0x2000;

/** The parameters of CreateFileW for a file that will be used overlapped. */
export function openParameters(
  path: string,
  request: OpenRequest,
): [string, number, number, null, number, number, bigint] {
  const { read, write, removable = false } = request;
  const access = (read ? GENERIC_READ : 0) + (write ? GENERIC_WRITE : 0) + (removable ? DELETE : 0);
  const share = SHARES[request.sharing ?? 'all'];
  const flags = FILE_FLAG_OVERLAPPED + FILE_ATTRIBUTE_NORMAL;
  return [nativePath(path), access, share, null, DISPOSITIONS[request.disposition], flags, 0n];
}

/** The parameters of CreateFileW for a device that is only asked, which takes no access rights. */
export function deviceParameters(path: string): [string, number, number, null, number, number, bigint] {
  return [path, 0, FILE_SHARE_ALL, null, DISPOSITIONS.open, FILE_FLAG_OVERLAPPED, 0n];
}

export function isHandle(handle: bigint | null): handle is bigint {
  return handle !== null && handle !== INVALID_HANDLE_VALUE;
}

export function fileInfo(native: Native, kernel: ControlKernel, handle: bigint, path: string): FileInfo {
  if (isDevicePath(path)) {
    const size = lengthOfDevice(kernel, handle);
    const sectorSize = sectorSizeOfDeviceSync(kernel, { handle });
    return { size, sectorSize, identity: `device:${path.toLowerCase()}`, stamp: 'device', isDevice: true };
  }
  const size = fileSize(native, handle);
  const sectorSize = storageSector(native, handle) ?? sectorSizeOfVolume(native, path) ?? SMALLEST_SECTOR;
  return {
    size,
    sectorSize,
    identity: identityOf(native, handle),
    stamp: `${size}:${lastWriteTime(native, handle)}`,
    isDevice: false,
  };
}

/** FILE_END_OF_FILE_INFO: moves the end of a file without a file pointer, which an overlapped handle has not. */
export function endOfFileParameters(handle: bigint, size: bigint): [bigint, number, Uint8Array, number] {
  const information = roomFor(FILE_END_OF_FILE_INFO.size);
  new DataView(information.buffer).setBigInt64(FILE_END_OF_FILE_INFO.offsetOf.EndOfFile, size, true);
  return [handle, FileEndOfFileInfo, information, FILE_END_OF_FILE_INFO.size];
}

/** FILE_DISPOSITION_INFO: by the handle, since the path may mean another file as soon as the handle is closed. */
export function removeParameters(handle: bigint): [bigint, number, Uint8Array, number] {
  const information = roomFor(FILE_DISPOSITION_INFO.size);
  information[FILE_DISPOSITION_INFO.offsetOf.DeleteFile] = 1;
  return [handle, FileDispositionInfo, information, FILE_DISPOSITION_INFO.size];
}

/** Gives `to` the last write time and attributes of `from`, as CopyFile does. */
export function copyTimesAndAttributes(native: Native, from: bigint, to: bigint): void {
  const { LastWriteTime, FileAttributes } = FILE_BASIC_INFO.offsetOf;
  const source = information(native, from, FileBasicInfo, FILE_BASIC_INFO.size);
  if (source === undefined) throw lastFailure(native);
  // A zero leaves that time as it is.
  const wanted = roomFor(FILE_BASIC_INFO.size);
  const view = new DataView(wanted.buffer);
  view.setBigInt64(LastWriteTime, source.getBigInt64(LastWriteTime, true), true);
  const attributes = source.getUint32(FileAttributes, true) & KEPT_ATTRIBUTES;
  view.setUint32(FileAttributes, attributes === 0 ? FILE_ATTRIBUTE_NORMAL : attributes, true);
  if (native.SetFileInformationByHandle(to, FileBasicInfo, wanted, FILE_BASIC_INFO.size) === 0)
    throw lastFailure(native);
}

// The caller names the call and the file in its error.
function lengthOfDevice(kernel: ControlKernel, handle: bigint): bigint {
  const { code, outputSize, decode } = lengthQuery;
  const buffers = kernel.acquire(0, outputSize);
  try {
    return decode(buffers, kernel.controlSync(handle, code, buffers, 0, outputSize), undefined);
  } catch (error) {
    throw error instanceof ImpossibleReply ? new KernelFailure(ERROR_INVALID_DATA) : error;
  } finally {
    kernel.release(buffers);
  }
}

function fileSize(native: Native, handle: bigint): bigint {
  const size = roomForNumber();
  if (native.GetFileSizeEx(handle, size) === 0) throw lastFailure(native);
  return new DataView(size.buffer).getBigInt64(0, true);
}

function storageSector(native: Native, handle: bigint): number | undefined {
  const storage = information(native, handle, FileStorageInfo, FILE_STORAGE_INFO.size);
  const bytes = storage?.getUint32(FILE_STORAGE_INFO.offsetOf.LogicalBytesPerSector, true);
  return isSectorSize(bytes) ? bytes : undefined;
}

function lastWriteTime(native: Native, handle: bigint): bigint {
  const basic = information(native, handle, FileBasicInfo, FILE_BASIC_INFO.size);
  return basic?.getBigInt64(FILE_BASIC_INFO.offsetOf.LastWriteTime, true) ?? 0n;
}

function identityOf(native: Native, handle: bigint): string | undefined {
  return identityById(native, handle) ?? identityByIndex(native, handle);
}

function identityById(native: Native, handle: bigint): string | undefined {
  const id = information(native, handle, FileIdInfo, FILE_ID_INFO.size);
  if (id === undefined) return undefined;
  const digits = Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('hex');
  const at = FILE_ID_INFO.offsetOf.FileId * 2;
  return identity(digits.slice(0, at), digits.slice(at));
}

function identityByIndex(native: Native, handle: bigint): string | undefined {
  const bytes = roomFor(BY_HANDLE_FILE_INFORMATION.size);
  if (native.GetFileInformationByHandle(handle, bytes) === 0) return undefined;
  const view = new DataView(bytes.buffer);
  const { dwVolumeSerialNumber, nFileIndexHigh, nFileIndexLow } = BY_HANDLE_FILE_INFORMATION.offsetOf;
  const digits = (field: number) => view.getUint32(field, true).toString(16).padStart(8, '0');
  return identity(digits(dwVolumeSerialNumber), digits(nFileIndexHigh) + digits(nFileIndexLow));
}

// MS-FSCC 2.1.9, 2.1.10: all zeros where the file system has no ids, all ones where it has none for this file.
function identity(volume: string, file: string): string | undefined {
  return /^(?:0+|f+)$/.test(file) ? undefined : `${volume}:${file}`;
}

/** GetFileInformationByHandleEx; undefined where this Windows, or this file system, does not know the class. */
function information(native: Native, handle: bigint, kind: number, size: number): DataView | undefined {
  const bytes = roomFor(size);
  const succeeded = native.GetFileInformationByHandleEx(handle, kind, bytes, size) !== 0;
  return succeeded ? new DataView(bytes.buffer, 0, size) : undefined;
}
