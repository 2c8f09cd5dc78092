import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { expectConsistent, expectSame, knowingZeros, noise, onWindows, Workspace } from './kit.ts';

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

  test('tries the zero token a second time if the array refuses it as invalid', async () => {
    const { writes } = await copyZeros(runs, SIZE, 0xc000_0465);
    expect(writes).toBe(2);
  });
});

test('copyFile counts zeros before a refused write as zeroed bytes if the destination is new', async () => {
  const { report } = await copyZeros([{ from: 0, to: 128 * KIB }], undefined, 0xc000_00bb);
  expect(report).toMatchObject({ zeroedBytes: BigInt(128 * KIB), fallback: { at: BigInt(128 * KIB) } });
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
