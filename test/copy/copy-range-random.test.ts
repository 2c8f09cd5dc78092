import { existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type CopyRangeOptions, copyRangeWith } from '../../src/copy/copy-range.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { AbortError, InvalidArgumentError, ProtocolError, Win32Error } from '../../src/errors.ts';
import { type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { openFileWith } from '../../src/open-file.ts';
import { statuses } from '../../structs/index.ts';
import {
  type Extent,
  expectConsistent,
  knowingZeros,
  noise,
  Workspace,
  watched,
  withFiles,
  withInfo,
} from './kit.ts';

const CASES = 400;
const CASES_PER_TEST = 50;
// Another seed gives other cases; a failure names its seed.
const FIRST_SEED = 20_261_127;
const DISK_FULL = 112;
const workspace = new Workspace();

/** Random numbers that a seed determines (mulberry32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 to `limit`, without it. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(...values: readonly [T, ...T[]]): T {
    return values[this.below(values.length)] ?? values[0];
  }

  /** A size near a multiple of the unit, or anywhere. */
  size(units: number, unit: number): number {
    const near = this.below(units + 1) * unit + this.pick(0, 0, 0, -1, 1, 100);
    return Math.max(0, this.chance(80) ? near : this.below(units * unit));
  }
}

type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'status'; readonly at: number; readonly status: number }
  | { readonly kind: 'truncate'; readonly at: number; readonly bytes: number }
  | { readonly kind: 'short'; readonly at: number }
  | { readonly kind: 'abort'; readonly at: number }
  | { readonly kind: 'exception'; readonly at: number }
  | { readonly kind: 'disk full'; readonly at: number };

interface Case {
  readonly unit: number;
  readonly sourceSector: number;
  readonly destinationSector: number;
  readonly sourceSize: number;
  readonly zeros: readonly Extent[];
  readonly destinationSize: number;
  /** Bytes of the destination that were ever written. */
  readonly validSize: number;
  readonly isOneFile: boolean;
  readonly limits: { readonly maximumTransferSize?: number; readonly maximumWriteSize?: number };
  readonly supported: boolean;
  readonly options: CopyRangeOptions & {
    readonly length: number;
    readonly sourceOffset: number;
    readonly destinationOffset: number;
    readonly mode: 'prefer' | 'require';
  };
  readonly fault: Fault;
}

function randomCase(random: Random): Case {
  const sourceSector = random.pick(512, 512, 4096);
  const destinationSector = random.pick(512, 512, 4096);
  const unit = Math.max(sourceSector, destinationSector);
  const sourceSize = random.size(24, unit);
  const isOneFile = random.chance(20);
  const destinationSize = isOneFile ? sourceSize : random.size(24, unit);
  const sourceOffset = random.below(Math.floor(sourceSize / unit) + 1) * unit;
  const remaining = sourceSize - sourceOffset;
  const whole = random.below(Math.floor(remaining / unit) + 1) * unit;
  const length = random.chance(50) ? remaining : whole;
  const destinationOffset = isOneFile
    ? separateOffset(random, sourceOffset, length, unit)
    : random.below(random.chance(20) ? 60 : Math.floor(destinationSize / unit) + 2) * unit;
  return {
    unit,
    sourceSector,
    destinationSector,
    sourceSize,
    zeros: random.chance(40) ? [randomExtent(random, sourceSize, sourceSector)] : [],
    destinationSize,
    validSize: random.chance(70) ? destinationSize : random.below(destinationSize + 1),
    isOneFile,
    limits: {
      ...(random.chance(60) ? { maximumTransferSize: random.pick(1, 3, 8, 9) * unit } : {}),
      ...(random.chance(60) ? { maximumWriteSize: random.pick(1, 2, 5) * unit } : {}),
    },
    supported: random.chance(90),
    options: {
      length,
      sourceOffset,
      destinationOffset,
      mode: random.pick('prefer', 'prefer', 'require'),
      verify: random.chance(30),
      ...(random.chance(30) ? { chunkSize: 1 + random.below(5 * unit) } : {}),
    },
    fault: randomFault(random, unit),
  };
}

/** An offset in the same file at which the ranges do not overlap. */
function separateOffset(random: Random, sourceOffset: number, length: number, unit: number): number {
  const before = Math.floor((sourceOffset - length) / unit);
  if (before >= 0 && random.chance(50)) return random.below(before + 1) * unit;
  return (Math.ceil((sourceOffset + length) / unit) + random.below(4)) * unit;
}

function randomExtent(random: Random, size: number, sector: number): Extent {
  const from = Math.floor(random.below(size + 1) / sector) * sector;
  const to = random.chance(30) ? size : Math.min(size, from + (1 + random.below(12)) * sector);
  return { from: BigInt(from), to: BigInt(to) };
}

function randomFault(random: Random, unit: number): Fault {
  const at = random.below(random.pick(3, 12));
  const kind = random.pick(
    'none',
    'status',
    'status',
    'truncate',
    'short',
    'abort',
    'exception',
    'disk full',
  );
  switch (kind) {
    case 'status':
      return { kind, at, status: statuses[random.below(statuses.length)]?.value ?? 0 };
    case 'truncate':
      return { kind, at, bytes: random.pick(0, 511, 512, 1000, unit, unit + 1, 3 * unit) };
    case 'none':
      return { kind };
    default:
      return { kind, at };
  }
}

/** A kernel with the fault of a case, and what the options need for it. */
function faultyKernel({ limits, supported, fault, unit, sourceSector, destinationSector, zeros }: Case) {
  const controller = new AbortController();
  let ordinaryCalls = 0;
  let progressCalls = 0;
  let isArmed = false;
  const sectorSize = Math.min(sourceSector, destinationSector);
  const emulator = createEmulator({
    ...limits,
    sectorSize,
    supported,
    intercept({ index, name, input }) {
      if (!isArmed || fault.kind === 'none' || index !== fault.at) return;
      if (fault.kind === 'status') return { status: fault.status };
      if (fault.kind === 'truncate') return { truncate: fault.bytes };
      if (fault.kind === 'abort') controller.abort('enough');
      if (fault.kind === 'short' && name.startsWith('FSCTL_OFFLOAD_')) {
        const at = name === 'FSCTL_OFFLOAD_READ' ? 24 : 16;
        const length = new DataView(input.buffer, input.byteOffset).getBigUint64(at, true);
        return { truncate: length < unit ? 0n : length - BigInt(unit) };
      }
      return;
    },
  });
  const isFull = (): boolean => isArmed && fault.kind === 'disk full' && ordinaryCalls++ === fault.at;
  const failing = withFiles(emulator, {
    async read(handle, into, offset, signal) {
      if (isFull()) throw new KernelFailure(DISK_FULL);
      return emulator.files.read(handle, into, offset, signal);
    },
    async write(handle, from, offset, signal) {
      if (isFull()) throw new KernelFailure(DISK_FULL);
      return emulator.files.write(handle, from, offset, signal);
    },
    async setSize(handle, size) {
      if (isFull()) throw new KernelFailure(DISK_FULL);
      return emulator.files.setSize(handle, size);
    },
  });
  const sectors = withInfo(withInfo(failing, 'source', { sectorSize: sourceSector }), 'destination', {
    sectorSize: destinationSector,
  });
  const kernel: Kernel = knowingZeros(sectors, zeros);
  const onProgress = (): void => {
    if (isArmed && fault.kind === 'exception' && progressCalls++ === fault.at) throw new Error('mine');
  };
  return {
    kernel,
    signal: controller.signal,
    onProgress,
    arm: (): void => {
      isArmed = true;
    },
    disarm: (): void => {
      isArmed = false;
    },
  };
}

type Outcome = 'copied' | 'failed' | 'refused';

/** Copies the range of a case, and checks everything that must hold afterwards. */
async function check(given: Case): Promise<Outcome> {
  const { sourceSize, destinationSize, validSize, isOneFile, options, unit } = given;
  const { sourceOffset, destinationOffset, length, mode } = options;
  const data = noise(sourceSize);
  for (const { from, to } of given.zeros) data.fill(0, Number(from), Number(to));
  const valid = isOneFile ? data : noise(validSize);
  const sourcePath = workspace.written(data, 'source');
  const destinationPath = isOneFile ? sourcePath : workspace.written(valid, 'destination');
  const sourceUnchanged = watched(sourcePath);
  const { kernel, signal, onProgress, arm, disarm } = faultyKernel(given);

  // The oracle: the same copy on plain buffers.
  const end = destinationOffset + length;
  const before = Buffer.alloc(destinationSize);
  before.set(valid);
  const expected = Buffer.alloc(length === 0 ? destinationSize : Math.max(destinationSize, end));
  expected.set(before);
  expected.set(
    data.subarray(sourceOffset, sourceOffset + length),
    Math.min(destinationOffset, expected.length),
  );

  const source = await openFileWith(kernel, sourcePath, isOneFile ? 'r+' : 'r');
  const destination = await openFileWith(kernel, destinationPath, 'r+');
  const copy = (changes: Partial<CopyRangeOptions>) =>
    copyRangeWith(kernel, source, destination, { ...options, ...changes });
  try {
    if (destination.size < destinationSize) await destination.setSize(destinationSize);
    arm();
    const outcome = await copy({ signal, onProgress }).then(
      (report) => ({ report, error: undefined }),
      (error: unknown) => ({ report: undefined, error }),
    );
    expect(existsSync(sourcePath) && existsSync(destinationPath)).toBe(true);
    if (!isOneFile) sourceUnchanged();
    const after = readFileSync(destinationPath);
    expect([before.length, expected.length]).toContain(after.length);
    expectSameBytes(
      after.subarray(0, destinationOffset),
      expected.subarray(0, Math.min(destinationOffset, after.length)),
    );
    expectSameBytes(after.subarray(end), expected.subarray(end, Math.max(end, after.length)));

    const isTailInside = length % unit !== 0 && destinationSize > end;
    if (mode === 'require' && isTailInside) {
      expect(outcome.error).toBeInstanceOf(InvalidArgumentError);
      expectSameBytes(after, before);
      return 'refused';
    }
    if (outcome.report !== undefined) {
      expectSameBytes(after, expected);
      expectConsistent(outcome.report, length);
      if (mode === 'require') expect(outcome.report.bufferedBytes).toBe(0n);
      return 'copied';
    }
    expectJustified(given, outcome.error);
    disarm();
    expectConsistent(await copy({ mode: 'prefer', verify: true }), length);
    expectSameBytes(readFileSync(destinationPath), expected);
    return 'failed';
  } finally {
    await source.close();
    await destination.close();
  }
}

function expectJustified(given: Case, error: unknown): void {
  const { fault, options, supported, sourceSector, destinationSector } = given;
  if (fault.kind === 'abort' && error instanceof AbortError) return;
  if (fault.kind === 'exception' && error instanceof Error && error.message === 'mine') return;
  if (fault.kind === 'disk full' && error instanceof Win32Error && error.errno === DISK_FULL) return;
  const isOffloadError = error instanceof Win32Error || error instanceof ProtocolError;
  const mayFail = fault.kind !== 'none' || !supported || sourceSector !== destinationSector;
  if (options.mode === 'require' && isOffloadError && mayFail) return;
  throw error;
}

// A matcher would compare the bytes one by one, and print them all.
function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  const isSame = Buffer.compare(actual, expected) === 0;
  const firstDifference = isSame ? undefined : actual.findIndex((byte, at) => byte !== expected[at]);
  expect({ length: actual.length, firstDifference }).toEqual({
    length: expected.length,
    firstDifference: undefined,
  });
}

describe('copyRange on random files, ranges, limits and faults', () => {
  const outcomes: Record<Outcome, number> = { copied: 0, failed: 0, refused: 0 };

  test.each(
    Array.from({ length: CASES / CASES_PER_TEST }, (_, index) => FIRST_SEED + index * CASES_PER_TEST),
  )('copies what a copy on plain buffers copies, and changes nothing else, from seed %i', async (first) => {
    for (let seed = first; seed < first + CASES_PER_TEST; seed++) {
      const given = randomCase(new Random(seed));
      try {
        outcomes[await check(given)]++;
      } catch (cause) {
        const shown = inspect(given, { depth: 4 });
        throw new Error(`seed ${seed}: ${shown}\n${cause instanceof Error ? cause.message : cause}`, {
          cause,
        });
      }
    }
  });

  test('has seen copies that succeed, fail and are refused', () => {
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(0);
  });
});
