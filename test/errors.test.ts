import { inspect } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import {
  AbortError,
  InvalidArgumentError,
  NativeModuleError,
  OdxError,
  ProtocolError,
  SourceChangedError,
  UnsupportedPlatformError,
  Win32Error,
} from '../src/errors.ts';
import { OffloadToken } from '../src/token.ts';
import { statuses, win32Only } from '../structs/index.ts';
import { failureOf, sharedWorkspace } from './kit.ts';

const context = { syscall: 'FSCTL_OFFLOAD_WRITE', path: 'D:\\copy.vhdx', offset: 1_048_576n };

// Class, how to make an instance, its code.
const FAMILY: [string, () => OdxError, string][] = [
  ['OdxError', () => new OdxError('ERR_ODX_ANY', 'What happened.'), 'ERR_ODX_ANY'],
  [
    'InvalidArgumentError',
    () => new InvalidArgumentError([{ path: 'a', message: 'a is 1.' }]),
    'ERR_ODX_INVALID_ARGUMENT',
  ],
  ['Win32Error', () => new Win32Error({ errno: 315, ntstatus: 0xc000_0465 }, context), 'ERROR_INVALID_TOKEN'],
  ['ProtocolError', () => new ProtocolError('the reply holds 3 bytes.', context), 'ERR_ODX_PROTOCOL'],
  ['SourceChangedError', () => new SourceChangedError('D:\\big.vhdx'), 'ERR_ODX_SOURCE_CHANGED'],
  ['UnsupportedPlatformError', () => new UnsupportedPlatformError(), 'ERR_ODX_UNSUPPORTED_PLATFORM'],
  [
    'NativeModuleError',
    () => new NativeModuleError({ cause: new Error('No binary.') }),
    'ERR_ODX_NATIVE_MODULE',
  ],
  ['AbortError', () => new AbortError('enough'), 'ABORT_ERR'],
];

describe.each(FAMILY)('%s', (name, make, code) => {
  test('is an OdxError and an Error', () => {
    const error = make();
    expect(error).toBeInstanceOf(OdxError);
    expect(error).toBeInstanceOf(Error);
  });

  test(`has the code ${code}`, () => expect(make().code).toBe(code));

  test('has the name of its class, which is not enumerable', () => {
    const error = make();
    expect(error.name).toBe(name);
    expect(Object.keys(error)).not.toContain('name');
    expect(Object.hasOwn(error, 'name')).toBe(false);
  });

  test('begins its stack with its name and message', () => {
    const error = make();
    expect(error.stack).toMatch(new RegExp(`^${name}: `));
    expect(error.stack).toContain(error.message.split('\n')[0]);
    expect(inspect(error)).toContain(name);
  });

  test('has a message that ends with a full stop', () => expect(make().message).toMatch(/\.$/));
});

test('AbortError says that the operation was aborted', () => {
  expect(new AbortError('enough')).toMatchObject({ message: 'The operation was aborted.', cause: 'enough' });
});

test.each([
  ['D:\\big.vhdx', 'D:\\big.vhdx'],
  [undefined, 'The source'],
])('SourceChangedError says of %o what happened and what to do', (path, shown) => {
  const error = new SourceChangedError(path);
  expect(error.message).toBe(
    `${shown} was modified while it was being copied; the copy was stopped so that it does not mix old and new data. ` +
      'Copy again when no program writes to it, or copy from a snapshot.',
  );
  expect(error.path).toBe(path);
  expect(Object.hasOwn(error, 'path')).toBe(path !== undefined);
});

describe('InvalidArgumentError', () => {
  const issues = [
    { path: 'copyLength', message: 'copyLength is -1.' },
    { path: 'ranges.0.lengthInBytes', message: 'ranges.0.lengthInBytes is 0.' },
  ];

  test('has one sentence per line in its message, and keeps its issues', () => {
    const error = new InvalidArgumentError(issues);
    expect(error.message).toBe('copyLength is -1.\nranges.0.lengthInBytes is 0.');
    expect(error.issues).toEqual(issues);
    expect(error.describe((path) => path)).toBe(error.message);
    expect(Object.keys(error)).toEqual(['code', 'issues']);
  });

  test('has a cause only when one was passed', () => {
    expect(new InvalidArgumentError(issues, { cause: 7 }).cause).toBe(7);
    expect('cause' in new InvalidArgumentError(issues)).toBe(false);
  });
});

describe('Win32Error', () => {
  test('says what failed, where, what it means and what to do', () => {
    const error = new Win32Error({ errno: 315, ntstatus: 0xc000_0465 }, context);
    expect(error.message).toMatch(
      /^ERROR_INVALID_TOKEN \(315, STATUS_INVALID_TOKEN\): FSCTL_OFFLOAD_WRITE on 'D:\\copy\.vhdx' at offset 1048576 failed\. .+\. .+\.$/,
    );
    const row = statuses.find(({ name }) => name === 'STATUS_INVALID_TOKEN');
    expect(error.message).toContain(` ${row?.meaning} ${row?.advice}`);
    expect({ ...error }).toEqual({
      code: 'ERROR_INVALID_TOKEN',
      errno: 315,
      ntstatus: { name: 'STATUS_INVALID_TOKEN', value: 0xc000_0465 },
      syscall: 'FSCTL_OFFLOAD_WRITE',
      path: 'D:\\copy.vhdx',
      offset: 1_048_576n,
      action: 'refresh-token',
      advice: row?.advice,
    });
  });

  test('omits the facts that are not known', () => {
    const error = new Win32Error({ errno: 2 }, { syscall: 'CreateFileW' });
    expect(Object.keys(error)).toEqual(['code', 'errno', 'syscall', 'action', 'advice']);
    expect(error.message).toMatch(/^ERROR_FILE_NOT_FOUND \(2\): CreateFileW failed\. /);
  });

  test('is inspected with its stack on its own, and as one sentence inside another object', () => {
    const reason = new Win32Error({ errno: 50 }, { syscall: 'FSCTL_OFFLOAD_READ', path: 'a' });
    expect(inspect(reason)).toMatch(
      /^Win32Error: ERROR_NOT_SUPPORTED .*\n {4}at .*code: 'ERROR_NOT_SUPPORTED'/s,
    );
    expect(inspect({ fallback: { reason, at: 0n } }, { breakLength: Number.POSITIVE_INFINITY })).toBe(
      `{ fallback: { reason: [Win32Error: ${reason.message}], at: 0n } }`,
    );
  });

  test('can be converted to JSON, with bigints as strings', () => {
    const context = { syscall: 'FSCTL_OFFLOAD_WRITE', path: 'b', offset: 2n ** 62n };
    const error = new Win32Error({ errno: 315, ntstatus: 0xc000_0465 }, context);
    const { message, advice } = error;
    expect(JSON.parse(JSON.stringify({ error }))).toEqual({
      error: {
        name: 'Win32Error',
        message,
        code: 'ERROR_INVALID_TOKEN',
        errno: 315,
        ntstatus: { name: 'STATUS_INVALID_TOKEN', value: 0xc000_0465 },
        syscall: 'FSCTL_OFFLOAD_WRITE',
        path: 'b',
        offset: '4611686018427387904',
        action: 'refresh-token',
        advice,
      },
    });
  });

  test.each([12_345, 4_294_967_295])('keeps the unknown Win32 number %i', (errno) => {
    const error = new Win32Error({ errno }, { syscall: 'FSCTL_OFFLOAD_READ' });
    expect([error.code, error.errno, error.action]).toEqual([`ERROR_${errno}`, errno, 'fail']);
    expect(error.message).toContain('Windows gave an error that this package does not know.');
    expect(error.message).toContain(error.advice);
  });

  test.each(win32Only.map((row) => [row.name, row] as const))('knows %s, which has no NTSTATUS', (_, row) => {
    const error = new Win32Error({ errno: row.value }, { syscall: 'CreateFileW' });
    expect([error.code, error.errno]).toEqual([row.name, row.value]);
    expect([error.action, error.advice]).toEqual([row.action, row.advice]);
    expect('ntstatus' in error).toBe(false);
  });

  // The Win32 errors 5, 6, 19 and 1117 have several NTSTATUS values. If the NTSTATUS is known, its own advice is used.
  test.each(statuses.map((row) => [row.name, row] as const))('uses the advice of %s', (_, row) => {
    const failure = { errno: row.win32.value, ntstatus: row.value };
    const error = new Win32Error(failure, { syscall: 'FSCTL_OFFLOAD_READ' });
    expect([error.action, error.advice]).toEqual([row.action, row.advice]);
    expect(error.message).toContain(row.meaning);
  });
});

describe('ProtocolError', () => {
  test('names the call and the file of an impossible reply', () => {
    const error = new ProtocolError('the reply holds 3 bytes.', context);
    expect(error.message).toBe(
      "FSCTL_OFFLOAD_WRITE on 'D:\\copy.vhdx' at offset 1048576: the reply holds 3 bytes.",
    );
    expect({ ...error }).toEqual({ code: 'ERR_ODX_PROTOCOL', ...context });
  });

  test('omits the facts that are not known', () => {
    const error = new ProtocolError('nothing came.', { syscall: 'FSCTL_OFFLOAD_READ' });
    expect(Object.keys(error)).toEqual(['code', 'syscall']);
  });
});

describe('SourceChangedError', () => {
  test('names the source file where it is known', () => {
    const error = new SourceChangedError('D:\\big.vhdx');
    expect(error.path).toBe('D:\\big.vhdx');
    expect(error.message).toContain('D:\\big.vhdx');
    expect('path' in new SourceChangedError(undefined)).toBe(false);
  });
});

describe('UnsupportedPlatformError', () => {
  test('names the platform and the emulator', () => {
    const { message } = new UnsupportedPlatformError();
    expect(message).toContain(process.platform);
    expect(message).toContain('createOdx({ kernel: createEmulator() })');
    expect(message).toContain("'win-odx/emulator'");
  });

  test('keeps the reason why kernel32.dll could not be loaded', () => {
    const cause = new Error('no such library');
    expect(new UnsupportedPlatformError({ cause }).cause).toBe(cause);
  });
});

describe('NativeModuleError', () => {
  test('shows one line of the cause, the package to install and the flags that matter', () => {
    const cause = new Error("Cannot find module 'koffi.node'.\nRequire stack:\n- D:\\app\\main.js");
    const error = new NativeModuleError({ cause });
    const platform = `${process.platform}-${process.arch}`;
    expect(error.cause).toBe(cause);
    expect(error.message).toBe(
      `Koffi's binary for ${platform} could not be loaded (Cannot find module 'koffi.node'). Install the npm package ` +
        `@koromix/koffi-${platform}, an optional dependency of koffi that --omit=optional leaves out. Node.js loads no ` +
        'binary with --no-addons, nor with --permission unless --allow-addons is given too.',
    );
  });

  test('shows a cause that is no error', () => {
    expect(new NativeModuleError({ cause: 'nothing' }).message).toContain('could not be loaded (nothing).');
  });
});

describe('AbortError', () => {
  test.each<[string, unknown]>([
    ['an error', new Error('stop')],
    ['a string', 'stop'],
    ['undefined', undefined],
  ])('has the reason of the signal as its cause: %s', (_, reason) => {
    const error = new AbortError(reason);
    expect(error.cause).toBe(reason);
    expect('cause' in error).toBe(true);
  });
});

describe('an NTSTATUS that Windows returns', () => {
  let status = 0;
  const shared = sharedWorkspace({ intercept: () => ({ status }) });
  const file = shared.odx.openFileSync(shared.file('file', 8192), 'r+');
  afterAll(() => file.close());

  const token = OffloadToken.zeroData();
  const range = { startingOffset: 1024, lengthInBytes: 512 };

  // The function, and the control code and offset that its errors must name.
  const CALLS: [string, string, bigint | undefined, () => unknown][] = [
    [
      'offloadRead',
      'FSCTL_OFFLOAD_READ',
      512n,
      () => shared.odx.offloadRead(file, { copyLength: 512, fileOffset: 512 }),
    ],
    [
      'offloadReadSync',
      'FSCTL_OFFLOAD_READ',
      512n,
      () => shared.odx.offloadReadSync(file, { copyLength: 512, fileOffset: 512n }),
    ],
    [
      'offloadWrite',
      'FSCTL_OFFLOAD_WRITE',
      4096n,
      () => shared.odx.offloadWrite(file, { token, copyLength: 512, fileOffset: 4096n }),
    ],
    [
      'offloadWriteSync',
      'FSCTL_OFFLOAD_WRITE',
      4096n,
      () => shared.odx.offloadWriteSync(file, { token, copyLength: 512, fileOffset: 4096 }),
    ],
    [
      'dsmOffloadRead',
      'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
      1024n,
      () => shared.odx.dsmOffloadRead(file, { ranges: [range] }),
    ],
    [
      'dsmOffloadReadSync',
      'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
      1024n,
      () => shared.odx.dsmOffloadReadSync(file, { ranges: [range] }),
    ],
    [
      'dsmOffloadWrite',
      'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
      1024n,
      () => shared.odx.dsmOffloadWrite(file, { token, ranges: [range] }),
    ],
    [
      'dsmOffloadWriteSync',
      'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
      1024n,
      () => shared.odx.dsmOffloadWriteSync(file, { token, ranges: [range] }),
    ],
  ];

  describe.each(CALLS)('through %s', (_, syscall, offset, call) => {
    test.each(statuses.map((row) => [row.name, row] as const))('arrives unchanged: %s', async (_, row) => {
      status = row.value;
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(Win32Error);
      expect({ ...(error as Win32Error) }).toEqual({
        code: row.win32.name,
        errno: row.win32.value,
        ntstatus: { name: row.name, value: row.value },
        syscall,
        path: file.path,
        offset,
        action: row.action,
        advice: row.advice,
      });
      const { message } = error as Win32Error;
      for (const part of [row.win32.name, row.name, syscall, file.path, row.meaning, row.advice]) {
        expect(message).toContain(part);
      }
    });

    test('keeps its number when it is unknown', async () => {
      status = 0xc0de_1234;
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(Win32Error);
      expect(error).toMatchObject({
        code: 'ERROR_MR_MID_NOT_FOUND',
        errno: 317,
        ntstatus: { name: 'STATUS_0xC0DE1234', value: 0xc0de_1234 },
        syscall,
        path: file.path,
        offset,
        action: 'fail',
        advice: expect.stringMatching(/\.$/),
      });
      expect((error as Error).message).toContain('0xC0DE1234');
    });
  });

  test('comes without a path where the handle is borrowed', async () => {
    status = 0xc000_0465;
    const error = await failureOf(() => shared.odx.offloadRead(file.handle, { copyLength: 512 }));
    expect(error).toBeInstanceOf(Win32Error);
    expect('path' in (error as Win32Error)).toBe(false);
    expect(error).toMatchObject({ errno: 315, offset: 0n });
  });

  test('is in the log of the emulator', async () => {
    status = 0xc000_0465;
    await failureOf(() => shared.odx.offloadRead(file, { copyLength: 512 }));
    expect(shared.emulator.calls.at(-1)).toMatchObject({ status: 0xc000_0465, bytesReturned: 0 });
  });
});

describe('The help of an error', () => {
  test.each([
    ['a known code', new Win32Error({ errno: 315 }, context), 'error_invalid_token'],
    ['an unknown code', new Win32Error({ errno: 12_345 }, context), 'unknown-codes'],
    ['an error of this package', new ProtocolError('Nothing was done.', context), 'err_odx_protocol'],
    ['an abort', new AbortError(undefined), 'abort_err'],
  ])('is the address of the section on %s', (_, error, anchor) => {
    expect(error.help).toMatch(new RegExp(`docs/errors\\.md#${anchor}$`));
  });

  test('is not part of what is printed', () => {
    const error = new Win32Error({ errno: 315 }, context);
    expect(JSON.stringify(error) + inspect(error)).not.toContain('errors.md');
  });
});
