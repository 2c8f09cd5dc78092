import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  copyFile,
  isSupported,
  offloadRead,
  offloadReadSync,
  openFile,
  openFileSync,
  probe,
  Win32Error,
} from '../../src/index.ts';

// How a volume refuses that cannot offload. NTFS on an array would succeed.
const REFUSALS = [1, 50, 316, 321, 4440, 4442];

describe.skipIf(!isSupported)('ordinary files through kernel32 [needs Windows]', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-files-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['a plain name', 'plain.bin'],
    ['a non-ASCII name', 'Grüße-日本-🚀.bin'],
    ['a path beyond MAX_PATH', join('a'.repeat(100), 'b'.repeat(100), 'c'.repeat(100), 'long.bin')],
  ])('a file with %s is created, resized, read and closed', async (_, name) => {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    const file = await openFile(path, 'wx', { size: 10_000 });
    expect(file).toMatchObject({ path, size: 10_000n, sectorSize: 512 });
    await file.setSize(5000);
    await file.close();
    expect(readFileSync(path)).toEqual(Buffer.alloc(5000));
    await expect(openFile(path, 'wx')).rejects.toMatchObject({ code: 'ERROR_FILE_EXISTS', errno: 80, path });
    const again = openFileSync(path, 'r+', { size: 6000 });
    expect(again.size).toBe(6000n);
    again[Symbol.dispose]();
    again[Symbol.dispose]();
  });

  it('disposing of a file during a resize truncates no other file', async () => {
    const victim = join(folder, 'victim.bin');
    writeFileSync(victim, Buffer.alloc(10_000, 1));
    for (let round = 0; round < 20; round++) {
      const file = await openFile(join(folder, 'resized.bin'), 'w');
      const resized = file.setSize(3);
      file[Symbol.dispose]();
      // Windows reuses the lowest free number.
      const other = openFileSync(victim, 'r+');
      await resized;
      expect(statSync(victim).size).toBe(10_000);
      expect(statSync(join(folder, 'resized.bin')).size).toBe(3);
      await other.close();
    }
  });

  it.each([
    ['missing.bin', 'ERROR_FILE_NOT_FOUND', 2],
    [join('no', 'such', 'folder.bin'), 'ERROR_PATH_NOT_FOUND', 3],
    ['.', 'ERROR_ACCESS_DENIED', 5],
  ])('opening %s fails with %s', async (name, code, errno) => {
    const path = join(folder, name);
    await expect(openFile(path, 'r')).rejects.toMatchObject({ code, errno, syscall: 'CreateFileW', path });
    expect(() => openFileSync(path, 'r')).toThrow(expect.objectContaining({ code, errno }));
  });

  it('descriptors of fs.openSync and handles of fs.promises.open are accepted and remain usable', async () => {
    const path = join(folder, 'borrowed.bin');
    writeFileSync(path, Buffer.alloc(8192, 7));
    const fd = openSync(path, 'r+');
    const handle = await open(path, 'r+');
    for (const file of [fd, handle]) {
      await expectOffloadOrRefusal(() => offloadRead(file, { copyLength: 4096 }));
      await expectOffloadOrRefusal(async () => offloadReadSync(file, { copyLength: 4096 }));
    }
    const bytes = Buffer.alloc(16);
    expect(readSync(fd, bytes, 0, 16, 0)).toBe(16);
    expect((await handle.read(bytes, 0, 16, 0)).bytesRead).toBe(16);
    expect(bytes).toEqual(Buffer.alloc(16, 7));
    closeSync(fd);
    await handle.close();
  });

  it.each([
    ['a descriptor that is not open', 4095],
    ['a HANDLE that is not open', 0x7ff0_1234n],
  ])('a call on %s fails with ERROR_INVALID_HANDLE', async (_, file) => {
    await expect(offloadRead(file, { copyLength: 512 })).rejects.toMatchObject({ errno: 6 });
    expect(() => offloadReadSync(file, { copyLength: 512 })).toThrow(expect.objectContaining({ errno: 6 }));
  });

  it('a copy of a file is identical whether or not the volume offloads, and reports why it does not', async () => {
    const source = join(folder, 'source.bin');
    const destination = join(folder, 'destination.bin');
    const data = Buffer.alloc(1_048_577, 0x42);
    writeFileSync(source, data);
    const report = await copyFile(source, destination, { verify: true });
    expect(readFileSync(destination).equals(data)).toBe(true);
    expect(report.offloadedBytes + report.zeroedBytes + report.bufferedBytes).toBe(BigInt(data.length));
    if (report.fallback !== undefined) {
      expect(report.fallback.reason).toBeInstanceOf(Win32Error);
      expect(REFUSALS).toContain((report.fallback.reason as Win32Error).errno);
      const required = copyFile(source, join(folder, 'required.bin'), { mode: 'require' });
      await expect(required).rejects.toMatchObject({ errno: (report.fallback.reason as Win32Error).errno });
      expect(() => readFileSync(join(folder, 'required.bin'))).toThrow('ENOENT');
    }
  });

  // FILE_ATTRIBUTE_READONLY, HIDDEN and SYSTEM, which Wine keeps too.
  it.each([0x1, 0x2, 0x4])('a copy has the attribute 0x%x of its source', async (attribute) => {
    const [source, destination] = [join(folder, 'attribute.bin'), join(folder, 'attribute-copy.bin')];
    writeFileSync(source, Buffer.alloc(300_000, 1));
    setAttributes(source, attribute);
    await copyFile(source, destination);
    expect(attributesOf(destination) & 0x7).toBe(attribute);
    for (const path of [source, destination]) {
      setAttributes(path, NORMAL);
      rmSync(path);
    }
  });

  it('a copy that fails does not remove the result of another copy', async () => {
    const [one, two] = [join(folder, 'one.bin'), join(folder, 'two.bin')];
    const destination = join(folder, 'wanted.bin');
    writeFileSync(one, Buffer.alloc(300_000, 1));
    writeFileSync(two, Buffer.alloc(300_000, 2));
    for (let round = 0; round < 20; round++) {
      rmSync(destination, { force: true });
      // Most volumes refuse after the destination was created. Either way the other copy comes later.
      const first = copyFile(one, destination, { mode: 'require', overwrite: false }).catch(() => undefined);
      await untilCopied(two, destination);
      await first;
      expect(readFileSync(destination).equals(readFileSync(two))).toBe(true);
    }
  });

  it('probe reports the sector and location of the volume', async () => {
    const path = join(folder, 'probed.bin');
    writeFileSync(path, Buffer.alloc(300_000));
    const report = await probe(path);
    expect(report).toMatchObject({ sectorSize: 512, location: 'local' });
    expect(report.reasons.every((reason) => /^[A-Z].*\.$/s.test(reason))).toBe(true);
  });
});

const NORMAL = 0x80;

function setAttributes(path: string, attributes: number): void {
  const set = koffi
    .load('kernel32.dll')
    .func('__stdcall', 'SetFileAttributesW', 'int32_t', ['str16', 'uint32_t']);
  if (set(path, attributes) === 0) throw new Error(`The attributes of ${path} could not be set.`);
}

function attributesOf(path: string): number {
  return koffi.load('kernel32.dll').func('__stdcall', 'GetFileAttributesW', 'uint32_t', ['str16'])(path);
}

/** Repeats the copy while the destination is in use. */
async function untilCopied(source: string, destination: string): Promise<void> {
  for (;;) {
    try {
      await copyFile(source, destination);
      return;
    } catch (error) {
      if (!(error instanceof Win32Error) || error.syscall !== 'CreateFileW') throw error;
    }
  }
}

async function expectOffloadOrRefusal(call: () => Promise<{ transferLength: bigint }>): Promise<void> {
  try {
    expect((await call()).transferLength).toBeGreaterThan(0n);
  } catch (error) {
    if (!(error instanceof Win32Error)) throw error;
    expect(REFUSALS).toContain(error.errno);
  }
}
