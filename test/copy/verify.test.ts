import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { createOdx } from '../../src/index.ts';
import { hasStub, loadStub, type Stub } from '../kernel/stub-kernel.ts';
import { expectNothing, expectSame, failureOf, Workspace, withFiles, withInfo } from './kit.ts';

const MIB = 1_048_576;
const DISK_FULL = 112;
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
