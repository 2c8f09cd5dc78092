import { describe, expect, test } from 'vitest';
import {
  ntstatusName,
  type StatusAction,
  statusByName,
  statusByValue,
  statuses,
  statusesByWin32,
  win32ByName,
  win32ByValue,
  win32FromNtstatus,
  win32Name,
  win32Only,
  win32Statuses,
} from '../../structs/index.ts';

// Values: ntstatus.h and MS-ERREF 2.3.1. Win32 numbers: winerror.h. Mapping: Wine's table, which is made from that of
// Windows, and Samba's.
const documented = [
  ['STATUS_OFFLOAD_READ_FLT_NOT_SUPPORTED', 0xc000_a2a1, 4440, 'ERROR_OFFLOAD_READ_FLT_NOT_SUPPORTED'],
  ['STATUS_OFFLOAD_WRITE_FLT_NOT_SUPPORTED', 0xc000_a2a2, 4441, 'ERROR_OFFLOAD_WRITE_FLT_NOT_SUPPORTED'],
  ['STATUS_OFFLOAD_READ_FILE_NOT_SUPPORTED', 0xc000_a2a3, 4442, 'ERROR_OFFLOAD_READ_FILE_NOT_SUPPORTED'],
  ['STATUS_OFFLOAD_WRITE_FILE_NOT_SUPPORTED', 0xc000_a2a4, 4443, 'ERROR_OFFLOAD_WRITE_FILE_NOT_SUPPORTED'],
  ['STATUS_DEVICE_FEATURE_NOT_SUPPORTED', 0xc000_0463, 316, 'ERROR_DEVICE_FEATURE_NOT_SUPPORTED'],
  ['STATUS_DEVICE_UNREACHABLE', 0xc000_0464, 321, 'ERROR_DEVICE_UNREACHABLE'],
  ['STATUS_INVALID_TOKEN', 0xc000_0465, 315, 'ERROR_INVALID_TOKEN'],
  ['STATUS_BEYOND_VDL', 0xc000_0432, 1289, 'ERROR_BEYOND_VDL'],
  ['STATUS_INVALID_DEVICE_REQUEST', 0xc000_0010, 1, 'ERROR_INVALID_FUNCTION'],
  ['STATUS_NOT_SUPPORTED', 0xc000_00bb, 50, 'ERROR_NOT_SUPPORTED'],
  ['STATUS_INVALID_PARAMETER', 0xc000_000d, 87, 'ERROR_INVALID_PARAMETER'],
  ['STATUS_BUFFER_TOO_SMALL', 0xc000_0023, 122, 'ERROR_INSUFFICIENT_BUFFER'],
  ['STATUS_INVALID_HANDLE', 0xc000_0008, 6, 'ERROR_INVALID_HANDLE'],
  ['STATUS_FILE_CLOSED', 0xc000_0128, 6, 'ERROR_INVALID_HANDLE'],
  ['STATUS_FILE_DELETED', 0xc000_0123, 5, 'ERROR_ACCESS_DENIED'],
  ['STATUS_ACCESS_DENIED', 0xc000_0022, 5, 'ERROR_ACCESS_DENIED'],
  ['STATUS_FILE_LOCK_CONFLICT', 0xc000_0054, 33, 'ERROR_LOCK_VIOLATION'],
  ['STATUS_END_OF_FILE', 0xc000_0011, 38, 'ERROR_HANDLE_EOF'],
  ['STATUS_MEDIA_WRITE_PROTECTED', 0xc000_00a2, 19, 'ERROR_WRITE_PROTECT'],
  ['STATUS_TOO_LATE', 0xc000_0189, 19, 'ERROR_WRITE_PROTECT'],
  ['STATUS_VOLUME_DISMOUNTED', 0xc000_026e, 21, 'ERROR_NOT_READY'],
  ['STATUS_INSUFFICIENT_RESOURCES', 0xc000_009a, 1450, 'ERROR_NO_SYSTEM_RESOURCES'],
  ['STATUS_INSUFF_SERVER_RESOURCES', 0xc000_0205, 1130, 'ERROR_NOT_ENOUGH_SERVER_MEMORY'],
  ['STATUS_RANGE_NOT_FOUND', 0xc000_028c, 644, 'ERROR_RANGE_NOT_FOUND'],
  ['STATUS_UNSUCCESSFUL', 0xc000_0001, 31, 'ERROR_GEN_FAILURE'],
  ['STATUS_NONEXISTENT_SECTOR', 0xc000_0015, 27, 'ERROR_SECTOR_NOT_FOUND'],
  ['STATUS_DATA_OVERRUN', 0xc000_003c, 1117, 'ERROR_IO_DEVICE'],
  ['STATUS_IO_DEVICE_ERROR', 0xc000_0185, 1117, 'ERROR_IO_DEVICE'],
  ['STATUS_INVALID_LEVEL', 0xc000_0148, 124, 'ERROR_INVALID_LEVEL'],
  ['STATUS_FILE_IS_A_DIRECTORY', 0xc000_00ba, 5, 'ERROR_ACCESS_DENIED'],
  ['STATUS_INVALID_USER_BUFFER', 0xc000_00e8, 1784, 'ERROR_INVALID_USER_BUFFER'],
  ['STATUS_DEVICE_INSUFFICIENT_RESOURCES', 0xc000_0468, 322, 'ERROR_DEVICE_NO_RESOURCES'],
  ['STATUS_TOO_MANY_SEGMENT_DESCRIPTORS', 0xc000_0473, 331, 'ERROR_TOO_MANY_DESCRIPTORS'],
  ['STATUS_INVALID_OFFSET_ALIGNMENT', 0xc000_0474, 327, 'ERROR_OFFSET_ALIGNMENT_VIOLATION'],
  ['STATUS_INVALID_FIELD_IN_PARAMETER_LIST', 0xc000_0475, 328, 'ERROR_INVALID_FIELD_IN_PARAMETER_LIST'],
  ['STATUS_OPERATION_IN_PROGRESS', 0xc000_0476, 329, 'ERROR_OPERATION_IN_PROGRESS'],
  ['STATUS_INVALID_INITIATOR_TARGET_PATH', 0xc000_0477, 330, 'ERROR_BAD_DEVICE_PATH'],
  ['STATUS_IO_OPERATION_TIMEOUT', 0xc000_047d, 1460, 'ERROR_TIMEOUT'],
  ['STATUS_PENDING', 0x0000_0103, 997, 'ERROR_IO_PENDING'],
  ['STATUS_CANCELLED', 0xc000_0120, 995, 'ERROR_OPERATION_ABORTED'],
] as const;

// What opening, reading and writing files meets.
const ofFiles = [
  ['STATUS_NOT_IMPLEMENTED', 0xc000_0002, 1, 'ERROR_INVALID_FUNCTION'],
  ['STATUS_INVALID_INFO_CLASS', 0xc000_0003, 87, 'ERROR_INVALID_PARAMETER'],
  ['STATUS_INFO_LENGTH_MISMATCH', 0xc000_0004, 24, 'ERROR_BAD_LENGTH'],
  ['STATUS_ACCESS_VIOLATION', 0xc000_0005, 998, 'ERROR_NOACCESS'],
  ['STATUS_NO_SUCH_FILE', 0xc000_000f, 2, 'ERROR_FILE_NOT_FOUND'],
  ['STATUS_NO_MEMORY', 0xc000_0017, 8, 'ERROR_NOT_ENOUGH_MEMORY'],
  ['STATUS_OBJECT_NAME_INVALID', 0xc000_0033, 123, 'ERROR_INVALID_NAME'],
  ['STATUS_OBJECT_NAME_NOT_FOUND', 0xc000_0034, 2, 'ERROR_FILE_NOT_FOUND'],
  ['STATUS_OBJECT_NAME_COLLISION', 0xc000_0035, 183, 'ERROR_ALREADY_EXISTS'],
  ['STATUS_OBJECT_PATH_NOT_FOUND', 0xc000_003a, 3, 'ERROR_PATH_NOT_FOUND'],
  ['STATUS_OBJECT_PATH_SYNTAX_BAD', 0xc000_003b, 161, 'ERROR_BAD_PATHNAME'],
  ['STATUS_DATA_ERROR', 0xc000_003e, 23, 'ERROR_CRC'],
  ['STATUS_CRC_ERROR', 0xc000_003f, 23, 'ERROR_CRC'],
  ['STATUS_SHARING_VIOLATION', 0xc000_0043, 32, 'ERROR_SHARING_VIOLATION'],
  ['STATUS_QUOTA_EXCEEDED', 0xc000_0044, 1816, 'ERROR_NOT_ENOUGH_QUOTA'],
  ['STATUS_DELETE_PENDING', 0xc000_0056, 5, 'ERROR_ACCESS_DENIED'],
  ['STATUS_PRIVILEGE_NOT_HELD', 0xc000_0061, 1314, 'ERROR_PRIVILEGE_NOT_HELD'],
  ['STATUS_DISK_FULL', 0xc000_007f, 112, 'ERROR_DISK_FULL'],
  ['STATUS_FILE_INVALID', 0xc000_0098, 1006, 'ERROR_FILE_INVALID'],
  ['STATUS_DEVICE_NOT_CONNECTED', 0xc000_009d, 1167, 'ERROR_DEVICE_NOT_CONNECTED'],
  ['STATUS_DEVICE_NOT_READY', 0xc000_00a3, 21, 'ERROR_NOT_READY'],
  ['STATUS_BAD_NETWORK_PATH', 0xc000_00be, 53, 'ERROR_BAD_NETPATH'],
  ['STATUS_NETWORK_NAME_DELETED', 0xc000_00c9, 64, 'ERROR_NETNAME_DELETED'],
  ['STATUS_BAD_NETWORK_NAME', 0xc000_00cc, 67, 'ERROR_BAD_NET_NAME'],
  ['STATUS_NOT_SAME_DEVICE', 0xc000_00d4, 17, 'ERROR_NOT_SAME_DEVICE'],
  ['STATUS_DIRECTORY_NOT_EMPTY', 0xc000_0101, 145, 'ERROR_DIR_NOT_EMPTY'],
  ['STATUS_FILE_CORRUPT_ERROR', 0xc000_0102, 1392, 'ERROR_FILE_CORRUPT'],
  ['STATUS_NOT_A_DIRECTORY', 0xc000_0103, 267, 'ERROR_DIRECTORY'],
  ['STATUS_TOO_MANY_OPENED_FILES', 0xc000_011f, 4, 'ERROR_TOO_MANY_OPEN_FILES'],
  ['STATUS_CANNOT_DELETE', 0xc000_0121, 5, 'ERROR_ACCESS_DENIED'],
  ['STATUS_NOT_FOUND', 0xc000_0225, 1168, 'ERROR_NOT_FOUND'],
  ['STATUS_USER_MAPPED_FILE', 0xc000_0243, 1224, 'ERROR_USER_MAPPED_FILE'],
  ['STATUS_FILE_SYSTEM_LIMITATION', 0xc000_0427, 665, 'ERROR_FILE_SYSTEM_LIMITATION'],
  ['STATUS_DISK_QUOTA_EXCEEDED', 0xc000_0802, 1295, 'ERROR_DISK_QUOTA_EXCEEDED'],
  ['STATUS_FILE_TOO_LARGE', 0xc000_0904, 223, 'ERROR_FILE_TOO_LARGE'],
  ['STATUS_VIRUS_INFECTED', 0xc000_0906, 225, 'ERROR_VIRUS_INFECTED'],
  ['STATUS_BUFFER_OVERFLOW', 0x8000_0005, 234, 'ERROR_MORE_DATA'],
  ['STATUS_DEVICE_BUSY', 0x8000_0011, 170, 'ERROR_BUSY'],
] as const;

// Named by https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write and by the page of
// FSCTL_OFFLOAD_WRITE_INPUT, with the two slips they have.
const namedByMicrosoft = [
  'STATUS_INVALID_DEVICE_REQUEST',
  'STATUS_INVALID_PARAMETER',
  'STATUS_NOT_SUPPORTED',
  'STATUS_OFFLOAD_WRITE_FILE_NOT_SUPPORTED',
  'STATUS_TOO_LATE',
  'STATUS_FILE_DELETED',
  'STATUS_FILE_CLOSED',
  'STATUS_INVALID_HANDLE',
  'STATUS_FILE_LOCK_CONFLICT',
  'STATUS_END_OF_FILE',
  'STATUS_DISMOUNTED_VOLUME',
  'STATUS_MEDIA_WRITE_PROTECTED',
  'STATUS_INSUFFICIENT_RESOUCES',
  'STATUS_BUFFER_TOO_SMALL',
];

describe('the table of statuses', () => {
  test.each([...documented, ...ofFiles])('has %s with its numbers', (name, value, errno, errorName) => {
    expect(statusByName(name)).toMatchObject({ name, value, win32: { name: errorName, value: errno } });
  });

  test('holds nothing that is not checked here', () => {
    const checked = [...documented, ...ofFiles].map(([name]) => name as string);
    expect(statuses.map((row) => row.name).sort()).toEqual(checked.sort());
  });

  test.each(namedByMicrosoft)('has %s, which the documentation names', (name) => {
    expect(statusByName(name)).toBeDefined();
  });

  test('has every name and every value once, and one name for each Win32 number', () => {
    expect(new Set(statuses.map((row) => row.name)).size).toBe(statuses.length);
    expect(new Set(statuses.map((row) => row.value)).size).toBe(statuses.length);
    const pairs = new Set(statuses.map(({ win32 }) => `${win32.value} ${win32.name}`));
    expect(new Set([...pairs].map((pair) => pair.split(' ')[0])).size).toBe(pairs.size);
  });

  test('is frozen', () => {
    for (const part of [
      statuses,
      ...statuses,
      ...statuses.map((row) => row.win32),
      win32Statuses,
      ...win32Only,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test.each([...statuses, ...win32Only].map((row) => [row.name, row] as const))(
    '%s is explained in one sentence and advised on in another',
    (_, { meaning, advice }) => {
      for (const sentence of [meaning, advice]) {
        expect(sentence).toMatch(/^[A-Z].{15,}[^.]\.$/);
        expect(sentence).not.toMatch(/\. [A-Z]|\s\s|!/);
      }
    },
  );

  test('gives every status a meaning of its own', () => {
    expect(new Set(statuses.map((row) => row.meaning)).size).toBe(statuses.length);
  });
});

describe('what to do', () => {
  const numbers = (action: StatusAction) =>
    win32Statuses
      .filter((row) => row.action === action)
      .map((row) => row.value)
      .sort((a, b) => a - b);

  test('is to fall back where the file, the volume or the device cannot offload', () => {
    expect(numbers('fallback')).toEqual([1, 50, 316, 321, 4440, 4441, 4442, 4443]);
  });

  test('is to read a fresh token where the token is refused', () => {
    expect(numbers('refresh-token')).toEqual([315]);
  });

  test('is to fix the call where the request or the handle is wrong', () => {
    expect(numbers('fix-call')).toEqual([
      2, 3, 5, 6, 17, 24, 27, 38, 80, 87, 122, 123, 124, 131, 145, 161, 183, 206, 234, 267, 327, 328, 331,
      998, 1289, 1784,
    ]);
  });

  test('is the same for all statuses that share a Win32 number', () => {
    for (const row of statuses) expect(win32ByValue(row.win32.value)?.action).toBe(row.action);
  });
});

describe('looking up', () => {
  test('an NTSTATUS by its number, signed or unsigned', () => {
    expect(statusByValue(0xc000_0465)?.name).toBe('STATUS_INVALID_TOKEN');
    expect(statusByValue(-1073740699)?.name).toBe('STATUS_INVALID_TOKEN');
    expect(statusByValue(0xc0de_c0de)).toBeUndefined();
  });

  test('the two names that the documentation misspells', () => {
    expect(statusByName('STATUS_DISMOUNTED_VOLUME')?.name).toBe('STATUS_VOLUME_DISMOUNTED');
    expect(statusByName('STATUS_INSUFFICIENT_RESOUCES')?.name).toBe('STATUS_INSUFFICIENT_RESOURCES');
    expect(statusByName('STATUS_NOPE')).toBeUndefined();
  });

  test.each([
    [5, ['ACCESS_DENIED', 'FILE_DELETED', 'FILE_IS_A_DIRECTORY', 'DELETE_PENDING', 'CANNOT_DELETE']],
    [6, ['INVALID_HANDLE', 'FILE_CLOSED']],
    [19, ['MEDIA_WRITE_PROTECTED', 'TOO_LATE']],
    [1117, ['IO_DEVICE_ERROR', 'DATA_OVERRUN']],
    [1, ['INVALID_DEVICE_REQUEST', 'NOT_IMPLEMENTED']],
    [315, ['INVALID_TOKEN']],
    [317, []],
    [12345, []],
  ])('all that Win32 error %i may stand for, the most usual first', (errno, names) => {
    expect(statusesByWin32(errno).map((row) => row.name)).toEqual(names.map((name) => `STATUS_${name}`));
  });

  test('a Win32 error by name and number', () => {
    expect(win32ByName('ERROR_INVALID_TOKEN')).toMatchObject({ value: 315, action: 'refresh-token' });
    expect(win32ByName('ERROR_FILE_EXISTS')).toMatchObject({ value: 80, action: 'fix-call' });
    expect(win32ByValue(5)?.meaning).toBe(statusByName('STATUS_ACCESS_DENIED')?.meaning);
    expect(win32ByName('ERROR_NOPE')).toBeUndefined();
    expect(win32ByValue(12345)).toBeUndefined();
  });

  test('names, also for numbers that have none', () => {
    expect([0, 315, 317, 12345].map(win32Name)).toEqual([
      'ERROR_SUCCESS',
      'ERROR_INVALID_TOKEN',
      'ERROR_MR_MID_NOT_FOUND',
      'ERROR_12345',
    ]);
    expect([0, 0xc000_0465, -1073740699, 0xc0de_c0de, 0x104].map(ntstatusName)).toEqual([
      'STATUS_SUCCESS',
      'STATUS_INVALID_TOKEN',
      'STATUS_INVALID_TOKEN',
      'STATUS_0xC0DEC0DE',
      'STATUS_0x00000104',
    ]);
  });

  test('the Win32 error of an NTSTATUS: 0 for success, 317 for what has none', () => {
    expect([0, 0xc000_0465, -1073740699, 0x8000_0005, 0xc0de_c0de].map(win32FromNtstatus)).toEqual([
      0, 315, 315, 234, 317,
    ]);
  });
});
