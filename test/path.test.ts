import { existsSync, readdirSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import nodePath, { type PlatformPath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import type { InvalidArgumentError } from '../src/errors.ts';
import {
  checkNewPath,
  checkPath,
  fixPath,
  isDevicePath,
  isServerOnly,
  problemOfName,
  streamOf,
} from '../src/path.ts';
import { failureOf, onPlatform, workspace } from './kit.ts';

describe('A file: URL is the path of a file', () => {
  const FORMS: [string, (path: string) => URL | string][] = [
    ['as a URL object', (path) => pathToFileURL(path)],
    ['as a string', (path) => pathToFileURL(path).href],
    ['in capitals', (path) => pathToFileURL(path).href.replace('file:', 'FILE:')],
  ];

  test.each(FORMS)('%s for openFile and openFileSync', async (_, urlOf) => {
    const { odx, file } = workspace();
    const path = file('a name with spaces, % and ü', 1000);
    await using opened = await odx.openFile(urlOf(path), 'r');
    expect([opened.path, opened.size]).toEqual([path, 1000n]);
    using again = odx.openFileSync(urlOf(path), 'r');
    expect(again.path).toBe(path);
  });

  test.each(FORMS)('%s for copyFile and copyFiles', async (_, urlOf) => {
    const { odx, file, path } = workspace();
    const source = urlOf(file('source', 1000));
    await odx.copyFile(source, urlOf(path('one')));
    await odx.copyFiles([[source, urlOf(path('two'))], { source, destination: urlOf(path('three')) }]);
    expect(['one', 'two', 'three'].map((name) => statSync(path(name)).size)).toEqual([1000, 1000, 1000]);
  });

  test.each(FORMS)('%s for probe and tryOffload', async (_, urlOf) => {
    const { odx, file, path } = workspace();
    expect((await odx.probe(urlOf(file('source', 1000)))).size).toBe(1000n);
    const destination = urlOf(path('.'));
    const { steps } = await odx.tryOffload(urlOf(path('.')), { destination, size: 65_536 });
    expect(steps.length).toBeGreaterThan(0);
  });
});

test('A URL is read without running code that replaces its getters', async () => {
  const { odx, file } = workspace();
  const url = pathToFileURL(file('source', 100));
  Object.defineProperty(url, 'href', { get: () => expect.fail('The getter of the caller ran.') });
  await using opened = await odx.openFile(url, 'r');
  expect(opened.size).toBe(100n);
});

test('A name that only begins like a URL is an ordinary path', async () => {
  const { odx } = workspace();
  for (const name of ['file:', 'file:stream', 'files://a']) expect(existsSync(name)).toBe(false);
  const error = await failureOf(() => odx.openFile('file:stream', 'r'));
  expect(error).toMatchObject({ syscall: 'CreateFileW', path: 'file:stream' });
});

test('A Promise as source or destination of a copy gets a hint', async () => {
  const { odx, file } = workspace();
  const later = Promise.resolve('copy') as never;
  const error = (await failureOf(() => odx.copyFile(file('source', 10), later))) as InvalidArgumentError;
  expect(error.message).toBe('destination is a Promise; did you forget await?');
});

test.each<[path: unknown, message: string]>([
  [undefined, "path is undefined; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'."],
  [null, "path is null; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'."],
  [Symbol('file'), "path is a symbol; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'."],
  [['//server'], "path is an array; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'."],
  ['', 'path is ""; it must be the path of a file, such as \'D:\\\\disks\\\\big.vhdx\'.'],
  [Buffer.from('file'), 'path is a Buffer; pass a string or a file: URL.'],
  [Promise.resolve('file'), 'path is a Promise; did you forget await?'],
  [new URL('http://localhost/'), 'path is the URL "http://localhost/", but only a file: URL is a path.'],
  [new URL('file:///a%2Fb'), 'path is the URL "file:///a%2Fb", which is no path on this system.'],
])('%o is no path', (given, message) => {
  expect(() => checkPath('path', given)).toThrow(
    expect.objectContaining({ issues: [{ path: 'path', message }] }),
  );
});

test.each(['//server', '\\\\server\\'])('On Windows, %s is no path, but it is one elsewhere', (path) => {
  const message = `source is ${JSON.stringify(path)}; a network path needs a server and a share, such as '\\\\server\\share\\file'.`;
  expect(() => onPlatform('win32', () => checkPath('source', path))).toThrow(
    expect.objectContaining({ issues: [{ path: 'source', message }] }),
  );
  expect(onPlatform('linux', () => checkPath('source', path))).toBe(path);
});

test('On Windows, a new file cannot have the name of a device, but it can elsewhere', () => {
  const message =
    'destination is "D:\\\\NUL"; Windows reserves the name NUL for a device, choose another, such as \'NUL_\'.';
  expect(() => onPlatform('win32', () => checkNewPath('destination', 'D:\\NUL'))).toThrow(
    expect.objectContaining({ issues: [{ path: 'destination', message }] }),
  );
  expect(onPlatform('win32', () => checkNewPath('destination', 'D:\\NUL_'))).toBe('D:\\NUL_');
  expect(onPlatform('linux', () => checkNewPath('destination', 'D:\\NUL'))).toBe('D:\\NUL');
});

describe('A path is fixed before process.chdir can change its meaning', () => {
  /** Runs a function as if node:path were that of another system, with this current folder. */
  function withPathsOf<T>(platform: 'win32' | 'posix', folder: string, run: () => T): T {
    const functionsOf = ({ isAbsolute, parse, resolve, sep }: PlatformPath): Partial<PlatformPath> => ({
      isAbsolute,
      parse,
      resolve,
      sep,
    });
    const own = functionsOf(nodePath);
    const replaceBy = (functions: Partial<PlatformPath>): void => {
      Object.assign(nodePath, functions);
      // The imports of other modules change as well.
      syncBuiltinESMExports();
    };
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
    replaceBy(functionsOf(nodePath[platform]));
    try {
      return onPlatform(platform === 'win32' ? 'win32' : 'linux', run);
    } finally {
      replaceBy(own);
      cwd.mockRestore();
    }
  }

  test.each([
    ['file', 'D:\\work\\file'],
    ['a/b', 'D:\\work\\a\\b'],
    // These depend on the current drive.
    ['\\file', 'D:\\file'],
    ['/folder/../file', 'D:\\file'],
    // These are the names of folders, and stay that.
    ['folder\\', 'D:\\work\\folder\\'],
    ['folder/', 'D:\\work\\folder\\'],
    // These depend on nothing, and stay as they are.
    ['C:\\none\\..\\file', 'C:\\none\\..\\file'],
    ['C:/file', 'C:/file'],
    ['\\\\server\\share\\none\\..\\file', '\\\\server\\share\\none\\..\\file'],
    ['\\\\.\\PhysicalDrive1', '\\\\.\\PhysicalDrive1'],
  ])('on Windows, in D:\\work: %s is %s', (path, absolute) => {
    expect(withPathsOf('win32', 'D:\\work', () => fixPath(path))).toEqual({ shown: path, absolute });
  });

  test.each([
    ['file', '/home/file'],
    ['a/b', '/home/a/b'],
    ['folder/', '/home/folder/'],
    ['/none/../file', '/none/../file'],
    // Devices of the emulator.
    ['\\\\.\\PhysicalDrive1', '\\\\.\\PhysicalDrive1'],
  ])('elsewhere, in /home: %s is %s', (path, absolute) => {
    expect(withPathsOf('posix', '/home', () => fixPath(path))).toEqual({ shown: path, absolute });
  });
});

// "Naming Files, Paths, and Namespaces", Microsoft: the Win32 device namespace.
test.each([
  ['\\\\.\\D:', true],
  ['\\\\?\\D:', true],
  ['\\\\.\\PhysicalDrive1', true],
  ['\\\\?\\PhysicalDrive1', true],
  ['//./PhysicalDrive1', true],
  ['\\\\?\\Volume{4c1b02c1-d990-11dc-99ae-806e6f6e6963}', true],
  ['\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1', true],
  ['\\\\?\\GLOBALROOT\\Device\\HarddiskVolumeShadowCopy1\\big.vhdx', false],
  ['\\\\?\\GLOBALROOT\\Device\\Harddisk0\\Partition1', true],
  ['\\\\?\\GLOBALROOT\\Device\\Harddisk0\\Partition1\\big.vhdx', false],
  ['\\\\?\\Volume{4c1b02c1-d990-11dc-99ae-806e6f6e6963}\\big.vhdx', false],
  ['\\\\.\\C:\\disks\\big.vhdx', false],
  ['\\\\.\\C:\\', false],
  ['\\\\?\\C:\\big.vhdx', false],
  ['\\\\?\\UNC\\server\\share\\big.vhdx', false],
  ['\\\\server\\share\\big.vhdx', false],
  ['D:\\big.vhdx', false],
])('Whether %s names a device: %s', (path, expected) => {
  expect(isDevicePath(path)).toBe(expected);
});

// "File Streams", Microsoft: filename:stream name:stream type.
test.each([
  ['D:\\big.vhdx', undefined],
  ['big.vhdx', undefined],
  ['D:big.vhdx', undefined],
  ['D:\\big.vhdx:Zone.Identifier', 'zone.identifier'],
  ['D:big.vhdx:a', 'a'],
  ['big.vhdx:a:$DATA', 'a'],
  ['big.vhdx::$DATA', undefined],
  ['D:\\folder:a\\big.vhdx', undefined],
  ['\\\\?\\C:\\big.vhdx:A', 'a'],
])('The stream that %s names is %s', (path, expected) => {
  expect(streamOf(path)).toBe(expected);
});

test.each([
  ['\\\\server', true],
  ['\\\\server\\', true],
  ['//server', true],
  ['\\\\', true],
  ['\\\\.\\', true],
  ['\\\\?\\', true],
  ['\\\\server\\share', false],
  ['//server/share/file', false],
  ['\\\\.\\D:', false],
  ['D:\\folder\\\\file', false],
  ['\\file', false],
  ['D:\\', false],
])('Whether %s names a server without a share: %s', (path, expected) => {
  expect(isServerOnly(path)).toBe(expected);
});

test.each(['...', ' ', '. .'])('Windows programs cannot open a file whose whole name is "%s"', (name) => {
  expect(problemOfName(`D:\\disks\\${name}`)).toContain('cannot consist of dots and spaces');
});

test.each(['D:\\disks\\copy\\', 'D:/disks/copy/'])(
  '%s is the name of a folder, not of a new file',
  (path) => {
    expect(problemOfName(path)).toContain('name of a folder');
  },
);

// "Naming Files, Paths, and Namespaces", Microsoft: reserved names, and dots and spaces at the end.
const UNUSABLE: [name: string, nearest: string][] = [
  ['NUL', 'NUL_'],
  ['nul', 'nul_'],
  ['aux.vhdx', 'aux_.vhdx'],
  ['COM1', 'COM1_'],
  ['LPT9.tar.gz', 'LPT9_.tar.gz'],
  ['CONIN$', 'CONIN$_'],
  ['NUL. ', 'NUL_'],
  ['copy.', 'copy'],
  ['copy.vhdx ', 'copy.vhdx'],
  ['copy. . .', 'copy'],
];

test.each(UNUSABLE)(
  'Windows programs cannot open a file named "%s"; the nearest legal name is "%s"',
  (name, nearest) => {
    for (const folder of ['', 'D:\\disks\\', 'D:/disks/', '\\\\server\\share\\']) {
      expect(problemOfName(folder + name)).toContain(`'${nearest}'`);
    }
    // Such a path is meant to the letter.
    expect(problemOfName(`\\\\?\\D:\\${name}`)).toBeUndefined();
    expect(problemOfName(nearest)).toBeUndefined();
  },
);

test.each(['NULL', 'CON1', 'COM0', 'COM10', '.git', 'a.b', '.', '..', 'D:\\NUL\\file', 'a NUL'])(
  '%s is an ordinary name',
  (name) => {
    expect(problemOfName(name)).toBeUndefined();
  },
);

const onWindows = process.platform === 'win32';

test.skipIf(!onWindows).each(UNUSABLE)(
  `On Windows no function creates a file named "%s"${onWindows ? '' : ' [needs Windows]'}`,
  async (name) => {
    const { odx, file, path } = workspace();
    const source = file('source', 1000);
    const calls: [argument: string, call: () => unknown][] = [
      ['path', () => odx.openFile(path(name), 'w')],
      ['path', () => odx.openFileSync(path(name), 'wx')],
      ['destination', () => odx.copyFile(source, path(name))],
      ['pairs.0.1', () => odx.copyFiles([[source, path(name)]])],
    ];
    for (const [argument, call] of calls) {
      const error = (await failureOf(call)) as InvalidArgumentError;
      expect(error).toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT', issues: [{ path: argument }] });
    }
    expect(readdirSync(path('.'))).toEqual(['source']);
  },
);
