import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { ExtentCursor } from '../../src/emulator/tokens.ts';
import { offloadReadSyncWith, offloadReadWith } from '../../src/offload-read.ts';
import { offloadWriteSyncWith, offloadWriteWith } from '../../src/offload-write.ts';
import { borrow, makePair, openOn, pattern, temporaryFile } from './harness.ts';

const INVALID_TOKEN = { errno: 315, ntstatus: { name: 'STATUS_INVALID_TOKEN', value: 0xc000_0465 } };

describe('a change of the source', () => {
  test.each([
    ['is overwritten by another program', (path: string) => writeAt(path, 'x', 5)],
    ['is overwritten outside the range', (path: string) => writeAt(path, 'x', 5000)],
    ['grows', (path: string) => truncateSync(path, 16_384)],
    ['shrinks', (path: string) => truncateSync(path, 100)],
    ['is written anew with the same contents', (path: string) => writeFileSync(path, pattern(8192))],
    ['is touched', (path: string) => utimesSync(path, 1, 1)],
  ])('a token becomes invalid when its source %s right after the read, 50 times', async (_how, change) => {
    const contents = pattern(8192);
    const { emulator, source, destination, sourcePath } = makePair(contents);
    for (let round = 0; round < 50; round++) {
      writeFileSync(sourcePath, contents);
      const request = { copyLength: 4096 };
      const read =
        round % 2 === 0
          ? await offloadReadWith(emulator, source, request)
          : offloadReadSyncWith(emulator, source, request);
      change(sourcePath);
      const write = offloadWriteWith(emulator, destination, { token: read.token, copyLength: 4096 });
      await expect(write).rejects.toMatchObject(INVALID_TOKEN);
    }
  });

  test('a token becomes invalid when the emulator writes to its range', async () => {
    const { emulator, source, destination } = makePair(pattern(8192));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    await emulator.files.write(source, Buffer.from('x'), 4095n);
    const write = offloadWriteWith(emulator, destination, { token, copyLength: 512 });
    await expect(write).rejects.toMatchObject(INVALID_TOKEN);
  });

  test('a token stays valid when the emulator writes outside its range', async () => {
    const contents = pattern(8192);
    const { emulator, source, destination, sourcePath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    await emulator.files.write(source, Buffer.from('x'), 4096n);
    await emulator.files.setSize(source, 16_384n);
    await offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    writeAt(sourcePath, 'x', 5);
    const write = offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    await expect(write).rejects.toMatchObject(INVALID_TOKEN);
  });

  test('a token stays valid when its source is read', async () => {
    const { emulator, source, destination, sourcePath } = makePair(pattern(8192));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    readFileSync(sourcePath);
    await emulator.files.read(source, new Uint8Array(8192), 0n);
    await offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
  });

  test('a token becomes invalid when its source changes during the copy', async () => {
    const contents = pattern(96 << 20);
    const { emulator, source, destination, sourcePath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: contents.length });
    const write = offloadWriteWith(emulator, destination, { token, copyLength: contents.length });
    const refused = expect(write).rejects.toMatchObject(INVALID_TOKEN);
    writeAt(sourcePath, 'x', 5);
    await refused;
  });
});

describe('a token', () => {
  test.each([
    ['tokenLifetime', { tokenLifetime: 20 }, 0],
    ['the time to live of the request', {}, 20],
    ['the shorter of both', { tokenLifetime: 60_000 }, 20],
  ])('a token expires after %s', async (_name, options, tokenTimeToLive) => {
    const { emulator, source, destination } = makePair(pattern(4096), options);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096, tokenTimeToLive });
    await offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    await sleep(30);
    const write = offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    await expect(write).rejects.toMatchObject(INVALID_TOKEN);
  });

  test('a token of another emulator is invalid', async () => {
    const { emulator, source } = makePair(pattern(4096));
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    const other = makePair(pattern(4096));
    const write = offloadWriteWith(other.emulator, other.destination, { token, copyLength: 4096 });
    await expect(write).rejects.toMatchObject(INVALID_TOKEN);
  });

  test.each([
    [0, 4608],
    [4096, 512],
    [3584, 1024],
    [1 << 30, 512],
  ])(
    'a write from %d for %d bytes, which ends beyond its token, is refused (illumos)',
    async (transferOffset, copyLength) => {
      const { emulator, source, destination } = makePair(pattern(8192));
      const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
      const write = offloadWriteWith(emulator, destination, { token, copyLength, transferOffset });
      await expect(write).rejects.toMatchObject({ errno: 87 });
    },
  );

  test('a token outlives the handle of its source as long as the file keeps its path', async () => {
    const contents = pattern(4096);
    const { emulator, source, destination, sourcePath, destinationPath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    await emulator.files.close(source);
    await offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    expect(readFileSync(destinationPath).equals(contents)).toBe(true);
    renameSync(sourcePath, `${sourcePath}-moved`);
    const write = offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    await expect(write).rejects.toMatchObject(INVALID_TOKEN);
  });

  test('a token outlives a borrowed descriptor where the host reports its path', async () => {
    const contents = pattern(4096);
    const { emulator, destination, destinationPath } = makePair(contents);
    const fd = openSync(temporaryFile(contents), 'r');
    const { token } = await offloadReadWith(emulator, fd, { copyLength: 4096 });
    closeSync(fd);
    borrow(temporaryFile('something else'), 'r');
    const write = offloadWriteWith(emulator, destination, { token, copyLength: 4096 });
    if (process.platform === 'linux') {
      await write;
      expect(readFileSync(destinationPath).equals(contents)).toBe(true);
    } else await expect(write).rejects.toMatchObject(INVALID_TOKEN);
  });

  test('a token is forgotten after 65,536 newer ones', { timeout: 120_000 }, async () => {
    const { emulator, source, destination } = makePair(pattern(4096));
    const read = () => offloadReadSyncWith(emulator, source, { copyLength: 4096 });
    await sleep(20);
    const first = read().token;
    const second = read().token;
    for (let made = 0; made < 65_535; made++) read();
    emulator.calls.length = 0;
    const use = (token: typeof first) =>
      offloadWriteSyncWith(emulator, destination, { token, copyLength: 4096 });
    expect(() => use(first)).toThrow(expect.objectContaining({ errno: 315 }));
    expect(use(second)).toMatchObject({ lengthWritten: 4096n });
  });
});

// A DSM read gathers ranges, and a write may begin anywhere in what they make together.
describe('the extents of a token', () => {
  const EXTENTS = [
    { offset: 4096n, length: 1024n },
    { offset: 0n, length: 0n },
    { offset: 512n, length: 512n },
  ];

  test.each<[bigint, bigint, readonly [bigint, bigint][]]>([
    [0n, 1024n, [[4096n, 1024n]]],
    [
      512n,
      1024n,
      [
        [4608n, 512n],
        [512n, 512n],
      ],
    ],
    [1024n, 1n << 40n, [[512n, 512n]]],
    [1n << 40n, 512n, []],
  ])('from %d on and for %d bytes are those with data, up to the last', (start, length, expected) => {
    const taken = new ExtentCursor(EXTENTS, start).take(length);
    expect(taken).toEqual(expected.map(([offset, bytes]) => ({ offset, length: bytes })));
  });
});

describe('a copy within one file', () => {
  test('the first half of a file is copied to the second (CopyOffload_CopyContentWithinSameFile)', async () => {
    const contents = pattern(8192);
    const { emulator, source, sourcePath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
    await offloadWriteWith(emulator, source, { token, copyLength: 2048, fileOffset: 4096 });
    await offloadWriteWith(emulator, source, {
      token,
      copyLength: 2048,
      fileOffset: 6144,
      transferOffset: 2048,
    });
    const half = contents.subarray(0, 4096);
    expect(readFileSync(sourcePath).equals(Buffer.concat([half, half]))).toBe(true);
  });

  test.each([
    ['up by a sector', 0, 512],
    ['down by a sector', 512, 0],
    ['onto itself', 512, 512],
    ['up by 5 MiB and a sector', 0, (5 << 20) + 512],
    ['down by 5 MiB and a sector', (5 << 20) + 512, 0],
  ])('overlapping ranges are copied correctly %s', async (_name, from, to) => {
    const size = 24 << 20;
    const length = size - Math.max(from, to);
    const contents = pattern(size);
    const emulator = createEmulator();
    const path = temporaryFile(contents);
    const file = openOn(emulator, path, 'r+');
    const { token } = await offloadReadWith(emulator, file, { fileOffset: from, copyLength: length });
    await offloadWriteWith(emulator, file, { token, fileOffset: to, copyLength: length });
    const expected = Buffer.from(contents);
    expected.copy(expected, to, from, from + length);
    expect(readFileSync(path).equals(expected)).toBe(true);
    const again = offloadWriteWith(emulator, file, { token, fileOffset: to, copyLength: length });
    await expect(again).rejects.toMatchObject(INVALID_TOKEN);
  });
});

function writeAt(path: string, text: string, position: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, text, position);
  closeSync(fd);
}
