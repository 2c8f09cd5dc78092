import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/cli/describe-error.ts';
import {
  CommandError,
  describeSystemError,
  errorDocument,
  fileError,
  RequestError,
  UsageError,
} from '../../src/cli/errors.ts';
import {
  AbortError,
  InvalidArgumentError,
  ProtocolError,
  SourceChangedError,
  UnsupportedPlatformError,
  Win32Error,
} from '../../src/errors.ts';

describe('the description of an error of Windows', () => {
  it('has the advice of the command line, which does not speak of functions', () => {
    const error = new Win32Error({ errno: 5 }, { syscall: 'WriteFile', path: 'copy.vhdx' });
    expect(describeError(error)).toEqual({
      exitCode: 1,
      sentence: expect.stringMatching(/^ERROR_ACCESS_DENIED \(5\): WriteFile on 'copy\.vhdx' failed\. /),
      next: 'Check that you have the right, and that the file and its volume are not read-only.',
    });
  });

  it('keeps an explanation that was given where it happened', () => {
    const explanation = { meaning: 'Files on the volume are open.', advice: 'Close them.' };
    const error = new Win32Error(
      { errno: 5 },
      { syscall: 'FSCTL_LOCK_VOLUME', path: '\\\\.\\D:', explanation },
    );
    expect(describeError(error)).toEqual({
      exitCode: 1,
      sentence:
        "ERROR_ACCESS_DENIED (5): FSCTL_LOCK_VOLUME on '\\\\.\\D:' failed. Files on the volume are open.",
      next: 'Close them.',
    });
  });

  it.each([
    [
      'a control code without a path',
      new Win32Error({ errno: 50, ntstatus: 0xc000_00bb }, { syscall: 'FSCTL_OFFLOAD_READ' }),
      /^ERROR_NOT_SUPPORTED \(50, STATUS_NOT_SUPPORTED\): FSCTL_OFFLOAD_READ failed\. /,
    ],
    [
      'an offset',
      new Win32Error({ errno: 1117 }, { syscall: 'ReadFile', path: 'big.vhdx', offset: 512n }),
      /^ERROR_IO_DEVICE \(1117\): ReadFile on 'big\.vhdx' at offset 512 failed\. /,
    ],
    [
      'a folder where a file is needed',
      new Win32Error({ errno: 5 }, { syscall: 'CreateFileW', path: tmpdir() }),
      `${tmpdir()} is a folder.`,
    ],
    [
      'a file that may not be opened',
      new Win32Error({ errno: 5 }, { syscall: 'CreateFileW', path: join(tmpdir(), 'none', 'big.vhdx') }),
      `${join(tmpdir(), 'none', 'big.vhdx')} cannot be opened: access is denied (ERROR_ACCESS_DENIED, 5).`,
    ],
    [
      'an NTSTATUS that does not belong to its Win32 error',
      new Win32Error({ errno: 5, ntstatus: 0xc000_00bb }, { syscall: 'FSCTL_LOCK_VOLUME', path: 'd' }),
      /^ERROR_ACCESS_DENIED \(5, STATUS_NOT_SUPPORTED\): FSCTL_LOCK_VOLUME on 'd' failed\. \w/,
    ],
  ])('names %s', (_what, error, sentence) => {
    const described = describeError(error);
    expect(described.sentence).toEqual(
      typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
    );
    expect(described).toMatchObject({ exitCode: 1, next: expect.stringMatching(/^[A-Z].+\.$/) });
  });
});

describe('the description of another error', () => {
  const reply = new ProtocolError('the reply holds 3 bytes.', { syscall: 'FSCTL_OFFLOAD_READ', path: 'a' });
  const systemError = (code: string): Error => Object.assign(new Error(`${code}: refused`), { code });

  it.each<[string, unknown, object]>([
    [
      'a usage error is its message',
      new UsageError('A command is missing.'),
      { exitCode: 2, next: undefined },
    ],
    [
      'a request has its own next step',
      new RequestError('No.', { next: 'Ask.' }),
      { exitCode: 2, next: 'Ask.' },
    ],
    ['a request may have none', new RequestError('No.'), { exitCode: 2, next: undefined }],
    ['a failure of the command has one', new CommandError('No.', 'Wait.'), { exitCode: 1, next: 'Wait.' }],
    [
      'an impossible reply is reported to the vendor',
      reply,
      { exitCode: 1, sentence: reply.message, next: expect.stringContaining('vendor'), help: reply.help },
    ],
    [
      'a system without kernel32.dll has the emulator',
      new UnsupportedPlatformError(),
      { exitCode: 1, next: 'Add --emulate to use the emulator.' },
    ],
    [
      'a source that was changed says itself what to do',
      new SourceChangedError('big.vhdx'),
      {
        exitCode: 1,
        sentence: expect.stringMatching(/^big\.vhdx was modified .+Copy again/),
        next: undefined,
      },
    ],
    ['an abort exits with 130', new AbortError('enough'), { exitCode: 130, sentence: 'Interrupted.' }],
    ['a missing file needs another path', systemError('ENOENT'), { exitCode: 1, next: 'Check the path.' }],
    [
      'a name that is taken needs another one',
      systemError('EEXIST'),
      { next: 'Choose another name, or remove what is there.' },
    ],
    [
      'an unknown error is looked at with --debug',
      systemError('EWHATEVER'),
      { sentence: 'EWHATEVER: refused', next: 'Run it again with --debug to see where it failed.' },
    ],
    ['a value that is no error is shown', 'pardon', { exitCode: 1, sentence: 'pardon' }],
  ])('%s', (_title, error, expected) => {
    expect(describeError(error)).toMatchObject(expected);
  });

  it('names the options of the command', () => {
    const issues = [
      {
        path: 'copyLength',
        message: (nameOf: (path: string) => string) =>
          `${nameOf('copyLength')} is 7; the nearest legal value is 0.`,
      },
      { path: 'latency', message: (nameOf: (path: string) => string) => `${nameOf('latency')} is -1.` },
      { path: 'other', message: (nameOf: (path: string) => string) => `${nameOf('other')} is -1.` },
    ];
    expect(
      describeError(new InvalidArgumentError(issues), { fieldNames: { copyLength: '--length' } }).sentence,
    ).toBe('--length is 7; the nearest legal value is 0.\n--latency is -1.\nother is -1.');
  });
});

describe('the error for a file that cannot be used', () => {
  const refused = (code: string, errno?: number): Error =>
    Object.assign(new Error(`${code}, from Node.js`), { code, ...(errno !== undefined && { errno }) });

  it.each([
    ['ENOTDIR', 'big.token cannot be read (ENOTDIR, from Node.js).', 'Check the path.'],
    [
      'EACCES',
      'big.token cannot be read (EACCES, from Node.js).',
      'Check that you have the right, and that nothing there is read-only.',
    ],
    [
      'EPERM',
      'big.token cannot be read (EPERM, from Node.js).',
      'Check that you have the right, and that nothing there is read-only.',
    ],
    ['EISDIR', 'big.token is a folder.', 'Name a file.'],
    ['ERR_FS_EISDIR', 'big.token is a folder.', 'Name a file.'],
    [
      'EIO',
      'big.token cannot be read (EIO, from Node.js).',
      'Run it again with --debug to see where it failed.',
    ],
  ])('says what is wrong and what to do after %s', (code, message, next) => {
    expect(fileError('big.token', 'read', refused(code))).toMatchObject({ message, next, code });
  });

  it('is described without the function and the path that Node.js appends', () => {
    const errno = process.platform === 'win32' ? -4058 : -2;
    expect(describeSystemError(refused('ENOENT', errno))).toBe('ENOENT: no such file or directory');
    expect(describeSystemError(refused('EODD', 1_000_000))).toBe('EODD, from Node.js');
    expect(describeSystemError('pardon')).toBe('pardon');
  });
});

describe('an error as JSON', () => {
  const words = { sentence: '--length is -1.', next: undefined };

  it('has the words of the command line, and the next step once', () => {
    const illegal = new InvalidArgumentError([{ path: 'copyLength', message: 'copyLength is -1.' }]);
    expect(errorDocument(illegal, words)).toMatchObject({
      name: 'InvalidArgumentError',
      message: '--length is -1.',
    });
    const refused = new Win32Error({ errno: 5 }, { syscall: 'WriteFile' });
    expect(errorDocument(refused, { ...words, next: refused.advice })).not.toHaveProperty('next');
    expect(errorDocument(refused, { ...words, next: 'Wait.' })).toMatchObject({ next: 'Wait.' });
  });

  it('is the cause of a failure of the command, and the text of a value that is no error', () => {
    const cause = new Error('deeper');
    expect(errorDocument(new CommandError('No.', 'Wait.', { cause }), words)).toMatchObject({
      message: 'deeper',
    });
    expect(errorDocument(new CommandError('No.', 'Wait.', { cause: 'deeper' }), words)).toMatchObject({
      message: 'No.',
    });
    expect(errorDocument('pardon', words)).toEqual({ message: 'pardon' });
  });
});
