import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { createOdx } from '../../src/index.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { hasStub, loadStub, type Stub } from '../kernel/stub-kernel.ts';
import { expectNothing, expectSame, failureOf, noise, Workspace, withFiles, withInfo } from './kit.ts';

const MIB = 1_048_576;
const [NOT_SUPPORTED, DISK_FULL] = [50, 112];
const workspace = new Workspace();

/** The path by which the stub opens the same file on a server. */
const onServer = (path: string) => `//server/share${path}`;

describe.skipIf(!hasStub)('verification on the stub of kernel32 [needs a C compiler]', () => {
  let stub: Stub;
  beforeAll(() => {
    stub = loadStub();
  });
  // An offload on the stub moves no bytes, so the system must copy, and ranges go by ordinary reads and writes.
  beforeEach(() => stub.set('DeviceIoControl', 'fail', 1));
  afterEach(() => stub.reset());

  // The stub refuses an unbuffered read whose address, offset or length is not a multiple of the sector.
  test.each([0, 1, 511, 512, 513, 4096, MIB, MIB + 1, 3 * MIB + 777])(
    'reads both files from the disk for %i bytes',
    async (size) => {
      const source = workspace.file(size);
      const destination = workspace.path();
      const report = await stub.odx.copyFile(source, destination, { verify: true });
      expect(report.verified).toBe('disk');
      expectSame(destination, source);
      expect(stub.get('ReOpenFile', 'calls')).toBe(2);
      expect(stub.get('FlushFileBuffers', 'calls')).toBe(1);
    },
  );

  test('finds a difference that the cache hides, and removes the copy', async () => {
    stub.set('ReadFile', 'damage', 1);
    const destination = workspace.path();
    const copying = stub.odx.copyFile(workspace.file(2 * MIB), destination, { verify: true });
    expect(await failureOf(copying)).toMatchObject({
      code: 'ERR_ODX_PROTOCOL',
      syscall: 'verify',
      path: destination,
      offset: 0n,
    });
    expectNothing(destination);
  });

  test.each([1, 777, MIB + 513])(
    'reads a range of %i bytes from the disk after ordinary writes',
    async (length) => {
      const source = await stub.odx.openFile(workspace.file(length), 'r');
      const destination = await stub.odx.openFile(workspace.path(), 'wx');
      const report = await stub.odx.copyRange(source, destination, { length, verify: true });
      expect(report).toMatchObject({ verified: 'disk', bufferedBytes: BigInt(length) });
      expectSame(destination.path, source.path);
      await source.close();
      await destination.close();
    },
  );

  test('reads a range from the disk as well, within one file too', async () => {
    const file = await stub.odx.openFile(workspace.file(3 * MIB), 'r+');
    const options = { length: MIB, destinationOffset: MIB, verify: true };
    expect(await stub.odx.copyRange(file, file, options)).toMatchObject({ verified: 'disk' });
    stub.set('ReadFile', 'damage', 1);
    const other = await stub.odx.openFile(workspace.file(MIB), 'r');
    expect(await failureOf(stub.odx.copyRange(other, file, { length: MIB, verify: true }))).toMatchObject({
      syscall: 'verify',
    });
    await file.close();
    await other.close();
  });

  test.each([
    ['ReOpenFile', 87],
    ['ReOpenFile', 32],
    ['FlushFileBuffers', 1],
    ['FlushFileBuffers', 5],
    ['FlushFileBuffers', 50],
  ] as const)('compares through the cache where %s fails with %i, and says so', async (name, errno) => {
    stub.set(name, 'fail', errno);
    const source = workspace.file(2 * MIB);
    const destination = workspace.path();
    const report = await stub.odx.copyFile(source, destination, { verify: true });
    expect(report.verified).toBe('cache');
    expectSame(destination, source);
  });

  test.each(['source', 'destination'])(
    'compares through the cache where the %s is on a server, which may answer from its own',
    async (side) => {
      const source = workspace.file(MIB);
      const destination = workspace.path();
      const from = side === 'source' ? onServer(source) : source;
      const to = side === 'destination' ? onServer(destination) : destination;
      expect(await stub.odx.copyFile(from, to, { verify: true })).toMatchObject({ verified: 'cache' });
    },
  );

  test('continues through the cache where the volume has larger sectors than it reports', async () => {
    const folder = join(workspace.root, 'mounted');
    mkdirSync(folder);
    const destination = join(folder, 'copy');
    const odx = createOdx({ kernel: withInfo(stub.kernel, 'copy', { sectorSize: 512 }) });
    const source = workspace.file(2 * MIB + 513);
    const report = await odx.copyFile(source, destination, { verify: true });
    expect(report.verified).toBe('cache');
    expectSame(destination, source);
  });

  test('rejects and removes the copy when the disk cannot store it', async () => {
    stub.set('FlushFileBuffers', 'fail', DISK_FULL);
    const destination = workspace.path();
    const copying = stub.odx.copyFile(workspace.file(MIB), destination, { verify: true });
    expect(await failureOf(copying)).toMatchObject({
      code: 'ERROR_DISK_FULL',
      syscall: 'FlushFileBuffers',
      path: destination,
    });
    expectNothing(destination);
  });

  test('opens and flushes nothing, and reports nothing, without verify', async () => {
    const report = await stub.odx.copyFile(workspace.file(MIB), workspace.path());
    expect(report).not.toHaveProperty('verified');
    expect(stub.get('ReOpenFile', 'calls') + stub.get('FlushFileBuffers', 'calls')).toBe(0);
  });

  test.each([
    [false, 'read'],
    [false, 'write'],
    [true, 'write'],
  ])('keeps others from the destination during a copy with verify %s: %s', async (verify, access) => {
    const destination = workspace.path();
    const opening: Promise<unknown>[] = [];
    const request = { read: access === 'read', write: access === 'write', disposition: 'open' } as const;
    await stub.odx.copyFile(workspace.file(MIB), destination, {
      verify,
      onProgress({ percent }) {
        if (percent === 0) opening.push(failureOf(stub.files.open(destination, request)));
      },
    });
    expect(await Promise.all(opening)).toEqual([expect.objectContaining({ errno: 32 })]);
  });

  test('closes the handles that read past the cache, also after a difference', async () => {
    stub.set('ReadFile', 'damage', 1);
    const before = await stub.files.open(workspace.file(1), {
      read: true,
      write: false,
      disposition: 'open',
    });
    await stub.files.close(before);
    await failureOf(stub.odx.copyFile(workspace.file(MIB), workspace.path(), { verify: true }));
    const after = await stub.files.open(workspace.file(1), { read: true, write: false, disposition: 'open' });
    await stub.files.close(after);
    // A closed number is reused at once.
    expect(after).toBe(before);
  });
});

describe('verification on the emulator', () => {
  /** A kernel that can read past the cache, except the file of one name, and the handles that it has open. */
  function uncached(refused = '', failure: unknown = new KernelFailure(NOT_SUPPORTED)) {
    const emulator = createEmulator();
    const { files } = emulator;
    const paths = new Map<bigint, string>();
    const opened = new Set<bigint>();
    const open: FileKernel['open'] = async (path, request) => {
      const handle = await files.open(path, request);
      paths.set(handle, path);
      opened.add(handle);
      return handle;
    };
    const kernel = withFiles(emulator, {
      open,
      async openUnbuffered(handle) {
        const path = paths.get(handle) ?? '';
        if (basename(path) === refused) throw failure;
        return open(path, { read: true, write: false, disposition: 'open' });
      },
      async close(handle) {
        await files.close(handle);
        opened.delete(handle);
      },
    });
    return { kernel: shared(kernel), opened };
  }

  /** A kernel whose files others can open, because a second handle of the emulator is not exempt. */
  function shared(kernel: Kernel): Kernel {
    const { open } = filesOf(kernel);
    return withFiles(kernel, { open: (path, request) => open(path, { ...request, sharing: 'all' }) });
  }

  test.each([
    ['', 'disk'],
    ['source', 'cache'],
    ['destination', 'cache'],
  ])(
    'closes what it has opened, also if "%s" can be read through the cache only',
    async (refused, verified) => {
      const { kernel, opened } = uncached(refused);
      const [source, destination] = [workspace.file(2 * MIB), workspace.path('destination')];
      const report = await copyFileWith(kernel, source, destination, { verify: true });
      expect(report).toMatchObject({ offloadedBytes: BigInt(2 * MIB), verified });
      expect(opened.size).toBe(0);
      expectSame(destination, source);
    },
  );

  test('passes on an error that is no failure of the kernel', async () => {
    const mine = new Error('mine');
    const { kernel, opened } = uncached('destination', mine);
    const destination = workspace.path('destination');
    const copying = copyFileWith(kernel, workspace.file(MIB), destination, { verify: true });
    expect(await failureOf(copying)).toBe(mine);
    expectNothing(destination);
    expect(opened.size).toBe(0);
  });

  test('reports where the copy differs, and closes what it has opened', async () => {
    const { kernel, opened } = uncached();
    const { read } = filesOf(kernel);
    let reads = 0;
    const damaged = withFiles(kernel, {
      async read(handle, into, ...rest) {
        const count = await read(handle, into, ...rest);
        if (++reads === 3) into[100] = 0;
        return count;
      },
    });
    const [source, destination] = [workspace.file(2 * MIB), workspace.path()];
    const failure = await failureOf(copyFileWith(damaged, source, destination, { verify: true }));
    expect(failure).toMatchObject({
      code: 'ERR_ODX_PROTOCOL',
      syscall: 'verify',
      path: destination,
      offset: BigInt(MIB + 100),
      message: `verify on '${destination}' at offset ${MIB + 100}: the copy differs from '${source}': the storage did not write what it was asked to write.`,
    });
    expectNothing(destination);
    expect(opened.size).toBe(0);
  });

  test.each([
    ['source', 3, 0],
    ['source', 3, 1000],
    ['destination', 4, 0],
    ['destination', 4, 1000],
  ])(
    'finds that the %s ends early, in read %i after %i bytes, although the same bytes are still in memory from before',
    async (_, lastRead, count) => {
      const { kernel } = uncached();
      const { read } = filesOf(kernel);
      let reads = 0;
      const shorter = withFiles(kernel, {
        read: async (...given) => Math.min(++reads === lastRead ? count : MIB, await read(...given)),
      });
      const source = workspace.path('source');
      const half = noise(MIB);
      writeFileSync(source, Buffer.concat([half, half]));
      const destination = workspace.path();
      const failure = await failureOf(copyFileWith(shorter, source, destination, { verify: true }));
      expect(failure).toMatchObject({
        code: 'ERR_ODX_PROTOCOL',
        syscall: 'verify',
        offset: BigInt(MIB + count),
      });
      expectNothing(destination);
    },
  );

  test.each(['source', 'destination'])(
    'closes no file while one is still being read, if reading the %s fails',
    async (side) => {
      const { kernel } = uncached();
      const { read, close } = filesOf(kernel);
      const steps: string[] = [];
      let reads = 0;
      const failing = withFiles(kernel, {
        async read(handle, into, ...rest) {
          const isSource = ++reads === 1;
          if (isSource === (side === 'source')) throw new KernelFailure(DISK_FULL);
          for (let turn = 0; turn < 10; turn++) await nextTurn();
          const count = await read(handle, into, ...rest);
          steps.push('read');
          return count;
        },
        async close(handle) {
          steps.push('close');
          return close(handle);
        },
      });
      const destination = workspace.path();
      const copying = copyFileWith(failing, workspace.file(MIB), destination, { verify: true });
      expect(await failureOf(copying)).toMatchObject({ errno: DISK_FULL, syscall: 'ReadFile' });
      expect(steps).toEqual(['read', 'close', 'close', 'close', 'close']);
      expectNothing(destination);
    },
  );

  test('flushes the destination before it reads it again, and reports the cache', async () => {
    const kernel = createEmulator({ supported: false });
    const { files } = kernel;
    const steps: string[] = [];
    const watched = withFiles(kernel, {
      write: (...given) => {
        steps.push('write');
        return files.write(...given);
      },
      flush: (handle) => {
        steps.push('flush');
        return files.flush(handle);
      },
      openUnbuffered: (handle) => {
        steps.push('open');
        return files.openUnbuffered(handle);
      },
    });
    const odx = createOdx({ kernel: watched });
    const source = await odx.openFile(workspace.file(2 * MIB), 'r');
    const destination = await odx.openFile(workspace.path(), 'wx');
    const report = await odx.copyRange(source, destination, { length: 2 * MIB, verify: true });
    expect(report.verified).toBe('cache');
    expect(steps).toEqual(['write', 'write', 'flush', 'open']);
    expectSame(destination.path, source.path);
    await source.close();
    await destination.close();
  });
});
