import { isSectorSize } from '../../fields.ts';
import { isDevicePath } from '../../path.ts';
import { SMALLEST_SECTOR } from '../../request.ts';
import { KernelFailure, type VolumeInfo } from '../kernel.ts';
import { filtersOf } from './filters.ts';
import { lastFailure } from './last-failure.ts';
import type { Native } from './native.ts';
import { roomForNumber } from './room.ts';
import { nativePath, textOf } from './strings.ts';

const TEXT_BYTES = 1024;
const TEXT_LENGTH = TEXT_BYTES / 2;
export const INVALID_FILE_ATTRIBUTES = 0xffff_ffff;
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

export function volumeOfDevice(path: string): VolumeInfo {
  return { ...UNKNOWN, device: path };
}

/** What Windows tells of the volume behind a path, whose attributes are known. What it will not tell is left undefined. */
export function volumeFacts(native: Native, path: string, attributes: number): VolumeInfo {
  const root = volumeRoot(native, path);
  const drive = native.GetDriveTypeW(root);
  const device = deviceBeneath(native, root);
  return {
    ...volumeInformation(native, root),
    location:
      drive === DRIVE_REMOTE
        ? 'remote'
        : drive === DRIVE_FIXED || drive === DRIVE_REMOVABLE
          ? 'local'
          : 'unknown',
    attributes: obstacles(attributes),
    size: undefined,
    sectorSize: sectorSizeOfRoot(native, root) ?? SMALLEST_SECTOR,
    device,
    ...filtersOf(native, (device ?? root).replace(/\\$/, '')),
    featuresMode: featuresMode(native),
  };
}

// A folder passes its own on to the files made in it, and is none itself.
function obstacles(attributes: number): VolumeInfo['attributes'] {
  if ((attributes & FILE_ATTRIBUTE_DIRECTORY) !== 0) return [];
  return ATTRIBUTES.filter(([, bit]) => (attributes & bit) !== 0).map(([name]) => name);
}

/** The path of the volume beneath a file, to be opened without access rights. */
export function devicePath(native: Native, path: string): string {
  if (isDevicePath(path)) return path;
  const root = volumeRoot(native, path);
  const device = deviceBeneath(native, root);
  if (device === undefined) throw lastFailure(native);
  return device;
}

export function sectorSizeOfVolume(native: Native, path: string): number | undefined {
  try {
    return sectorSizeOfRoot(native, volumeRoot(native, path));
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
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

function volumeRoot(native: Native, path: string): string {
  const text = new Uint8Array(TEXT_BYTES);
  if (native.GetVolumePathNameW(nativePath(path), text, TEXT_LENGTH) === 0) throw lastFailure(native);
  return textOf(text);
}

// The volume's own name ends in a backslash, which would open its root folder instead.
function deviceBeneath(native: Native, root: string): string | undefined {
  const text = new Uint8Array(TEXT_BYTES);
  const succeeded = native.GetVolumeNameForVolumeMountPointW(root, text, TEXT_LENGTH) !== 0;
  return succeeded ? textOf(text).replace(/\\$/, '') : undefined;
}

function volumeInformation(
  native: Native,
  root: string,
): { fileSystem: string | undefined; readOnly: boolean } {
  const flags = roomForNumber();
  const name = new Uint8Array(TEXT_BYTES);
  const succeeded = native.GetVolumeInformationW(root, null, 0, null, null, flags, name, TEXT_LENGTH) !== 0;
  if (!succeeded) return { fileSystem: undefined, readOnly: false };
  const bits = new DataView(flags.buffer).getUint32(0, true);
  return { fileSystem: textOf(name), readOnly: (bits & FILE_READ_ONLY_VOLUME) !== 0 };
}

function sectorSizeOfRoot(native: Native, root: string): number | undefined {
  const bytes = roomForNumber();
  const ignored = roomForNumber();
  if (native.GetDiskFreeSpaceW(root, ignored, bytes, ignored, ignored) === 0) return undefined;
  const sector = new DataView(bytes.buffer).getUint32(0, true);
  return isSectorSize(sector) ? sector : undefined;
}

// https://learn.microsoft.com/windows-hardware/drivers/ifs/offloaded-data-transfers
function featuresMode(native: Native): number | undefined {
  const data = roomForNumber();
  const length = roomForNumber();
  new DataView(length.buffer).setUint32(0, 4, true);
  try {
    const key = 'SYSTEM\\CurrentControlSet\\Control\\FileSystem';
    const failed = native.RegGetValueW(
      HKEY_LOCAL_MACHINE,
      key,
      'FilterSupportedFeaturesMode',
      RRF_RT_REG_DWORD,
      null,
      data,
      length,
    );
    return failed === 0 ? new DataView(data.buffer).getUint32(0, true) : undefined;
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}
