import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allocateBlock } from '../../src/copy/ordinary.ts';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import type { NativeFunctions } from '../../src/kernel/win32/native.ts';
import { sectorSizeOfVolume, volumeInfo } from '../../src/kernel/win32/volume.ts';
import { poolCall } from './pool-call.ts';
import { hasStub, loadStub, type Stub } from './stub-kernel.ts';

const SECTOR = 512;
const FIRST = {
  fileSystem: 'NTFS',
  sectorSize: 512,
  device: '\\\\?\\Volume{57550000-0000-0000-0000-000000000000}',
};
const SECOND = {
  fileSystem: 'ReFS',
  sectorSize: 4096,
  device: '\\\\?\\Volume{57550001-0000-0000-0000-000000000000}',
};

// One stub for all tests: two would share its completion port.
describe.skipIf(!hasStub)('the volume of a path [needs a C compiler]', () => {
  let stub: Stub;
  let folder = '';
  beforeAll(() => {
    stub = loadStub();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-volume-'));
  });
  afterEach(() => {
    stub.reset();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A file on the second volume, which is mounted in a folder of the first. */
  function mountedFile(): string {
    const mounted = join(folder, 'mounted');
    mkdirSync(mounted);
    const file = join(mounted, 'file.bin');
    writeFileSync(file, '');
    return file;
  }

  test.each([
    ['plain', []],
    ['compressed', ['compressed']],
  ])('is reported with the attributes of a file and of a folder: %s', async (name, attributes) => {
    const file = join(folder, `${name}.bin`);
    writeFileSync(file, '');
    expect(await stub.files.volume(file)).toMatchObject({ isFolder: false, attributes, ...FIRST });
    const inner = join(folder, name);
    mkdirSync(inner);
    expect(await stub.files.volume(inner)).toMatchObject({ isFolder: true, attributes, ...FIRST });
  });

  // GetVolumePathNameW fails with ERROR_FILENAME_EXCED_RANGE where the buffer is shorter than the path.
  test('is found for a path of more than 512 characters', async () => {
    const long = join(folder, ...Array.from({ length: 7 }, () => 'x'.repeat(99)));
    mkdirSync(long, { recursive: true });
    expect(await stub.files.volume(long)).toMatchObject({ isFolder: true, attributes: [] });
  });

  // By its name alone, each of these paths is on the first volume.
  const ways: [string, () => string][] = [
    ['a mounted folder', () => mountedFile()],
    [
      'a symbolic link to a file',
      () => {
        const link = join(folder, 'link');
        symlinkSync(mountedFile(), link);
        return link;
      },
    ],
    [
      'a symbolic link to a folder',
      () => {
        mountedFile();
        const link = join(folder, 'link');
        symlinkSync(join(folder, 'mounted'), link);
        return join(link, 'file.bin');
      },
    ],
    [
      'a SUBST drive',
      () => {
        mountedFile();
        stub.subst(join(folder, 'mounted'));
        return '//?/S:/file.bin';
      },
    ],
  ];

  test.each(ways)('is the one where the file really is, through %s', async (_, way) => {
    const path = way();
    expect(await stub.files.volume(path)).toMatchObject({ isFolder: false, location: 'local', ...SECOND });
  });

  test.each(ways)(
    'gives a copy the sectors of the volume where the file really is, through %s',
    async (_, way) => {
      const path = way();
      // FileStorageInfo is unknown before Windows 8 and to many file systems.
      stub.set('GetFileInformationByHandleEx', 'fail', 87);
      const file = await stub.odx.openFile(path, 'r');
      expect(file.sectorSize).toBe(4096);
      await file.close();
      const same = stub.odx.openFileSync(path, 'r');
      expect(same.sectorSize).toBe(4096);
      await same.close();
    },
  );

  test('is that of the target of a symbolic link, with its attributes', async () => {
    const target = join(folder, 'compressed.bin');
    writeFileSync(target, '');
    const link = join(folder, 'link');
    symlinkSync(target, link);
    expect(await stub.files.volume(link)).toMatchObject({ isFolder: false, attributes: ['compressed'] });
  });

  test('is the one that the name suggests where the handle does not lead to it', async () => {
    const path = mountedFile();
    stub.set('GetFinalPathNameByHandleW', 'fail', 1);
    expect(await stub.files.volume(path)).toMatchObject({ isFolder: false, ...FIRST });
  });

  test('is on a server, which is not queried for a device', async () => {
    const path = join(folder, 'file.bin');
    writeFileSync(path, '');
    expect(await stub.files.volume(`//server/share${path}`)).toMatchObject({
      location: 'remote',
      device: undefined,
    });
  });

  test('is found by the name where the file may not be opened, even without access', async () => {
    const path = join(folder, 'compressed.bin');
    writeFileSync(path, '');
    stub.set('CreateFileW', 'fail', 5);
    expect(await stub.files.volume(path)).toMatchObject({
      isFolder: false,
      attributes: ['compressed'],
      ...FIRST,
    });
  });

  test('has the attributes by name where the handle does not lead to them', async () => {
    const path = join(folder, 'compressed.bin');
    writeFileSync(path, '');
    stub.set('GetFileInformationByHandle', 'fail', 50);
    expect(await stub.files.volume(path)).toMatchObject({ isFolder: false, attributes: ['compressed'] });
    stub.set('GetFileAttributesW', 'fail', 31);
    await expect(stub.files.volume(path)).rejects.toMatchObject({ errno: 31 });
    expect(stub.handles()).toBe(0);
  });

  test('is not queried for a device, above whose volumes the filters stand', async () => {
    expect(await stub.files.volume('\\\\.\\C:')).toMatchObject({
      device: '\\\\.\\C:',
      fileSystem: undefined,
      filters: undefined,
      filtersUnknown: 'the path names a device, and filters stand above its volumes',
    });
    expect(stub.get('CreateFileW', 'calls')).toBe(0);
  });

  test('has no device to open for a file on a server', async () => {
    const path = join(folder, 'file.bin');
    writeFileSync(path, '');
    await expect(stub.files.openDevice(`//server/share${path}`)).rejects.toMatchObject({ errno: 87 });
    expect(stub.handles()).toBe(0);
  });

  test.each([
    [2, 'missing'],
    [2, 'dangling'],
  ])('fails with %i for a %s file', async (errno, name) => {
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
    await expect(stub.files.volume(join(folder, name))).rejects.toMatchObject({ errno });
  });

  test('closes the handle by which it was found', async () => {
    const path = join(folder, 'file.bin');
    writeFileSync(path, '');
    await stub.files.volume(path);
    await await stub.files.openDevice(path).then((handle) => stub.files.close(handle));
    expect(stub.get('CloseHandle', 'calls')).toBe(stub.get('CreateFileW', 'calls'));
  });

  // fastfat, read.c: without FSCTL_ALLOW_EXTENDED_DASD_IO a volume ends where its file system ends.
  test.each(['openFile', 'openFileSync'] as const)(
    'can be read up to its last sector after %s',
    async (open) => {
      const volume = await stub.odx[open]('\\\\.\\D:', 'r');
      const bytes = allocateBlock(stub.kernel, BigInt(SECTOR), SECTOR);
      expect(await stub.files.read(volume.handle, bytes, volume.size - BigInt(SECTOR))).toBe(SECTOR);
      expect(await stub.files.read(volume.handle, bytes, volume.size)).toBe(0);
      await volume.close();
    },
  );
});

describe('the names that the filter manager gets for the volume of a path', () => {
  const GUID = '\\\\?\\Volume{57550001-0000-0000-0000-000000000000}\\';

  // The path by drive or mounted folder, its root, and the names in the order of the documentation.
  test.each([
    ['\\\\?\\D:\\file', '\\\\?\\D:\\', ['D:', '\\??\\Volume{57550001-0000-0000-0000-000000000000}']],
    [
      '\\\\?\\C:\\mnt\\file',
      '\\\\?\\C:\\mnt\\',
      ['C:\\mnt', '\\??\\Volume{57550001-0000-0000-0000-000000000000}'],
    ],
    [undefined, '', ['\\??\\Volume{57550001-0000-0000-0000-000000000000}']],
  ])('for %s are those of its volume', async (named, root, expected) => {
    const asked: string[] = [];
    const native = windows({
      GetFinalPathNameByHandleW(_handle, into, _length, kind) {
        const path = kind === 1 ? `${GUID}file` : named;
        return path === undefined ? 0 : put(into, path);
      },
      GetVolumePathNameW: (_path, into) => put(into, root),
      FilterVolumeInstanceFindFirst(name) {
        asked.push(name);
        return FILE_NOT_FOUND;
      },
    });
    await volumeInfo(poolCall(native), 'S:\\file');
    expect(asked).toEqual(expected);
  });
});

describe('what Windows says about a volume', () => {
  // GetDriveTypeW: DRIVE_UNKNOWN, DRIVE_NO_ROOT_DIR, DRIVE_REMOVABLE, DRIVE_FIXED, DRIVE_REMOTE, DRIVE_CDROM.
  test.each([
    [0, 'unknown'],
    [1, 'unknown'],
    [2, 'local'],
    [3, 'local'],
    [4, 'remote'],
    [5, 'unknown'],
  ])('places a drive of type %i as %s', async (type, location) => {
    const native = windows({ GetDriveTypeW: () => type });
    expect(await volumeInfo(poolCall(native), 'S:\\file')).toMatchObject({ location });
  });

  // GetDiskFreeSpaceW.
  test.each([
    [4096, 4096],
    [0, 512],
    [520, 512],
  ])('has a sector of %i bytes, of which %i are used', async (bytes, sectorSize) => {
    const native = windows({
      GetDiskFreeSpaceW(_root, _perCluster, into) {
        if (into !== null) new DataView(into.buffer).setUint32(0, bytes, true);
        return 1;
      },
    });
    expect(await volumeInfo(poolCall(native), 'S:\\file')).toMatchObject({ sectorSize });
    expect(await sectorSizeOfVolume(poolCall(native), 0x40n, 'S:\\file')).toBe(
      bytes === sectorSize ? bytes : undefined,
    );
  });

  test.each([
    ['is that of the registry', () => 0, 1],
    ['is unknown where the registry has none (ERROR_FILE_NOT_FOUND)', () => 2, undefined],
    [
      'is unknown without advapi32.dll',
      () => {
        throw new KernelFailure(127);
      },
      undefined,
    ],
  ])('FilterSupportedFeaturesMode %s', async (_, answer, featuresMode) => {
    const native = windows({
      RegGetValueW(_key, _path, _name, _kind, _type, into) {
        if (into !== null) new DataView(into.buffer).setUint32(0, 1, true);
        return answer();
      },
    });
    expect((await volumeInfo(poolCall(native), 'S:\\file')).featuresMode).toBe(featuresMode);
  });

  test('is not guessed where a function has a defect', async () => {
    const bug = new TypeError('A bug.');
    const broken = (): never => {
      throw bug;
    };
    const registry = poolCall(windows({ RegGetValueW: broken }));
    await expect(volumeInfo(registry, 'S:\\file')).rejects.toBe(bug);
    const paths = poolCall(windows({ GetFinalPathNameByHandleW: broken }));
    await expect(sectorSizeOfVolume(paths, 0x40n, 'S:\\file')).rejects.toBe(bug);
  });
});

// The HRESULT of ERROR_FILE_NOT_FOUND: the filter manager does not know the name.
const FILE_NOT_FOUND = 0x8007_0002;

/** A Windows that knows little about a file, and something else by the functions that a test plays. */
function windows(functions: Partial<NativeFunctions>): Partial<NativeFunctions> {
  return {
    CreateFileW: () => 0x40n,
    CloseHandle: () => 1,
    GetFileInformationByHandle: () => 1,
    GetFinalPathNameByHandleW: () => 0,
    GetVolumePathNameW: (_path, into) => put(into, 'S:\\'),
    GetVolumeNameForVolumeMountPointW: () => 0,
    GetDriveTypeW: () => 3,
    GetVolumeInformationW: () => 0,
    GetDiskFreeSpaceW: () => 0,
    RegGetValueW: () => 2,
    wine_get_version() {
      throw new KernelFailure(127);
    },
    FilterVolumeInstanceFindFirst: () => FILE_NOT_FOUND,
    ...functions,
  };
}

function put(into: Uint8Array | null, text: string): number {
  into?.set(Buffer.from(`${text}\0`, 'utf16le'));
  return text.length;
}
