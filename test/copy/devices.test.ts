import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { createOdx } from '../../src/index.ts';
import { type Kernel, KernelFailure, type OpenRequest } from '../../src/kernel/kernel.ts';
import { FSCTL_DISMOUNT_VOLUME } from '../../structs/index.ts';
import { hasStub, loadStub, type Stub } from '../kernel/stub-kernel.ts';
import { failureOf, Workspace, withFiles } from './kit.ts';

const MIB = 1_048_576;
const workspace = new Workspace();

// One stub for all tests: two would share its completion port.
let stub: Stub;
beforeAll(() => {
  if (hasStub) stub = loadStub();
});
afterEach(() => stub.reset());

// On the stub C: and D: are mounted volumes on PhysicalDrive0, X: spans two disks, and PhysicalDrive1 is offline.
describe.skipIf(!hasStub)('a device [needs a C compiler]', () => {
  // The stub refuses a read or write whose address is not that of a page, or whose length or offset is not of whole sectors.
  test.each([1, 511, 513, MIB + 777])('takes a file of %i bytes by ordinary writes', async (size) => {
    const source = workspace.file(size);
    const report = await stub.odx.copyFile(source, '\\\\.\\PhysicalDrive1');
    expect(report).toMatchObject({ bytes: BigInt(size), bufferedBytes: BigInt(size) });
  });

  // CreateFile, "Physical Disks and Volumes": whoever opens a volume must share it with writers.
  test('is opened once as the source, and shared with writers', async () => {
    const requests: OpenRequest[] = [];
    const controller = new AbortController();
    const { open } = stub.files;
    const kernel = withFiles(stub.kernel, {
      async open(path, request) {
        requests.push(request);
        // Its content is of no interest here.
        controller.abort();
        return open(path, request);
      },
    });
    const { signal } = controller;
    const copying = createOdx({ kernel }).copyFile('\\\\.\\D:', workspace.path(), { signal });
    expect(await failureOf(copying)).toMatchObject({ code: 'ABORT_ERR' });
    expect(requests).toEqual([{ read: true, write: false, disposition: 'open' }]);
  });

  test.each([512, 3 * MIB])('gives a range of %i bytes by ordinary reads', async (length) => {
    const volume = await stub.odx.openFile('\\\\.\\D:', 'r');
    const file = await stub.odx.openFile(workspace.path(), 'wx');
    const report = await stub.odx.copyRange(volume, file, { length, sourceOffset: MIB, verify: true });
    expect(report).toMatchObject({ bufferedBytes: BigInt(length), verified: 'disk' });
    await volume.close();
    await file.close();
  });

  test('keeps what follows a range that ends within its last sector', async () => {
    const source = await stub.odx.openFile(workspace.file(700), 'r');
    const disk = await stub.odx.openFile('\\\\.\\PhysicalDrive1', 'r+');
    expect(await stub.odx.copyRange(source, disk, { length: 700 })).toMatchObject({ bufferedBytes: 700n });
    // The sector is read before it is written.
    expect(stub.get('ReadFile', 'calls')).toBe(2);
    await source.close();
    await disk.close();
  });
});

// One device has many names: docs "Naming Files, Paths, and Namespaces".
describe.skipIf(!hasStub)('a copy of a device onto itself [needs a C compiler]', () => {
  test.each([
    ['\\\\.\\C:', '\\\\?\\C:'],
    ['\\\\.\\C:', '\\\\.\\c:'],
    ['\\\\.\\C:', '\\\\?\\Volume{57550000-0000-0000-0000-000000000000}'],
    ['\\\\.\\C:', '\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1'],
    ['\\\\.\\C:', '\\\\?\\GLOBALROOT\\Device\\Harddisk0\\Partition1'],
    ['\\\\.\\PhysicalDrive0', '\\\\.\\PHYSICALDRIVE0'],
    // Without a device number, only the name is compared.
    ['\\\\.\\X:', '\\\\?\\x:'],
  ])('is refused from %s to %s before anything is touched', async (source, destination) => {
    expect(await failureOf(stub.odx.copyFile(source, destination))).toMatchObject({
      code: 'ERR_ODX_INVALID_ARGUMENT',
      message: expect.stringMatching(/which is the source itself \(.*\) under another name/),
    });
    expect(stub.get('WriteFile', 'calls')).toBe(0);
    expect(stub.volumes()).toEqual({ locks: 0, dismounts: 0, torn: 0 });
  });

  test.each([
    ['\\\\.\\C:', '\\\\.\\D:'],
    ['\\\\.\\C:', '\\\\.\\PhysicalDrive0'],
    ['\\\\.\\X:', '\\\\.\\C:'],
    ['\\\\.\\PhysicalDrive0', '\\\\.\\PhysicalDrive1'],
  ])('is not mistaken for one from %s to %s', async (source, destination) => {
    const from = await stub.odx.openFile(source, 'r');
    const to = await stub.odx.openFile(destination, 'r+');
    const [one, other] = [
      await stub.files.info(from.handle, source),
      await stub.files.info(to.handle, destination),
    ];
    expect(one.identity).not.toBe(other.identity);
    await from.close();
    await to.close();
  });

  test.each(['openFile', 'openFileSync'] as const)(
    'is judged by the same identity after %s',
    async (open) => {
      const file = await stub.odx[open]('\\\\.\\C:', 'r');
      const { identity } = await stub.files.info(file.handle, '\\\\.\\C:');
      expect(
        stub.files.infoSync(file.handle, '\\\\?\\Volume{57550000-0000-0000-0000-000000000000}').identity,
      ).toBe(identity);
      await file.close();
    },
  );
});

// WriteFile, "Direct Volume Writes": a mounted volume is written to only through the handle that has locked or dismounted it.
describe.skipIf(!hasStub)('a copy to a mounted volume [needs a C compiler]', () => {
  const VOLUME = '\\\\.\\D:';
  const READ = { read: true, write: false, disposition: 'open' } as const;
  test.each([100, MIB])(
    'of %i bytes locks the volume, dismounts it, and unlocks it at the end',
    async (size) => {
      const report = await stub.odx.copyFile(workspace.file(size), VOLUME);
      expect(report.bufferedBytes).toBe(BigInt(size));
      expect(stub.volumes()).toEqual({ locks: 1, dismounts: 1, torn: 0 });
      await stub.files.close(await stub.files.open(VOLUME, READ));
    },
  );

  test.each([100, MIB])(
    'of %i bytes is refused while a file on the volume is open, which loses nothing',
    async (size) => {
      stub.set('DeviceIoControl', 'busy', 1);
      const error = await failureOf(stub.odx.copyFile(workspace.file(size), VOLUME));
      expect(error).toBeInstanceOf(Win32Error);
      expect(error).toMatchObject({
        code: 'ERROR_ACCESS_DENIED',
        syscall: 'FSCTL_LOCK_VOLUME',
        path: VOLUME,
        message: expect.stringMatching(
          /Files on the volume are open, .*nothing was written to it\. Close every program/,
        ),
        advice: expect.stringMatching(/^Close every program/),
      });
      expect(stub.get('WriteFile', 'calls')).toBe(0);
      expect(stub.volumes()).toEqual({ locks: 0, dismounts: 0, torn: 0 });
    },
  );

  test('is refused when the source is a file or another handle on the same volume', async () => {
    const other = await stub.files.open('\\\\?\\GLOBALROOT\\Device\\HarddiskVolume2', READ);
    expect(await failureOf(stub.odx.copyFile(workspace.file(100), VOLUME))).toMatchObject({
      syscall: 'FSCTL_LOCK_VOLUME',
    });
    expect(stub.volumes()).toEqual({ locks: 0, dismounts: 0, torn: 0 });
    await stub.files.close(other);
  });

  test('writes nothing when the volume cannot be dismounted, and unlocks it', async () => {
    const kernel: Kernel = {
      ...stub.kernel,
      control: async (handle, code, ...rest) => {
        if (code === FSCTL_DISMOUNT_VOLUME) throw new KernelFailure(5);
        return stub.kernel.control(handle, code, ...rest);
      },
    };
    const copying = createOdx({ kernel }).copyFile(workspace.file(100), VOLUME);
    expect(await failureOf(copying)).toMatchObject({ syscall: 'FSCTL_DISMOUNT_VOLUME', errno: 5 });
    expect(stub.get('WriteFile', 'calls')).toBe(0);
    await stub.files.close(await stub.files.open(VOLUME, READ));
  });

  test('locks nothing when nothing is to be written', async () => {
    await stub.odx.copyFile(workspace.file(0), VOLUME);
    const tooLarge = workspace.hole(2 ** 40 + 512);
    expect(await failureOf(stub.odx.copyFile(tooLarge, VOLUME))).toBeInstanceOf(InvalidArgumentError);
    stub.set('DeviceIoControl', 'fail', 1);
    const volume = await stub.odx.openFile(VOLUME, 'r+').catch(() => undefined);
    expect(volume).toBeUndefined();
    expect(stub.volumes()).toEqual({ locks: 0, dismounts: 0, torn: 0 });
  });

  test('locks a volume once for all ranges, until its file is closed, and not when it is opened or read', async () => {
    const volume = await stub.odx.openFile(VOLUME, 'r+');
    const file = await stub.odx.openFile(workspace.file(MIB), 'r+');
    await stub.odx.copyRange(volume, file, { length: 512 });
    expect(stub.volumes().locks).toBe(0);
    await Promise.all(
      [0, 1, 2].map((at) => stub.odx.copyRange(file, volume, { length: 512, destinationOffset: at * MIB })),
    );
    await stub.odx.copyRange(file, volume, { length: 1024 });
    expect(stub.volumes()).toEqual({ locks: 1, dismounts: 1, torn: 0 });
    expect(await failureOf(stub.files.open(VOLUME, READ))).toMatchObject({ errno: 5 });
    await volume.close();
    await file.close();
    await stub.files.close(await stub.files.open(VOLUME, READ));
  });

  test('can lock the volume later after it was in use', async () => {
    const volume = await stub.odx.openFile(VOLUME, 'r+');
    const file = await stub.odx.openFile(workspace.file(MIB), 'r');
    stub.set('DeviceIoControl', 'busy', 1);
    await failureOf(stub.odx.copyRange(file, volume, { length: 512 }));
    stub.set('DeviceIoControl', 'busy', 0);
    expect(await stub.odx.copyRange(file, volume, { length: 512 })).toMatchObject({ bufferedBytes: 512n });
    await volume.close();
    await file.close();
  });

  test('is refused to a disk that holds a mounted volume, which must be offline', async () => {
    const error = await failureOf(stub.odx.copyFile(workspace.file(100), '\\\\.\\PhysicalDrive0'));
    expect(error).toMatchObject({
      code: 'ERROR_ACCESS_DENIED',
      syscall: 'WriteFile',
      offset: 0n,
      message: expect.stringMatching(/Windows protects the sectors of every mounted volume/),
      advice: expect.stringMatching(/take it offline first/),
    });
    expect(stub.volumes()).toEqual({ locks: 0, dismounts: 0, torn: 0 });
  });
});
