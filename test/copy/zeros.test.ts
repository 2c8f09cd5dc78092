import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { copyRangeWith } from '../../src/copy/copy-range.ts';
import { createEmulator, type Interception } from '../../src/emulator/index.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { openFileWith } from '../../src/open-file.ts';
import { OffloadToken } from '../../src/token.ts';
import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
  FSCTL_OFFLOAD_WRITE,
  FSCTL_OFFLOAD_WRITE_INPUT,
  OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE,
} from '../../structs/index.ts';
import {
  type Extent,
  expectConsistent,
  expectNothing,
  expectSame,
  failureOf,
  knowingZeros,
  noise,
  onWindows,
  Workspace,
  withInfo,
} from './kit.ts';

const KIB = 1024;
const SIZE = 1024 * KIB + 777;
const workspace = new Workspace();

interface Run {
  readonly from: number;
  readonly to: number;
}

/** Copies a file with runs of zeros, on an array that knows them. */
async function copyZeros(runs: readonly Run[], before: number | undefined, status?: number) {
  const bytes = noise(SIZE);
  for (const { from, to } of runs) bytes.fill(0, from, to);
  const source = workspace.written(bytes);
  const destination = workspace.path();
  if (before !== undefined) writeFileSync(destination, noise(before));
  let writes = 0;
  const emulator = createEmulator({
    maximumTransferSize: 256 * KIB,
    maximumWriteSize: 64 * KIB,
    intercept: ({ code }) => {
      if (code === FSCTL_OFFLOAD_WRITE) writes++;
      return code === FSCTL_OFFLOAD_WRITE && status !== undefined ? { status } : undefined;
    },
  });
  const extents = runs.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) }));
  const report = await copyFileWith(knowingZeros(emulator, extents), source, destination);
  expectConsistent(report, SIZE);
  expectSame(destination, source);
  return { report, writes };
}

describe.each([
  ['at the start', [{ from: 0, to: 128 * KIB }]],
  ['in the middle', [{ from: 256 * KIB, to: 384 * KIB }]],
  [
    'in two places',
    [
      { from: 0, to: 64 * KIB },
      { from: 512 * KIB, to: 576 * KIB },
    ],
  ],
])('copyFile with zeros %s', (_, runs) => {
  const zeros = BigInt(runs.reduce((sum, { from, to }) => sum + to - from, 0));

  test.each([undefined, 0, 100_000, SIZE, 2 * SIZE])(
    'writes them with the zero token, over a destination of %s bytes',
    async (before) => {
      const { report } = await copyZeros(runs, before);
      expect(report).toMatchObject({ zeroedBytes: zeros, bufferedBytes: 0n });
    },
  );
});

describe('copyFile with zeros at the end', () => {
  const runs = [{ from: 512 * KIB, to: SIZE }];
  const zeros = BigInt(SIZE - 512 * KIB);

  test.each([undefined, 0, 1, 512 * KIB])(
    'does not write them over a destination of %s bytes',
    async (before) => {
      const { report, writes } = await copyZeros(runs, before);
      expect(report).toMatchObject({ zeroedBytes: zeros, writes: 8 });
      expect(writes).toBe(8);
    },
  );

  test.each([
    [512 * KIB + 1, 1],
    [640 * KIB, 2],
    [SIZE, 9],
    [2 * SIZE, 9],
  ])('writes them up to the end of an old destination of %i bytes', async (before, more) => {
    const { report } = await copyZeros(runs, before);
    expect(report).toMatchObject({ zeroedBytes: zeros, writes: 8 + more });
  });
});

describe('copyFile with zeros only', () => {
  const runs = [{ from: 0, to: SIZE }];

  test('writes nothing to a new destination', async () => {
    const { report } = await copyZeros(runs, undefined);
    expect(report).toMatchObject({ zeroedBytes: BigInt(SIZE), writes: 0 });
  });

  test('has the system copy if the zero token cannot be written', async () => {
    const { report } = await copyZeros(runs, SIZE, 0xc000_00bb);
    expect(report).toMatchObject({ systemBytes: BigInt(SIZE), fallback: { at: 0n } });
  });

  test('does not repeat a write of the zero token that was shorter than the larger sector', async () => {
    const source = workspace.written(new Uint8Array(64 * KIB));
    const destination = workspace.written(noise(64 * KIB), 'destination');
    const emulator = createEmulator({ maximumWriteSize: 512 });
    const sectors = withInfo(emulator, 'destination', { sectorSize: 4096 });
    const kernel = knowingZeros(sectors, [{ from: 0n, to: BigInt(64 * KIB) }]);
    const report = await copyFileWith(kernel, source, destination, { minimumSize: 0 });
    expect(report).toMatchObject({
      systemBytes: BigInt(64 * KIB),
      writes: 1,
      fallback: { at: 0n, reason: { code: 'ERR_ODX_PROTOCOL', syscall: 'FSCTL_OFFLOAD_WRITE' } },
    });
    expectSame(destination, source);
  });

  test('tries the zero token a second time if the array refuses it as invalid', async () => {
    const { writes } = await copyZeros(runs, SIZE, 0xc000_0465);
    expect(writes).toBe(2);
  });
});

test('copyFile counts zeros before a refused write as zeroed bytes if the destination is new', async () => {
  const { report } = await copyZeros([{ from: 0, to: 128 * KIB }], undefined, 0xc000_00bb);
  expect(report).toMatchObject({ zeroedBytes: BigInt(128 * KIB), fallback: { at: BigInt(128 * KIB) } });
});

describe.each([
  ['at the start', { from: 0, to: 128 * KIB }],
  ['after data', { from: 256 * KIB, to: 384 * KIB }],
])('copyFile whose offload read fails after zeros %s, over an old destination', (_, zeros) => {
  const NOT_SUPPORTED = { status: 0xc000_00bb };

  /** The read after the zeros is refused; then `onWrite` decides on each write of zeros. */
  function copy(onWrite: () => Interception | undefined) {
    const bytes = noise(SIZE).fill(0, zeros.from, zeros.to);
    const source = workspace.written(bytes);
    const destination = workspace.written(noise(SIZE), 'destination');
    const emulator = createEmulator({
      maximumWriteSize: 64 * KIB,
      intercept: ({ code, input }) => {
        const view = new DataView(input.buffer, input.byteOffset);
        if (code === FSCTL_OFFLOAD_READ) {
          const offset = view.getBigUint64(FSCTL_OFFLOAD_READ_INPUT.offsetOf.FileOffset, true);
          return offset === BigInt(zeros.to) ? NOT_SUPPORTED : undefined;
        }
        const offset = view.getBigUint64(FSCTL_OFFLOAD_WRITE_INPUT.offsetOf.FileOffset, true);
        return code === FSCTL_OFFLOAD_WRITE && offset >= BigInt(zeros.from) ? onWrite() : undefined;
      },
    });
    const kernel = knowingZeros(emulator, [{ from: BigInt(zeros.from), to: BigInt(zeros.to) }]);
    return { source, destination, copying: copyFileWith(kernel, source, destination) };
  }

  test('writes the zeros with the zero token, and the rest by ordinary means', async () => {
    const { source, destination, copying } = copy(() => undefined);
    const report = await copying;
    expect(report).toMatchObject({
      offloadedBytes: BigInt(zeros.from),
      zeroedBytes: BigInt(zeros.to - zeros.from),
      bufferedBytes: BigInt(SIZE - zeros.to),
      fallback: { at: BigInt(zeros.to), reason: { syscall: 'FSCTL_OFFLOAD_READ', offset: BigInt(zeros.to) } },
    });
    expectSame(destination, source);
  });

  test('reports the failed read if the zero token is refused too', async () => {
    const { source, destination, copying } = copy(() => NOT_SUPPORTED);
    const report = await copying;
    expect(report.fallback).toMatchObject({
      at: BigInt(zeros.from),
      reason: { syscall: 'FSCTL_OFFLOAD_READ', offset: BigInt(zeros.to) },
    });
    expectConsistent(report, SIZE);
    expectSame(destination, source);
  });

  test('rejects with any other error of the write of zeros', async () => {
    const mine = new Error('mine');
    const { destination, copying } = copy(() => {
      throw mine;
    });
    expect(await failureOf(copying)).toBe(mine);
    expectNothing(destination);
  });
});

test('copyFile counts as zeros what a fresh token shows to be zeros, and writes none to a new destination', async () => {
  const source = workspace.written(new Uint8Array(SIZE));
  const destination = workspace.path();
  const zeros: Extent[] = [];
  const emulator = createEmulator({
    intercept: ({ code }) => {
      if (code !== FSCTL_OFFLOAD_WRITE) return undefined;
      // From now on the array knows, of the whole last sector too.
      zeros.push({ from: 0n, to: BigInt(SIZE + 512) });
      return { status: 0xc000_0465 };
    },
  });
  const report = await copyFileWith(knowingZeros(emulator, zeros), source, destination);
  expect(report).toMatchObject({ zeroedBytes: BigInt(SIZE), offloadedBytes: 0n, reads: 2, writes: 0 });
  expect(report).not.toHaveProperty('fallback');
  expectSame(destination, source);
});

/** An array that replies to every read of zeros that all is zeros from there, and how many bytes the token covers. */
function flaggingZeros(kernel: Kernel, covered: bigint, isZeroToken: boolean): Kernel {
  const { Flags, TransferLength, Token } = FSCTL_OFFLOAD_READ_OUTPUT.offsetOf;
  return {
    ...kernel,
    async control(handle, code, buffers, ...rest) {
      const returned = await kernel.control(handle, code, buffers, ...rest);
      if (code !== FSCTL_OFFLOAD_READ) return returned;
      buffers.outputView.setUint32(Flags, OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE, true);
      buffers.outputView.setBigUint64(TransferLength, covered, true);
      if (isZeroToken) buffers.output.set(OffloadToken.zeroData().bytes, Token);
      return returned;
    },
  };
}

// Beyond the valid data the specification leaves open how much the token covers.
test.each([
  ['the zero token covers all', BigInt(SIZE), true],
  ['the zero token covers a part', 4096n, true],
  ['the zero token covers nothing', 0n, true],
  ['another token covers nothing', 0n, false],
])('copyFile needs one read where all is zeros and %s', async (_, covered, isZeroToken) => {
  const source = workspace.written(new Uint8Array(SIZE));
  const destination = workspace.written(noise(SIZE), 'destination');
  const emulator = createEmulator();
  const report = await copyFileWith(flaggingZeros(emulator, covered, isZeroToken), source, destination);
  expect(report).toMatchObject({ zeroedBytes: BigInt(SIZE), reads: 1, writes: 1 });
  // Nor is the limit of the device queried.
  expect(emulator.calls).toHaveLength(2);
  expect(report).not.toHaveProperty('fallback');
  expectSame(destination, source);
});

describe('copyRange from a file of which only the start was ever written', () => {
  /** Copies over old data, on a destination with larger sectors than the 512 bytes of the source if they are given. */
  async function copy(written: number, sectorSize = 512) {
    const emulator = createEmulator();
    const kernel = withInfo(emulator, 'destination', { sectorSize });
    const source = await openFileWith(kernel, workspace.path('source'), 'w', { size: SIZE });
    const bytes = new Uint8Array(SIZE);
    bytes.set(noise(written));
    await emulator.files.write(source.handle, bytes.subarray(0, written), 0n);
    const destination = await openFileWith(kernel, workspace.written(noise(SIZE), 'destination'), 'r+');
    const report = await copyRangeWith(kernel, source, destination, { length: SIZE });
    await source.close();
    await destination.close();
    expectConsistent(report, SIZE);
    expect(Buffer.compare(readFileSync(destination.path), bytes)).toBe(0);
    return { report, names: emulator.calls.map(({ name }) => name) };
  }

  test('needs one read, and writes the zeros after the data with the zero token', async () => {
    const { report, names } = await copy(256 * KIB);
    expect(report).toMatchObject({
      offloadedBytes: BigInt(256 * KIB),
      zeroedBytes: BigInt(SIZE - 256 * KIB),
    });
    // The token is short because of the zeros, so there is no reason to query the limit of the device.
    expect(names).toEqual(['FSCTL_OFFLOAD_READ', 'FSCTL_OFFLOAD_WRITE', 'FSCTL_OFFLOAD_WRITE']);
  });

  test('takes no data for zeros where it ends within a larger sector of the destination', async () => {
    const { report } = await copy(64 * KIB + 512, 4096);
    expect(report).toMatchObject({
      offloadedBytes: BigInt(64 * KIB),
      zeroedBytes: 0n,
      fallback: { at: BigInt(64 * KIB), reason: { syscall: 'FSCTL_OFFLOAD_READ' } },
    });
  });
});

test.skipIf(onWindows)(
  'copyFile recognizes a hole by the flag of the first read [needs a host that reports holes]',
  async () => {
    const source = workspace.hole(SIZE);
    const kernel = createEmulator();
    const destination = workspace.path();
    const report = await copyFileWith(kernel, source, destination);
    expect(report).toMatchObject({ zeroedBytes: BigInt(SIZE), reads: 1, writes: 0 });
  },
);
