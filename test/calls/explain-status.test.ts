import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../src/errors.ts';
import { explainStatus, searchStatuses } from '../../src/explain-status.ts';
import { controlCodes, statuses, win32Only } from '../../structs/index.ts';

const win32 = { name: 'ERROR_INVALID_TOKEN', value: 315 };
const ntstatus = { name: 'STATUS_INVALID_TOKEN', value: 0xc000_0465 };

describe('explainStatus', () => {
  test.each([
    [315],
    [315n],
    ['315'],
    [' 315 '],
    ['0x13B'],
    ['ERROR_INVALID_TOKEN'],
    ['error_invalid_token'],
    ['ERROR_315'],
  ])('explains %o as the Win32 error 315', (code) => {
    expect(explainStatus(code)).toEqual({
      ...win32,
      win32,
      ntstatus,
      meaning: expect.stringMatching(/^The storage does not accept the token/),
      advice: expect.stringMatching(/^Read a fresh token/),
    });
  });

  test.each([
    [0xc000_0465],
    [0xc000_0465n],
    [-1073740699],
    [-1073740699n],
    ['-1073740699'],
    ['3221226597'],
    ['0xC0000465'],
    ['0XC0000465'],
    ['0xc0000465'],
    ['STATUS_INVALID_TOKEN'],
    ['status_invalid_token'],
    ['STATUS_0xC0000465'],
  ])('explains %o as the NTSTATUS 0xC0000465', (code) => {
    expect(explainStatus(code)).toEqual({ ...explainStatus(315), ...ntstatus });
  });

  test.each([[0x98268], ['0x98268'], ['623208'], ['FSCTL_OFFLOAD_WRITE'], ['fsctl_offload_write']])(
    'explains %o as a control code, which has neither Win32 error nor NTSTATUS',
    (code) => {
      const { name, value, ...rest } = explainStatus(code);
      expect([name, value]).toEqual(['FSCTL_OFFLOAD_WRITE', 0x98268]);
      expect(Object.keys(rest)).toEqual(['meaning', 'advice']);
    },
  );

  test.each([...statuses, ...win32Only, ...controlCodes])(
    'explains $name the same by name and by number',
    (row) => {
      const explanation = explainStatus(row.name);
      expect(explanation).toMatchObject({
        name: row.name,
        value: row.value,
        meaning: row.meaning,
        advice: row.advice,
      });
      expect(explainStatus(row.value)).toEqual(explanation);
    },
  );

  test.each([
    [5, 'STATUS_ACCESS_DENIED', ['DELETE_PENDING', 'FILE_IS_A_DIRECTORY', 'CANNOT_DELETE', 'FILE_DELETED']],
    [6, 'STATUS_INVALID_HANDLE', ['FILE_CLOSED']],
    [19, 'STATUS_MEDIA_WRITE_PROTECTED', ['TOO_LATE']],
    [1117, 'STATUS_IO_DEVICE_ERROR', ['DATA_OVERRUN']],
  ])('lists the other statuses of the Win32 error %i', (errno, usual, others) => {
    const explanation = explainStatus(errno);
    expect(explanation.ntstatus?.name).toBe(usual);
    expect(explanation.others?.map((other) => other.name)).toEqual(others.map((name) => `STATUS_${name}`));
    for (const other of explanation.others ?? []) {
      const { others: _, ...alone } = explainStatus(other.name);
      expect(other).toEqual(alone);
    }
  });

  test('lists the statuses that GetLastError cannot distinguish from an NTSTATUS', () => {
    expect(explainStatus('STATUS_TOO_LATE').others?.map((other) => other.name)).toEqual([
      'STATUS_MEDIA_WRITE_PROTECTED',
    ]);
    expect(explainStatus('STATUS_INVALID_TOKEN')).not.toHaveProperty('others');
  });

  test.each([
    ['STATUS_DISMOUNTED_VOLUME', 'STATUS_VOLUME_DISMOUNTED'],
    ['STATUS_INSUFFICIENT_RESOUCES', 'STATUS_INSUFFICIENT_RESOURCES'],
  ])('accepts %s, a misspelling in the documentation, for %s', (misspelt, name) => {
    expect(explainStatus(misspelt)).toEqual(explainStatus(name));
  });

  test.each([
    ...[0, 0n, -0, '0', '0x0', 'ERROR_SUCCESS', 'ERROR_0'].map((code) => [code, 'ERROR_SUCCESS'] as const),
    ...['STATUS_SUCCESS', 'STATUS_0x00000000'].map((code) => [code, 'STATUS_SUCCESS'] as const),
  ])('explains %o as success', (code, name) => {
    expect(explainStatus(code)).toEqual({
      name,
      value: 0,
      win32: { name: 'ERROR_SUCCESS', value: 0 },
      ntstatus: { name: 'STATUS_SUCCESS', value: 0 },
      meaning: 'The call succeeded.',
      advice: 'Compare the transferred length with the requested length, since an offload may do less.',
    });
  });

  test.each(win32Only.map(({ name, value }) => [name, value] as const))(
    'explains %s, which no NTSTATUS leads to, as itself',
    (name, value) => {
      expect(explainStatus(value)).toMatchObject({ name, value, win32: { name, value } });
      expect(explainStatus(value)).not.toHaveProperty('ntstatus');
    },
  );

  test('takes a number from 0x40000000 on for an NTSTATUS', () => {
    expect(explainStatus(0x4000_0000).name).toBe('STATUS_0x40000000');
    expect(explainStatus(0x3fff_ffff).name).toBe('ERROR_1073741823');
  });

  test('keeps the number of an unknown Win32 error', () => {
    for (const code of [12345, '12345', 'ERROR_12345', 12345n]) {
      expect(explainStatus(code)).toEqual({
        name: 'ERROR_12345',
        value: 12345,
        win32: { name: 'ERROR_12345', value: 12345 },
        meaning: 'The Win32 error 12345 is not known to this package.',
        advice: expect.stringContaining('net helpmsg 12345'),
      });
    }
  });

  test('keeps the number of an unknown NTSTATUS', () => {
    for (const code of [0xc0de_c0de, '0xC0DEC0DE', 'STATUS_0xC0DEC0DE', -1059143458]) {
      expect(explainStatus(code)).toEqual({
        name: 'STATUS_0xC0DEC0DE',
        value: 0xc0de_c0de,
        ntstatus: { name: 'STATUS_0xC0DEC0DE', value: 0xc0de_c0de },
        meaning: 'The NTSTATUS 0xC0DEC0DE is not known to this package.',
        advice: expect.stringContaining('ms-erref'),
      });
    }
  });

  test.each<[unknown, string]>([
    [
      'ERROR_INVALID_TOKN',
      'code "ERROR_INVALID_TOKN" is not a known name; did you mean ERROR_INVALID_TOKEN?',
    ],
    ['STATUS_INVALID_TOKENS', 'did you mean STATUS_INVALID_TOKEN?'],
    ['FSCTL_OFFLOAD_WRIT', 'did you mean FSCTL_OFFLOAD_WRITE?'],
    ['C0000465', 'code "C0000465" is not a known name; write a hexadecimal number with 0x in front.'],
    ['', 'code "" is not a known name'],
    ['   ', 'is not a known name'],
    ['toString', 'code "toString" is not a known name'],
    ['1.5', 'code "1.5" is not a known name'],
    ['0x', 'code "0x" is not a known name'],
    ['x'.repeat(1_000_000), 'is not a known name'],
    ['9'.repeat(1_000_000), 'is not a Windows code'],
    ['ERROR_99999999999', 'is not a Windows code'],
    [
      Number.NaN,
      'code NaN is not a Windows code; it must be an integer from -2147483648 to 4294967295 (0xFFFFFFFF).',
    ],
    [Number.POSITIVE_INFINITY, 'code Infinity is not a Windows code'],
    [1.5, 'code 1.5 is not a Windows code'],
    [0x1_0000_0000, 'code 4294967296 is not a Windows code'],
    [0x1_0000_0000n, 'code 4294967296n is not a Windows code'],
    [-0x8000_0001, 'code -2147483649 is not a Windows code'],
    [1n << 200n, 'is not a Windows code'],
    [undefined, "code must be a number, a bigint or a name such as 'ERROR_INVALID_TOKEN', not undefined."],
    [null, 'not null.'],
    [true, 'not true.'],
    [{ valueOf: () => 315 }, 'not an object.'],
    [[315], 'not an array.'],
    [Symbol('315'), 'not a symbol.'],
    [() => 315, 'not a function.'],
  ])('rejects %o as a code', (code, message) => {
    const call = () => explainStatus(code as string);
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(message);
    try {
      call();
    } catch (error) {
      const { issues } = error as InvalidArgumentError;
      expect(issues).toEqual([{ path: 'code', message: expect.stringMatching(/^code .*[.?]$/) }]);
      expect(issues[0]?.message.length).toBeLessThan(250);
    }
  });

  // HRESULT_FROM_WIN32 of winerror.h, the form in which PowerShell shows a Win32 error.
  test.each([0x8007_013b, '0x8007013B', 0x8007_013b | 0, 315])(
    'explains %o as ERROR_INVALID_TOKEN',
    (code) => {
      expect(explainStatus(code)).toMatchObject({ win32: { name: 'ERROR_INVALID_TOKEN', value: 315 } });
    },
  );
});

describe('searchStatuses', () => {
  const found = (words: string) => searchStatuses(words).map(({ name }) => name);

  test.each([
    ['invalid token', 'STATUS_INVALID_TOKEN'],
    ['Token INVALID', 'STATUS_INVALID_TOKEN'],
    ['insufficient buffer', 'STATUS_BUFFER_TOO_SMALL'],
    ['read-only volume', 'STATUS_MEDIA_WRITE_PROTECTED'],
    ['file exists', 'ERROR_FILE_EXISTS'],
    ['offload write', 'FSCTL_OFFLOAD_WRITE'],
    ['antivir', 'STATUS_VIRUS_INFECTED'],
  ])('finds by the words %o the code %s', (words, name) => {
    expect(found(words)).toContain(name);
  });

  test('lists names that contain the words before meanings that contain them', () => {
    const names = found('encrypted');
    expect(names.slice(0, 2)).toEqual(['STATUS_FILE_NOT_ENCRYPTED', 'STATUS_FILE_ENCRYPTED']);
    expect(names.slice(2)).toContain('STATUS_OFFLOAD_READ_FILE_NOT_SUPPORTED');
    expect(names.slice(2).filter((name) => name.includes('ENCRYPTED'))).toEqual([]);
  });

  test('matches only the starts of words', () => {
    expect(found('irus')).toEqual([]);
    expect(found('virus infected')).toEqual(['STATUS_VIRUS_INFECTED']);
  });

  test('lists each code once, with the explanation that explainStatus gives without others', () => {
    for (const explanation of searchStatuses('file')) {
      const { others: _, ...alone } = explainStatus(explanation.name);
      expect(explanation).toEqual(alone);
    }
    expect(new Set(found('file')).size).toBe(found('file').length);
  });

  test.each(['', '   ', '_', 'no such words anywhere'])('finds nothing for %o', (words) => {
    expect(searchStatuses(words)).toEqual([]);
  });
});
