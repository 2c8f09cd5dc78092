import { isSectorSize } from '../../fields.ts';
import { isDevicePath } from '../../path.ts';
import { SMALLEST_SECTOR } from '../../request.ts';
import { KernelFailure, type VolumeInfo } from '../kernel.ts';
import type { PoolCall } from './calls.ts';
import { filtersOf } from './filters.ts';
import { nativePath } from './handles.ts';
import { type Native, nativeMemory, textOf } from './native.ts';

const TEXT_BYTES = 1024;
const TEXT_LENGTH = TEXT_BYTES / 2;
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
  const { result: attributes, errno } = await call('GetFileAttributesW', nativePath(path));
  if (attributes === INVALID_FILE_ATTRIBUTES) throw new KernelFailure(errno);
  const root = await volumeRoot(call, path);
  const { result: drive } = await call('GetDriveTypeW', root);
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
    ...(await filtersOf(call, namesForFilterManager(root, device))),
    featuresMode: await featuresMode(call),
  };
}

/** The path of the volume beneath a file, to be opened without access rights. */
export async function devicePath(call: PoolCall, path: string): Promise<string> {
  if (isDevicePath(path)) return path;
  const { path: device, errno } = await deviceOfVolume(call, await volumeRoot(call, path));
  if (device === undefined) throw new KernelFailure(errno);
  return device;
}

export async function sectorSizeOfVolume(call: PoolCall, path: string): Promise<number | undefined> {
  try {
    return await sectorSizeOfRoot(call, await volumeRoot(call, path));
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}

/** {@link sectorSizeOfVolume}, blocking. */
export function sectorSizeOfVolumeSync(native: Native, path: string): number | undefined {
  const root = textForRootOf(path);
  const [bytes, ignored] = [nativeMemory(4), nativeMemory(4)];
  const isKnown =
    native.GetVolumePathNameW(nativePath(path), root, root.length / 2) !== 0 &&
    native.GetDiskFreeSpaceW(textOf(root), ignored, bytes, ignored, ignored) !== 0;
  return isKnown ? sectorIn(bytes) : undefined;
}

function obstacles(attributes: number): VolumeInfo['attributes'] {
  return ATTRIBUTES.filter(([, bit]) => (attributes & bit) !== 0).map(([name]) => name);
}

// Its documentation lists a drive or mounted folder, and `\??\Volume{...}`, but not `\\?\Volume{...}`.
function namesForFilterManager(root: string, device: string | undefined): string[] {
  return [root, ...(device === undefined ? [] : [device.replace(/^\\\\\?\\/, '\\??\\')])].map((name) =>
    name.replace(/\\$/, ''),
  );
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

// GetVolumePathNameW wants as much room as its input takes, with the NUL, although the root is shorter.
function textForRootOf(path: string): Uint8Array {
  return new Uint8Array(Math.max(TEXT_LENGTH, nativePath(path).length + 1) * 2);
}

async function volumeRoot(call: PoolCall, path: string): Promise<string> {
  const text = textForRootOf(path);
  const { result, errno } = await call('GetVolumePathNameW', nativePath(path), text, text.length / 2);
  if (result === 0) throw new KernelFailure(errno);
  return textOf(text);
}

// The volume's name ends in a backslash, with which it would open the root folder.
async function deviceOfVolume(
  call: PoolCall,
  root: string,
): Promise<{ path: string | undefined; errno: number }> {
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
