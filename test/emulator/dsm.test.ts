import { readFileSync, readSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { dsmOffloadReadSyncWith, dsmOffloadReadWith } from '../../src/dsm-offload-read.ts';
import { dsmOffloadWriteSyncWith, dsmOffloadWriteWith } from '../../src/dsm-offload-write.ts';
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import { OffloadToken } from '../../src/token.ts';
import { IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES } from '../../structs/index.ts';
import { borrow, makePair, openOn, pattern, send, statusOf, temporaryFile } from './harness.ts';

const READ = 0x8000_0003;
const WRITE = 4;

interface Row {
  readonly rule: string;
  readonly options?: EmulatorOptions;
  readonly access?: 'r';
  readonly action?: number;
  readonly inputLength?: number;
  readonly outputLength?: number;
  readonly parametersAt?: number;
  readonly parametersLength?: number;
  readonly timeToLive?: number;
  readonly ranges?: readonly (readonly [bigint, bigint])[];
  readonly status: string;
}

const MISALIGNED = [1n, 512n] as const;
const BEYOND = [8192n, 512n] as const;

// Every row breaks its own rule and some that come later (odx-facts: dispatch, then steps 1 to 9 of the class driver).
const rows: readonly Row[] = [
  {
    rule: 'the handle lacks write access, even for an offload read (I/O manager)',
    access: 'r',
    options: { supported: false },
    inputLength: 0,
    status: 'ACCESS_DENIED',
  },
  {
    rule: 'the input is shorter than 28 bytes (dispatch)',
    inputLength: 27,
    options: { supported: false },
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'the input is shorter than its parts (dispatch)',
    inputLength: 63,
    options: { supported: false },
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'its parts together are longer than the input (dispatch)',
    parametersLength: 21,
    options: { supported: false },
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'the parameters end beyond the input (dispatch)',
    parametersAt: 49,
    options: { supported: false },
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'the action is unknown (dispatch)',
    action: 1,
    options: { supported: false },
    status: 'NOT_SUPPORTED',
  },
  {
    rule: 'the device has no copy offload (step 1)',
    options: { supported: false, dsm: 'refuse' },
    ranges: [MISALIGNED],
    status: 'DEVICE_FEATURE_NOT_SUPPORTED',
  },
  {
    rule: 'the caller runs in user mode (step 3)',
    options: { dsm: 'refuse' },
    ranges: [MISALIGNED],
    status: 'ACCESS_DENIED',
  },
  { rule: 'there are no ranges (step 4)', ranges: [], parametersLength: 15, status: 'INVALID_PARAMETER' },
  {
    rule: 'a range is misaligned (step 5)',
    ranges: [BEYOND, MISALIGNED],
    outputLength: 0,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'a range is empty (step 5)', ranges: [[0n, 0n]], outputLength: 0, status: 'INVALID_PARAMETER' },
  {
    rule: 'a range ends beyond the device (step 6)',
    ranges: [BEYOND],
    parametersLength: 15,
    status: 'NONEXISTENT_SECTOR',
  },
  {
    rule: 'an offset is negative (step 6)',
    ranges: [[-512n, 512n]],
    parametersLength: 15,
    status: 'NONEXISTENT_SECTOR',
  },
  {
    rule: 'the read parameters are shorter than 16 bytes (step 7)',
    parametersLength: 15,
    outputLength: 0,
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'the time to live is longer than the device allows (step 8)',
    options: { tokenLifetime: 1000 },
    timeToLive: 1001,
    outputLength: 0,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'the output is shorter than 536 bytes (step 9)', outputLength: 535, status: 'BUFFER_TOO_SMALL' },
  { rule: 'every rule is kept', status: 'SUCCESS' },
];

describe('IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES checks in the order of the class driver', () => {
  test.each(rows)('a DSM request returns $status where $rule', async (row) => {
    const emulator = createEmulator(row.options);
    const handle = openOn(emulator, temporaryFile(pattern(8192)), row.access ?? 'r+');
    const ranges = row.ranges ?? [[0n, 512n]];
    const input = Buffer.alloc(48 + 16 * ranges.length);
    const { action = READ, parametersAt = 28, parametersLength = 16 } = row;
    [28, action, 0, parametersAt, parametersLength, 48, 16 * ranges.length].forEach((value, index) => {
      input.writeUInt32LE(value, 4 * index);
    });
    input.writeUInt32LE(row.timeToLive ?? 0, 32);
    ranges.forEach(([offset, length], index) => {
      input.writeBigInt64LE(offset, 48 + 16 * index);
      input.writeBigInt64LE(length, 56 + 16 * index);
    });
    const sent = input.subarray(0, row.inputLength ?? input.length);
    for (const how of ['async', 'sync'] as const) {
      const outputLength = row.outputLength ?? 536;
      const outcome = await send(
        emulator,
        handle,
        IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
        sent,
        outputLength,
        how,
      );
      const expected = row.status === 'SUCCESS' ? 0 : statusOf(row.status);
      expect(outcome.status.toString(16)).toBe(expected.toString(16));
    }
  });

  test.each([
    ['INVALID_PARAMETER', 'the write parameters are shorter than 528 bytes (step 7)', 527, 0],
    ['BUFFER_TOO_SMALL', 'the output is shorter than 16 bytes (step 9)', 528, 15],
  ])('a DSM write returns %s where %s', async (status, _, parametersLength, outputLength) => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryFile(pattern(8192)), 'r+');
    const input = Buffer.alloc(576);
    [28, WRITE, 0, 32, parametersLength, 560, 16].forEach((value, index) => {
      input.writeUInt32LE(value, 4 * index);
    });
    input.writeBigInt64LE(512n, 568);
    const code = IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES;
    const outcome = await send(emulator, handle, code, input, outputLength);
    expect(outcome.status).toBe(statusOf(status));
  });
});

describe('the storage pair on the emulator', () => {
  const ranges = (...pairs: [number, number][]) =>
    pairs.map(([startingOffset, lengthInBytes]) => ({ startingOffset, lengthInBytes }));

  test('a DSM read gathers ranges in their order, and a DSM write scatters them again', async () => {
    const contents = pattern(8192);
    const { emulator, source, destination, destinationPath } = makePair(contents);
    const read = await dsmOffloadReadWith(emulator, source, {
      ranges: ranges([4096, 1024], [0, 512], [1024, 1536]),
    });
    expect(read).toMatchObject({ lengthProtected: 3072n, truncated: false, flags: 0 });
    const wanted = { token: read.token, tokenOffset: 512, ranges: ranges([2048, 1536], [0, 1024]) };
    const written = await dsmOffloadWriteWith(emulator, destination, wanted);
    expect(written).toMatchObject({ lengthCopied: 2560n, truncated: false, tokenInvalid: false });
    const gathered = Buffer.concat([
      contents.subarray(4096, 5120),
      contents.subarray(0, 512),
      contents.subarray(1024, 2560),
    ]).subarray(512);
    const got = readFileSync(destinationPath);
    expect(got.subarray(2048, 3584).equals(gathered.subarray(0, 1536))).toBe(true);
    expect(got.subarray(0, 1024).equals(gathered.subarray(1536))).toBe(true);
  });

  test('the limits of the array truncate a DSM read and a DSM write', async () => {
    const pair = makePair(pattern(8192), { maximumTransferSize: 2048, maximumWriteSize: 1536 });
    const read = dsmOffloadReadSyncWith(pair.emulator, pair.source, {
      ranges: ranges([0, 1024], [2048, 2048]),
    });
    expect(read).toMatchObject({ lengthProtected: 2048n, truncated: true });
    const written = dsmOffloadWriteSyncWith(pair.emulator, pair.destination, {
      token: read.token,
      ranges: ranges([0, 1024], [4096, 1024]),
    });
    expect(written).toMatchObject({ lengthCopied: 1536n, truncated: true, tokenInvalid: false });
    const got = readFileSync(pair.destinationPath);
    expect(got.subarray(0, 1024).equals(pattern(8192).subarray(0, 1024))).toBe(true);
    expect(got.subarray(4096, 4608).equals(pattern(8192).subarray(2048, 2560))).toBe(true);
    expect(got.subarray(4608).every((byte) => byte === 0)).toBe(true);
  });

  test('a DSM write copies what is left of the token and nothing beyond it', async () => {
    const { emulator, source, destination } = makePair(pattern(8192));
    const { token } = await dsmOffloadReadWith(emulator, source, { ranges: ranges([0, 1024]) });
    const written = await dsmOffloadWriteWith(emulator, destination, {
      token,
      tokenOffset: 512,
      ranges: ranges([0, 2048]),
    });
    expect(written).toMatchObject({ lengthCopied: 512n, truncated: true });
    const beyond = dsmOffloadWriteWith(emulator, destination, {
      token,
      tokenOffset: 1024,
      ranges: ranges([0, 512]),
    });
    await expect(beyond).rejects.toMatchObject({ errno: 87 });
  });

  test('a DSM write that an intercept cuts to less than a sector writes nothing', async () => {
    const { emulator, source, destination, destinationPath } = makePair(pattern(8192), {
      intercept: ({ index }) => (index === 1 ? { truncate: 511n } : undefined),
    });
    const { token } = await dsmOffloadReadWith(emulator, source, { ranges: ranges([0, 1024]) });
    const write = dsmOffloadWriteWith(emulator, destination, { token, ranges: ranges([0, 1024]) });
    await expect(write).rejects.toMatchObject({ code: 'ERR_ODX_PROTOCOL' });
    expect(emulator.calls.at(-1)).toMatchObject({ status: 0, bytesReturned: 16 });
    expect(readFileSync(destinationPath).every((byte) => byte === 0)).toBe(true);
  });

  test('a DSM write whose token becomes invalid reports what was copied before', async () => {
    const contents = pattern(160 << 20);
    const { emulator, source, destination, sourcePath, destinationPath } = makePair(contents);
    const whole = ranges([0, contents.length]);
    const { token } = await dsmOffloadReadWith(emulator, source, { ranges: whole });
    const later = contents.length - 512;
    const write = dsmOffloadWriteWith(emulator, destination, {
      token,
      ranges: ranges([0, 512], [512, later]),
    });
    const started = borrow(destinationPath, 'r');
    const first = Buffer.alloc(1);
    while (first[0] !== contents[512]) {
      await setImmediate();
      readSync(started, first, 0, 1, 512);
    }
    writeSync(borrow(sourcePath, 'r+'), 'x', 0);
    expect(await write).toMatchObject({ lengthCopied: 512n, truncated: true, tokenInvalid: true, flags: 3 });
    const again = dsmOffloadWriteWith(emulator, destination, { token, ranges: whole });
    await expect(again).rejects.toMatchObject({ errno: 315 });
  });

  test('a DSM write of the zero token writes zeros', async () => {
    const path = temporaryFile(pattern(8192));
    const emulator = createEmulator();
    const handle = openOn(emulator, path, 'r+');
    const written = await dsmOffloadWriteWith(emulator, handle, {
      token: OffloadToken.zeroData(),
      ranges: ranges([512, 512], [4096, 1024]),
    });
    expect(written.lengthCopied).toBe(1536n);
    const expected = pattern(8192).fill(0, 512, 1024).fill(0, 4096, 5120);
    expect(readFileSync(path).equals(expected)).toBe(true);
  });

  test('a DSM read accepts 65,536 ranges', async () => {
    const contents = pattern(1 << 20);
    const emulator = createEmulator();
    const path = temporaryFile(contents);
    const handle = openOn(emulator, path, 'r+');
    const many = Array.from({ length: 65_536 }, (_, at) => ({
      startingOffset: (at % 1024) * 512,
      lengthInBytes: 512,
    }));
    const { token, lengthProtected } = await dsmOffloadReadWith(emulator, handle, { ranges: many });
    expect(lengthProtected).toBe(65_536n * 512n);
    expect(emulator.calls.at(-1)?.input.length).toBe(48 + 16 * 65_536);
    const { lengthCopied } = await dsmOffloadWriteWith(emulator, handle, {
      token,
      ranges: ranges([1 << 19, 1 << 19]),
    });
    expect(lengthCopied).toBe(1n << 19n);
    const half = contents.subarray(0, 1 << 19);
    expect(readFileSync(path).equals(Buffer.concat([half, half]))).toBe(true);
  });
});
