import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { unlessNotOwner } from '../../src/emulator/host-io.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import type { OpenRequest } from '../../src/kernel/kernel.ts';
import { offloadReadWith } from '../../src/offload-read.ts';
import { offloadWriteWith } from '../../src/offload-write.ts';
import { IOCTL_STORAGE_QUERY_PROPERTY, StorageDeviceCopyOffloadProperty } from '../../structs/index.ts';
import {
  borrow,
  makePair,
  onWindows,
  openOn,
  pattern,
  send,
  temporaryFile,
  temporaryPath,
} from './harness.ts';

const READ: OpenRequest = { read: true, write: false, disposition: 'open' };

const failures: readonly (readonly [string, () => string, OpenRequest, number, number | undefined])[] = [
  ['a path where no file is', () => temporaryPath(), READ, 2, 0xc000_0034],
  ['a path below a file', () => `${temporaryFile('x')}/y`, READ, 3, 0xc000_003a],
  ['a folder', () => dirname(temporaryFile('x')), READ, 5, 0xc000_00ba],
  ['a folder for writing', () => dirname(temporaryFile('x')), { ...READ, write: true }, 5, 0xc000_00ba],
  [
    'an existing file as a new one',
    () => temporaryFile('x'),
    { ...READ, write: true, disposition: 'create-new' },
    80,
    undefined,
  ],
  ['a name that is too long', () => temporaryPath('x'.repeat(300)), READ, 206, undefined],
  ['a name with a NUL', () => 'a\0b', READ, 123, 0xc000_0033],
];

describe('open', () => {
  // On Windows, Node reports these as files that do not exist.
  const inexact = ['a path below a file', 'a name that is too long'];
  for (const [name, path, request, errno, ntstatus] of failures) {
    const needsPosix = inexact.includes(name);
    const reason = needsPosix ? ' [needs the errno of a POSIX host]' : '';
    test.skipIf(needsPosix && onWindows)(`opening ${name} fails${reason}`, async () => {
      const emulator = createEmulator();
      const at = path();
      await expect(emulator.files.open(at, request)).rejects.toMatchObject({ errno, ntstatus });
      expect(() => emulator.files.openSync(at, request)).toThrow(
        expect.objectContaining({ errno, ntstatus }),
      );
    });
  }

  test.skipIf(onWindows)('opening a device file fails [needs /dev/null]', async () => {
    await expect(createEmulator().files.open('/dev/null', READ)).rejects.toMatchObject({ errno: 31 });
  });

  test.each([
    ['create', 'old', ''],
    ['create-new', undefined, ''],
  ] as const)('opening with the disposition %s over %o leaves %o', async (disposition, before, after) => {
    const path = temporaryPath();
    if (before !== undefined) writeFileSync(path, before);
    await createEmulator().files.open(path, { read: true, write: true, disposition });
    expect(readFileSync(path, 'utf8')).toBe(after);
  });
});

test.skipIf(onWindows)(
  'a file that the emulator creates is for its owner only [needs POSIX permissions]',
  async () => {
    for (const disposition of ['create', 'create-new'] as const) {
      const path = temporaryPath();
      await createEmulator().files.open(path, { read: true, write: true, disposition });
      expect(statSync(path).mode & 0o777 & ~0o600).toBe(0);
    }
  },
);

describe('handles', () => {
  test('a handle is never reused', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('x');
    const handles = new Set<bigint>();
    for (let round = 0; round < 100; round++) {
      const handle = await emulator.files.open(path, READ);
      handles.add(handle);
      await emulator.files.close(handle);
      await expect(emulator.files.info(handle, path)).rejects.toMatchObject({ errno: 6 });
    }
    expect(handles.size).toBe(100);
    expect([...handles].every((handle) => handle > 0n && handle % 4n === 0n)).toBe(true);
  });

  test('a descriptor keeps its handle as long as it belongs to the same file', async () => {
    const emulator = createEmulator();
    const fd = borrow(temporaryFile('x'), 'r');
    expect(emulator.handleOf(fd)).toBe(emulator.handleOf(fd));
    await expect(emulator.files.close(emulator.handleOf(fd))).rejects.toMatchObject({ errno: 6 });
    expect(() => emulator.handleOf(9999)).toThrow(
      expect.objectContaining({ errno: 6, ntstatus: 0xc000_0008 }),
    );
  });

  test('a handle of a descriptor never stands for another file that has got the descriptor', async () => {
    const emulator = createEmulator();
    const fd = openSync(temporaryFile('x'), 'r+');
    const stale = emulator.handleOf(fd);
    const path = temporaryFile('another file');
    // At once, before a file of another thread gets it.
    closeSync(fd);
    expect(reopenAs(fd, path)).toBe(fd);
    // Once before the emulator has seen the descriptor again, and once after.
    await expect(emulator.files.info(stale, path)).rejects.toMatchObject({ errno: 6 });
    const fresh = emulator.handleOf(fd);
    expect(fresh).not.toBe(stale);
    expect(await emulator.files.info(fresh, path)).toMatchObject({ size: 12n });
    await expect(emulator.files.write(stale, new Uint8Array(1), 0n)).rejects.toMatchObject({ errno: 6 });
    expect(readFileSync(path, 'utf8')).toBe('another file');
  });

  test('the handle of a device has no contents', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('x');
    const device = await emulator.files.openDevice(path);
    await expect(emulator.files.info(device, path)).rejects.toMatchObject({ errno: 6 });
    await expect(emulator.files.read(device, new Uint8Array(1), 0n)).rejects.toMatchObject({ errno: 5 });
    await emulator.files.close(device);
  });

  test('the handle of a device can be closed during a query, which still gets its answer', async () => {
    const emulator = createEmulator({ latency: 1 });
    const device = await emulator.files.openDevice(temporaryFile('x'));
    const input = Buffer.alloc(12);
    input.writeUInt32LE(StorageDeviceCopyOffloadProperty);
    const query = send(emulator, device, IOCTL_STORAGE_QUERY_PROPERTY, input, 48);
    emulator.files.closeSync(device);
    expect(() => emulator.files.closeSync(device)).toThrow(expect.objectContaining({ errno: 6 }));
    expect(await query).toMatchObject({ status: 0, returned: 48 });
  });

  test.skipIf(onWindows).each([
    ['r', true, false],
    ['r+', true, true],
    ['a', false, false],
    ['w', false, true],
  ])(
    'the handle of a descriptor opened with %s allows what the descriptor allows [needs the access mode of a POSIX descriptor]',
    async (flags, read, write) => {
      const emulator = createEmulator();
      const handle = emulator.handleOf(borrow(temporaryFile('x'), flags));
      const denied = { errno: 5, ntstatus: 0xc000_0022 };
      const reading = emulator.files.read(handle, new Uint8Array(1), 0n);
      await (read ? reading : expect(reading).rejects.toMatchObject(denied));
      const writing = emulator.files.write(handle, new Uint8Array(1), 0n);
      await (write ? writing : expect(writing).rejects.toMatchObject(denied));
    },
  );
});

describe('info and volume', () => {
  test('info tells files apart whatever their name, and one state of a file from the next', async () => {
    const emulator = createEmulator({ sectorSize: 4096 });
    const path = temporaryFile(pattern(1000));
    linkSync(path, `${path}-link`);
    const one = openOn(emulator, path, 'r+');
    const two = emulator.files.infoSync(openOn(emulator, `${path}-link`, 'r'), `${path}-link`);
    const info = await emulator.files.info(one, path);
    expect(info).toEqual(two);
    expect(info).toMatchObject({ size: 1000n, sectorSize: 4096, isDevice: false });
    await emulator.files.write(one, new Uint8Array(1), 0n);
    const after = await emulator.files.info(one, path);
    expect(after.stamp).not.toBe(info.stamp);
    expect(after.identity).toBe(info.identity);
    const otherPath = temporaryFile('x');
    const other = openOn(emulator, otherPath, 'r');
    expect(emulator.files.infoSync(other, otherPath).identity).not.toBe(info.identity);
  });

  test('volume describes the volume and the size of a file', async () => {
    const emulator = createEmulator({ sectorSize: 4096 });
    const path = temporaryFile('xyz');
    expect(await emulator.files.volume(path)).toMatchObject({
      location: 'local',
      size: 3n,
      sectorSize: 4096,
      filters: [],
    });
    await expect(emulator.files.volume(temporaryPath())).rejects.toMatchObject({ errno: 2 });
  });
});

describe('ordinary file access', () => {
  test('a read fills the memory or ends at the end of the file, and a write may extend the file', async () => {
    const emulator = createEmulator();
    const path = temporaryPath();
    const handle = openOn(emulator, path, 'wx');
    const contents = pattern(3_000_000);
    expect(await emulator.files.write(handle, contents, 5000n)).toBe(3_000_000);
    const into = Buffer.alloc(4_000_000);
    expect(await emulator.files.read(handle, into, 5000n)).toBe(3_000_000);
    expect(into.subarray(0, 3_000_000).equals(contents)).toBe(true);
    expect(await emulator.files.read(handle, into, 4_000_000n)).toBe(0);
    expect(emulator.files.infoSync(handle, path).size).toBe(3_005_000n);
  });

  test('setSize refuses a size that no host can hold', async () => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryPath(), 'w');
    await expect(emulator.files.setSize(handle, (1n << 63n) - 1n)).rejects.toMatchObject({ errno: 112 });
  });

  test('copyMetadata copies times and permissions', async () => {
    const emulator = createEmulator();
    const [from, to] = [temporaryFile('a'), temporaryFile('b')];
    utimesSync(from, 1_000_000_000.25, 1_000_000_001.5);
    chmodSync(from, 0o600);
    await emulator.files.copyMetadata(openOn(emulator, from, 'r'), openOn(emulator, to, 'r+'));
    const { mtimeMs, mode } = statSync(to);
    expect(mtimeMs).toBeCloseTo(1_000_000_001_500, 0);
    expect(mode).toBe(statSync(from).mode);
  });

  // Of a file in /proc even root can change the times, but not the permissions.
  test.skipIf(process.platform !== 'linux')(
    'copyMetadata leaves out what only the owner of a file may change [needs /proc]',
    async () => {
      const emulator = createEmulator();
      const path = '/proc/self/comm';
      const before = statSync(path).mode;
      const from = openOn(emulator, temporaryFile('a'), 'r');
      await emulator.files.copyMetadata(from, openOn(emulator, path, 'r+'));
      expect(statSync(path).mode).toBe(before);
    },
  );

  test('only the refusal that the caller is not the owner is passed over', () => {
    const missing = temporaryPath();
    expect(() => unlessNotOwner(() => chmodSync(missing, 0o600))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });

  test('remove deletes the file behind a handle, at the latest when the handle closes', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('x');
    const handle = openOn(emulator, path, 'r+');
    await emulator.files.remove(handle);
    await emulator.files.close(handle);
    expect(existsSync(path)).toBe(false);
    await expect(emulator.files.remove(99n)).rejects.toMatchObject({ errno: 6 });
  });

  test('remove deletes one name of a file and leaves the other, with the tokens of the file', async () => {
    const contents = pattern(4096);
    const { emulator, source, destination, sourcePath, destinationPath } = makePair(contents);
    linkSync(sourcePath, `${sourcePath}-link`);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    await emulator.files.remove(source);
    await offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    await emulator.files.close(source);
    expect(existsSync(sourcePath)).toBe(false);
    expect(readFileSync(destinationPath).equals(contents)).toBe(true);
    expect(readFileSync(`${sourcePath}-link`).equals(contents)).toBe(true);
  });

  test('remove refuses the handle of a descriptor, whose path is not known', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('x');
    const handle = emulator.handleOf(borrow(path, 'r+'));
    await expect(emulator.files.remove(handle)).rejects.toMatchObject({ errno: 5 });
    expect(existsSync(path)).toBe(true);
  });

  test('flush is refused without write access, as FlushFileBuffers is', async () => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryFile('x'), 'r');
    await expect(emulator.files.flush(handle)).rejects.toMatchObject({ errno: 5, ntstatus: 0xc000_0022 });
  });

  test.skipIf(onWindows)('a descriptor of a device file takes no writes [needs /dev/null]', async () => {
    const emulator = createEmulator();
    const handle = emulator.handleOf(borrow('/dev/null', 'r+'));
    const write = emulator.files.write(handle, new Uint8Array(1), 0n);
    await expect(write).rejects.toMatchObject({ errno: 1, ntstatus: 0xc000_0010 });
  });

  test('a blocking change during an asynchronous write spoils neither, and revokes the tokens of its own range only', async () => {
    const contents = pattern(4 << 20);
    const { emulator, source, destination, sourcePath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    const writing = emulator.files.write(source, contents.subarray(0, 2 << 20), 2n << 20n);
    emulator.files.setSizeSync(source, 8n << 20n);
    await writing;
    const expected = Buffer.alloc(8 << 20);
    contents.copy(expected);
    contents.copy(expected, 2 << 20, 0, 2 << 20);
    expect(readFileSync(sourcePath).equals(expected)).toBe(true);
    await offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
  });

  test('remove never deletes another file that has taken the place of its own', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('x');
    const handle = openOn(emulator, path, 'r+');
    renameSync(path, `${path}.moved`);
    await expect(emulator.files.remove(handle)).rejects.toMatchObject({ errno: 2 });
    writeFileSync(path, 'another file');
    await expect(emulator.files.remove(handle)).rejects.toMatchObject({ errno: 2 });
    expect(readFileSync(path, 'utf8')).toBe('another file');
  });
});

/** Opens a file until it gets this descriptor, which the host gives to the next file as a rule. */
function reopenAs(fd: number, path: string): number {
  for (let attempt = 0; attempt < 1000; attempt++) if (borrow(path, 'r+') === fd) return fd;
  throw new Error(`The host did not use the descriptor ${fd} again.`);
}
