import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasStub, loadStub } from './stub-kernel.ts';

describe.skipIf(!hasStub)('the volume of a path [needs a C compiler]', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-volume-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['plain', []],
    ['compressed', ['compressed']],
  ])('is reported with the attributes of a file and of a folder: %s', async (name, attributes) => {
    const { files } = loadStub();
    const file = join(folder, `${name}.bin`);
    writeFileSync(file, '');
    expect(await files.volume(file)).toMatchObject({ isFolder: false, attributes });
    const inner = join(folder, name);
    mkdirSync(inner);
    expect(await files.volume(inner)).toMatchObject({ isFolder: true, attributes });
  });

  // GetVolumePathNameW fails with ERROR_FILENAME_EXCED_RANGE where the buffer is shorter than the path.
  test('is found for a path of more than 512 characters', async () => {
    const long = join(folder, ...Array.from({ length: 7 }, () => 'x'.repeat(99)));
    mkdirSync(long, { recursive: true });
    expect(await loadStub().files.volume(long)).toMatchObject({ isFolder: true, attributes: [] });
  });
});

// fastfat, read.c: without FSCTL_ALLOW_EXTENDED_DASD_IO a volume ends where its file system ends.
describe.skipIf(!hasStub)('the last sector of a volume [needs a C compiler]', () => {
  const SECTOR = 512;

  test.each(['openFile', 'openFileSync'] as const)('can be read after %s', async (open) => {
    const { odx, files } = loadStub();
    const volume = await odx[open]('\\\\.\\D:', 'r');
    const bytes = new Uint8Array(SECTOR);
    expect(await files.read(volume.handle, bytes, volume.size - BigInt(SECTOR))).toBe(SECTOR);
    expect(await files.read(volume.handle, bytes, volume.size)).toBe(0);
    await volume.close();
  });
});
