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

// Values: ntstatus.h and MS-ERREF 2.3.1. Win32 numbers: winerror.h. Mapping: the tables of Wine, which are generated
// from Windows, and of Samba. compiler.test.ts checks the numbers against the headers of mingw-w64.
const ofOffload = [
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

// Statuses of opening, reading and writing files.
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

// Time-outs, networks, missing devices, links, encryption (EFS) and damaged disks.
const ofSurroundings = [
  ['STATUS_NO_SUCH_DEVICE', 0xc000_000e, 433, 'ERROR_NO_SUCH_DEVICE'],
  ['STATUS_DISK_CORRUPT_ERROR', 0xc000_0032, 1393, 'ERROR_DISK_CORRUPT'],
  ['STATUS_LOGON_FAILURE', 0xc000_006d, 1326, 'ERROR_LOGON_FAILURE'],
  ['STATUS_IO_TIMEOUT', 0xc000_00b5, 121, 'ERROR_SEM_TIMEOUT'],
  ['STATUS_REMOTE_NOT_LISTENING', 0xc000_00bc, 51, 'ERROR_REM_NOT_LIST'],
  ['STATUS_DEVICE_DOES_NOT_EXIST', 0xc000_00c0, 55, 'ERROR_DEV_NOT_EXIST'],
  ['STATUS_UNEXPECTED_NETWORK_ERROR', 0xc000_00c4, 59, 'ERROR_UNEXP_NET_ERR'],
  ['STATUS_NETWORK_CREDENTIAL_CONFLICT', 0xc000_0195, 1219, 'ERROR_SESSION_CREDENTIAL_CONFLICT'],
  ['STATUS_NETWORK_UNREACHABLE', 0xc000_023c, 1231, 'ERROR_NETWORK_UNREACHABLE'],
  ['STATUS_IO_REPARSE_TAG_NOT_HANDLED', 0xc000_0279, 1920, 'ERROR_CANT_ACCESS_FILE'],
  ['STATUS_REPARSE_POINT_NOT_RESOLVED', 0xc000_0280, 1921, 'ERROR_CANT_RESOLVE_FILENAME'],
  ['STATUS_FILE_NOT_ENCRYPTED', 0xc000_0291, 6007, 'ERROR_FILE_NOT_ENCRYPTED'],
  ['STATUS_NOT_EXPORT_FORMAT', 0xc000_0292, 6008, 'ERROR_NOT_EXPORT_FORMAT'],
  ['STATUS_FILE_ENCRYPTED', 0xc000_0293, 6002, 'ERROR_FILE_ENCRYPTED'],
  ['STATUS_DEVICE_REMOVED', 0xc000_02b6, 1617, 'ERROR_DEVICE_REMOVED'],
  ['STATUS_EFS_ALG_BLOB_TOO_BIG', 0xc000_0352, 6013, 'ERROR_EFS_ALG_BLOB_TOO_BIG'],
  ['STATUS_DEVICE_HARDWARE_ERROR', 0xc000_0483, 483, 'ERROR_DEVICE_HARDWARE_ERROR'],
] as const;

// Files that a sync program such as OneDrive keeps in the cloud; values and numbers from the Windows SDK.
const ofCloudFiles = [
  [
    'STATUS_CLOUD_FILE_PROPERTY_BLOB_CHECKSUM_MISMATCH',
    0x8000_cf00,
    366,
    'ERROR_CLOUD_FILE_PROPERTY_BLOB_CHECKSUM_MISMATCH',
  ],
  ['STATUS_CLOUD_FILE_PROPERTY_BLOB_TOO_LARGE', 0x8000_cf04, 365, 'ERROR_CLOUD_FILE_PROPERTY_BLOB_TOO_LARGE'],
  ['STATUS_CLOUD_FILE_TOO_MANY_PROPERTY_BLOBS', 0x8000_cf05, 374, 'ERROR_CLOUD_FILE_TOO_MANY_PROPERTY_BLOBS'],
  [
    'STATUS_CLOUD_FILE_SYNC_ROOT_METADATA_CORRUPT',
    0xc000_cf00,
    358,
    'ERROR_CLOUD_FILE_SYNC_ROOT_METADATA_CORRUPT',
  ],
  ['STATUS_CLOUD_FILE_PROVIDER_NOT_RUNNING', 0xc000_cf01, 362, 'ERROR_CLOUD_FILE_PROVIDER_NOT_RUNNING'],
  ['STATUS_CLOUD_FILE_METADATA_CORRUPT', 0xc000_cf02, 363, 'ERROR_CLOUD_FILE_METADATA_CORRUPT'],
  ['STATUS_CLOUD_FILE_METADATA_TOO_LARGE', 0xc000_cf03, 364, 'ERROR_CLOUD_FILE_METADATA_TOO_LARGE'],
  [
    'STATUS_CLOUD_FILE_PROPERTY_VERSION_NOT_SUPPORTED',
    0xc000_cf06,
    375,
    'ERROR_CLOUD_FILE_PROPERTY_VERSION_NOT_SUPPORTED',
  ],
  ['STATUS_NOT_A_CLOUD_FILE', 0xc000_cf07, 376, 'ERROR_NOT_A_CLOUD_FILE'],
  ['STATUS_CLOUD_FILE_NOT_IN_SYNC', 0xc000_cf08, 377, 'ERROR_CLOUD_FILE_NOT_IN_SYNC'],
  ['STATUS_CLOUD_FILE_ALREADY_CONNECTED', 0xc000_cf09, 378, 'ERROR_CLOUD_FILE_ALREADY_CONNECTED'],
  ['STATUS_CLOUD_FILE_NOT_SUPPORTED', 0xc000_cf0a, 379, 'ERROR_CLOUD_FILE_NOT_SUPPORTED'],
  ['STATUS_CLOUD_FILE_INVALID_REQUEST', 0xc000_cf0b, 380, 'ERROR_CLOUD_FILE_INVALID_REQUEST'],
  ['STATUS_CLOUD_FILE_READ_ONLY_VOLUME', 0xc000_cf0c, 381, 'ERROR_CLOUD_FILE_READ_ONLY_VOLUME'],
  ['STATUS_CLOUD_FILE_CONNECTED_PROVIDER_ONLY', 0xc000_cf0d, 382, 'ERROR_CLOUD_FILE_CONNECTED_PROVIDER_ONLY'],
  ['STATUS_CLOUD_FILE_VALIDATION_FAILED', 0xc000_cf0e, 383, 'ERROR_CLOUD_FILE_VALIDATION_FAILED'],
  ['STATUS_CLOUD_FILE_AUTHENTICATION_FAILED', 0xc000_cf0f, 386, 'ERROR_CLOUD_FILE_AUTHENTICATION_FAILED'],
  ['STATUS_CLOUD_FILE_INSUFFICIENT_RESOURCES', 0xc000_cf10, 387, 'ERROR_CLOUD_FILE_INSUFFICIENT_RESOURCES'],
  ['STATUS_CLOUD_FILE_NETWORK_UNAVAILABLE', 0xc000_cf11, 388, 'ERROR_CLOUD_FILE_NETWORK_UNAVAILABLE'],
  ['STATUS_CLOUD_FILE_UNSUCCESSFUL', 0xc000_cf12, 389, 'ERROR_CLOUD_FILE_UNSUCCESSFUL'],
  ['STATUS_CLOUD_FILE_NOT_UNDER_SYNC_ROOT', 0xc000_cf13, 390, 'ERROR_CLOUD_FILE_NOT_UNDER_SYNC_ROOT'],
  ['STATUS_CLOUD_FILE_IN_USE', 0xc000_cf14, 391, 'ERROR_CLOUD_FILE_IN_USE'],
  ['STATUS_CLOUD_FILE_PINNED', 0xc000_cf15, 392, 'ERROR_CLOUD_FILE_PINNED'],
  ['STATUS_CLOUD_FILE_REQUEST_ABORTED', 0xc000_cf16, 393, 'ERROR_CLOUD_FILE_REQUEST_ABORTED'],
  ['STATUS_CLOUD_FILE_PROPERTY_CORRUPT', 0xc000_cf17, 394, 'ERROR_CLOUD_FILE_PROPERTY_CORRUPT'],
  ['STATUS_CLOUD_FILE_ACCESS_DENIED', 0xc000_cf18, 395, 'ERROR_CLOUD_FILE_ACCESS_DENIED'],
  ['STATUS_CLOUD_FILE_INCOMPATIBLE_HARDLINKS', 0xc000_cf19, 396, 'ERROR_CLOUD_FILE_INCOMPATIBLE_HARDLINKS'],
  ['STATUS_CLOUD_FILE_PROPERTY_LOCK_CONFLICT', 0xc000_cf1a, 397, 'ERROR_CLOUD_FILE_PROPERTY_LOCK_CONFLICT'],
  ['STATUS_CLOUD_FILE_REQUEST_CANCELED', 0xc000_cf1b, 398, 'ERROR_CLOUD_FILE_REQUEST_CANCELED'],
  ['STATUS_CLOUD_FILE_PROVIDER_TERMINATED', 0xc000_cf1d, 404, 'ERROR_CLOUD_FILE_PROVIDER_TERMINATED'],
  ['STATUS_NOT_A_CLOUD_SYNC_ROOT', 0xc000_cf1e, 405, 'ERROR_NOT_A_CLOUD_SYNC_ROOT'],
  ['STATUS_CLOUD_FILE_REQUEST_TIMEOUT', 0xc000_cf1f, 426, 'ERROR_CLOUD_FILE_REQUEST_TIMEOUT'],
  ['STATUS_CLOUD_FILE_DEHYDRATION_DISALLOWED', 0xc000_cf20, 434, 'ERROR_CLOUD_FILE_DEHYDRATION_DISALLOWED'],
  ['STATUS_CLOUD_FILE_US_MESSAGE_TIMEOUT', 0xc000_cf21, 475, 'ERROR_CLOUD_FILE_US_MESSAGE_TIMEOUT'],
] as const;

// Win32 errors without an NTSTATUS (winerror.h).
const withoutNtstatus = [
  ['ERROR_INVALID_DATA', 13],
  ['ERROR_FILE_EXISTS', 80],
  ['ERROR_MOD_NOT_FOUND', 126],
  ['ERROR_PROC_NOT_FOUND', 127],
  ['ERROR_NEGATIVE_SEEK', 131],
  ['ERROR_FILENAME_EXCED_RANGE', 206],
  ['ERROR_DELETE_PENDING', 303],
  ['ERROR_MR_MID_NOT_FOUND', 317],
  ['ERROR_IO_INCOMPLETE', 996],
  ['ERROR_ENCRYPTION_FAILED', 6000],
  ['ERROR_DECRYPTION_FAILED', 6001],
  ['ERROR_NO_RECOVERY_POLICY', 6003],
  ['ERROR_NO_EFS', 6004],
  ['ERROR_WRONG_EFS', 6005],
  ['ERROR_NO_USER_KEYS', 6006],
  ['ERROR_FILE_READ_ONLY', 6009],
  ['ERROR_DIR_EFS_DISALLOWED', 6010],
  ['ERROR_EFS_SERVER_NOT_TRUSTED', 6011],
  ['ERROR_BAD_RECOVERY_POLICY', 6012],
  ['ERROR_VOLUME_NOT_SUPPORT_EFS', 6014],
  ['ERROR_EFS_DISABLED', 6015],
  ['ERROR_EFS_VERSION_NOT_SUPPORT', 6016],
] as const;

const documented = [...ofOffload, ...ofFiles, ...ofSurroundings, ...ofCloudFiles];

// Named by https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write and by the page of
// FSCTL_OFFLOAD_WRITE_INPUT, with their two misspellings.
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

describe('the status table', () => {
  test.each(documented)('has %s with its numbers', (name, value, errno, errorName) => {
    expect(statusByName(name)).toMatchObject({ name, value, win32: { name: errorName, value: errno } });
  });

  test.each(withoutNtstatus)('has %s without an NTSTATUS', (name, value) => {
    expect(win32ByName(name)).toMatchObject({ name, value });
    expect(statusesByWin32(value)).toEqual([]);
  });

  test('contains no status that is not checked here', () => {
    expect(statuses.map((row) => row.name).sort()).toEqual(documented.map(([name]) => name as string).sort());
    expect(win32Only.map((row) => row.name)).toEqual(withoutNtstatus.map(([name]) => name));
  });

  test('is in ascending order', () => {
    for (const rows of [statuses, win32Only, win32Statuses]) {
      const values = rows.map((row) => row.value);
      expect(values).toEqual(values.toSorted((a, b) => a - b));
    }
  });

  test.each(namedByMicrosoft)('has %s, which the documentation names', (name) => {
    expect(statusByName(name)).toBeDefined();
  });

  test('has each name and value once, and one name for each Win32 number', () => {
    expect(new Set(statuses.map((row) => row.name)).size).toBe(statuses.length);
    expect(new Set(statuses.map((row) => row.value)).size).toBe(statuses.length);
    const pairs = new Set(statuses.map(({ win32 }) => `${win32.value} ${win32.name}`));
    expect(new Set([...pairs].map((pair) => pair.split(' ')[0])).size).toBe(pairs.size);
  });

  test('marks one usual status for each Win32 number that several share, and no others', () => {
    const usual = statuses.filter((row) => row.usual).map((row) => row.win32.value);
    const shared = win32Statuses.map((row) => row.value).filter((errno) => statusesByWin32(errno).length > 1);
    expect(usual.toSorted((a, b) => a - b)).toEqual(shared);
  });

  test('is frozen', () => {
    for (const part of [
      statuses,
      ...statuses,
      ...statuses.map((row) => row.win32),
      win32Statuses,
      ...win32Statuses,
      win32Only,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test.each([...statuses, ...win32Only].map((row) => [row.name, row] as const))(
    '%s has a meaning and advice, one sentence each',
    (_, { meaning, advice }) => {
      for (const sentence of [meaning, advice]) {
        expect(sentence).toMatch(/^[A-Z].{15,}[^.]\.$/);
        expect(sentence).not.toMatch(/\. [A-Z]|\s\s|!/);
      }
    },
  );

  test('gives each status its own meaning', () => {
    expect(new Set(statuses.map((row) => row.meaning)).size).toBe(statuses.length);
  });
});

describe('the action of a Win32 error', () => {
  const numbers = (action: StatusAction) =>
    win32Statuses
      .filter((row) => row.action === action)
      .map((row) => row.value)
      .sort((a, b) => a - b);

  test('is fallback if the file, the volume or the device cannot offload', () => {
    expect(numbers('fallback')).toEqual([1, 50, 316, 321, 4440, 4441, 4442, 4443]);
  });

  test('is refresh-token if the storage rejects the token', () => {
    expect(numbers('refresh-token')).toEqual([315]);
  });

  test('is fix-call if the request or the handle is wrong', () => {
    expect(numbers('fix-call')).toEqual([
      2, 3, 5, 6, 17, 24, 27, 38, 80, 87, 122, 123, 124, 131, 145, 161, 183, 206, 234, 267, 327, 328, 331,
      998, 1289, 1784,
    ]);
  });

  test('is the same for all statuses that share its number', () => {
    for (const row of statuses) expect(win32ByValue(row.win32.value)?.action).toBe(row.action);
  });
});

describe('the look-up functions', () => {
  test('find an NTSTATUS by its number, signed or unsigned', () => {
    expect(statusByValue(0xc000_0465)?.name).toBe('STATUS_INVALID_TOKEN');
    expect(statusByValue(-1073740699)?.name).toBe('STATUS_INVALID_TOKEN');
    expect(statusByValue(0xc0de_c0de)).toBeUndefined();
  });

  test('find an NTSTATUS by the two names that the documentation misspells', () => {
    expect(statusByName('STATUS_DISMOUNTED_VOLUME')?.name).toBe('STATUS_VOLUME_DISMOUNTED');
    expect(statusByName('STATUS_INSUFFICIENT_RESOUCES')?.name).toBe('STATUS_INSUFFICIENT_RESOURCES');
    expect(statusByName('STATUS_NOPE')).toBeUndefined();
  });

  test.each([
    [5, ['ACCESS_DENIED', 'DELETE_PENDING', 'FILE_IS_A_DIRECTORY', 'CANNOT_DELETE', 'FILE_DELETED']],
    [6, ['INVALID_HANDLE', 'FILE_CLOSED']],
    [19, ['MEDIA_WRITE_PROTECTED', 'TOO_LATE']],
    [1117, ['IO_DEVICE_ERROR', 'DATA_OVERRUN']],
    [1, ['INVALID_DEVICE_REQUEST', 'NOT_IMPLEMENTED']],
    [2, ['OBJECT_NAME_NOT_FOUND', 'NO_SUCH_FILE']],
    [21, ['VOLUME_DISMOUNTED', 'DEVICE_NOT_READY']],
    [23, ['DATA_ERROR', 'CRC_ERROR']],
    [87, ['INVALID_PARAMETER', 'INVALID_INFO_CLASS']],
    [315, ['INVALID_TOKEN']],
    [317, []],
    [12345, []],
  ])('list every NTSTATUS of the Win32 error %i, the usual one first', (errno, names) => {
    expect(statusesByWin32(errno).map((row) => row.name)).toEqual(names.map((name) => `STATUS_${name}`));
  });

  test('find a Win32 error by name and by number', () => {
    expect(win32ByName('ERROR_INVALID_TOKEN')).toMatchObject({ value: 315, action: 'refresh-token' });
    expect(win32ByName('ERROR_FILE_EXISTS')).toMatchObject({ value: 80, action: 'fix-call' });
    expect(win32ByValue(5)?.meaning).toBe(statusByName('STATUS_ACCESS_DENIED')?.meaning);
    expect(win32ByName('ERROR_NOPE')).toBeUndefined();
    expect(win32ByValue(12345)).toBeUndefined();
  });

  test('return names for unknown numbers too', () => {
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

  test('return the Win32 error of an NTSTATUS: 0 for success, 317 for an unknown one', () => {
    expect([0, 0xc000_0465, -1073740699, 0x8000_0005, 0xc0de_c0de].map(win32FromNtstatus)).toEqual([
      0, 315, 315, 234, 317,
    ]);
  });
});
