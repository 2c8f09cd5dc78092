import { closeSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { AbortError, InvalidArgumentError, ProtocolError, Win32Error } from '../../src/errors.ts';
import { openFileWith } from '../../src/open-file.ts';
import { type ZeroRangeRequest, zeroRangeWith } from '../../src/zero-range.ts';
import { failureOf, Workspace } from '../copy/kit.ts';
import { answering } from './replies.ts';

const KIB = 1024;
const SIZE = 100_001;
const workspace = new Workspace();

function expectZeros(path: string, from: number, to: number): void {
  const bytes = readFileSync(path);
  expect(bytes.length).toBe(SIZE);
  const isRight = bytes.every((byte, index) => (byte === 0) === (index >= from && index < to));
  expect(isRight).toBe(true);
}

describe('zeroRange', () => {
  test.each([
    [0, 512],
    [0, 65_536],
    [512, 1024],
    [4096n, 8192n],
    [99_840, SIZE - 99_840],
    [0, SIZE],
  ])('writes zeros from offset %s for %s bytes', async (fileOffset, length) => {
    const path = workspace.file(SIZE);
    const kernel = createEmulator({ maximumWriteSize: 16 * KIB });
    const file = await openFileWith(kernel, path, 'r+');
    const { lengthWritten } = await zeroRangeWith(kernel, file, { fileOffset, length });
    await file.close();
    expect(lengthWritten).toBe(BigInt(length));
    expectZeros(path, Number(fileOffset), Number(fileOffset) + Number(length));
    expect(kernel.calls).toHaveLength(Math.ceil(Number(length) / (16 * KIB)));
  });

  test('needs one write where the array accepts the whole range', async () => {
    const path = workspace.hole(3 * 1024 ** 3);
    const kernel = createEmulator();
    const file = await openFileWith(kernel, path, 'r+');
    expect(await zeroRangeWith(kernel, file, { fileOffset: 0, length: file.size })).toEqual({
      lengthWritten: file.size,
    });
    await file.close();
    expect(kernel.calls).toHaveLength(1);
  });

  test('works on a descriptor, a FileHandle and a HANDLE', async () => {
    const kernel = createEmulator();
    const path = workspace.file(SIZE);
    const fd = openSync(path, 'r+');
    await zeroRangeWith(kernel, fd, { fileOffset: 0, length: 512 });
    closeSync(fd);
    const handle = await open(path, 'r+');
    await zeroRangeWith(kernel, handle, { fileOffset: 512, length: 512 });
    await handle.close();
    const file = await openFileWith(kernel, path, 'r+');
    await zeroRangeWith(kernel, file.handle, { fileOffset: 1024, length: 512 });
    await file.close();
    expectZeros(path, 0, 1536);
  });

  // By the second write, the number could belong to another file.
  test('looks up a descriptor once, however many writes it needs', async () => {
    const emulator = createEmulator({ maximumWriteSize: 512 });
    const lookedUp: number[] = [];
    const kernel = {
      ...emulator,
      handleOf(fd: number) {
        lookedUp.push(fd);
        return emulator.handleOf(fd);
      },
    };
    const path = workspace.file(SIZE);
    const fd = openSync(path, 'r+');
    await zeroRangeWith(kernel, fd, { fileOffset: 0, length: 2048 });
    closeSync(fd);
    expectZeros(path, 0, 2048);
    expect(emulator.calls).toHaveLength(4);
    expect(lookedUp).toEqual([fd]);
  });

  test('makes no call for a length of 0', async () => {
    const kernel = createEmulator();
    const file = await openFileWith(kernel, workspace.file(SIZE), 'r+');
    expect(await zeroRangeWith(kernel, file, { fileOffset: 0, length: 0 })).toEqual({ lengthWritten: 0n });
    expect(kernel.calls).toEqual([]);
    await file.close();
    expect(await failureOf(zeroRangeWith(kernel, file, { fileOffset: 0, length: 0 }))).toBeInstanceOf(
      InvalidArgumentError,
    );
  });

  const illegal: [string, object, string][] = [
    ['a missing offset', { length: 512 }, 'fileOffset'],
    ['a missing length', { fileOffset: 0 }, 'length'],
    ['an odd offset', { fileOffset: 1, length: 512 }, 'fileOffset'],
    ['an odd length', { fileOffset: 0, length: 513 }, 'length'],
    ['a length that ends before the end of the file', { fileOffset: 0, length: SIZE - 1 }, 'length'],
    ['an odd length for a larger sector', { fileOffset: 0, length: 512, sectorSize: 4096 }, 'length'],
    ['a range beyond 2^63-1', { fileOffset: 2n ** 63n - 512n, length: 512 }, 'length'],
    ['an unknown option', { fileOffset: 0, copyLength: 512, length: 512 }, 'copyLength'],
    ['a signal that is a number', { fileOffset: 0, length: 512, signal: 1 }, 'signal'],
  ];

  test.each(illegal)('refuses %s', async (_, request, path) => {
    const kernel = createEmulator();
    const file = await openFileWith(kernel, workspace.file(SIZE), 'r+');
    const failure = await failureOf(zeroRangeWith(kernel, file, request as ZeroRangeRequest));
    await file.close();
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect(failure).toMatchObject({ issues: [{ path }] });
    expect(kernel.calls).toEqual([]);
  });

  test('rejects with the error of Windows and its offset', async () => {
    const kernel = createEmulator({
      maximumWriteSize: 16 * KIB,
      intercept: ({ index }) => (index === 2 ? { status: 0xc000_00bb } : undefined),
    });
    const path = workspace.file(SIZE);
    const file = await openFileWith(kernel, path, 'r+');
    const failure = await failureOf(zeroRangeWith(kernel, file, { fileOffset: 0, length: SIZE }));
    await file.close();
    expect(failure).toBeInstanceOf(Win32Error);
    expect(failure).toMatchObject({ errno: 50, offset: BigInt(32 * KIB), path });
    expectZeros(path, 0, 32 * KIB);
  });

  test('rejects when the device makes no progress', async () => {
    const kernel = createEmulator({ intercept: () => ({ truncate: 0n }) });
    const file = await openFileWith(kernel, workspace.file(SIZE), 'r+');
    const failure = await failureOf(zeroRangeWith(kernel, file, { fileOffset: 0, length: 512 }));
    await file.close();
    expect(failure).toBeInstanceOf(ProtocolError);
  });

  test('rejects when a device stops within the first sector, with what it reports and where', async () => {
    const emulator = createEmulator({ maximumWriteSize: 512 });
    let writes = 0;
    const kernel = answering(emulator, (output, returned) => {
      if (++writes === 2) output.setBigUint64(8, 100n, true);
      return returned;
    });
    const path = workspace.file(SIZE);
    const file = await openFileWith(kernel, path, 'r+');
    const failure = await failureOf(zeroRangeWith(kernel, file, { fileOffset: 0, length: SIZE }));
    await file.close();
    expect(failure).toBeInstanceOf(ProtocolError);
    expect(failure).toMatchObject({ syscall: 'FSCTL_OFFLOAD_WRITE', path, offset: 512n });
    expect((failure as Error).message).toContain('100 bytes were written, which is less than one sector.');
    expect(writes).toBe(2);
  });

  test('can be aborted during a write and between writes', async () => {
    const controller = new AbortController();
    const kernel = createEmulator({
      maximumWriteSize: 512,
      intercept: ({ index }) => {
        if (index === 3) controller.abort('stop');
      },
    });
    const file = await openFileWith(kernel, workspace.file(SIZE), 'r+');
    const request = { fileOffset: 0, length: SIZE, signal: controller.signal };
    for (const _ of [1, 2]) {
      const failure = await failureOf(zeroRangeWith(kernel, file, request));
      expect(failure).toBeInstanceOf(AbortError);
      expect(failure).toMatchObject({ cause: 'stop' });
    }
    await file.close();
    expect(kernel.calls.length).toBeLessThanOrEqual(4);
  });
});
