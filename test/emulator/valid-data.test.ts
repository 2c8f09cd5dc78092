import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../../src/emulator/index.ts';
import { offloadReadSyncWith, offloadReadWith } from '../../src/offload-read.ts';
import { offloadWriteWith } from '../../src/offload-write.ts';
import { OffloadToken } from '../../src/token.ts';
import { makePair, openOn, pattern, temporaryFile, temporaryPath } from './harness.ts';

const KIB = 1024;

/** A file of 8 KiB of which only the first bytes were ever written. */
async function partlyWritten(emulator: Emulator, written: number, size = 8 * KIB): Promise<bigint> {
  const handle = openOn(emulator, temporaryPath(), 'w');
  await emulator.files.setSize(handle, BigInt(size));
  if (written > 0) await emulator.files.write(handle, pattern(written), 0n);
  return handle;
}

describe('an offload read', () => {
  // written, size, fileOffset, copyLength -> transferLength, ALL_ZERO, zero token
  test.each([
    ['within the valid data', 4096, 8192, 0, 4096, 4096, false, false],
    ['across the end of the valid data', 4096, 8192, 0, 8192, 4096, true, false],
    [
      'across an unaligned end of the valid data, up to the next sector',
      1000,
      8192,
      0,
      8192,
      1024,
      true,
      false,
    ],
    ['from the end of the valid data on', 4096, 8192, 4096, 4096, 4096, true, true],
    ['of a file that was never written', 0, 8192, 0, 8192, 8192, true, true],
    ['beyond the end of the file, which cuts it', 8192, 8192, 4096, 8192, 4096, true, false],
    ['beyond an unaligned end of the file', 1000, 1000, 0, 4096, 1024, true, false],
    ['of zeros up to the end of the file', 0, 1000, 512, 4096, 512, true, true],
    ['of length 0', 4096, 8192, 0, 0, 0, false, true],
  ])(
    'an offload read %s covers the right range',
    async (_name, written, size, fileOffset, copyLength, transferLength, allZero, zeroToken) => {
      const emulator = createEmulator();
      const handle = await partlyWritten(emulator, written, size);
      const read = await offloadReadWith(emulator, handle, { fileOffset, copyLength });
      expect(read.transferLength).toBe(BigInt(transferLength));
      expect(read.allZeroBeyondRange).toBe(allZero);
      expect(read.token.isZeroData).toBe(zeroToken);
      expect(offloadReadSyncWith(emulator, handle, { fileOffset, copyLength })).toMatchObject({
        transferLength: BigInt(transferLength),
        allZeroBeyondRange: allZero,
      });
    },
  );

  test('an offload read truncated below the end of the valid data does not report zeros beyond it', async () => {
    const emulator = createEmulator({ maximumTransferSize: 1024 });
    const handle = await partlyWritten(emulator, 4096);
    const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 1024n, allZeroBeyondRange: false });
  });

  test('an offload read truncated exactly at the end of the valid data reports zeros beyond it', async () => {
    const emulator = createEmulator({ maximumTransferSize: 4096 });
    const handle = await partlyWritten(emulator, 4096);
    const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 4096n, allZeroBeyondRange: true });
  });

  test('two offload reads return two tokens', async () => {
    const { emulator, source } = makePair(pattern(4096));
    const one = await offloadReadWith(emulator, source, { copyLength: 4096 });
    const two = await offloadReadWith(emulator, source, { copyLength: 4096 });
    expect(one.token.equals(two.token)).toBe(false);
    expect(one.token).toMatchObject({ type: 0x0080_0000, idLength: 504, isZeroData: false });
  });
});

describe('a file that another program created', () => {
  test('a file of another program is valid data up to its end', async () => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryFile(Buffer.alloc(8192)), 'r');
    const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 8192n });
    expect(read.token.isZeroData).toBe(false);
  });

  test('a file without allocated blocks is known to be zeros', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('');
    truncateSync(path, 1 << 20);
    const read = await offloadReadWith(emulator, openOn(emulator, path, 'r'), { copyLength: 1 << 20 });
    expect(read).toMatchObject({ transferLength: 1n << 20n, allZeroBeyondRange: true });
    expect(read.token.isZeroData).toBe(true);
  });

  test('a file that another program changes is inspected again, however soon', async () => {
    for (let round = 0; round < 50; round++) {
      const emulator = createEmulator();
      const path = temporaryPath();
      const handle = openOn(emulator, path, 'w');
      await emulator.files.setSize(handle, 8192n);
      writeFileSync(path, pattern(8192));
      const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
      expect(read.token.isZeroData).toBe(false);
      await emulator.files.close(handle);
    }
  });
});

describe('an offload write', () => {
  test('ascending offload writes succeed, also when they are sent at once', async () => {
    const contents = pattern(64 * KIB);
    const { emulator, source, destination, destinationPath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: contents.length });
    const offsets = [0, 16, 32, 48].map((kib) => kib * KIB);
    await Promise.all(
      offsets.map((fileOffset) =>
        offloadWriteWith(emulator, destination, {
          token,
          copyLength: 16 * KIB,
          fileOffset,
          transferOffset: fileOffset,
        }),
      ),
    );
    expect(readFileSync(destinationPath).equals(contents)).toBe(true);
  });

  test('an offload write beyond a gap is refused until the gap is filled', async () => {
    const { emulator, source, destination } = makePair(pattern(4096));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    const later = { token, copyLength: 1024, fileOffset: 1024 };
    await expect(offloadWriteWith(emulator, destination, later)).rejects.toMatchObject({ errno: 1289 });
    await emulator.files.write(destination, pattern(1024), 0n);
    await expect(offloadWriteWith(emulator, destination, later)).resolves.toMatchObject({
      lengthWritten: 1024n,
    });
  });

  test('an offload write of the last sector counts whole and keeps the size of the file', async () => {
    const contents = pattern(1000);
    const { emulator, source, destination, destinationPath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 1024 });
    const written = await offloadWriteWith(emulator, destination, { token, copyLength: 1024 });
    expect(written.lengthWritten).toBe(1024n);
    expect(readFileSync(destinationPath).equals(contents)).toBe(true);
  });

  test('an offload write into a longer file pads the last sector with zeros', async () => {
    const { emulator, source, destination, destinationPath } = makePair(pattern(1000));
    await emulator.files.setSize(destination, 4096n);
    await emulator.files.write(destination, Buffer.alloc(4096, 0xff), 0n);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 1024 });
    await offloadWriteWith(emulator, destination, { token, copyLength: 1024 });
    const expected = Buffer.alloc(4096, 0xff);
    pattern(1000).copy(expected);
    expected.fill(0, 1000, 1024);
    expect(readFileSync(destinationPath).equals(expected)).toBe(true);
  });

  test('an offload write is no longer than maximumWriteSize', async () => {
    const { emulator, source, destination } = makePair(pattern(8192), { maximumWriteSize: 2500 });
    const { token } = await offloadReadWith(emulator, source, { copyLength: 8192 });
    const written = await offloadWriteWith(emulator, destination, { token, copyLength: 8192 });
    expect(written.lengthWritten).toBe(2048n);
  });

  test('setSize cuts the valid data', async () => {
    const { emulator, source, destination } = makePair(pattern(8192));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 8192 });
    await offloadWriteWith(emulator, destination, { token, copyLength: 8192 });
    await emulator.files.setSize(destination, 1024n);
    await emulator.files.setSize(destination, 8192n);
    const beyond = { token, copyLength: 512, fileOffset: 1536 };
    await expect(offloadWriteWith(emulator, destination, beyond)).rejects.toMatchObject({ errno: 1289 });
    const read = await offloadReadWith(emulator, destination, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 1024n, allZeroBeyondRange: true });
  });
});

describe('the zero token', () => {
  const token = OffloadToken.zeroData();

  test('the zero token writes zeros over all or part of the data', async () => {
    const contents = pattern(4 * KIB * KIB);
    const emulator = createEmulator();
    for (const [fileOffset, copyLength] of [
      [0, contents.length],
      [512, 1024],
      [KIB * KIB, 3 * KIB * KIB],
      [1024, 2 * KIB * KIB],
    ] as const) {
      const path = temporaryFile(contents);
      const handle = openOn(emulator, path, 'r+');
      const written = await offloadWriteWith(emulator, handle, { token, fileOffset, copyLength });
      expect(written.lengthWritten).toBe(BigInt(copyLength));
      const expected = Buffer.from(contents).fill(0, fileOffset, fileOffset + copyLength);
      expect(readFileSync(path).equals(expected)).toBe(true);
    }
  });

  test('the zero token frees the blocks of a large range instead of filling them', async () => {
    const emulator = createEmulator();
    const path = temporaryFile(pattern(8 * KIB * KIB));
    const handle = openOn(emulator, path, 'r+');
    await offloadWriteWith(emulator, handle, { token, copyLength: 8 * KIB * KIB });
    expect(statSync(path)).toMatchObject({ size: 8 * KIB * KIB, blocks: 0 });
  });

  test('zeros written over a hole take no space and count as valid data', async () => {
    const emulator = createEmulator();
    const path = temporaryPath();
    const handle = openOn(emulator, path, 'w');
    await emulator.files.setSize(handle, 1n << 30n);
    await offloadWriteWith(emulator, handle, { token, copyLength: 1 << 29 });
    expect(statSync(path).blocks).toBe(0);
    await offloadWriteWith(emulator, handle, { token, copyLength: 512, fileOffset: 1 << 29 });
  });

  test('the zero token is recognised by its type alone and accepts any TransferOffset', async () => {
    const emulator = createEmulator();
    const path = temporaryFile(pattern(4096));
    const bytes = new Uint8Array(512).fill(7);
    bytes.set([0xff, 0xff, 0x00, 0x01]);
    await offloadWriteWith(emulator, openOn(emulator, path, 'r+'), {
      token: bytes,
      copyLength: 4096,
      transferOffset: 1n << 40n,
    });
    expect(readFileSync(path).equals(Buffer.alloc(4096))).toBe(true);
  });
});
