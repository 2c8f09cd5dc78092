import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { knowingZeros } from './strange-kernel.ts';
import { expectHonest, expectSame, noise, onWindows, Workspace } from './workspace.ts';

const KIB = 1024;
const SIZE = 1024 * KIB + 777;
const workspace = new Workspace();

interface Run {
  readonly from: number;
  readonly to: number;
}

/** Copies a file with such runs of zeros, with an array that knows of them. */
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
  const stretches = runs.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) }));
  const report = await copyFileWith(knowingZeros(emulator, stretches), source, destination);
  expectHonest(report, SIZE);
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
])('zeros %s', (_, runs) => {
  const zeros = BigInt(runs.reduce((sum, { from, to }) => sum + to - from, 0));

  test.each([undefined, 0, 100_000, SIZE, 2 * SIZE])('before data, over %s bytes', async (before) => {
    const { report } = await copyZeros(runs, before);
    expect(report).toMatchObject({ zeroedBytes: zeros, bufferedBytes: 0n });
  });
});

describe('zeros at the end', () => {
  const runs = [{ from: 512 * KIB, to: SIZE }];
  const zeros = BigInt(SIZE - 512 * KIB);

  test.each([undefined, 0, 1, 512 * KIB])('cost no write over %s bytes', async (before) => {
    const { report, writes } = await copyZeros(runs, before);
    expect(report).toMatchObject({ zeroedBytes: zeros, writes: 8 });
    expect(writes).toBe(8);
  });

  test.each([
    [512 * KIB + 1, 1],
    [640 * KIB, 2],
    [SIZE, 9],
    [2 * SIZE, 9],
  ])('are written as far as %i bytes were there', async (before, more) => {
    const { report } = await copyZeros(runs, before);
    expect(report).toMatchObject({ zeroedBytes: zeros, writes: 8 + more });
  });
});

describe('a file of zeros only', () => {
  const runs = [{ from: 0, to: SIZE }];

  test('costs no write where the destination is new', async () => {
    const { report } = await copyZeros(runs, undefined);
    expect(report).toMatchObject({ zeroedBytes: BigInt(SIZE), writes: 0 });
  });

  test('is copied by ordinary means where zeros cannot be written', async () => {
    const { report } = await copyZeros(runs, SIZE, 0xc000_00bb);
    expect(report).toMatchObject({ bufferedBytes: BigInt(SIZE), fallback: { at: 0n } });
  });

  test('gets a second try where the zero token is refused as invalid', async () => {
    const { writes } = await copyZeros(runs, SIZE, 0xc000_0465);
    expect(writes).toBe(2);
  });
});

test('zeros before the refusal of a write count as zeros where nothing was there', async () => {
  const { report } = await copyZeros([{ from: 0, to: 128 * KIB }], undefined, 0xc000_00bb);
  expect(report).toMatchObject({ zeroedBytes: BigInt(128 * KIB), fallback: { at: BigInt(128 * KIB) } });
});

test.skipIf(onWindows)(
  'a hole is known by the flag, and needs no read [needs a host that tells holes]',
  async () => {
    const source = workspace.hole(SIZE);
    const kernel = createEmulator();
    const destination = workspace.path();
    const report = await copyFileWith(kernel, source, destination);
    expect(report).toMatchObject({ zeroedBytes: BigInt(SIZE), reads: 1, writes: 0 });
  },
);
