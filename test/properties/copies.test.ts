import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { type CopyRangeOptions, copyRangeWith } from '../../src/copy/copy-range.ts';
import type { CopyReport } from '../../src/copy/progress.ts';
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
} from '../copy/kit.ts';
import { expectSameBytes } from '../kit.ts';
import { runs, TIMEOUT } from './runs.ts';

const DISK_FULL = 112;
const workspace = new Workspace();

// Cases are derived from small numbers, so that fast-check can shrink them: sizes and offsets are counted in sectors.

const some = <T>(usual: fc.Arbitrary<T>, percent: number): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: percent, arbitrary: usual },
    { weight: 100 - percent, arbitrary: fc.constant(undefined) },
  );
const sectorSizes = fc.constantFrom(512, 512, 4096);
const sizes = fc.record({ units: fc.nat(24), odd: fc.constantFrom(0, 0, 0, -1, 1, 100) });
const faults = fc.oneof(
  fc.constant({ kind: 'none' as const }),
  fc.record({
    kind: fc.constant('status' as const),
    at: fc.nat(7),
    status: fc.constantFrom(...statuses.map(({ value }) => value)),
  }),
  fc.record({
    kind: fc.constant('truncate' as const),
    at: fc.nat(7),
    bytes: fc.constantFrom(0, 511, 512, 1000, 4096, 4097, 12_288),
  }),
  fc.record({
    kind: fc.constantFrom('short' as const, 'abort' as const, 'exception' as const, 'disk full' as const),
    at: fc.nat(7),
  }),
);
type Fault = typeof faults extends fc.Arbitrary<infer T> ? T : never;

/** What both kinds of copies have in common. */
const common = {
  sourceSector: sectorSizes,
  destinationSector: sectorSizes,
  source: sizes,
  destination: sizes,
  zeros: some(fc.record({ from: fc.nat(24), units: fc.integer({ min: 1, max: 24 }) }), 40),
  mostRead: some(fc.constantFrom(1, 3, 8, 9), 60),
  mostWrite: some(fc.constantFrom(1, 2, 5), 60),
  supported: fc.constantFrom(true, true, true, true, true, true, true, true, false),
  fault: faults,
  mode: fc.constantFrom('prefer' as const, 'prefer' as const, 'require' as const),
  verify: fc.boolean(),
  chunkSize: some(fc.integer({ min: 1, max: 20_000 }), 30),
};

/** The files of a copy, and the kernel that makes it. */
interface Setting {
  readonly unit: number;
  readonly sourceSector: number;
  readonly destinationSector: number;
  readonly sourceSize: number;
  readonly destinationSize: number;
  readonly zeros: readonly Extent[];
  readonly limits: { readonly maximumTransferSize?: number; readonly maximumWriteSize?: number };
  readonly supported: boolean;
  readonly fault: Fault;
}

type Raw<T> = { [Key in keyof T]: T[Key] extends fc.Arbitrary<infer Value> ? Value : never };

function settingOf(raw: Raw<typeof common>): Setting {
  const { sourceSector, destinationSector, supported, fault } = raw;
  const unit = Math.max(sourceSector, destinationSector);
  const sizeOf = ({ units, odd }: Raw<typeof common>['source']): number => Math.max(0, units * unit + odd);
  const sourceSize = sizeOf(raw.source);
  const from = Math.min(raw.zeros?.from ?? 0, Math.floor(sourceSize / sourceSector)) * sourceSector;
  const to = Math.min(from + (raw.zeros?.units ?? 0) * sourceSector, sourceSize);
  return {
    unit,
    sourceSector,
    destinationSector,
    sourceSize,
    destinationSize: sizeOf(raw.destination),
    zeros: raw.zeros === undefined ? [] : [{ from: BigInt(from), to: BigInt(to) }],
    limits: {
      ...(raw.mostRead === undefined ? {} : { maximumTransferSize: raw.mostRead * unit }),
      ...(raw.mostWrite === undefined ? {} : { maximumWriteSize: raw.mostWrite * unit }),
    },
    supported,
    fault,
  };
}

/** The source, with zeros where the array knows them. */
function dataOf({ sourceSize, zeros }: Setting): Uint8Array {
  const data = noise(sourceSize);
  for (const { from, to } of zeros) data.fill(0, Number(from), Number(to));
  return data;
}

/** A kernel with the fault of a case, and what the options need for it. */
function faultyKernel(setting: Setting) {
  const { limits, supported, fault, unit, sourceSector, destinationSector, zeros } = setting;
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

/** What a copy led to: its report, or the error that it rejected with. */
type Outcome = { readonly report: CopyReport } | { readonly error: unknown };

const outcomeOf = (copy: Promise<CopyReport>): Promise<Outcome> =>
  copy.then(
    (report) => ({ report }),
    (error: unknown) => ({ error }),
  );

/** Whether a copy may fail with this error; rethrows it otherwise. */
function expectJustified(setting: Setting, mode: 'prefer' | 'require', error: unknown): void {
  const { fault, supported, sourceSector, destinationSector } = setting;
  if (fault.kind === 'abort' && error instanceof AbortError) return;
  if (fault.kind === 'exception' && error instanceof Error && error.message === 'mine') return;
  if (fault.kind === 'disk full' && error instanceof Win32Error && error.errno === DISK_FULL) return;
  const isOffloadError = error instanceof Win32Error || error instanceof ProtocolError;
  const mayFail = fault.kind !== 'none' || !supported || sourceSector !== destinationSector;
  if (mode === 'require' && isOffloadError && mayFail) return;
  throw error;
}

/** Removes the folders of a case, because thousands of them at the end take longer than a hook may. */
function remove(...paths: readonly string[]): void {
  for (const path of paths) rmSync(dirname(path), { recursive: true, force: true });
}

const rangeCases = {
  ...common,
  isOneFile: fc.constantFrom(false, false, false, true),
  sourceUnits: fc.nat(24),
  lengthUnits: some(fc.nat(24), 50),
  destinationUnits: fc.nat(40),
  /** Percent of the destination that was ever written. */
  valid: some(fc.nat(100), 30),
};

/** The range of a case in bytes: inside the source, and apart from its copy if both are in one file. */
function rangeOf(raw: Raw<typeof rangeCases>, { unit, sourceSize }: Setting) {
  const wholeUnits = Math.floor(sourceSize / unit);
  const sourceOffset = Math.min(raw.sourceUnits, wholeUnits) * unit;
  const remaining = sourceSize - sourceOffset;
  const length = raw.lengthUnits === undefined ? remaining : Math.min(raw.lengthUnits * unit, remaining);
  const unitsBefore = Math.floor((sourceOffset - length) / unit);
  const first = Math.ceil((sourceOffset + length) / unit);
  const destinationUnits = !raw.isOneFile
    ? raw.destinationUnits
    : raw.destinationUnits <= unitsBefore
      ? raw.destinationUnits
      : first + (raw.destinationUnits % 4);
  // A length that does not end with the source is a multiple of the sector.
  const isTail = length === remaining;
  return {
    sourceOffset,
    length: isTail ? length : length - (length % unit),
    destinationOffset: destinationUnits * unit,
  };
}

test(
  'copyRange copies what a copy on plain buffers copies and changes nothing else, whatever fails',
  async () => {
    const outcomes = { copied: 0, failed: 0, refused: 0 };
    const property = fc.asyncProperty(fc.record(rangeCases), async (raw) => {
      const setting = settingOf(raw);
      const range = rangeOf(raw, setting);
      const { unit } = setting;
      const { length, sourceOffset, destinationOffset } = range;
      const { mode, verify, chunkSize, isOneFile } = raw;
      const data = dataOf(setting);
      const destinationSize = isOneFile ? data.length : setting.destinationSize;
      const validSize = Math.floor((destinationSize * (raw.valid ?? 100)) / 100);
      const valid = isOneFile ? data : noise(validSize);
      const sourcePath = workspace.written(data, 'source');
      const destinationPath = isOneFile ? sourcePath : workspace.written(valid, 'destination');
      const sourceUnchanged = watched(sourcePath);
      const { kernel, signal, onProgress, arm, disarm } = faultyKernel(setting);

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
        copyRangeWith(kernel, source, destination, { ...range, mode, verify, chunkSize, ...changes });
      try {
        if (destination.size < destinationSize) await destination.setSize(destinationSize);
        arm();
        const outcome = await outcomeOf(copy({ signal, onProgress }));
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
          expect(outcome).toMatchObject({ error: expect.any(InvalidArgumentError) });
          expectSameBytes(after, before);
          outcomes.refused++;
        } else if ('report' in outcome) {
          expectSameBytes(after, expected);
          expectConsistent(outcome.report, length);
          if (mode === 'require') expect(outcome.report.bufferedBytes).toBe(0n);
          outcomes.copied++;
        } else {
          expectJustified(setting, mode, outcome.error);
          disarm();
          expectConsistent(await copy({ mode: 'prefer', verify: true }), length);
          expectSameBytes(readFileSync(destinationPath), expected);
          outcomes.failed++;
        }
      } finally {
        await source.close();
        await destination.close();
        remove(sourcePath, destinationPath);
      }
    });
    await fc.assert(property, runs(200));
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(0);
  },
  TIMEOUT,
);

const fileCases = {
  ...common,
  doesExist: fc.boolean(),
  overwrite: fc.constantFrom(true, true, true, false),
  minimumSize: fc.constantFrom(undefined, 0),
};

test(
  'copyFile makes an identical file or none, and leaves the source and the folder as they were, whatever fails',
  async () => {
    const outcomes = { copied: 0, failed: 0, refused: 0 };
    const property = fc.asyncProperty(fc.record(fileCases), async (raw) => {
      const setting = settingOf(raw);
      const { mode, overwrite, verify, chunkSize, minimumSize, doesExist } = raw;
      const data = dataOf(setting);
      const before = noise(setting.destinationSize);
      const source = workspace.written(data, 'source');
      const destination = doesExist
        ? workspace.written(before, 'destination')
        : workspace.path('destination');
      const sourceUnchanged = watched(source);
      const { kernel, signal, onProgress, arm } = faultyKernel(setting);
      arm();
      const options = { mode, overwrite, verify, chunkSize, minimumSize, signal, onProgress };
      const outcome = await outcomeOf(copyFileWith(kernel, source, destination, options));
      sourceUnchanged();
      const files = readdirSync(dirname(destination));
      const contents = files.includes('destination') ? readFileSync(destination) : undefined;
      expect(files.filter((name) => name !== 'destination')).toEqual([]);
      if ('report' in outcome) {
        expect(doesExist && !overwrite).toBe(false);
        expectConsistent(outcome.report, data.length);
        expectSameBytes(contents ?? Buffer.from('no file'), data);
        outcomes.copied++;
      } else if (doesExist && !overwrite) {
        expect(outcome.error).toMatchObject({ code: 'ERROR_FILE_EXISTS' });
        expectSameBytes(contents ?? Buffer.from('no file'), before);
        outcomes.refused++;
      } else {
        expectJustified(setting, mode, outcome.error);
        // Nothing was touched, or what was half-written is gone.
        if (contents !== undefined) expectSameBytes(contents, before);
        expect(contents === undefined || doesExist).toBe(true);
        outcomes.failed++;
      }
      remove(source, destination);
    });
    await fc.assert(property, runs(200));
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(0);
  },
  TIMEOUT,
);
