import { readFileSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import {
  borrow,
  onWindows,
  openOn,
  pattern,
  send,
  statusOf,
  temporaryFile,
  temporaryPath,
} from '../emulator/harness.ts';
import { packRead, packWrite } from './packer.ts';
import { runs, TIMEOUT } from './runs.ts';

// A model of MS-FSA 2.1.5.10.20 and 2.1.5.10.21: each control code is a list of checks, and the first one that applies
// decides. The numbers are those of the specification.

type Kind = 'file' | 'folder' | 'deleted';
type Access = 'r' | 'wo' | 'r+';

interface Volume {
  readonly sector: bigint;
  readonly supported: boolean;
  readonly mostRead: bigint;
  readonly mostWrite: bigint;
}

interface Call {
  readonly inputLength: number;
  readonly outputLength: number;
  readonly size: number;
  readonly fileOffset: bigint;
  readonly copyLength: bigint;
}

interface File {
  readonly kind: Kind;
  readonly access: Access;
  readonly size: bigint;
  readonly valid: bigint;
}

type Check = readonly [applies: boolean, status: string];
const firstOf = (checks: readonly Check[]): string => checks.find(([applies]) => applies)?.[1] ?? 'SUCCESS';

const MOST_64 = 2n ** 64n - 1n;
const MOST_63 = 2n ** 63n - 1n;
const least = (...values: bigint[]): bigint => values.reduce((low, value) => (value < low ? value : low));
const roundUp = (value: bigint, unit: bigint): bigint => ((value + unit - 1n) / unit) * unit;

interface ReadReply {
  readonly status: string;
  readonly transferLength?: bigint;
  readonly isZeroToken?: boolean;
  readonly allZero?: boolean;
}

function modelOfRead(call: Call, file: File, { sector, supported, mostRead }: Volume): ReadReply {
  const { fileOffset, copyLength } = call;
  const before = firstOf([
    [file.access === 'wo', 'ACCESS_DENIED'],
    [!supported, 'NOT_SUPPORTED'], // 1
    [call.inputLength < 32, 'BUFFER_TOO_SMALL'], // 2
    [call.outputLength < 528, 'BUFFER_TOO_SMALL'], // 3
    [fileOffset % sector !== 0n, 'INVALID_PARAMETER'], // 4
    [copyLength % sector !== 0n, 'INVALID_PARAMETER'], // 5
    [call.size !== 32, 'INVALID_PARAMETER'], // 6
    [fileOffset + copyLength > MOST_64, 'INVALID_PARAMETER'], // 7
  ]);
  if (before !== 'SUCCESS') return { status: before };
  if (copyLength === 0n) return { status: 'SUCCESS', transferLength: 0n, isZeroToken: true, allZero: false }; // 8
  const status = firstOf([
    [file.kind === 'folder', 'OFFLOAD_READ_FILE_NOT_SUPPORTED'], // 9
    [file.kind === 'deleted', 'FILE_DELETED'], // 10
    [fileOffset > MOST_63, 'INVALID_PARAMETER'], // 11
    [fileOffset >= file.size, 'END_OF_FILE'], // 13
  ]);
  if (status !== 'SUCCESS') return { status };
  const inFile = least(copyLength, roundUp(file.size - fileOffset, sector));
  if (fileOffset >= file.valid) return { status, transferLength: inFile, isZeroToken: true, allZero: true }; // 14
  const crosses = fileOffset + copyLength > file.valid;
  const valid = crosses ? roundUp(file.valid - fileOffset, sector) : copyLength; // 15
  const transferLength = least(valid, mostRead); // 16
  return { status, transferLength, isZeroToken: false, allZero: crosses && transferLength === valid };
}

interface Source {
  readonly token: Uint8Array;
  /** What the token stands for: undefined for one that the array does not know, 'zeros' without end for the zero token. */
  readonly data: Buffer | 'zeros' | undefined;
}

interface WriteReply {
  readonly status: string;
  readonly lengthWritten?: bigint;
}

function modelOfWrite(
  call: Call & { readonly transferOffset: bigint },
  file: File,
  { data }: Source,
  { sector, supported, mostWrite }: Volume,
): WriteReply {
  const { fileOffset, copyLength, transferOffset } = call;
  const before = firstOf([
    [file.access === 'r', 'ACCESS_DENIED'],
    [!supported, 'NOT_SUPPORTED'], // 2
    [call.inputLength < 544, 'BUFFER_TOO_SMALL'], // 3
    [call.outputLength < 16, 'BUFFER_TOO_SMALL'], // 3
    [[fileOffset, copyLength, transferOffset].some((value) => value % sector !== 0n), 'INVALID_PARAMETER'], // 4
    [call.size !== 544, 'INVALID_PARAMETER'], // 5
    [fileOffset + copyLength > MOST_64, 'INVALID_PARAMETER'], // 5
  ]);
  if (before !== 'SUCCESS') return { status: before };
  if (copyLength === 0n) return { status: 'SUCCESS', lengthWritten: 0n }; // 6
  const status = firstOf([
    [file.kind === 'folder', 'OFFLOAD_WRITE_FILE_NOT_SUPPORTED'], // 7
    [file.kind === 'deleted', 'FILE_DELETED'], // 8
    [fileOffset + copyLength > MOST_63, 'INVALID_PARAMETER'], // 9
    [fileOffset >= file.size, 'END_OF_FILE'], // 12
    [fileOffset > file.valid, 'BEYOND_VDL'], // 13
    [data === undefined, 'INVALID_TOKEN'], // the array
    [data instanceof Buffer && transferOffset + copyLength > data.length, 'INVALID_PARAMETER'], // illumos
  ]);
  if (status !== 'SUCCESS') return { status };
  return { status, lengthWritten: least(copyLength, roundUp(file.size - fileOffset, sector), mostWrite) }; // 14
}

// The real thing: files of the emulator in each state.

interface World extends Volume {
  readonly emulator: Emulator;
}

function worldOf(options: EmulatorOptions & { readonly sectorSize: number }): World {
  return {
    emulator: createEmulator(options),
    sector: BigInt(options.sectorSize),
    supported: options.supported ?? true,
    mostRead: BigInt(options.maximumTransferSize ?? MOST_63),
    mostWrite: BigInt(options.maximumWriteSize ?? MOST_63),
  };
}

const WORLDS = [
  worldOf({ sectorSize: 512 }),
  worldOf({ sectorSize: 512, maximumTransferSize: 1536, maximumWriteSize: 1024 }),
  worldOf({ sectorSize: 4096 }),
  worldOf({ sectorSize: 512, supported: false }),
];

const SIZES = [
  [8192, 8192],
  [8192, 2560],
  [8192, 0],
  [5000, 5000],
  [5000, 700],
  [0, 0],
] as const;

interface OpenFile extends File {
  readonly handle: bigint;
  readonly path: string;
}

/** A file whose first `valid` bytes hold a pattern, and whose rest was never written. */
async function fileOn(
  { emulator }: World,
  [size, valid]: (typeof SIZES)[number],
  access: Access,
): Promise<OpenFile> {
  const path = temporaryPath();
  const maker = openOn(emulator, path, 'w');
  emulator.files.setSizeSync(maker, BigInt(size));
  if (valid > 0) await emulator.files.write(maker, pattern(valid), 0n);
  const handle = openOn(emulator, path, access);
  emulator.files.closeSync(maker);
  return { path, handle, kind: 'file', access, size: BigInt(size), valid: BigInt(valid) };
}

/** A folder, and a file that is open but has no name any more. Windows has no handles of either. */
function oddFilesOn({ emulator }: World): OpenFile[] {
  if (onWindows) return [];
  const folder = dirname(temporaryFile('x'));
  const path = temporaryFile(pattern(8192));
  const deleted = emulator.handleOf(borrow(path, 'r+'));
  unlinkSync(path);
  const facts = { size: 8192n, valid: 8192n };
  return [
    { ...facts, path: folder, handle: emulator.handleOf(borrow(folder, 'r')), kind: 'folder', access: 'r' },
    { ...facts, path, handle: deleted, kind: 'deleted', access: 'r+' },
  ];
}

// Values around every limit of the model.
const lengthOf = (size: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 40, arbitrary: fc.constant(size) }, { weight: 1, arbitrary: fc.nat(size + 1) });
const HUGE = [MOST_63 + 1n, MOST_63 - 511n, MOST_64 - 511n, 2n ** 40n];
/** A number counts sectors, a bigint counts bytes. */
const positions = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(0, 1, 2, 3, 5, 6, 8, 9, 10, 16) },
  { weight: 1, arbitrary: fc.constantFrom(...HUGE) },
  { weight: 1, arbitrary: fc.bigInt(0n, 9000n) },
);
const inBytes = (position: number | bigint, { sector }: Volume): bigint =>
  typeof position === 'number' ? BigInt(position) * sector : position;

// A volume without support refuses everything that follows.
const worldIndexes = fc.constantFrom(...[0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]);
const how = fc.constantFrom('sync' as const, 'async' as const);
const callOf = (input: number, output: number) => ({
  inputLength: lengthOf(input),
  outputLength: lengthOf(output),
  size: lengthOf(input),
  fileOffset: positions,
  copyLength: positions,
});

function resized(bytes: Uint8Array, size: number, length: number): Uint8Array {
  const sent = Uint8Array.from({ length: Math.max(length, bytes.length) }, (_, at) => bytes[at] ?? 0);
  new DataView(sent.buffer).setUint32(0, size, true);
  return sent.subarray(0, length);
}

const statusCode = (name: string): number => (name === 'SUCCESS' ? 0 : statusOf(name));
const isZeroToken = (token: Uint8Array): boolean => Buffer.from(token).readUInt32BE(0) === 0xffff_0001;

/** An element of a list, whatever the index. */
function at<T>(list: readonly T[], index: number): T {
  const element = list[index % list.length];
  if (element === undefined) throw new Error('The list is empty.');
  return element;
}

const ON_ODD_FILES = onWindows ? [] : ['FILE_DELETED'];

test(
  'The emulator checks an offload read in the order of MS-FSA, and covers what the specification says',
  async () => {
    const worlds = await Promise.all(
      WORLDS.map(async (world) => {
        const accesses: Access[] = ['r', 'r', 'wo', 'r+'];
        const files = SIZES.flatMap((size) => accesses.map((access) => fileOn(world, size, access)));
        return { world, files: [...(await Promise.all(files)), ...oddFilesOn(world)] };
      }),
    );
    const seen = new Set<string>();
    const property = fc.asyncProperty(
      worldIndexes,
      fc.nat(),
      fc.record(callOf(32, 528)),
      how,
      async (worldIndex, fileIndex, given, how) => {
        const { world, files } = at(worlds, worldIndex);
        const call = {
          ...given,
          fileOffset: inBytes(given.fileOffset, world),
          copyLength: inBytes(given.copyLength, world),
        };
        const file = at(files, fileIndex);
        const expected = modelOfRead(call, file, world);
        const input = resized(packRead(call, 1), call.size, call.inputLength);
        const { status, output } = await send(
          world.emulator,
          file.handle,
          0x0009_4264,
          input,
          call.outputLength,
          how,
        );
        seen.add(expected.status);
        expect(status.toString(16)).toBe(statusCode(expected.status).toString(16));
        if (status !== 0) {
          expect(output.every((byte) => byte === 0xcc)).toBe(true);
          return;
        }
        expect({
          allZero: output.readUInt32LE(4) === 1,
          transferLength: output.readBigUInt64LE(8),
          isZeroToken: isZeroToken(output.subarray(16)),
        }).toEqual({ ...expected, status: undefined });
      },
    );
    await fc.assert(property, runs(1000));
    expect([...seen].sort()).toEqual(
      ['ACCESS_DENIED', 'BUFFER_TOO_SMALL', 'END_OF_FILE', 'INVALID_PARAMETER', 'NOT_SUPPORTED', 'SUCCESS']
        .concat(ON_ODD_FILES, onWindows ? [] : ['OFFLOAD_READ_FILE_NOT_SUPPORTED'])
        .sort(),
    );
  },
  TIMEOUT,
);

test(
  'The emulator checks an offload write in the order of MS-FSA, and writes exactly what the specification says',
  async () => {
    const worlds = await Promise.all(
      WORLDS.map(async (world) => {
        const whole = await fileOn(world, [8192, 8192], 'r');
        const input = packRead({ copyLength: world.sector * 2n }, 1);
        const { output } = await send(world.emulator, whole.handle, 0x0009_4264, input, 528);
        const zeros = Buffer.alloc(512);
        zeros.writeUInt32BE(0xffff_0001);
        const covered = Number(output.readBigUInt64LE(8));
        const sources: Source[] = [
          { token: zeros, data: 'zeros' },
          { token: Buffer.alloc(512, 7), data: undefined },
        ];
        // The token with sectors of a pattern; a volume without support gives none.
        if (world.supported)
          sources.push({ token: output.subarray(16), data: pattern(8192).subarray(0, covered) });
        return { world, sources, odd: oddFilesOn(world) };
      }),
    );
    const seen = new Set<string>();
    const writes = fc.array(
      fc.record({
        ...callOf(544, 16),
        transferOffset: fc.oneof(
          { weight: 4, arbitrary: fc.constant(0) },
          { weight: 1, arbitrary: positions },
        ),
        source: fc.nat(2),
        how,
      }),
      { minLength: 1, maxLength: 4 },
    );
    const property = fc.asyncProperty(
      worldIndexes,
      fc.constantFrom(...SIZES),
      fc.oneof(
        { weight: 10, arbitrary: fc.constant('r+' as const) },
        { weight: 1, arbitrary: fc.constant('r' as const) },
      ),
      fc.oneof({ weight: 10, arbitrary: fc.constant(2) }, { weight: 1, arbitrary: fc.nat(1) }),
      writes,
      async (worldIndex, sizes, access, oddFile, writes) => {
        const { world, sources, odd } = at(worlds, worldIndex);
        let file = odd[oddFile] ?? (await fileOn(world, sizes, access));
        const contents = file.kind === 'file' ? Buffer.from(readFileSync(file.path)) : Buffer.alloc(0);
        for (const { source: index, how, ...given } of writes) {
          const call = {
            ...given,
            fileOffset: inBytes(given.fileOffset, world),
            copyLength: inBytes(given.copyLength, world),
            transferOffset: inBytes(given.transferOffset, world),
          };
          const source = at(sources, index);
          const expected = modelOfWrite(call, file, source, world);
          const input = resized(packWrite({ ...call, token: source.token }, 1), call.size, call.inputLength);
          const { emulator } = world;
          const { status, output } = await send(
            emulator,
            file.handle,
            0x0009_8268,
            input,
            call.outputLength,
            how,
          );
          seen.add(expected.status);
          expect(status.toString(16)).toBe(statusCode(expected.status).toString(16));
          if (expected.lengthWritten === undefined) {
            expect(output.every((byte) => byte === 0xcc)).toBe(true);
            continue;
          }
          const { lengthWritten } = expected;
          expect(output.readBigUInt64LE(8)).toBe(lengthWritten);
          if (lengthWritten === 0n) continue;
          // The valid data ends with the file at the latest; what is written beyond the end of the file is lost.
          const end = least(call.fileOffset + lengthWritten, file.size);
          if (end > file.valid) file = { ...file, valid: end };
          const [to, from, length] = [call.fileOffset, call.transferOffset, lengthWritten].map(Number);
          if (source.data === 'zeros') contents.fill(0, to, Number(end));
          else source.data?.copy(contents, to, from, Number(from) + Number(length));
        }
        if (file.kind !== 'file') return;
        expect(Buffer.compare(readFileSync(file.path), contents)).toBe(0);
        world.emulator.files.closeSync(file.handle);
      },
    );
    await fc.assert(property, runs(500));
    expect([...seen].sort()).toEqual(
      ['ACCESS_DENIED', 'BEYOND_VDL', 'BUFFER_TOO_SMALL', 'END_OF_FILE', 'INVALID_PARAMETER', 'INVALID_TOKEN']
        .concat(['NOT_SUPPORTED', 'SUCCESS'], ON_ODD_FILES)
        .sort(),
    );
  },
  TIMEOUT,
);
