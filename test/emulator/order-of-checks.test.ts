import { ftruncateSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_WRITE,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
} from '../../structs/index.ts';
import { borrow, onWindows, openOn, pattern, send, statusOf, temporaryFile } from './harness.ts';

type Kind = 'file' | 'no access' | 'folder' | 'device file' | 'deleted';

interface Row {
  readonly rule: string;
  readonly kind?: Kind;
  readonly options?: EmulatorOptions;
  readonly inputLength?: number;
  readonly outputLength?: number;
  readonly size?: number;
  readonly fileOffset?: bigint;
  readonly copyLength?: bigint;
  readonly transferOffset?: bigint;
  readonly status: string;
}

const FILE_SIZE = 8192;
const BEYOND_63 = 0x8000_0000_0000_0000n;
const LAST_SECTOR = 0xffff_ffff_ffff_fe00n;

// Every row breaks its own rule and some later ones, so that a wrong order of checks shows.
const reads: readonly Row[] = [
  {
    rule: 'the handle lacks read access (I/O manager)',
    kind: 'no access',
    options: { supported: false },
    inputLength: 31,
    status: 'ACCESS_DENIED',
  },
  {
    rule: 'the volume does not support offload read (FSA 1)',
    options: { supported: false },
    inputLength: 31,
    outputLength: 0,
    status: 'NOT_SUPPORTED',
  },
  {
    rule: 'the input is shorter than 32 bytes (FSA 2)',
    inputLength: 31,
    outputLength: 528,
    fileOffset: 1n,
    status: 'BUFFER_TOO_SMALL',
  },
  { rule: 'there is no input (FSA 2)', inputLength: 0, status: 'BUFFER_TOO_SMALL' },
  {
    rule: 'the output is shorter than 528 bytes (FSA 3)',
    outputLength: 527,
    fileOffset: 1n,
    copyLength: 1n,
    size: 0,
    status: 'BUFFER_TOO_SMALL',
  },
  { rule: 'FileOffset is misaligned (FSA 4)', fileOffset: 511n, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'CopyLength is misaligned (FSA 5)',
    copyLength: 513n,
    fileOffset: 1n << 40n,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'Size is not 32 (FSA 6)', size: 33, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'the sum overflows 64 bits (FSA 7)',
    fileOffset: LAST_SECTOR,
    copyLength: 512n,
    kind: 'folder',
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'CopyLength is 0, whatever the file is (FSA 8)',
    copyLength: 0n,
    kind: 'folder',
    fileOffset: BEYOND_63,
    status: 'SUCCESS',
  },
  {
    rule: 'CopyLength is 0 beyond the end (FSA 8)',
    copyLength: 0n,
    fileOffset: 1n << 40n,
    status: 'SUCCESS',
  },
  {
    rule: 'the file is not a data stream (FSA 9)',
    kind: 'folder',
    fileOffset: BEYOND_63,
    status: 'OFFLOAD_READ_FILE_NOT_SUPPORTED',
  },
  { rule: 'the file is deleted (FSA 10)', kind: 'deleted', fileOffset: BEYOND_63, status: 'FILE_DELETED' },
  {
    rule: 'FileOffset is negative as a signed number (FSA 11)',
    fileOffset: BEYOND_63,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'FileOffset is at the end (FSA 13)', fileOffset: 8192n, status: 'END_OF_FILE' },
  { rule: 'FileOffset is far beyond the end (FSA 13)', fileOffset: 1n << 62n, status: 'END_OF_FILE' },
  { rule: 'every rule is kept', status: 'SUCCESS' },
];

const writes: readonly Row[] = [
  {
    rule: 'the handle lacks write access (I/O manager)',
    kind: 'no access',
    options: { supported: false },
    inputLength: 31,
    status: 'ACCESS_DENIED',
  },
  {
    rule: 'the volume does not support offload write (FSA 2)',
    options: { supported: false },
    inputLength: 543,
    outputLength: 0,
    status: 'NOT_SUPPORTED',
  },
  {
    rule: 'the input is shorter than 544 bytes (FSA 3)',
    inputLength: 543,
    outputLength: 16,
    fileOffset: 1n,
    status: 'BUFFER_TOO_SMALL',
  },
  {
    rule: 'the output is shorter than 16 bytes (FSA 3)',
    outputLength: 15,
    fileOffset: 1n,
    size: 0,
    status: 'BUFFER_TOO_SMALL',
  },
  { rule: 'FileOffset is misaligned (FSA 4)', fileOffset: 511n, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'CopyLength is misaligned (FSA 4)',
    copyLength: 513n,
    fileOffset: 1n << 40n,
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'TransferOffset is misaligned (FSA 4)',
    transferOffset: 1n,
    copyLength: 0n,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'Size is not 544 (FSA 5)', size: 543, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'the sum overflows 64 bits (FSA 5)',
    fileOffset: LAST_SECTOR,
    copyLength: 512n,
    kind: 'deleted',
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'CopyLength is 0, whatever the token is (FSA 6)',
    copyLength: 0n,
    kind: 'deleted',
    fileOffset: BEYOND_63,
    status: 'SUCCESS',
  },
  {
    rule: 'the file is not a data stream (FSA 7)',
    kind: 'device file',
    fileOffset: BEYOND_63,
    status: 'OFFLOAD_WRITE_FILE_NOT_SUPPORTED',
  },
  { rule: 'the file is deleted (FSA 8)', kind: 'deleted', fileOffset: BEYOND_63, status: 'FILE_DELETED' },
  { rule: 'the range ends beyond 2^63-1 (FSA 9)', fileOffset: BEYOND_63 - 512n, status: 'INVALID_PARAMETER' },
  {
    rule: 'FileOffset is at the end (FSA 12)',
    fileOffset: 8192n,
    status: 'END_OF_FILE',
  },
  {
    rule: 'FileOffset is beyond the valid data, whatever the token is (FSA 13)',
    fileOffset: 512n,
    status: 'BEYOND_VDL',
  },
  { rule: 'the token was never issued (array)', fileOffset: 0n, status: 'INVALID_TOKEN' },
];

describe('FSCTL_OFFLOAD_READ checks in the order of MS-FSA 2.1.5.10.20', () => {
  for (const row of reads)
    orderTest('FSCTL_OFFLOAD_READ', row, async () => {
      const emulator = createEmulator(row.options);
      const handle = handleFor(emulator, row.kind, 'wo');
      const input = Buffer.alloc(32);
      input.writeUInt32LE(row.size ?? 32, 0);
      input.writeBigUInt64LE(row.fileOffset ?? 0n, 16);
      input.writeBigUInt64LE(row.copyLength ?? 512n, 24);
      await expectStatus(emulator, handle, FSCTL_OFFLOAD_READ, row, input, 528);
    });
});

describe('FSCTL_OFFLOAD_WRITE checks in the order of MS-FSA 2.1.5.10.21', () => {
  for (const row of writes)
    orderTest('FSCTL_OFFLOAD_WRITE', row, async () => {
      const emulator = createEmulator(row.options);
      const handle = handleFor(emulator, row.kind, 'r');
      if (row.kind === undefined) {
        emulator.files.setSizeSync(handle, 0n);
        emulator.files.setSizeSync(handle, BigInt(FILE_SIZE));
      }
      const input = Buffer.alloc(544, 0xab);
      input.writeUInt32LE(row.size ?? 544, 0);
      input.writeBigUInt64LE(row.fileOffset ?? 0n, 8);
      input.writeBigUInt64LE(row.copyLength ?? 512n, 16);
      input.writeBigUInt64LE(row.transferOffset ?? 0n, 24);
      await expectStatus(emulator, handle, FSCTL_OFFLOAD_WRITE, row, input, 16);
    });
});

test('a control code on an unknown handle returns INVALID_HANDLE', async () => {
  const outcome = await send(createEmulator(), 0x1234n, FSCTL_OFFLOAD_READ, Buffer.alloc(32), 528);
  expect(outcome).toMatchObject({ status: statusOf('INVALID_HANDLE'), errno: 6 });
});

test('an unknown control code returns INVALID_DEVICE_REQUEST', async () => {
  const emulator = createEmulator();
  const handle = openOn(emulator, temporaryFile('x'), 'r');
  const outcome = await send(emulator, handle, 0x0009_0000, Buffer.alloc(0), 0);
  expect(outcome).toMatchObject({ status: statusOf('INVALID_DEVICE_REQUEST'), errno: 1 });
});

test.each([
  ['input', 1 << 20, 528],
  ['output', 32, 1 << 20],
])('a length beyond the %s buffer returns INVALID_USER_BUFFER', (_, inputLength, outputLength) => {
  const emulator = createEmulator();
  const handle = openOn(emulator, temporaryFile('x'), 'r');
  const buffers = emulator.acquire(32, 528);
  expect(() => emulator.controlSync(handle, FSCTL_OFFLOAD_READ, buffers, inputLength, outputLength)).toThrow(
    expect.objectContaining({ errno: 1784 }),
  );
});

test.each([
  ['IOCTL_DISK_GET_LENGTH_INFO', IOCTL_DISK_GET_LENGTH_INFO, 8],
  ['IOCTL_DISK_GET_DRIVE_GEOMETRY', IOCTL_DISK_GET_DRIVE_GEOMETRY, 24],
])('%s returns BUFFER_TOO_SMALL without room for its reply', async (_, code, size) => {
  const emulator = createEmulator();
  const handle = openOn(emulator, temporaryFile('x'), 'r');
  const short = await send(emulator, handle, code, Buffer.alloc(0), size - 1);
  expect(short).toMatchObject({ status: statusOf('BUFFER_TOO_SMALL'), returned: 0 });
  expect(short.output.every((byte) => byte === 0xcc)).toBe(true);
  expect(await send(emulator, handle, code, Buffer.alloc(0), size)).toMatchObject({
    status: 0,
    returned: size,
  });
});

function orderTest(name: string, row: Row, run: () => Promise<void>): void {
  const needsPosix = row.kind === 'folder' || row.kind === 'device file' || row.kind === 'deleted';
  const reason = needsPosix
    ? ' [needs a host where folders and /dev/null open, and open files can be unlinked]'
    : '';
  test.skipIf(needsPosix && onWindows)(`${name} returns ${row.status} where ${row.rule}${reason}`, run);
}

function handleFor(emulator: Emulator, kind: Kind | undefined, lacking: 'r' | 'wo'): bigint {
  const path = temporaryFile(pattern(FILE_SIZE));
  if (kind === 'folder') return emulator.handleOf(borrow(dirname(path), 'r'));
  if (kind === 'device file') return emulator.handleOf(borrow('/dev/null', 'r+'));
  if (kind === 'no access') return openOn(emulator, path, lacking);
  const fd = borrow(path, 'r+');
  if (kind === 'deleted') unlinkSync(path);
  ftruncateSync(fd, FILE_SIZE);
  return emulator.handleOf(fd);
}

async function expectStatus(
  emulator: Emulator,
  handle: bigint,
  code: number,
  row: Row,
  input: Buffer,
  outputLength: number,
): Promise<void> {
  const expected = row.status === 'SUCCESS' ? 0 : statusOf(row.status);
  for (const how of ['async', 'sync'] as const) {
    const sent = input.subarray(0, row.inputLength ?? input.length);
    const outcome = await send(emulator, handle, code, sent, row.outputLength ?? outputLength, how);
    expect(outcome.status.toString(16)).toBe(expected.toString(16));
    if (expected !== 0) expect(outcome.output.every((byte) => byte === 0xcc)).toBe(true);
    expect(emulator.calls.at(-1)?.status).toBe(expected);
    expect(emulator.calls.at(-1)?.input).toEqual(new Uint8Array(sent));
  }
}
