import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import { createOdx, type Odx } from '../../src/odx.ts';
import { OffloadFile } from '../../src/offload-file.ts';
import type { OpenFileOptions, OpenFlags } from '../../src/open-file.ts';
import { OffloadToken } from '../../src/token.ts';
import { withFiles } from '../copy/kit.ts';
import { failureOf, onPlatform, patternBytes, workspace } from '../kit.ts';

type Open = (odx: Odx, path: string, flags: OpenFlags, options?: OpenFileOptions) => Promise<OffloadFile>;

const FORMS: [string, Open][] = [
  ['openFile', (odx, path, flags, options) => odx.openFile(path, flags, options)],
  ['openFileSync', async (odx, path, flags, options) => odx.openFileSync(path, flags, options)],
];

describe.each(FORMS)('%s', (_, open) => {
  test('returns a file with its path, size, sector size and handle', async () => {
    const { odx, file: make } = workspace({ sectorSize: 4096 });
    const path = make('file', 10_000);
    const file = await open(odx, path, 'r');
    expect(file).toBeInstanceOf(OffloadFile);
    expect([file.path, file.size, file.sectorSize, typeof file.handle]).toEqual([
      path,
      10_000n,
      4096,
      'bigint',
    ]);
    await file.close();
  });

  test('sets a size of more than a tebibyte exactly', async () => {
    const { odx, path } = workspace();
    const size = 2n ** 40n + 1n;
    const file = await open(odx, path('file'), 'w', { size });
    expect(file.size).toBe(size);
    expect(statSync(path('file'), { bigint: true }).size).toBe(size);
    await file.close();
  });

  // Flags, whether the file exists before, and its size afterwards or the error.
  test.each<[OpenFlags, boolean, bigint | string]>([
    ['r', true, 1000n],
    ['r', false, 'ERROR_FILE_NOT_FOUND'],
    ['r+', true, 1000n],
    ['r+', false, 'ERROR_FILE_NOT_FOUND'],
    ['w', true, 0n],
    ['w', false, 0n],
    ['wx', true, 'ERROR_FILE_EXISTS'],
    ['wx', false, 0n],
  ])('opens with %o a file that exists (%s): the result is %s', async (flags, exists, expected) => {
    const { odx, file: make, path } = workspace();
    if (exists) make('file', 1000);
    if (typeof expected === 'string') {
      const error = await failureOf(() => open(odx, path('file'), flags));
      expect(error).toBeInstanceOf(Win32Error);
      expect(error).toMatchObject({ code: expected, syscall: 'CreateFileW', path: path('file') });
      expect(existsSync(path('file'))).toBe(exists);
      if (exists) expect(Buffer.compare(readFileSync(path('file')), patternBytes(1000))).toBe(0);
      return;
    }
    const file = await open(odx, path('file'), flags);
    expect(file.size).toBe(expected);
    await file.close();
  });

  test.each<OpenFlags>(['r', 'r+', 'w', 'wx'])(
    'rejects with ERROR_PATH_NOT_FOUND when it opens with %o in a missing folder',
    async (flags) => {
      const { odx, path } = workspace();
      const missing = join(path('folder'), 'file');
      const error = await failureOf(() => open(odx, missing, flags));
      expect(error).toMatchObject({ code: 'ERROR_PATH_NOT_FOUND', syscall: 'CreateFileW', path: missing });
    },
  );

  test.each<[OpenFlags, number | bigint]>([
    ['r+', 4096],
    ['r+', 10n],
    ['r+', 0],
    ['w', 5000],
    ['wx', 5000n],
  ])('opens with %o and a size of %o a file of that size', async (flags, size) => {
    const { odx, file: make, path } = workspace();
    if (flags === 'r+') make('file', 1000);
    const file = await open(odx, path('file'), flags, { size });
    expect(file.size).toBe(BigInt(size));
    expect(statSync(path('file')).size).toBe(Number(size));
    await file.close();
  });

  test("removes the file when it opens with 'wx' and a size that does not fit", async () => {
    const { odx, path } = workspace();
    const error = await failureOf(() => open(odx, path('file'), 'wx', { size: 2n ** 63n - 1n }));
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({ syscall: 'SetFileInformationByHandle', path: path('file') });
    expect(existsSync(path('file'))).toBe(false);
  });

  test('reports why a new file does not fit, even when it can be neither removed nor closed', async () => {
    const { emulator, path } = workspace();
    const { files } = emulator;
    const failed: string[] = [];
    const fail = (name: string): never => {
      failed.push(name);
      throw new KernelFailure(6);
    };
    const kernel = withFiles(emulator, {
      remove: async () => fail('remove'),
      removeSync: () => fail('remove'),
      async close(handle) {
        await files.close(handle);
        fail('close');
      },
      closeSync(handle) {
        files.closeSync(handle);
        fail('close');
      },
    });
    const size = 2n ** 63n - 1n;
    const error = await failureOf(() => open(createOdx({ kernel }), path('file'), 'wx', { size }));
    expect(error).toMatchObject({ syscall: 'SetFileInformationByHandle', path: path('file') });
    expect(failed).toEqual(['remove', 'close']);
  });

  test.each<[OpenFlags, number]>([
    ['r+', 1000],
    ['w', 0],
  ])('keeps a file that exists when it opens with %o and a size that does not fit', async (flags, left) => {
    const { odx, file: make } = workspace();
    const path = make('file', 1000);
    const error = await failureOf(() => open(odx, path, flags, { size: 2n ** 63n - 1n }));
    expect(error).toMatchObject({ syscall: 'SetFileInformationByHandle', path });
    expect(readFileSync(path)).toEqual(patternBytes(left));
  });

  test.each<OpenFlags>(['r', 'r+', 'w', 'wx'])(
    'closes a file opened with %o whose state cannot be queried, and removes it if it is new',
    async (flags) => {
      const { emulator, file: make, path } = workspace();
      const isNew = flags === 'wx';
      if (!isNew) make('file', 1000);
      const opened: bigint[] = [];
      const closed: bigint[] = [];
      const removed: bigint[] = [];
      const { files } = emulator;
      const failed = new KernelFailure(31);
      const odx = createOdx({
        kernel: {
          ...emulator,
          files: {
            ...files,
            async open(...given) {
              const handle = await files.open(...given);
              opened.push(handle);
              return handle;
            },
            openSync(...given) {
              const handle = files.openSync(...given);
              opened.push(handle);
              return handle;
            },
            info: () => Promise.reject(failed),
            infoSync() {
              throw failed;
            },
            remove(handle) {
              removed.push(handle);
              return files.remove(handle);
            },
            removeSync(handle) {
              removed.push(handle);
              files.removeSync(handle);
            },
            close(handle) {
              closed.push(handle);
              return files.close(handle);
            },
            closeSync(handle) {
              closed.push(handle);
              files.closeSync(handle);
            },
          },
        },
      });
      expect(await failureOf(() => open(odx, path('file'), flags))).toMatchObject({
        code: 'ERROR_GEN_FAILURE',
        syscall: 'GetFileInformationByHandle',
        path: path('file'),
      });
      expect(opened).toHaveLength(1);
      expect(closed).toEqual(opened);
      expect(removed).toEqual(isNew ? opened : []);
      expect(existsSync(path('file'))).toBe(!isNew);
    },
  );

  test.each<OpenFlags>(['r+', 'w', 'wx'])(
    'opens with %o a file that can be read and written',
    async (flags) => {
      const { odx, file: make, path } = workspace();
      if (flags === 'r+') make('file', 4096);
      const file = await open(odx, path('file'), flags, { size: 4096 });
      await odx.offloadWrite(file, { token: OffloadToken.zeroData(), copyLength: 4096 });
      expect((await odx.offloadRead(file, { copyLength: 4096 })).transferLength).toBe(4096n);
      await file.close();
    },
  );

  test("opens with 'r' a file that cannot be written", async () => {
    const { odx, file: make } = workspace();
    const file = await open(odx, make('file', 4096), 'r');
    const error = await failureOf(() =>
      odx.offloadWrite(file, { token: OffloadToken.zeroData(), copyLength: 512 }),
    );
    expect(error).toMatchObject({
      code: 'ERROR_ACCESS_DENIED',
      action: 'fix-call',
      syscall: 'FSCTL_OFFLOAD_WRITE',
    });
    await file.close();
  });

  test.each([
    ['a folder', /^ERROR_ACCESS_DENIED$/],
    // Only Windows distinguishes a missing folder from a missing file.
    ['a name in a folder that does not exist', /^ERROR_(PATH|FILE)_NOT_FOUND$/],
  ])('refuses %s', async (what, code) => {
    const { odx, path } = workspace();
    mkdirSync(path('folder'));
    const at = what === 'a folder' ? path('folder') : path('nowhere/file');
    expect(await failureOf(() => open(odx, at, 'r'))).toMatchObject({
      code: expect.stringMatching(code),
      path: at,
    });
  });

  test('accepts names that are not ASCII', async () => {
    const { odx, file: make } = workspace();
    const path = make('Größe 大きさ 📦', 512);
    const file = await open(odx, path, 'r');
    expect(file.path).toBe(path);
    await file.close();
  });
});

describe('On Windows, a name whose last dot other programs leave out', () => {
  test.each<OpenFlags>(['w', 'wx'])('is refused for a file opened with %o', (flags) => {
    const { odx, path } = workspace();
    const message = expect.stringMatching(/^path is .* the nearest legal one is 'copy'\.$/);
    expect(() => onPlatform('win32', () => odx.openFileSync(path('copy.'), flags))).toThrow(
      expect.objectContaining({ issues: [{ path: 'path', message }] }),
    );
    expect(existsSync(path('copy.'))).toBe(false);
  });

  test.each<OpenFlags>(['r', 'r+'])('may be that of a file that exists, opened with %o', (flags) => {
    const { odx, file: make } = workspace();
    const path = make('copy.', 1000);
    using file = onPlatform('win32', () => odx.openFileSync(path, flags));
    expect(file.size).toBe(1000n);
  });
});

describe('setSize', () => {
  test.each<[number | bigint, bigint]>([
    [0, 0n],
    [1, 1n],
    [4097n, 4097n],
    [2n ** 40n, 2n ** 40n],
  ])('called with %o moves the end of the file', async (size, expected) => {
    const { odx, file: make } = workspace();
    const file = await odx.openFile(make('file', 1000), 'r+');
    await file.setSize(size);
    expect(file.size).toBe(expected);
    expect(statSync(file.path, { bigint: true }).size).toBe(expected);
    await file.close();
  });

  test('keeps the size when it is refused', async () => {
    const { odx, file: make } = workspace();
    const file = await odx.openFile(make('file', 1000), 'r');
    const error = await failureOf(() => file.setSize(10));
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({ syscall: 'SetFileInformationByHandle', path: file.path });
    expect(file.size).toBe(1000n);
    await file.close();
  });
});

describe('closing an OffloadFile', () => {
  // Each way to close a file; `using` and `await using` call the symbols.
  const CLOSE: [string, (file: OffloadFile) => unknown][] = [
    ['close()', (file) => file.close()],
    ['Symbol.asyncDispose', (file) => file[Symbol.asyncDispose]()],
    ['Symbol.dispose', (file) => file[Symbol.dispose]()],
  ];

  describe.each(CLOSE)('by %s', (_, close) => {
    test('closes the handle', async () => {
      const { odx, file: make } = workspace();
      const file = await odx.openFile(make('file', 4096), 'r');
      const { handle } = file;
      await close(file);
      const error = await failureOf(() => odx.offloadRead(handle, { copyLength: 512 }));
      expect(error).toMatchObject({ code: 'ERROR_INVALID_HANDLE', errno: 6 });
    });

    test.each(CLOSE)('has no effect after %s', async (_name, again) => {
      const { odx, file: make } = workspace();
      const file = await odx.openFile(make('file', 4096), 'r');
      await close(file);
      await again(file);
      await again(file);
    });

    test('fails, where Windows refuses it, with its error, the call and the path', async () => {
      const { emulator, file: make } = workspace();
      const { files } = emulator;
      const kernel = withFiles(emulator, {
        async close(handle) {
          await files.close(handle);
          throw new KernelFailure(6);
        },
        closeSync(handle) {
          files.closeSync(handle);
          throw new KernelFailure(6);
        },
      });
      const file = await createOdx({ kernel }).openFile(make('file', 4096), 'r');
      const error = await failureOf(() => close(file));
      expect(error).toBeInstanceOf(Win32Error);
      expect(error).toMatchObject({
        code: 'ERROR_INVALID_HANDLE',
        syscall: 'CloseHandle',
        path: file.path,
      });
    });

    test('makes every later call fail with an InvalidArgumentError that names the file', async () => {
      const { odx, emulator, file: make } = workspace();
      const file = await odx.openFile(make('file', 4096), 'r+');
      await close(file);
      const token = OffloadToken.zeroData();
      const ranges = [{ startingOffset: 0, lengthInBytes: 512 }];
      const uses: (() => unknown)[] = [
        () => odx.offloadRead(file, { copyLength: 512 }),
        () => odx.offloadReadSync(file, { copyLength: 512 }),
        () => odx.offloadWrite(file, { token, copyLength: 512 }),
        () => odx.offloadWriteSync(file, { token, copyLength: 512 }),
        () => odx.dsmOffloadRead(file, { ranges }),
        () => odx.dsmOffloadReadSync(file, { ranges }),
        () => odx.dsmOffloadWrite(file, { ranges, token }),
        () => odx.dsmOffloadWriteSync(file, { ranges, token }),
        () => odx.queryCopyOffload(file),
        () => odx.zeroRange(file, { fileOffset: 0, length: 512 }),
        () => file.setSize(512),
        () => file.handle,
      ];
      for (const use of uses) {
        const error = await failureOf(use);
        expect(error).toBeInstanceOf(InvalidArgumentError);
        expect((error as InvalidArgumentError).issues).toEqual([
          { path: 'file', message: `The file '${file.path}' is closed; open it again with openFile.` },
        ]);
      }
      expect(emulator.calls).toEqual([]);
    });

    test('keeps its path, size and sector size readable', async () => {
      const { odx, file: make } = workspace();
      const file = await odx.openFile(make('file', 4096), 'r');
      await close(file);
      expect([file.size, file.sectorSize, file.path.endsWith('file')]).toEqual([4096n, 512, true]);
    });
  });

  test('waits for a call in flight with close()', async () => {
    const { odx, file: make } = workspace({ latency: 20 });
    const file = await odx.openFile(make('file', 4096), 'r');
    const reading = odx.offloadRead(file, { copyLength: 512 });
    await file.close();
    expect((await reading).transferLength).toBe(512n);
  });

  test('lets a call in flight complete with Symbol.dispose', async () => {
    const { odx, file: make } = workspace({ latency: 20 });
    const file = await odx.openFile(make('file', 4096), 'r');
    const reading = odx.offloadRead(file, { copyLength: 512 });
    file[Symbol.dispose]();
    expect((await reading).transferLength).toBe(512n);
  });
});

test('OffloadFile has no public constructor', async () => {
  const Constructor = OffloadFile as unknown as new (...given: unknown[]) => OffloadFile;
  for (const given of [[], [Symbol('OffloadFile'), {}]]) {
    const error = await failureOf(() => new Constructor(...given));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as InvalidArgumentError).issues).toEqual([
      { path: '', message: 'An OffloadFile is made by openFile, not by new.' },
    ]);
  }
});

test('inspecting an OffloadFile shows its path and whether it is closed', async () => {
  const { odx, file: make } = workspace();
  const path = make('file', 4096);
  const file = await odx.openFile(path, 'r');
  expect(inspect(file)).toBe(`OffloadFile('${path}', 4096 bytes, sectors of 512)`);
  await file.close();
  expect(inspect(file)).toBe(`OffloadFile('${path}', closed)`);
});
