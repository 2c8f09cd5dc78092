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
  await emulator.setSize(handle, BigInt(size));
  if (written > 0) await emulator.write(handle, pattern(written), 0n);
  return handle;
}

describe('an offload read', () => {
  // written, size, fileOffset, copyLength -> transferLength, ALL_ZERO, zero token
  test.each([
    ['within valid data', 4096, 8192, 0, 4096, 4096, false, false],
    ['across its end', 4096, 8192, 0, 8192, 4096, true, false],
    ['across an end that is not aligned: to the next sector', 1000, 8192, 0, 8192, 1024, true, false],
    ['from its end on', 4096, 8192, 4096, 4096, 4096, true, true],
    ['of a file that was never written', 0, 8192, 0, 8192, 8192, true, true],
    ['beyond the end of the file: cut there', 8192, 8192, 4096, 8192, 4096, true, false],
    ['beyond an end that is not aligned', 1000, 1000, 0, 4096, 1024, true, false],
    ['of zeros beyond the end', 0, 1000, 512, 4096, 512, true, true],
    ['of nothing', 4096, 8192, 0, 0, 0, false, true],
  ])('%s', async (_name, written, size, fileOffset, copyLength, transferLength, allZero, zeroToken) => {
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
  });

  test('truncated below the end of valid data does not claim that the rest is zero', async () => {
    const emulator = createEmulator({ maximumTransferSize: 1024 });
    const handle = await partlyWritten(emulator, 4096);
    const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 1024n, allZeroBeyondRange: false });
  });

  test('truncated exactly at the end of valid data does', async () => {
    const emulator = createEmulator({ maximumTransferSize: 4096 });
    const handle = await partlyWritten(emulator, 4096);
    const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 4096n, allZeroBeyondRange: true });
  });

  test('two reads give two tokens', async () => {
    const { emulator, source } = makePair(pattern(4096));
    const one = await offloadReadWith(emulator, source, { copyLength: 4096 });
    const two = await offloadReadWith(emulator, source, { copyLength: 4096 });
    expect(one.token.equals(two.token)).toBe(false);
    expect(one.token).toMatchObject({ type: 0x0080_0000, idLength: 504, isZeroData: false });
  });
});

describe('a file that the emulator did not see being made', () => {
  test('is valid data throughout', async () => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryFile(Buffer.alloc(8192)), 'r');
    const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 8192n });
    expect(read.token.isZeroData).toBe(false);
  });

  test('is known to be zeros where the host allocated nothing', async () => {
    const emulator = createEmulator();
    const path = temporaryFile('');
    truncateSync(path, 1 << 20);
    const read = await offloadReadWith(emulator, openOn(emulator, path, 'r'), { copyLength: 1 << 20 });
    expect(read).toMatchObject({ transferLength: 1n << 20n, allZeroBeyondRange: true });
    expect(read.token.isZeroData).toBe(true);
  });

  test('is looked at anew when it is changed behind its back, however soon', async () => {
    for (let round = 0; round < 50; round++) {
      const emulator = createEmulator();
      const path = temporaryPath();
      const handle = openOn(emulator, path, 'w');
      await emulator.setSize(handle, 8192n);
      writeFileSync(path, pattern(8192));
      const read = await offloadReadWith(emulator, handle, { copyLength: 8192 });
      expect(read.token.isZeroData).toBe(false);
      await emulator.close(handle);
    }
  });
});

describe('an offload write', () => {
  test('extends valid data, so that ascending writes succeed, also when they are sent at once', async () => {
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

  test('with a gap is refused, and succeeds once the gap is filled', async () => {
    const { emulator, source, destination } = makePair(pattern(4096));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    const later = { token, copyLength: 1024, fileOffset: 1024 };
    await expect(offloadWriteWith(emulator, destination, later)).rejects.toMatchObject({ errno: 1289 });
    await emulator.write(destination, pattern(1024), 0n);
    await expect(offloadWriteWith(emulator, destination, later)).resolves.toMatchObject({
      lengthWritten: 1024n,
    });
  });

  test('of the last sector counts whole and leaves the size alone', async () => {
    const contents = pattern(1000);
    const { emulator, source, destination, destinationPath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 1024 });
    const written = await offloadWriteWith(emulator, destination, { token, copyLength: 1024 });
    expect(written.lengthWritten).toBe(1024n);
    expect(readFileSync(destinationPath).equals(contents)).toBe(true);
  });

  test('into a longer file pads the last sector with zeros', async () => {
    const { emulator, source, destination, destinationPath } = makePair(pattern(1000));
    await emulator.setSize(destination, 4096n);
    await emulator.write(destination, Buffer.alloc(4096, 0xff), 0n);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 1024 });
    await offloadWriteWith(emulator, destination, { token, copyLength: 1024 });
    const expected = Buffer.alloc(4096, 0xff);
    pattern(1000).copy(expected);
    expected.fill(0, 1000, 1024);
    expect(readFileSync(destinationPath).equals(expected)).toBe(true);
  });

  test('is as short as maximumWriteSize says', async () => {
    const { emulator, source, destination } = makePair(pattern(8192), { maximumWriteSize: 2500 });
    const { token } = await offloadReadWith(emulator, source, { copyLength: 8192 });
    const written = await offloadWriteWith(emulator, destination, { token, copyLength: 8192 });
    expect(written.lengthWritten).toBe(2048n);
  });

  test('setSize keeps the smaller of valid data and size', async () => {
    const { emulator, source, destination } = makePair(pattern(8192));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 8192 });
    await offloadWriteWith(emulator, destination, { token, copyLength: 8192 });
    await emulator.setSize(destination, 1024n);
    await emulator.setSize(destination, 8192n);
    const beyond = { token, copyLength: 512, fileOffset: 1536 };
    await expect(offloadWriteWith(emulator, destination, beyond)).rejects.toMatchObject({ errno: 1289 });
    const read = await offloadReadWith(emulator, destination, { copyLength: 8192 });
    expect(read).toMatchObject({ transferLength: 1024n, allZeroBeyondRange: true });
  });
});

describe('the zero token', () => {
  const token = OffloadToken.zeroData();

  test('writes zeros over data, in whole or in part', async () => {
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

  test('takes the blocks of a large range away rather than fill them', async () => {
    const emulator = createEmulator();
    const path = temporaryFile(pattern(8 * KIB * KIB));
    const handle = openOn(emulator, path, 'r+');
    await offloadWriteWith(emulator, handle, { token, copyLength: 8 * KIB * KIB });
    expect(statSync(path)).toMatchObject({ size: 8 * KIB * KIB, blocks: 0 });
  });

  test('fills nothing where nothing was written, and counts as valid data', async () => {
    const emulator = createEmulator();
    const path = temporaryPath();
    const handle = openOn(emulator, path, 'w');
    await emulator.setSize(handle, 1n << 30n);
    await offloadWriteWith(emulator, handle, { token, copyLength: 1 << 29 });
    expect(statSync(path).blocks).toBe(0);
    await offloadWriteWith(emulator, handle, { token, copyLength: 512, fileOffset: 1 << 29 });
  });

  test('is told by its type alone, and takes any TransferOffset', async () => {
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
