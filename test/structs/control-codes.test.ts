import { describe, expect, test } from 'vitest';
import { CTL_CODE, constants, controlCodeName, controlCodes } from '../../structs/index.ts';

// Sources: MS-FSCC 2.3 and winioctl.h of the Windows SDK; golang.org/x/sys/windows has the first two as well.
const documented = [
  ['FSCTL_OFFLOAD_READ', 0x0009_4264],
  ['FSCTL_OFFLOAD_WRITE', 0x0009_8268],
  ['FSCTL_ALLOW_EXTENDED_DASD_IO', 0x0009_0083],
  ['FSCTL_LOCK_VOLUME', 0x0009_0018],
  ['FSCTL_UNLOCK_VOLUME', 0x0009_001c],
  ['FSCTL_DISMOUNT_VOLUME', 0x0009_0020],
  ['IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES', 0x002d_9404],
  ['IOCTL_STORAGE_QUERY_PROPERTY', 0x002d_1400],
  ['IOCTL_STORAGE_GET_DEVICE_NUMBER', 0x002d_1080],
  ['IOCTL_DISK_GET_LENGTH_INFO', 0x0007_405c],
  ['IOCTL_DISK_GET_DRIVE_GEOMETRY', 0x0007_0000],
] as const;

describe('control codes', () => {
  test.each(documented)('%s has its documented number', (name, value) => {
    expect(constants[name]).toBe(value);
    expect(controlCodeName(value)).toBe(name);
  });

  test('each control code has a meaning and advice', () => {
    expect(controlCodes.map((row) => [row.name, row.value])).toEqual(documented.map((row) => [...row]));
    for (const { meaning, advice } of controlCodes) {
      expect(meaning).toMatch(/^[A-Z].*\.$/);
      expect(advice).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('an unknown control code is named by its number', () => {
    expect(controlCodeName(0x0009_0028)).toBe('0x00090028');
  });

  test.each(controlCodes)('the parts of $name compose its number', (row) => {
    expect(CTL_CODE(row.deviceType, row.function, row.method, row.access)).toBe(row.value);
  });

  test('only FSCTL_ALLOW_EXTENDED_DASD_IO is METHOD_NEITHER', () => {
    expect(controlCodes.filter(({ method }) => method !== 0)).toMatchObject([
      { name: 'FSCTL_ALLOW_EXTENDED_DASD_IO', method: 3, access: 0 },
    ]);
  });

  test.each([
    [0x09, 153, 0, 1, 0x0009_4264],
    [0x8000, 0xfff, 3, 3, 0x8000_ffff],
    [0xffff, 0xfff, 3, 3, 0xffff_ffff],
    [0, 0, 0, 0, 0],
  ])('CTL_CODE(%i, %i, %i, %i) is unsigned', (deviceType, fn, method, access, code) => {
    expect(CTL_CODE(deviceType, fn, method, access)).toBe(code);
  });
});

describe('constants', () => {
  // winioctl.h, ntifs.h and WinBase.h of the Windows SDK; MS-FSCC 2.1.11 and 2.3.42.
  test.each([
    ['DeviceDsmActionFlag_NonDestructive', 0x8000_0000],
    ['DeviceDsmAction_None', 0],
    ['DeviceDsmAction_Trim', 1],
    ['DeviceDsmAction_Notification', 0x8000_0002],
    ['DeviceDsmAction_OffloadRead', 0x8000_0003],
    ['DeviceDsmAction_OffloadWrite', 4],
    ['DeviceDsmAction_Allocation', 0x8000_0005],
    ['DeviceDsmAction_Repair', 0x8000_0006],
    ['DeviceDsmAction_Scrub', 0x8000_0007],
    ['DeviceDsmAction_DrtQuery', 0x8000_0008],
    ['DeviceDsmAction_DrtClear', 0x8000_0009],
    ['DeviceDsmAction_DrtDisable', 0x8000_000a],
    ['DEVICE_DSM_FLAG_ENTIRE_DATA_SET_RANGE', 1],
    ['DEVICE_DSM_FLAG_TRIM_NOT_FS_ALLOCATED', 0x8000_0000],
    ['DEVICE_DSM_FLAG_TRIM_BYPASS_RZAT', 0x4000_0000],
    ['DEVICE_DSM_FLAG_ALLOCATION_CONSOLIDATEABLE_ONLY', 0x4000_0000],
    ['DEVICE_DSM_FLAG_SCRUB_SKIP_IN_SYNC', 0x1000_0000],
    ['OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE', 1],
    ['STORAGE_OFFLOAD_READ_RANGE_TRUNCATED', 1],
    ['STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED', 1],
    ['STORAGE_OFFLOAD_TOKEN_INVALID', 2],
    ['STORAGE_OFFLOAD_MAX_TOKEN_LENGTH', 512],
    ['STORAGE_OFFLOAD_TOKEN_ID_LENGTH', 504],
    ['STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA', 0xffff_0001],
    ['StorageAccessAlignmentProperty', 6],
    ['StorageDeviceCopyOffloadProperty', 13],
    ['PropertyStandardQuery', 0],
    ['PropertyExistsQuery', 1],
    ['COPY_FILE_NO_OFFLOAD', 0x0004_0000],
    ['COPYFILE2_MESSAGE_COPY_OFFLOAD', 1],
    ['SUPPORTED_FS_FEATURES_OFFLOAD_READ', 1],
    ['SUPPORTED_FS_FEATURES_OFFLOAD_WRITE', 2],
    ['SUPPORTED_FS_FEATURES_QUERY_OPEN', 4],
    ['SUPPORTED_FS_FEATURES_BYPASS_IO', 8],
  ] as const)('%s is %i', (name, value) => {
    expect(constants[name]).toBe(value);
  });

  test('constants are frozen, unsigned 32-bit numbers', () => {
    expect(Object.isFrozen(constants)).toBe(true);
    for (const value of Object.values(constants)) expect(value).toBe(value >>> 0);
  });

  test('the non-destructive actions have the non-destructive flag', () => {
    const { DeviceDsmAction_OffloadRead, DeviceDsmActionFlag_NonDestructive } = constants;
    expect((DeviceDsmAction_OffloadRead & DeviceDsmActionFlag_NonDestructive) >>> 0).toBe(0x8000_0000);
    expect((DeviceDsmActionFlag_NonDestructive | 3) >>> 0).toBe(DeviceDsmAction_OffloadRead);
  });
});
