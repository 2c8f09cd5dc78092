import { existsSync, linkSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { type CopyRangeOptions, copyRangeWith, extensions } from '../../src/copy/copy-range.ts';
import type { CopyProgress } from '../../src/copy/progress.ts';
import { createEmulator, type Emulator } from '../../src/emulator/index.ts';
import {
  AbortError,
  InvalidArgumentError,
  ProtocolError,
  SourceChangedError,
  Win32Error,
} from '../../src/errors.ts';
import { filesOf, type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { type OpenFlags, openFileWith } from '../../src/open-file.ts';
import { FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import {
  expectConsistent,
  failureOf,
  knowingZeros,
  noise,
  Workspace,
  watched,
  withFiles,
  withInfo,
} from './kit.ts';

const SECTOR = 512;
const KIB = 1024;
const SIZE = 100 * KIB;
const DISK_FULL = 112;
const workspace = new Workspace();

interface Given {
  readonly kernel?: Kernel;
  readonly source?: Uint8Array;
  readonly destination?: Uint8Array;
  readonly flags?: OpenFlags;
}

/** Copies a range from one file to another, and returns the destination's content before and after. */
async function copy(options: CopyRangeOptions, given: Given = {}) {
  const { kernel = createEmulator(), source = noise(SIZE), destination = noise(SIZE), flags = 'r+' } = given;
  const sourcePath = workspace.written(source, 'source');
  const destinationPath = workspace.written(destination, 'destination');
  const sourceUnchanged = watched(sourcePath);
  const [from, to] = [
    await openFileWith(kernel, sourcePath, 'r'),
    await openFileWith(kernel, destinationPath, flags),
  ];
  const outcome = await copyRangeWith(kernel, from, to, options).then(
    (report) => ({ report, error: undefined }),
    (error: unknown) => ({ report: undefined, error }),
  );
  await from.close();
  await to.close();
  sourceUnchanged();
  const after = readFileSync(destinationPath);
  return { ...outcome, source, before: Buffer.from(destination), after };
}

function expectBytes(actual: Uint8Array, ...parts: readonly Uint8Array[]): void {
  const expected = Buffer.concat(parts);
  expect(actual.length).toBe(expected.length);
  expect(Buffer.compare(actual, expected)).toBe(0);
}

describe('copyRange', () => {
  test('offloads a range in the middle of both files, and changes nothing else', async () => {
    const options = { sourceOffset: 8 * KIB, destinationOffset: 32 * KIB, length: 16 * KIB };
    const kernel = createEmulator({ maximumTransferSize: 8 * KIB, maximumWriteSize: 4 * KIB });
    const { report, source, before, after } = await copy({ ...options, verify: true }, { kernel });
    expect(report).toMatchObject({
      bytes: BigInt(16 * KIB),
      offloadedBytes: BigInt(16 * KIB),
      reads: 2,
      writes: 4,
    });
    expectBytes(
      after,
      before.subarray(0, 32 * KIB),
      source.subarray(8 * KIB, 24 * KIB),
      before.subarray(48 * KIB),
    );
  });

  test('takes bigints, and copies from and to the start by default', async () => {
    const { report, source, before, after } = await copy({ length: 1024n });
    expect(report).toMatchObject({ bytes: 1024n, offloadedBytes: 1024n });
    expectBytes(after, source.subarray(0, 1024), before.subarray(1024));
  });

  test('extends a destination that is too short, and leaves zeros in the gap', async () => {
    const options = { destinationOffset: 64 * KIB, length: SIZE, mode: 'require' } as const;
    const { report, source, before, after } = await copy(options, { destination: noise(1000) });
    expect(report).toMatchObject({ offloadedBytes: BigInt(SIZE), bufferedBytes: 0n });
    expectBytes(after, before, Buffer.alloc(64 * KIB - 1000), source);
  });

  test('offloads a tail that ends at the end of the destination', async () => {
    const source = noise(10_001);
    const options = {
      sourceOffset: 512,
      destinationOffset: 1024,
      length: 10_001 - 512,
      mode: 'require',
    } as const;
    for (const destination of [noise(0), noise(1024 + 10_001 - 512)]) {
      const { report, before, after } = await copy(options, { source, destination });
      expect(report?.offloadedBytes).toBe(BigInt(10_001 - 512));
      const head = Buffer.alloc(1024);
      before.copy(head);
      expectBytes(after, head, source.subarray(512));
    }
  });

  test('copies a tail that ends inside a longer destination by ordinary means, and keeps what follows', async () => {
    const source = noise(10_001);
    const { report, before, after } = await copy({ length: 10_001 }, { source });
    expect(report).toMatchObject({ offloadedBytes: 9728n, bufferedBytes: BigInt(10_001 - 9728) });
    expect(report).not.toHaveProperty('fallback');
    expectBytes(after, source, before.subarray(10_001));
  });

  test('refuses such a tail with mode require, and touches nothing', async () => {
    const { error, before, after } = await copy(
      { length: 10_001, mode: 'require' },
      { source: noise(10_001) },
    );
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({ issues: [{ path: 'length' }], message: expect.stringContaining('9728n') });
    expectBytes(after, before);
  });

  test.each([
    ['offload', 'a length of 0', 0, SIZE],
    ['offload', 'whole sectors', 1024, SIZE],
    ['buffered', 'less than a sector of a longer destination', 100, 100],
  ])('reports both paths and the phase %s when it begins with %s', async (phase, _, length, size) => {
    const kernel = createEmulator();
    const [from, to] = [
      await openFileWith(kernel, workspace.file(size), 'r'),
      await openFileWith(kernel, workspace.file(SIZE, 'destination'), 'r+'),
    ];
    const steps: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      steps.push(step);
    };
    await copyRangeWith(kernel, from, to, { length, onProgress });
    expect(steps[0]).toMatchObject({ phase, source: from.path, destination: to.path });
    await from.close();
    await to.close();
  });

  test('requests no more than chunkSize by one read or write', async () => {
    const { report } = await copy({ length: 64 * KIB, chunkSize: 16 * KIB });
    expect(report).toMatchObject({ offloadedBytes: BigInt(64 * KIB), reads: 4, writes: 4 });
  });

  // The source is zeros from 16 to 32 KiB of 48, and the range begins at 8 KiB of the destination.
  test.each([
    ['is empty', 0, 4],
    ['ends before the range', 4 * KIB, 4],
    ['ends before the zeros', 20 * KIB + 1, 4],
    ['ends within the zeros', 28 * KIB + 1, 6],
    ['ends behind the range', 56 * KIB, 8],
  ])(
    'writes the zeros of the source over old bytes only, where the destination %s',
    async (_, before, writes) => {
      const source = noise(32 * KIB);
      source.fill(0, 16 * KIB);
      const zeros = [{ from: BigInt(16 * KIB), to: BigInt(32 * KIB) }];
      const kernel = knowingZeros(createEmulator({ maximumWriteSize: 4 * KIB }), zeros);
      const destination = noise(before);
      const options = { destinationOffset: 8 * KIB, length: 32 * KIB, verify: true };
      const { report, after } = await copy(options, { kernel, source, destination });
      expect(report).toMatchObject({ zeroedBytes: BigInt(16 * KIB), bufferedBytes: 0n, writes });
      const head = Buffer.alloc(8 * KIB);
      head.set(destination.subarray(0, 8 * KIB));
      expectBytes(after, head, source, destination.subarray(40 * KIB));
    },
  );

  test('does not resize a destination that ends with the range', async () => {
    const resizing = withFiles(createEmulator(), {
      setSize: async () => expect.unreachable('the size is right'),
    });
    const { report } = await copy({ length: SIZE }, { kernel: resizing });
    expect(report?.offloadedBytes).toBe(BigInt(SIZE));
  });

  test.each([
    ['the source', 'source', 1],
    ['the destination', 'destination', 1],
    ['the destination before it is extended', 'destination', 2],
  ])('rejects with the error of %s if that cannot be examined', async (_, name, failing) => {
    const emulator = createEmulator();
    let calls = 0;
    let isOpen = false;
    const kernel = withFiles(emulator, {
      async info(handle, path) {
        if (isOpen && path.endsWith(name) && ++calls === failing) throw new KernelFailure(64);
        return emulator.files.info(handle, path);
      },
    });
    const [from, to] = [
      await openFileWith(kernel, workspace.file(SIZE, 'source'), 'r'),
      await openFileWith(kernel, workspace.path('destination'), 'w'),
    ];
    isOpen = true;
    expect(await failureOf(copyRangeWith(kernel, from, to, { length: SIZE }))).toMatchObject({
      code: 'ERROR_NETNAME_DELETED',
      syscall: 'GetFileInformationByHandle',
      path: name === 'source' ? from.path : to.path,
    });
    await from.close();
    await to.close();
    expect(statSync(to.path).size).toBe(0);
  });

  test('reports 0 bytes for a length of 0, and touches nothing', async () => {
    const kernel = createEmulator();
    const progress: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      progress.push(step);
    };
    const options = { length: 0, sourceOffset: SIZE, destinationOffset: 10 * SIZE, verify: true, onProgress };
    const { report, before, after } = await copy(options, { kernel });
    expect(report).toMatchObject({ bytes: 0n, reads: 0, writes: 0 });
    expect(progress).toMatchObject([{ percent: 100 }, { percent: 100 }]);
    expect(kernel.calls).toEqual([]);
    expectBytes(after, before);
  });

  test('continues with ordinary reads and writes where offload is not supported', async () => {
    const kernel = createEmulator({ supported: false });
    const options = { sourceOffset: 1024, destinationOffset: 2048, length: SIZE - 1024 };
    const { report, source, before, after } = await copy(options, { kernel });
    expect(report).toMatchObject({
      bufferedBytes: BigInt(SIZE - 1024),
      fallback: { at: 0n, reason: { code: 'ERROR_NOT_SUPPORTED', offset: 1024n } },
    });
    expectBytes(after, before.subarray(0, 2048), source.subarray(1024));
  });

  test('reports the position of a fallback from the start of the range', async () => {
    let writes = 0;
    const kernel = createEmulator({
      maximumWriteSize: 4 * KIB,
      intercept: ({ code }) =>
        code === FSCTL_OFFLOAD_WRITE && ++writes === 3 ? { status: 0xc000_00bb } : undefined,
    });
    const { report } = await copy(
      { sourceOffset: 1024, destinationOffset: 2048, length: 32 * KIB },
      { kernel },
    );
    expect(report?.fallback).toMatchObject({ at: BigInt(8 * KIB), reason: { offset: BigInt(10 * KIB) } });
    if (report !== undefined) expectConsistent(report, 32 * KIB);
  });

  test('rejects with mode require where offload is refused, and removes nothing', async () => {
    const kernel = createEmulator({ supported: false });
    const { error, before, after } = await copy({ length: SIZE, mode: 'require' }, { kernel });
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({
      path: expect.stringMatching(/source$/),
      dest: expect.stringMatching(/destination$/),
    });
    expectBytes(after, before);
  });

  test('rejects with an AbortError, and changes nothing outside the range', async () => {
    const controller = new AbortController();
    const kernel = createEmulator({
      maximumWriteSize: 4 * KIB,
      intercept: ({ index }) => {
        if (index === 3) controller.abort('enough');
      },
    });
    const options = { destinationOffset: 4 * KIB, length: 32 * KIB, signal: controller.signal };
    const { error, before, after } = await copy(options, { kernel });
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ cause: 'enough' });
    expectBytes(after.subarray(0, 4 * KIB), before.subarray(0, 4 * KIB));
    expectBytes(after.subarray(36 * KIB), before.subarray(36 * KIB));
  });

  test('rejects when the source is modified during the copy', async () => {
    const path = workspace.file(SIZE, 'source');
    const kernel = createEmulator({
      maximumTransferSize: 16 * KIB,
      intercept: ({ index }) => {
        if (index === 3) writeFileSync(path, noise(SIZE));
      },
    });
    const [from, to] = [
      await openFileWith(kernel, path, 'r'),
      await openFileWith(kernel, workspace.path(), 'w'),
    ];
    expect(await failureOf(copyRangeWith(kernel, from, to, { length: SIZE }))).toBeInstanceOf(
      SourceChangedError,
    );
    await from.close();
    await to.close();
    expect(existsSync(to.path)).toBe(true);
  });

  test('completes despite an exception or abort in the last call of onProgress', async () => {
    const controller = new AbortController();
    const onProgress = ({ percent }: CopyProgress): void => {
      if (percent < 100) return;
      controller.abort();
      throw new Error('mine');
    };
    const { report } = await copy({ length: SIZE, onProgress, signal: controller.signal });
    expect(report?.offloadedBytes).toBe(BigInt(SIZE));
  });

  test('survives JSON.stringify with its report', async () => {
    const { report } = await copy({ length: 1024 });
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({ bytes: '1024', systemBytes: '0' });
  });
});

describe('copyRange whose destination refuses an offload write', () => {
  const NOT_SUPPORTED = 0xc000_00bb;
  const INVALID_PARAMETER = 0xc000_000d;
  const BEYOND_VDL = 0xc000_0432;

  /** Copies 16 KiB in writes of 4 KiB, of which some are refused, and records what is written by ordinary means. */
  async function copyRefused(destinationOffset: number, refused: number, status: number) {
    let offloadWrites = 0;
    const emulator = createEmulator({
      maximumWriteSize: 4 * KIB,
      intercept: ({ code }) =>
        code === FSCTL_OFFLOAD_WRITE && ++offloadWrites === refused ? { status } : undefined,
    });
    const ordinary: unknown[] = [];
    const kernel = withFiles(emulator, {
      write: (handle, from, offset, signal) => {
        ordinary.push([from.length, offset]);
        return emulator.files.write(handle, from, offset, signal);
      },
    });
    const options = { destinationOffset, length: 16 * KIB, mode: 'require' } as const;
    return { ...(await copy(options, { kernel })), ordinary, offloadWrites };
  }

  // MS-FSA and MS-FSCC name different codes for a write that begins beyond the valid data.
  test.each([
    ['ERROR_BEYOND_VDL', BEYOND_VDL],
    ['ERROR_INVALID_PARAMETER', INVALID_PARAMETER],
  ])('writes one sector of zeros where the first one fails with %s, and tries again', async (_, status) => {
    const { report, source, before, after, ordinary } = await copyRefused(8 * KIB, 1, status);
    expect(report).toMatchObject({ offloadedBytes: BigInt(16 * KIB), bufferedBytes: 0n });
    expect(ordinary).toEqual([[SECTOR, BigInt(8 * KIB)]]);
    expectBytes(after, before.subarray(0, 8 * KIB), source.subarray(0, 16 * KIB), before.subarray(24 * KIB));
  });

  test.each([
    ['another code', 8 * KIB, 1, NOT_SUPPORTED, 'ERROR_NOT_SUPPORTED'],
    ['such a code at the start of the file', 0, 1, INVALID_PARAMETER, 'ERROR_INVALID_PARAMETER'],
    ['such a code after the first write', 8 * KIB, 2, INVALID_PARAMETER, 'ERROR_INVALID_PARAMETER'],
  ])('writes no zeros where one fails with %s', async (_, destinationOffset, refused, status, code) => {
    const result = await copyRefused(destinationOffset, refused, status);
    const { error, source, before, after, ordinary, offloadWrites } = result;
    const copied = (refused - 1) * 4 * KIB;
    expect(error).toMatchObject({
      code,
      syscall: 'FSCTL_OFFLOAD_WRITE',
      offset: BigInt(destinationOffset + copied),
    });
    expect({ ordinary, offloadWrites }).toEqual({ ordinary: [], offloadWrites: refused });
    expectBytes(
      after,
      before.subarray(0, destinationOffset),
      source.subarray(0, copied),
      before.subarray(destinationOffset + copied),
    );
  });
});

// A handle that is closed while a call is in flight may belong to another file when the call reaches it.
test.each([
  ['the next offload read', 'offload read', 'require'],
  ['the query of the limits of the device', 'query', 'require'],
  ['the next ordinary read', 'read', 'prefer'],
] as const)('copyRange waits for %s before it rejects because of a failed write', async (_, slow, mode) => {
  const emulator = createEmulator({ maximumTransferSize: 16 * KIB, supported: mode === 'require' });
  let isInFlight = false;
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  /** A call that ends in the turn of the event loop after the failed write, when a copy that does not wait has rejected. */
  const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
    isInFlight = true;
    await released;
    await new Promise((resolve) => setImmediate(resolve));
    isInFlight = false;
    return call();
  };
  const fail = async (): Promise<never> => {
    expect(isInFlight).toBe(true);
    release();
    throw new KernelFailure(DISK_FULL);
  };
  let reads = 0;
  const readSlowly = <T>(call: () => Promise<T>) => (++reads === 2 ? slowly(call) : call());
  const { files } = emulator;
  const kernel = withFiles(
    {
      ...emulator,
      control: (handle, code, ...rest) => {
        if (code === FSCTL_OFFLOAD_WRITE) return fail();
        const call = () => emulator.control(handle, code, ...rest);
        return code === FSCTL_OFFLOAD_READ && slow === 'offload read' ? readSlowly(call) : call();
      },
    },
    {
      write: fail,
      read: (...given) => readSlowly(() => files.read(...given)),
      openDevice: (path) =>
        slow === 'query' ? slowly(() => files.openDevice(path)) : files.openDevice(path),
    },
  );
  const source = await openFileWith(kernel, workspace.file(3_000_000), 'r');
  const destination = await openFileWith(kernel, workspace.path(), 'w');
  // Reads of chunks are not short, so that nothing is queried, which would be waited for too.
  const chunkSize = slow === 'offload read' ? 16 * KIB : undefined;
  const options = { length: 3_000_000, mode, chunkSize };
  const failure = await failureOf(copyRangeWith(kernel, source, destination, options));
  expect(isInFlight).toBe(false);
  expect(failure).toMatchObject({ errno: DISK_FULL, path: destination.path });
  await source.close();
  await destination.close();
});

test('copyRange reports a token for less than a sector with its position in the source', async () => {
  let reads = 0;
  const emulator = createEmulator({
    intercept: ({ code }) =>
      code === FSCTL_OFFLOAD_READ && ++reads === 2 ? { truncate: SECTOR } : undefined,
  });
  const kernel = withInfo(emulator, 'destination', { sectorSize: 4096 });
  const options = { sourceOffset: 8 * KIB, length: 32 * KIB, chunkSize: 4 * KIB };
  const { report, source, after } = await copy(options, { kernel });
  expect(report?.fallback).toMatchObject({
    at: BigInt(4 * KIB),
    reason: {
      code: 'ERR_ODX_PROTOCOL',
      syscall: 'FSCTL_OFFLOAD_READ',
      path: expect.stringMatching(/source$/),
      offset: BigInt(12 * KIB),
      message: expect.stringMatching(
        /^FSCTL_OFFLOAD_READ on '.*source' at offset 12288: the token covers 512 bytes, less than the 4096 of one sector\.$/,
      ),
    },
  });
  expectBytes(after.subarray(0, 32 * KIB), source.subarray(8 * KIB, 40 * KIB));
});

// The handle of a closed file may belong to another one.
test.each(['source', 'destination'] as const)(
  'copyRange rejects if its %s is closed during ordinary reads and writes',
  async (which) => {
    const emulator = createEmulator({ supported: false });
    const kernel = withFiles(emulator, {
      write: async (...given) => {
        const count = await emulator.files.write(...given);
        await files[which].close();
        return count;
      },
    });
    const files = {
      source: await openFileWith(kernel, workspace.file(4_000_000), 'r'),
      destination: await openFileWith(kernel, workspace.path(), 'w'),
    };
    const copying = copyRangeWith(kernel, files.source, files.destination, { length: 4_000_000 });
    const failure = await failureOf(copying);
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect(failure).toMatchObject({
      message: `The file '${files[which].path}' is closed; open it again with openFile.`,
    });
    await files.source.close();
    await files.destination.close();
  },
);

describe('copyRange within one file', () => {
  async function copyWithin(kernel: Emulator, options: CopyRangeOptions, size = SIZE) {
    const path = workspace.file(size);
    const before = readFileSync(path);
    const [first, second] = [await openFileWith(kernel, path, 'r+'), await openFileWith(kernel, path, 'r+')];
    try {
      await copyRangeWith(kernel, first, options.sourceOffset === 0 ? first : second, options);
    } finally {
      await first.close();
      await second.close();
    }
    return { before, after: readFileSync(path) };
  }

  test.each([
    [0, 32 * KIB],
    [32 * KIB, 0],
  ])('copies from %i to %i where the ranges touch', async (sourceOffset, destinationOffset) => {
    const options = { sourceOffset, destinationOffset, length: 32 * KIB, verify: true };
    const { before, after } = await copyWithin(createEmulator({ maximumWriteSize: 4 * KIB }), options);
    before.copy(before, destinationOffset, sourceOffset, sourceOffset + 32 * KIB);
    expectBytes(after, before);
  });

  test.each([
    [0, 0],
    [0, SECTOR],
    [SECTOR, 0],
    [1024, 1024 + 31 * KIB],
  ])(
    'refuses ranges from %i to %i that overlap, under either handle',
    async (sourceOffset, destinationOffset) => {
      const kernel = createEmulator();
      const failure = await failureOf(
        copyWithin(kernel, { sourceOffset, destinationOffset, length: 32 * KIB }),
      );
      expect(failure).toBeInstanceOf(InvalidArgumentError);
      const message = `destinationOffset is ${destinationOffset}, and source and destination are the same file; the range of 32768 bytes from sourceOffset ${sourceOffset} must not overlap its destination.`;
      expect(failure).toMatchObject({ issues: [{ path: 'destinationOffset', message }] });
      expect(kernel.calls).toEqual([]);
    },
  );

  test('takes a length of 0 wherever it is, which overlaps nothing', async () => {
    const options = { sourceOffset: 1024, destinationOffset: 1024, length: 0 };
    const { before, after } = await copyWithin(createEmulator(), options);
    expectBytes(after, before);
  });

  test('can be repeated after a failure that moved the end of the source', async () => {
    let isRefused = true;
    const kernel = createEmulator({
      intercept: ({ code }) => {
        return code === FSCTL_OFFLOAD_WRITE && isRefused ? { status: 0xc000_00bb } : undefined;
      },
    });
    const path = workspace.file(1000);
    const before = readFileSync(path);
    const file = await openFileWith(kernel, path, 'r+');
    const options = { destinationOffset: 1024, length: 1000, mode: 'require' } as const;
    expect(await failureOf(copyRangeWith(kernel, file, file, options))).toBeInstanceOf(Win32Error);
    expect(statSync(path).size).toBe(2024);
    isRefused = false;
    await copyRangeWith(kernel, file, file, options);
    await file.close();
    expectBytes(readFileSync(path), before, Buffer.alloc(24), before);
  });
});

describe('copyRange refuses', () => {
  const illegal: [string, Partial<CopyRangeOptions>, RegExp][] = [
    ['length', {}, /^length is missing; it must be a number of bytes/],
    ['length', { length: -1 }, /the nearest legal value is 0\.$/],
    [
      'length',
      { length: 1000 },
      /^length is 1000; it must be a multiple of the logical sector of 512 bytes, the nearest legal value is 1024\.$/,
    ],
    ['length', { length: SIZE + 512 }, /ends beyond the 102400 bytes of the source; .* is 102400n\.$/],
    ['length', { length: 512, sourceOffset: SIZE }, /the nearest legal value is 0n\.$/],
    ['sourceOffset', { length: 0, sourceOffset: SIZE + 512 }, /beyond the 102400 bytes of the source/],
    [
      'sourceOffset',
      { length: 512, sourceOffset: 100 },
      /^sourceOffset is 100; it must be a multiple of the logical sector of 512 bytes, the nearest legal value is 0\.$/,
    ],
    [
      'destinationOffset',
      { length: 512, destinationOffset: 500n },
      /^destinationOffset is 500n; it must be a multiple of the logical sector of 512 bytes, the nearest legal value is 512n\.$/,
    ],
    ['destinationOffset', { length: 512, destinationOffset: 2n ** 63n - 512n }, /ends beyond 2\^63-1/],
    ['mode', { length: 0, mode: 'Prefer' as 'prefer' }, /^mode is "Prefer"/],
    ['chunkSize', { length: 0, chunkSize: 0 }, /^chunkSize is 0/],
    [
      'overwrite',
      { length: 0, overwrite: true } as CopyRangeOptions,
      /^Unknown option "overwrite" for copyRange/,
    ],
  ];

  test.each(illegal)('a request whose %s is illegal: %o', async (path, options, message) => {
    const kernel = createEmulator();
    const { error, before, after } = await copy(options as CopyRangeOptions, { kernel });
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({ issues: [{ path }], message: expect.stringMatching(message) });
    expect(kernel.calls).toEqual([]);
    expectBytes(after, before);
  });

  // 9,990 is nearer to the end of the source, 10,001, than to any multiple of 512.
  test.each([
    [1000, 1024],
    [9990, 10_001],
  ])('a length of %i that ends short of the odd end of the source, and names %i', async (length, nearest) => {
    const { error } = await copy({ length }, { source: noise(10_001) });
    const message = `length is ${length}; it must be a multiple of the logical sector of 512 bytes, or 10001 to end exactly at the end of the source, the nearest legal value is ${nearest}.`;
    expect(error).toMatchObject({ issues: [{ path: 'length', message }] });
  });

  test('offsets that are not multiples of the larger sector', async () => {
    for (const name of ['source', 'destination']) {
      const kernel = withInfo(createEmulator(), name, { sectorSize: 4096 });
      const { error } = await copy({ sourceOffset: 512, length: 4096 }, { kernel });
      expect(error).toMatchObject({
        issues: [{ path: 'sourceOffset' }],
        message: expect.stringMatching(/4096/),
      });
    }
  });

  test('files that openFile did not open, are closed, or belong to another kernel', async () => {
    const kernel = createEmulator();
    const path = workspace.file(SIZE);
    const [open, closed, foreign] = [
      await openFileWith(kernel, path, 'r+'),
      await openFileWith(kernel, path, 'r+'),
      await openFileWith(createEmulator(), path, 'r+'),
    ];
    await closed.close();
    const { handle } = open;
    for (const [file, shown] of [
      [path, JSON.stringify(path)],
      [handle, `${handle}n`],
      [5, '5'],
      [undefined, 'undefined'],
      [null, 'null'],
    ]) {
      for (const [argument, source, destination] of [
        ['source', file, open],
        ['destination', open, file],
      ]) {
        const copying = copyRangeWith(kernel, source as typeof open, destination as typeof open, {
          length: 0,
        });
        const message = `${argument} is ${shown}; it must be an OffloadFile, as openFile returns it.`;
        expect(await failureOf(copying)).toMatchObject({ issues: [{ path: argument, message }] });
      }
    }
    for (const file of [closed, foreign]) {
      for (const [source, destination] of [
        [file, open],
        [open, file],
      ]) {
        const copying = copyRangeWith(kernel, source as typeof open, destination as typeof open, {
          length: 0,
        });
        expect(await failureOf(copying)).toMatchObject({
          code: 'ERR_ODX_INVALID_ARGUMENT',
          issues: [{ path: 'file' }],
        });
      }
    }
    await open.close();
    await foreign.close();
  });

  test('a destination without write access, which stays as it was', async () => {
    const { error, before, after } = await copy({ length: 1024 }, { flags: 'r' });
    expect(error).toMatchObject({ code: 'ERROR_ACCESS_DENIED' });
    expectBytes(after, before);
  });
});

describe('copyRange to a device', () => {
  const deviceKernel = (supported: boolean): Kernel =>
    withInfo(createEmulator({ supported }), 'destination', { isDevice: true });

  test.each([true, false])(
    'keeps what follows the range in the last sector, where offload is supported: %s',
    async (supported) => {
      const source = noise(10_001);
      const options = { destinationOffset: 4096, length: 10_001, verify: true };
      const { report, before, after } = await copy(options, { kernel: deviceKernel(supported), source });
      expect(report?.bufferedBytes).toBe(BigInt(supported ? 10_001 - 9728 : 10_001));
      expectBytes(after, before.subarray(0, 4096), source, before.subarray(4096 + 10_001));
    },
  );

  test.each([0, 100])(
    'rejects, and does not write zeros over what follows the range, if the device returns %i bytes of its last sector',
    async (held) => {
      const whole = deviceKernel(true);
      const { read } = filesOf(whole);
      const kernel = withFiles(whole, {
        // Only the device is read in whole sectors.
        read: async (handle, into, ...rest) => (into.length === SECTOR ? held : read(handle, into, ...rest)),
      });
      const { error, before, after } = await copy({ length: 1000 }, { kernel, source: noise(1000) });
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error).toMatchObject({ syscall: 'ReadFile', offset: BigInt(512 + held) });
      expectBytes(after.subarray(1000), before.subarray(1000));
    },
  );

  test('refuses a range that ends beyond the device', async () => {
    const options = { destinationOffset: SIZE - 512, length: 1024 };
    const { error, before, after } = await copy(options, { kernel: deviceKernel(true) });
    const message = `destinationOffset is ${SIZE - 512}, which with length 1024 ends beyond the ${SIZE} bytes of the device; use a smaller offset or length.`;
    expect(error).toMatchObject({ issues: [{ path: 'destinationOffset', message }] });
    expectBytes(after, before);
  });

  test('takes a range that ends with the device', async () => {
    const options = { destinationOffset: SIZE - 512, length: 512 };
    const { source, before, after } = await copy(options, { kernel: deviceKernel(true) });
    expectBytes(after, before.subarray(0, SIZE - 512), source.subarray(0, 512));
  });
});

test('copies to different ranges of a new file at the same time', async () => {
  const kernel = createEmulator({ maximumTransferSize: 16 * KIB });
  const paths = Array.from({ length: 8 }, () => workspace.file(SIZE - 512));
  const sources = await Promise.all(paths.map((path) => openFileWith(kernel, path, 'r')));
  const path = workspace.path();
  const destinations = [await openFileWith(kernel, path, 'w'), await openFileWith(kernel, path, 'r+')];
  await Promise.all(
    sources.map((source, index) =>
      copyRangeWith(kernel, source, destinations[index % 2] ?? source, {
        destinationOffset: index * SIZE,
        length: SIZE - 512,
      }),
    ),
  );
  for (const file of [...sources, ...destinations]) await file.close();
  const gap = Buffer.alloc(512);
  const parts = paths.flatMap((source) => [readFileSync(source), gap]);
  expectBytes(readFileSync(path), ...parts.slice(0, -1));
});

test('extends a file for one copy after the other, whatever its names are', async () => {
  const emulator = createEmulator();
  let start = (): void => {};
  let inside = 0;
  let most = 0;
  let resized = 0;
  const kernel = withFiles(emulator, {
    async setSize(handle, size) {
      most = Math.max(most, ++inside);
      // The last copy comes when the first has made way for the second, which has not finished.
      if (++resized === 2) start();
      for (let turn = 0; turn < 20; turn++) await nextTurn();
      await emulator.files.setSize(handle, size);
      inside--;
    },
  });
  const path = workspace.path();
  const source = await openFileWith(kernel, workspace.file(512), 'r');
  const first = await openFileWith(kernel, path, 'w');
  linkSync(path, `${path}.link`);
  const second = await openFileWith(kernel, `${path}.link`, 'r+');
  const copies = await new Promise<Promise<unknown>[]>((resolve) => {
    const begun = [
      copyRangeWith(kernel, source, first, { destinationOffset: 0, length: 512 }),
      copyRangeWith(kernel, source, second, { destinationOffset: 1024, length: 512 }),
    ];
    start = () =>
      resolve([...begun, copyRangeWith(kernel, source, first, { destinationOffset: 2048, length: 512 })]);
  });
  await Promise.all(copies);
  expect({ resized, most }).toEqual({ resized: 3, most: 1 });
  expect(statSync(path).size).toBe(2560);
  // Otherwise a program that copies to many files would remember all of them.
  const { identity = '' } = await emulator.files.info(first.handle, path);
  expect(identity).not.toBe('');
  expect(extensions.has(identity)).toBe(false);
  for (const file of [source, first, second]) await file.close();
});
