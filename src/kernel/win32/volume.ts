import { BY_HANDLE_FILE_INFORMATION, ERROR_ACCESS_DENIED } from '../../../structs/index.ts';
import { isSectorSize } from '../../fields.ts';
import { isDevicePath } from '../../path.ts';
import { SMALLEST_SECTOR } from '../../request.ts';
import { KernelFailure, type VolumeInfo } from '../kernel.ts';
import type { PoolCall } from './calls.ts';
import { filtersOf } from './filters.ts';
import { isHandle, nativePath, queryParameters } from './handles.ts';
import { type Native, nativeMemory, textOf } from './native.ts';

const TEXT_BYTES = 1024;
const TEXT_LENGTH = TEXT_BYTES / 2;
// The longest path that Windows has.
const PATH_LENGTH = 32_768;
const VOLUME_NAME_DOS = 0;
const VOLUME_NAME_GUID = 1;
const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
const FILE_ATTRIBUTE_DIRECTORY = 0x10;
const FILE_READ_ONLY_VOLUME = 0x0008_0000;
const HKEY_LOCAL_MACHINE = 0x8000_0002n;
const RRF_RT_REG_DWORD = 0x10;

const ATTRIBUTES = [
  ['sparse', 0x0200],
  ['compressed', 0x0800],
  ['encrypted', 0x4000],
] as const;

// GetDriveTypeW: https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getdrivetypew
const DRIVE_REMOVABLE = 2;
const DRIVE_FIXED = 3;
const DRIVE_REMOTE = 4;

/** The volume behind a device path: a device answers none of these queries. */
export function volumeOfDevice(path: string): VolumeInfo {
  return { ...UNKNOWN, device: path };
}

/** The volume behind a path, inside a job. What Windows does not answer is undefined. */
export async function volumeInfo(call: PoolCall, path: string): Promise<VolumeInfo> {
  const { attributes, root, mountPoint } = await locate(call, path);
  const { result: drive } = await call('GetDriveTypeW', mountPoint ?? root);
  const device = (await deviceOfVolume(call, root)).path;
  return {
    ...(await volumeInformation(call, root)),
    location:
      drive === DRIVE_REMOTE
        ? 'remote'
        : drive === DRIVE_FIXED || drive === DRIVE_REMOVABLE
          ? 'local'
          : 'unknown',
    isFolder: (attributes & FILE_ATTRIBUTE_DIRECTORY) !== 0,
    attributes: obstacles(attributes),
    size: undefined,
    sectorSize: (await sectorSizeOfRoot(call, root)) ?? SMALLEST_SECTOR,
    device,
    ...(await filtersOf(call, namesForFilterManager(mountPoint, device))),
    featuresMode: await featuresMode(call),
  };
}

/** The path of the volume beneath a file, to be opened without access rights. */
export async function devicePath(call: PoolCall, path: string): Promise<string> {
  if (isDevicePath(path)) return path;
  const { root } = await locate(call, path);
  const { path: device, errno } = await deviceOfVolume(call, root);
  if (device === undefined) throw new KernelFailure(errno);
  return device;
}

/** The sector of the volume of an open file. The path is used where the handle does not lead to it. */
export async function sectorSizeOfVolume(
  call: PoolCall,
  handle: bigint,
  path: string,
): Promise<number | undefined> {
  try {
    const { root } = await placeOf(call, handle, path);
    return await sectorSizeOfRoot(call, root);
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}

/** {@link sectorSizeOfVolume}, blocking. */
export function sectorSizeOfVolumeSync(native: Native, handle: bigint, path: string): number | undefined {
  const text = textForPath();
  const length = native.GetFinalPathNameByHandleW(handle, text, PATH_LENGTH, VOLUME_NAME_GUID);
  const root = volumeIn(length === 0 ? '' : textOf(text)) ?? rootByNameSync(native, path);
  const [bytes, ignored] = [nativeMemory(4), nativeMemory(4)];
  const isKnown =
    root !== undefined && native.GetDiskFreeSpaceW(root, ignored, bytes, ignored, ignored) !== 0;
  return isKnown ? sectorIn(bytes) : undefined;
}

/** Where a file really is, whatever SUBST drives, symbolic links and mounted folders its name leads through. */
interface Place {
  /** The root of its volume, with a backslash at the end. */
  readonly root: string;
  /** The drive or folder where the volume is mounted, if any. */
  readonly mountPoint: string | undefined;
}

/** Opens a file or folder without access rights, which conflicts with nobody, and finds its volume and attributes. */
async function locate(call: PoolCall, path: string): Promise<Place & { readonly attributes: number }> {
  const { result: handle, errno } = await call('CreateFileW', ...queryParameters(path));
  if (!isHandle(handle)) {
    // The right to list its folder is enough to see it.
    if (errno !== ERROR_ACCESS_DENIED) throw new KernelFailure(errno);
    const root = await rootByName(call, path);
    return { attributes: await attributesByName(call, path), root, mountPoint: root };
  }
  try {
    const information = nativeMemory(BY_HANDLE_FILE_INFORMATION.size);
    const { result } = await call('GetFileInformationByHandle', handle, information);
    const { dwFileAttributes } = BY_HANDLE_FILE_INFORMATION.offsetOf;
    const attributes =
      result === 0
        ? await attributesByName(call, path)
        : new DataView(information.buffer).getUint32(dwFileAttributes, true);
    return { attributes, ...(await placeOf(call, handle, path)) };
  } finally {
    await call('CloseHandle', handle);
  }
}

async function placeOf(call: PoolCall, handle: bigint, path: string): Promise<Place> {
  const root = volumeIn((await finalPath(call, handle, VOLUME_NAME_GUID)) ?? '');
  const named = await finalPath(call, handle, VOLUME_NAME_DOS);
  const mountPoint = named === undefined ? undefined : withoutPrefix(await rootByName(call, named));
  // A share has no volume name.
  return { root: root ?? mountPoint ?? (await rootByName(call, path)), mountPoint };
}

async function finalPath(call: PoolCall, handle: bigint, kind: number): Promise<string | undefined> {
  const text = textForPath();
  const { result } = await call('GetFinalPathNameByHandleW', handle, text, PATH_LENGTH, kind);
  return result === 0 ? undefined : textOf(text);
}

// Not every function that takes a drive takes \\?\D:\.
function withoutPrefix(root: string): string {
  return root.replace(/^\\\\\?\\(?=[A-Z]:)/i, '');
}

function volumeIn(path: string): string | undefined {
  return /^\\\\\?\\Volume\{[^}]*\}\\/i.exec(path)?.[0];
}

async function attributesByName(call: PoolCall, path: string): Promise<number> {
  const { result, errno } = await call('GetFileAttributesW', nativePath(path));
  if (result === INVALID_FILE_ATTRIBUTES) throw new KernelFailure(errno);
  return result;
}

function obstacles(attributes: number): VolumeInfo['attributes'] {
  return ATTRIBUTES.filter(([, bit]) => (attributes & bit) !== 0).map(([name]) => name);
}

// Its documentation lists a drive or mounted folder, and `\??\Volume{...}`, but not `\\?\Volume{...}`.
function namesForFilterManager(mountPoint: string | undefined, device: string | undefined): string[] {
  const names = [mountPoint, device?.replace(/^\\\\\?\\/, '\\??\\')];
  return names.filter((name) => name !== undefined).map((name) => name.replace(/\\$/, ''));
}

const UNKNOWN: VolumeInfo = {
  fileSystem: undefined,
  location: 'local',
  readOnly: false,
  attributes: [],
  size: undefined,
  sectorSize: SMALLEST_SECTOR,
  device: undefined,
  filters: undefined,
  filtersUnknown: 'the path names a device, and filters stand above its volumes',
};

function textForPath(): Uint8Array {
  return nativeMemory(PATH_LENGTH * 2);
}

// GetVolumePathNameW wants as much room as its input takes, with the NUL, although the root is shorter.
function textForRootOf(path: string): Uint8Array {
  return new Uint8Array(Math.max(TEXT_LENGTH, nativePath(path).length + 1) * 2);
}

async function rootByName(call: PoolCall, path: string): Promise<string> {
  const text = textForRootOf(path);
  const { result, errno } = await call('GetVolumePathNameW', nativePath(path), text, text.length / 2);
  if (result === 0) throw new KernelFailure(errno);
  return textOf(text);
}

function rootByNameSync(native: Native, path: string): string | undefined {
  const text = textForRootOf(path);
  const result = native.GetVolumePathNameW(nativePath(path), text, text.length / 2);
  return result === 0 ? undefined : textOf(text);
}

// The volume's name ends in a backslash, with which it would open the root folder.
async function deviceOfVolume(
  call: PoolCall,
  root: string,
): Promise<{ path: string | undefined; errno: number }> {
  if (volumeIn(root) !== undefined) return { path: root.replace(/\\$/, ''), errno: 0 };
  const text = new Uint8Array(TEXT_BYTES);
  const { result, errno } = await call('GetVolumeNameForVolumeMountPointW', root, text, TEXT_LENGTH);
  return { path: result === 0 ? undefined : textOf(text).replace(/\\$/, ''), errno };
}

async function volumeInformation(
  call: PoolCall,
  root: string,
): Promise<{ fileSystem: string | undefined; readOnly: boolean }> {
  const flags = nativeMemory(4);
  const name = new Uint8Array(TEXT_BYTES);
  const { result } = await call('GetVolumeInformationW', root, null, 0, null, null, flags, name, TEXT_LENGTH);
  if (result === 0) return { fileSystem: undefined, readOnly: false };
  const bits = new DataView(flags.buffer).getUint32(0, true);
  return { fileSystem: textOf(name), readOnly: (bits & FILE_READ_ONLY_VOLUME) !== 0 };
}

async function sectorSizeOfRoot(call: PoolCall, root: string): Promise<number | undefined> {
  const [bytes, ignored] = [nativeMemory(4), nativeMemory(4)];
  const { result } = await call('GetDiskFreeSpaceW', root, ignored, bytes, ignored, ignored);
  return result === 0 ? undefined : sectorIn(bytes);
}

function sectorIn(bytes: Uint8Array): number | undefined {
  const sector = new DataView(bytes.buffer).getUint32(0, true);
  return isSectorSize(sector) ? sector : undefined;
}

// https://learn.microsoft.com/windows-hardware/drivers/ifs/offloaded-data-transfers
async function featuresMode(call: PoolCall): Promise<number | undefined> {
  const [data, length] = [nativeMemory(4), nativeMemory(4)];
  new DataView(length.buffer).setUint32(0, 4, true);
  const key = 'SYSTEM\\CurrentControlSet\\Control\\FileSystem';
  const name = 'FilterSupportedFeaturesMode';
  try {
    const { result } = await call(
      'RegGetValueW',
      HKEY_LOCAL_MACHINE,
      key,
      name,
      RRF_RT_REG_DWORD,
      null,
      data,
      length,
    );
    return result === 0 ? new DataView(data.buffer).getUint32(0, true) : undefined;
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}
