import {
  closeSync,
  existsSync,
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
  type CopyProgress,
  type CopyReport,
  copyFile,
  isSupported,
  offloadRead,
  offloadReadSync,
  openFile,
  openFileSync,
  probe,
  Win32Error,
} from '../../src/index.ts';
import { filesOf } from '../../src/kernel/kernel.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';

const onWine = isSupported && isWine();

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
    expectWhole(report, data.length);
    if (report.fallback !== undefined) {
      expect(report.fallback.reason).toBeInstanceOf(Win32Error);
      expect(REFUSALS).toContain((report.fallback.reason as Win32Error).errno);
      const required = copyFile(source, join(folder, 'required.bin'), { mode: 'require' });
      await expect(required).rejects.toMatchObject({ errno: (report.fallback.reason as Win32Error).errno });
      expect(() => readFileSync(join(folder, 'required.bin'))).toThrow('ENOENT');
    }
  });

  it('a small file is copied by the system, to a new name, over a file, and to a path beyond MAX_PATH', async () => {
    const source = join(folder, 'small.bin');
    const long = join(folder, 'd'.repeat(120), 'e'.repeat(120));
    mkdirSync(long, { recursive: true });
    writeFileSync(source, Buffer.alloc(3000, 5));
    for (const destination of [join(folder, 'small-copy.bin'), join(long, 'small-copy.bin')]) {
      // The second time the destination exists.
      for (const verify of [false, true, false]) {
        const report = await copyFile(source, destination, { verify });
        expect(report).toMatchObject({ systemBytes: 3000n, bytes: 3000n });
        expect(report).not.toHaveProperty('fallback');
        expect(readFileSync(destination).equals(readFileSync(source))).toBe(true);
        expect(statSync(destination).mtimeMs).toBe(statSync(source).mtimeMs);
      }
      const refused = copyFile(source, destination, { overwrite: false });
      await expect(refused).rejects.toMatchObject({ code: 'ERROR_FILE_EXISTS' });
    }
    await expect(copyFile(source, source)).rejects.toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
    expect(readFileSync(source)).toHaveLength(3000);
  });

  it.each([3000, 1_048_577])(
    'a copy of %i bytes that cannot be completed is removed, also when its source is read-only',
    async (size) => {
      const [source, destination] = [join(folder, 'readonly.bin'), join(folder, 'readonly-copy.bin')];
      writeFileSync(source, Buffer.alloc(size, 5));
      setAttributes(source, READONLY);
      const mine = new Error('mine');
      // Wine 8 reports no progress, so that the promise of the first call is what fails, when the system has copied.
      let calls = 0;
      const onProgress = (): unknown => (calls++ === 0 ? Promise.reject(mine) : undefined);
      await expect(copyFile(source, destination, { onProgress })).rejects.toBe(mine);
      expect(existsSync(destination)).toBe(false);
      setAttributes(source, NORMAL);
      rmSync(source);
    },
  );

  it('named streams are listed, or none where the system has none', async () => {
    const path = join(folder, 'streams.bin');
    writeFileSync(path, 'x');
    const files = filesOf(loadKernel32());
    const handle = await files.open(path, { read: true, write: false, disposition: 'open' });
    expect(await files.streams(handle)).toEqual([]);
    await files.close(handle);
  });

  it.skipIf(onWine)('the mark of the web survives a copy [Wine 8 has no named streams]', async () => {
    const source = join(folder, 'marked.bin');
    writeFileSync(source, Buffer.alloc(1_048_577, 5));
    writeFileSync(`${source}:Zone.Identifier`, '[ZoneTransfer]\r\nZoneId=3\r\n');
    await copyFile(source, join(folder, 'marked-copy.bin'));
    expect(readFileSync(join(folder, 'marked-copy.bin:Zone.Identifier'), 'utf8')).toContain('ZoneId=3');
  });

  it.skipIf(onWine)(
    'a copy by the system reports its progress [CopyFileExW of Wine 8 does not]',
    async () => {
      const source = join(folder, 'large.bin');
      writeFileSync(source, Buffer.alloc(64 * 1_048_576, 5));
      const percents: number[] = [];
      const onProgress = ({ phase, percent }: CopyProgress): void => {
        if (phase === 'system') percents.push(percent);
      };
      const minimumSize = Number.MAX_SAFE_INTEGER;
      await copyFile(source, join(folder, 'large-copy.bin'), { minimumSize, onProgress });
      expect(percents[0]).toBe(0);
      expect(percents.at(-1)).toBe(100);
    },
  );

  // FILE_ATTRIBUTE_READONLY, HIDDEN and SYSTEM, which Wine keeps too.
  it.each([0x1, 0x2, 0x4])('a copy has the attribute %i of its source', async (attribute) => {
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

function isWine(): boolean {
  try {
    koffi.load('ntdll.dll').symbol('wine_get_version');
    return true;
  } catch {
    return false;
  }
}

const NORMAL = 0x80;
const READONLY = 0x1;

function expectWhole(
  { offloadedBytes, zeroedBytes, bufferedBytes, systemBytes }: CopyReport,
  size: number,
): void {
  expect(offloadedBytes + zeroedBytes + bufferedBytes + systemBytes).toBe(BigInt(size));
}

function setAttributes(path: string, attributes: number): void {
  const set = koffi
    .load('kernel32.dll')
    .func('__stdcall', 'SetFileAttributesW', 'int32_t', ['str16', 'uint32_t']);
  if (set(path, attributes) === 0) throw new Error(`The attributes of ${path} could not be set.`);
}

function attributesOf(path: string): number {
  return koffi.load('kernel32.dll').func('__stdcall', 'GetFileAttributesW', 'uint32_t', ['str16'])(path);
}

/** Repeats the copy while the destination is in use, or appears just before the system would create it. */
async function untilCopied(source: string, destination: string): Promise<void> {
  for (;;) {
    try {
      await copyFile(source, destination);
      return;
    } catch (error) {
      if (!(error instanceof Win32Error)) throw error;
      if (error.syscall !== 'CreateFileW' && error.code !== 'ERROR_FILE_EXISTS') throw error;
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
