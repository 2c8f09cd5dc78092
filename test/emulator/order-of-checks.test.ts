import { ftruncateSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import { FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { borrow, onWindows, openOn, pattern, send, statusOf, temporaryFile } from './harness.ts';

type Kind = 'file' | 'no access' | 'folder' | 'deleted';

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

// Every row breaks its own rule and some that come later, so that a later one winning would show.
const reads: readonly Row[] = [
  {
    rule: 'I/O manager: the handle needs read access',
    kind: 'no access',
    options: { supported: false },
    inputLength: 31,
    status: 'ACCESS_DENIED',
  },
  {
    rule: 'FSA 1: volume without offload read',
    options: { supported: false },
    inputLength: 31,
    outputLength: 0,
    status: 'NOT_SUPPORTED',
  },
  {
    rule: 'FSA 2: input below 32',
    inputLength: 31,
    outputLength: 528,
    fileOffset: 1n,
    status: 'BUFFER_TOO_SMALL',
  },
  { rule: 'FSA 2: no input at all', inputLength: 0, status: 'BUFFER_TOO_SMALL' },
  {
    rule: 'FSA 3: output below 528',
    outputLength: 527,
    fileOffset: 1n,
    copyLength: 1n,
    size: 0,
    status: 'BUFFER_TOO_SMALL',
  },
  { rule: 'FSA 4: FileOffset misaligned', fileOffset: 511n, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'FSA 5: CopyLength misaligned',
    copyLength: 513n,
    fileOffset: 1n << 40n,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'FSA 6: Size is not 32', size: 33, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'FSA 7: the sum overflows 64 bits',
    fileOffset: LAST_SECTOR,
    copyLength: 512n,
    kind: 'folder',
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'FSA 8: CopyLength 0 is a success, whatever the file is',
    copyLength: 0n,
    kind: 'folder',
    fileOffset: BEYOND_63,
    status: 'SUCCESS',
  },
  { rule: 'FSA 8: CopyLength 0 beyond the end', copyLength: 0n, fileOffset: 1n << 40n, status: 'SUCCESS' },
  {
    rule: 'FSA 9: not a data stream',
    kind: 'folder',
    fileOffset: BEYOND_63,
    status: 'OFFLOAD_READ_FILE_NOT_SUPPORTED',
  },
  { rule: 'FSA 10: deleted', kind: 'deleted', fileOffset: BEYOND_63, status: 'FILE_DELETED' },
  { rule: 'FSA 11: negative cluster', fileOffset: BEYOND_63, status: 'INVALID_PARAMETER' },
  { rule: 'FSA 13: FileOffset at the end', fileOffset: 8192n, status: 'END_OF_FILE' },
  { rule: 'FSA 13: FileOffset far beyond the end', fileOffset: 1n << 62n, status: 'END_OF_FILE' },
  { rule: 'none', status: 'SUCCESS' },
];

const writes: readonly Row[] = [
  {
    rule: 'I/O manager: the handle needs write access',
    kind: 'no access',
    options: { supported: false },
    inputLength: 31,
    status: 'ACCESS_DENIED',
  },
  {
    rule: 'FSA 2: volume without offload write',
    options: { supported: false },
    inputLength: 543,
    outputLength: 0,
    status: 'NOT_SUPPORTED',
  },
  {
    rule: 'FSA 3: input below 544',
    inputLength: 543,
    outputLength: 16,
    fileOffset: 1n,
    status: 'BUFFER_TOO_SMALL',
  },
  { rule: 'FSA 3: output below 16', outputLength: 15, fileOffset: 1n, size: 0, status: 'BUFFER_TOO_SMALL' },
  { rule: 'FSA 4: FileOffset misaligned', fileOffset: 511n, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'FSA 4: CopyLength misaligned',
    copyLength: 513n,
    fileOffset: 1n << 40n,
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'FSA 4: TransferOffset misaligned',
    transferOffset: 1n,
    copyLength: 0n,
    status: 'INVALID_PARAMETER',
  },
  { rule: 'FSA 5: Size is not 544', size: 543, copyLength: 0n, status: 'INVALID_PARAMETER' },
  {
    rule: 'FSA 5: the sum overflows 64 bits',
    fileOffset: LAST_SECTOR,
    copyLength: 512n,
    kind: 'deleted',
    status: 'INVALID_PARAMETER',
  },
  {
    rule: 'FSA 6: CopyLength 0 is a success, whatever the token is',
    copyLength: 0n,
    kind: 'deleted',
    fileOffset: BEYOND_63,
    status: 'SUCCESS',
  },
  { rule: 'FSA 8: deleted', kind: 'deleted', fileOffset: BEYOND_63, status: 'FILE_DELETED' },
  { rule: 'FSA 9: the end beyond any file', fileOffset: BEYOND_63 - 512n, status: 'INVALID_PARAMETER' },
  {
    rule: 'FSA 12: FileOffset at the end, before valid data is asked for',
    fileOffset: 8192n,
    status: 'END_OF_FILE',
  },
  {
    rule: 'FSA 13: FileOffset beyond valid data, before the token is looked at',
    fileOffset: 512n,
    status: 'BEYOND_VDL',
  },
  { rule: 'array: a token that was never issued', fileOffset: 0n, status: 'INVALID_TOKEN' },
];

describe('FSCTL_OFFLOAD_READ checks in the order of MS-FSA 2.1.5.10.20', () => {
  for (const row of reads)
    orderTest(row, async () => {
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
    orderTest(row, async () => {
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

test('a handle that was never given out', async () => {
  const outcome = await send(createEmulator(), 0x1234n, FSCTL_OFFLOAD_READ, Buffer.alloc(32), 528);
  expect(outcome).toMatchObject({ status: statusOf('INVALID_HANDLE'), errno: 6 });
});

test('a control code that nobody knows', async () => {
  const emulator = createEmulator();
  const handle = openOn(emulator, temporaryFile('x'), 'r');
  const outcome = await send(emulator, handle, 0x0009_0000, Buffer.alloc(0), 0);
  expect(outcome).toMatchObject({ status: statusOf('INVALID_DEVICE_REQUEST'), errno: 1 });
});

test('lengths that do not fit the frame', () => {
  const emulator = createEmulator();
  const handle = openOn(emulator, temporaryFile('x'), 'r');
  const frame = emulator.acquire(32, 528);
  expect(() => emulator.controlSync(handle, FSCTL_OFFLOAD_READ, frame, 1 << 20, 528)).toThrow(
    expect.objectContaining({ errno: 1784 }),
  );
});

function orderTest(row: Row, run: () => Promise<void>): void {
  const needsPosix = row.kind === 'folder' || row.kind === 'deleted';
  const reason = needsPosix ? ' [needs a host where folders open and open files can be unlinked]' : '';
  test.skipIf(needsPosix && onWindows)(`${row.rule}: ${row.status}${reason}`, run);
}

function handleFor(emulator: Emulator, kind: Kind | undefined, lacking: 'r' | 'wo'): bigint {
  const path = temporaryFile(pattern(FILE_SIZE));
  if (kind === 'folder') return emulator.handleOf(borrow(dirname(path), 'r'));
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
