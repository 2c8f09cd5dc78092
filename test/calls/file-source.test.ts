import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import type { FileSource } from '../../src/file-source.ts';
import { createOdx, type Odx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, workspace } from '../kit.ts';

const token = OffloadToken.zeroData();
const ranges = [{ startingOffset: 0, lengthInBytes: 512 }];
const NEVER_OPEN = 999_999;

// Every function that works on a file, and a part of its result.
const CALLS: [string, (odx: Odx, file: FileSource) => unknown, object][] = [
  ['offloadRead', (odx, file) => odx.offloadRead(file, { copyLength: 512 }), { transferLength: 512n }],
  [
    'offloadReadSync',
    (odx, file) => odx.offloadReadSync(file, { copyLength: 512 }),
    { transferLength: 512n },
  ],
  [
    'offloadWrite',
    (odx, file) => odx.offloadWrite(file, { token, copyLength: 512 }),
    { lengthWritten: 512n },
  ],
  [
    'offloadWriteSync',
    (odx, file) => odx.offloadWriteSync(file, { token, copyLength: 512 }),
    { lengthWritten: 512n },
  ],
  ['dsmOffloadRead', (odx, file) => odx.dsmOffloadRead(file, { ranges }), { lengthProtected: 512n }],
  ['dsmOffloadReadSync', (odx, file) => odx.dsmOffloadReadSync(file, { ranges }), { lengthProtected: 512n }],
  ['dsmOffloadWrite', (odx, file) => odx.dsmOffloadWrite(file, { ranges, token }), { lengthCopied: 512n }],
  [
    'dsmOffloadWriteSync',
    (odx, file) => odx.dsmOffloadWriteSync(file, { ranges, token }),
    { lengthCopied: 512n },
  ],
  ['queryCopyOffload', (odx, file) => odx.queryCopyOffload(file), { size: 48 }],
];

describe('an fd property on Object.prototype', () => {
  test('does not turn other objects into files or change a FileHandle', async () => {
    const { odx, emulator, file: make } = workspace();
    const handle = await open(make('file', 4096), 'r+');
    Object.defineProperty(Object.prototype, 'fd', { value: handle.fd, configurable: true });
    try {
      for (const stranger of [{}, [], Object.create(null), new Map(), Object.create(Object.create({}))]) {
        const error = await failureOf(() =>
          odx.offloadWrite(stranger as FileSource, { token, copyLength: 512 }),
        );
        expect(error).toBeInstanceOf(InvalidArgumentError);
      }
      expect(emulator.calls).toEqual([]);
      expect(await odx.offloadRead(handle, { copyLength: 512 })).toMatchObject({ transferLength: 512n });
      expect(await odx.offloadRead({ fd: handle.fd }, { copyLength: 512 })).toMatchObject({
        transferLength: 512n,
      });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'fd');
      await handle.close();
    }
  });
});

describe.each(CALLS)('%s', (_, call, result) => {
  test('accepts an OffloadFile', async () => {
    const { odx, file: make } = workspace();
    const file = await odx.openFile(make('file', 4096), 'r+');
    expect(await call(odx, file)).toMatchObject(result);
    await file.close();
  });

  test('accepts a HANDLE', async () => {
    const { odx, file: make } = workspace();
    const file = await odx.openFile(make('file', 4096), 'r+');
    expect(await call(odx, file.handle)).toMatchObject(result);
    await file.close();
  });

  test('accepts a file descriptor and leaves it open', async () => {
    const { odx, file: make } = workspace();
    const fd = openSync(make('file', 4096), 'r+');
    expect(await call(odx, fd)).toMatchObject(result);
    expect(await call(odx, fd)).toMatchObject(result);
    closeSync(fd);
  });

  test('accepts a FileHandle and leaves it open', async () => {
    const { odx, file: make } = workspace();
    const handle = await open(make('file', 4096), 'r+');
    expect(await call(odx, handle)).toMatchObject(result);
    expect((await handle.stat()).size).toBe(4096);
    await handle.close();
  });
});

describe.each(CALLS)('%s with an unusable file', (_, call) => {
  test('refuses a closed FileHandle', async () => {
    const { odx, emulator, file: make } = workspace();
    const handle = await open(make('file', 4096), 'r+');
    await handle.close();
    const error = await failureOf(() => call(odx, handle));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toMatch(
      /^file is an object with fd -1; .* -1 means that it is closed\.$/,
    );
    expect(emulator.calls).toEqual([]);
  });

  test('rejects with the error of the kernel for a descriptor that is not open', async () => {
    const { odx } = workspace();
    // One that was just closed may belong to a file of another thread by now.
    const error = await failureOf(() => call(odx, NEVER_OPEN));
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({ code: 'ERROR_INVALID_HANDLE', errno: 6, syscall: 'uv_get_osfhandle' });
  });

  test.each([0n, 0xdead_beefn, 2n ** 64n - 1n])(
    'rejects with the error of the kernel for the unknown HANDLE %o',
    async (handle) => {
      const { odx } = workspace();
      expect(await failureOf(() => call(odx, handle))).toMatchObject({
        code: 'ERROR_INVALID_HANDLE',
        errno: 6,
      });
    },
  );

  test('refuses a file that another kernel opened', async () => {
    const { odx, emulator } = workspace();
    const other = workspace();
    const file = await other.odx.openFile(other.file('file', 4096), 'r+');
    const error = await failureOf(() => call(odx, file));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as InvalidArgumentError).issues).toEqual([
      {
        path: 'file',
        message: `The file '${file.path}' was opened by another kernel (emulator); open it with the openFile of the same kernel.`,
      },
    ]);
    expect([...emulator.calls, ...other.emulator.calls]).toEqual([]);
    await file.close();
  });
});

test('every number that can be a file descriptor is one', async () => {
  const { emulator, file: make } = workspace();
  const file = await createOdx({ kernel: emulator }).openFile(make('file', 4096), 'r');
  const asked: number[] = [];
  const handleOf = (fd: number): bigint => {
    asked.push(fd);
    return file.handle;
  };
  const odx = createOdx({ kernel: { ...emulator, handleOf } });
  for (const fd of [-1, 0, 1, 2 ** 31 - 1, 2 ** 31]) {
    const call = (): unknown => odx.offloadRead(fd, { copyLength: 512 });
    if (fd >= 0 && fd < 2 ** 31) expect(await call()).toMatchObject({ transferLength: 512n });
    else expect(await failureOf(call)).toBeInstanceOf(InvalidArgumentError);
  }
  expect(asked).toEqual([0, 1, 2 ** 31 - 1]);
  await file.close();
});

test('a descriptor opened for reading cannot be written', async () => {
  const { odx, file: make } = workspace();
  const fd = openSync(make('file', 4096), 'r');
  const error = await failureOf(() => odx.offloadWrite(fd, { token, copyLength: 512 }));
  expect(error).toMatchObject({ code: 'ERROR_ACCESS_DENIED', action: 'fix-call' });
  closeSync(fd);
});
