import { existsSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import type { CopyFileOptions } from '../../src/copy/options.ts';
import { createEmulator, type Emulator } from '../../src/emulator/index.ts';
import { AbortError, InvalidArgumentError, ProtocolError, type Win32Error } from '../../src/errors.ts';
import { type FileKernel, KernelFailure } from '../../src/kernel/kernel.ts';
import {
  expectConsistent,
  expectNothing,
  expectSame,
  failureOf,
  noise,
  onWindows,
  stopsInTheMiddle,
  Workspace,
  watched,
  withFiles,
  withInfo,
} from './kit.ts';

const SIZE = 2_500_000;
const ACCESS_DENIED = 5;
const DISK_FULL = 112;
const workspace = new Workspace();

const refusing = async (): Promise<never> => {
  throw new KernelFailure(DISK_FULL);
};

const emulators: [string, () => Emulator][] = [
  ['offloaded', () => createEmulator({ maximumTransferSize: 1_048_576 })],
  ['ordinary', stopsInTheMiddle],
];

describe.each(emulators)('an %s copy', (kind, emulatorOf) => {
  const steps: [string, keyof FileKernel, string][] = [
    ['sized', 'setSize', 'SetFileInformationByHandle'],
    ['given its times', 'copyMetadata', 'SetFileInformationByHandle'],
    ...(kind === 'ordinary'
      ? ([
          ['read', 'read', 'ReadFile'],
          ['written', 'write', 'WriteFile'],
        ] as [string, keyof FileKernel, string][])
      : []),
  ];

  test.each(steps)('is removed if a file cannot be %s', async (_, method, syscall) => {
    const source = workspace.file(SIZE);
    const unchanged = watched(source);
    const destination = workspace.path();
    const kernel = withFiles(emulatorOf(), { [method]: refusing });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toMatchObject({ code: 'ERROR_DISK_FULL', errno: DISK_FULL, syscall });
    expectNothing(destination);
    unchanged();
  });

  test('rejects with its first failure if the destination cannot be removed', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const emulator = emulatorOf();
    const kernel = withFiles(emulator, {
      copyMetadata: refusing,
      remove: async () => {
        throw new KernelFailure(5);
      },
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toMatchObject({ errno: DISK_FULL });
    expect(existsSync(destination)).toBe(true);
  });

  test('is emptied if it cannot be removed, so that it does not look finished', async () => {
    const destination = workspace.path();
    writeFileSync(destination, noise(SIZE));
    const kernel = withFiles(emulatorOf(), { copyMetadata: refusing, remove: refusing });
    await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    expect(statSync(destination).size).toBe(0);
  });

  test('leaves an existing destination unchanged if its size cannot be set', async () => {
    const destination = workspace.written(Buffer.from('mine'));
    const unchanged = watched(destination);
    const kernel = withFiles(emulatorOf(), { setSize: refusing });
    await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    unchanged();
  });

  test('is removed if it is aborted during ordinary reads', async () => {
    const controller = new AbortController();
    const emulator = emulatorOf();
    const destination = workspace.path();
    let calls = 0;
    const kernel = withFiles(emulator, {
      read: (...args) => {
        if (++calls === 3) controller.abort('stop');
        return emulator.files.read(...args);
      },
    });
    const options: CopyFileOptions = { signal: controller.signal, verify: true };
    const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination, options));
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({ cause: 'stop' });
    expectNothing(destination);
  });

  test('is removed if its verification finds other bytes', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const emulator = emulatorOf();
    const kernel = withFiles(emulator, {
      async read(handle, into, offset, signal) {
        const count = await emulator.files.read(handle, into, offset, signal);
        // Only the verification reads the destination.
        if (handle === opened.get(destination) && offset > 0n) into[100] = 0;
        return count;
      },
      async open(path, request) {
        const handle = await emulator.files.open(path, request);
        opened.set(path, handle);
        return handle;
      },
    });
    const opened = new Map<string, bigint>();
    const failure = await failureOf(copyFileWith(kernel, source, destination, { verify: true }));
    expect(failure).toBeInstanceOf(ProtocolError);
    expect(failure).toMatchObject({ path: destination, offset: 1_048_676n });
    expectNothing(destination);
  });
});

test('copyFile continues after ordinary reads and writes that are shorter than requested', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  const emulator = stopsInTheMiddle();
  const kernel = withFiles(emulator, {
    read: (handle, into, offset, signal) =>
      emulator.files.read(handle, into.subarray(0, Math.ceil(into.length / 3)), offset, signal),
    write: (handle, from, offset, signal) =>
      emulator.files.write(handle, from.subarray(0, Math.ceil(from.length / 2)), offset, signal),
  });
  expectConsistent(await copyFileWith(kernel, source, destination, { verify: true }), SIZE);
  expectSame(destination, source);
});

test.each([
  [32, 'copied', 2],
  [5, 'ERROR_ACCESS_DENIED', 1],
])(
  'copyFile lets others write to its source only where one does already, so error %i ends in "%s"',
  async (errno, outcome, attempts) => {
    const source = workspace.file(SIZE);
    const emulator = createEmulator();
    const sharing: unknown[] = [];
    const kernel = withFiles(emulator, {
      async open(path, request) {
        if (path === source) sharing.push(request.sharing);
        if (sharing.length === 1) throw new KernelFailure(errno);
        return emulator.files.open(path, request);
      },
    });
    const copying = copyFileWith(kernel, source, workspace.path()).then(
      () => 'copied',
      (error: { code: string }) => error.code,
    );
    expect(await copying).toBe(outcome);
    expect(sharing).toEqual(['read-delete', undefined].slice(0, attempts));
  },
);

test('copyFile rejects if an ordinary write makes no progress', async () => {
  const destination = workspace.path();
  const emulator = stopsInTheMiddle();
  let writes = 0;
  const kernel = withFiles(emulator, {
    // Half of the first block.
    write: async (handle, from, offset, signal) =>
      ++writes === 1 ? emulator.files.write(handle, from.subarray(0, 524_288), offset, signal) : 0,
  });
  const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
  expect(failure).toBeInstanceOf(ProtocolError);
  expect(failure).toMatchObject({
    syscall: 'WriteFile',
    path: destination,
    offset: 1_572_864n,
    message: `WriteFile on '${destination}' at offset 1572864: nothing was written of the 524288 bytes requested.`,
  });
  expectNothing(destination);
});

test.each([
  [1_048_576 + 777, [1024]],
  [2 * 1_048_576 + 777, [1_048_576, 1024]],
  [4 * 1_048_576, [1_048_576, 1_048_576]],
])(
  'copyFile allocates no more than the last 2 blocks of %i bytes need, where offload ends after 1 MiB',
  async (size, expected) => {
    const allocated: number[] = [];
    const kernel = withFiles(stopsInTheMiddle(), {
      allocate: (length) => {
        allocated.push(length);
        return new Uint8Array(length);
      },
    });
    await copyFileWith(kernel, workspace.file(size), workspace.path());
    expect(allocated).toEqual(expected);
  },
);

// Windows refuses such writes with the code of a lack of rights, which is not the cause.
test.each([
  ['a write to a device is denied', 'write', true, ACCESS_DENIED, true],
  ['a write to a device fails otherwise', 'write', true, DISK_FULL, false],
  ['a read of a device is denied', 'read', true, ACCESS_DENIED, false],
  ['a write to a file is denied', 'write', false, ACCESS_DENIED, false],
] as const)(
  'copyFile explains the protection of mounted volumes only where it is the cause: %s',
  async (_, method, isDevice, errno, isExplained) => {
    const source = workspace.file(SIZE, 'source');
    const destination = workspace.written(noise(SIZE + 288), 'destination');
    const files = withFiles(stopsInTheMiddle(), {
      [method]: async () => {
        throw new KernelFailure(errno);
      },
    });
    const kernel = withInfo(files, method === 'read' ? 'source' : 'destination', { isDevice });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toMatchObject({ errno, syscall: method === 'read' ? 'ReadFile' : 'WriteFile' });
    const { message, advice } = failure as Win32Error;
    expect(/Windows protects the sectors of every mounted volume/.test(message)).toBe(isExplained);
    expect(/take it offline first/.test(advice)).toBe(isExplained);
  },
);

test.skipIf(onWindows)(
  'copyFile copies named streams, empty ones too [the emulator takes a stream of Windows for its file]',
  async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const contents = { ':empty': noise(0), ':long': noise(1_500_000) };
    for (const [name, bytes] of Object.entries(contents)) writeFileSync(source + name, bytes);
    // Files of the host stand for them.
    const kernel = withFiles(createEmulator(), { streams: async () => Object.keys(contents) });
    const report = await copyFileWith(kernel, source, destination);
    expect(report).toMatchObject({ offloadedBytes: BigInt(SIZE), bufferedBytes: 0n });
    for (const [name, bytes] of Object.entries(contents)) {
      expect(Buffer.compare(readFileSync(destination + name), bytes)).toBe(0);
    }
  },
);

describe('a copy between sectors of different sizes', () => {
  test.each(['source', 'destination'])(
    'uses multiples of the larger sector where it is that of the %s',
    async (name) => {
      for (const size of [1, 4095, 4097, 150_001]) {
        const source = workspace.file(size, 'source');
        const destination = workspace.path('destination');
        const emulator = createEmulator({
          maximumTransferSize: 65_536 + 512,
          maximumWriteSize: 16_384 + 512,
        });
        const kernel = withInfo(emulator, name, { sectorSize: 4096 });
        const report = await copyFileWith(kernel, source, destination, { minimumSize: 0 });
        expectConsistent(report, size);
        expectSame(destination, source);
        // The token covers less of the last large sector than has to be written, which this array refuses.
        const isCovered = Math.ceil(size / 512) * 512 === Math.ceil(size / 4096) * 4096;
        const at = isCovered ? undefined : BigInt(Math.floor(size / 4096) * 4096);
        expect(report.fallback?.at).toBe(at);
        // A short reply for the last sector of the source is no reason to query the limit of the device.
        const queries = emulator.calls.filter(({ code }) => code === 0x2d1400);
        expect(queries).toHaveLength(size > 4096 ? 1 : 0);
        for (const { code, input } of emulator.calls) {
          if (code === 0x2d1400) continue;
          const view = new DataView(input.buffer, input.byteOffset);
          expect(view.getBigUint64(16, true) % 4096n).toBe(0n);
          if (code === 0x94264) expect(view.getBigUint64(24, true) % 4096n).toBe(0n);
        }
      }
    },
  );

  test('falls back if a token covers less than the larger sector', async () => {
    const source = workspace.file(100_000, 'source');
    const kernel = withInfo(createEmulator({ maximumTransferSize: 512 }), 'destination', {
      sectorSize: 4096,
    });
    const destination = workspace.path('destination');
    const report = await copyFileWith(kernel, source, destination, { minimumSize: 0 });
    expect(report.fallback?.reason).toBeInstanceOf(ProtocolError);
    expectSame(destination, source);
  });

  test('falls back if a write is shorter than the larger sector', async () => {
    const source = workspace.file(98_304, 'source');
    const emulator = createEmulator({
      maximumWriteSize: 512,
      intercept: ({ index }) => {
        if (index > 1) throw new Error('the write was repeated');
      },
    });
    const kernel = withInfo(emulator, 'destination', { sectorSize: 4096 });
    const destination = workspace.path('destination');
    const report = await copyFileWith(kernel, source, destination, { minimumSize: 0 });
    expect(report).toMatchObject({ offloadedBytes: 0n, writes: 1 });
    expect(report.fallback?.reason).toBeInstanceOf(ProtocolError);
    expect(report.fallback).toMatchObject({
      at: 0n,
      reason: {
        syscall: 'FSCTL_OFFLOAD_WRITE',
        path: destination,
        offset: 0n,
        message: `FSCTL_OFFLOAD_WRITE on '${destination}' at offset 0: 512 bytes were written, which is less than one sector.`,
      },
    });
    expectSame(destination, source);
  });
});

describe('a device as destination', () => {
  const disk = (size: number) => workspace.written(noise(size), 'disk');
  const kernelOf = (supported: boolean) =>
    withInfo(createEmulator({ supported }), 'disk', { isDevice: true });

  test.each([true, false])('is neither resized nor removed (offload supported: %s)', async (supported) => {
    const destination = disk(1_000_448);
    const before = readFileSync(destination);
    const source = workspace.file(500_001);
    await copyFileWith(kernelOf(supported), source, destination, { verify: true });
    const after = readFileSync(destination);
    expect(after.length).toBe(before.length);
    expect(after.subarray(0, 500_001).equals(readFileSync(source))).toBe(true);
    // The rest of the last sector is zeros.
    expect(after.subarray(500_001, 500_224).every((byte) => byte === 0)).toBe(true);
    expect(after.subarray(500_224).equals(before.subarray(500_224))).toBe(true);

    const options = { signal: AbortSignal.timeout(1), verify: true };
    const failure = await failureOf(copyFileWith(kernelOf(supported), source, destination, options));
    expect(failure).toMatchObject({ code: 'ABORT_ERR' });
    expect(statSync(destination).size).toBe(1_000_448);
  });

  test.each([true, false])(
    'takes zeros after the end of the source, to the end of the sector (offload supported: %s)',
    async (supported) => {
      // The third block of ordinary reads is in the memory of the first.
      const size = 2 * 1_048_576 + 777;
      const destination = disk(size + 247 + 512);
      const before = readFileSync(destination);
      const source = workspace.file(size);
      await copyFileWith(kernelOf(supported), source, destination);
      const expected = [readFileSync(source), Buffer.alloc(247), before.subarray(size + 247)];
      expect(Buffer.compare(readFileSync(destination), Buffer.concat(expected))).toBe(0);
    },
  );

  test('is refused if it is smaller than the source', async () => {
    const destination = disk(4096);
    const unchanged = watched(destination);
    const failure = await failureOf(copyFileWith(kernelOf(true), workspace.file(5000), destination));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    unchanged();
  });
});

describe('a device as source', () => {
  // fastfat, read.c: a mounted volume ends a sector before the length that the driver of the disk reports.
  test.each([true, false])(
    'is not reported as modified if it ends before its size (offload supported: %s)',
    async (supported) => {
      const size = 1_000_448;
      const source = workspace.written(noise(size), 'volume');
      const destination = workspace.path();
      const short = createEmulator({ supported, intercept: () => ({ status: 0xc000_0010 }) });
      const kernel = withInfo(short, 'volume', { isDevice: true, size: BigInt(size + 512) });
      const failure = await failureOf(copyFileWith(kernel, source, destination));
      expect(failure).toBeInstanceOf(ProtocolError);
      expect(failure).toMatchObject({ path: source, offset: BigInt(size), syscall: 'ReadFile' });
      expect((failure as Error).message).toMatch(
        /the device ends here, but it reported a size of 1000960 bytes/,
      );
      expectNothing(destination);
    },
  );
});

// Not where the folder merely exists: under Wine it is that of the wineserver, and opening its files ends its lock.
const canCount = process.platform === 'linux';

function isOpenIn(folder: string, link: string): boolean {
  try {
    return readlinkSync(link).startsWith(folder);
  } catch {
    // Closed since the folder was read.
    return false;
  }
}

test.skipIf(!canCount)(
  `copyFile leaves no file open, whether it succeeds, fails or is aborted${canCount ? '' : ' (skipped: needs /proc/self/fd)'}`,
  async () => {
    // Other test files run in the same process, so only the files of this one are counted.
    const open = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => isOpenIn(workspace.root, `/proc/self/fd/${fd}`)).length;
    const source = workspace.file(500_000);
    const kernel = createEmulator({ maximumTransferSize: 65_536 });
    await copyFileWith(kernel, source, workspace.path());
    const before = open();
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const copies = [
        copyFileWith(kernel, source, workspace.path()),
        copyFileWith(kernel, source, source),
        copyFileWith(kernel, source, workspace.root),
        copyFileWith(kernel, source, workspace.path(), { signal: controller.signal }),
      ];
      setImmediate(() => controller.abort());
      await Promise.allSettled(copies);
    }
    expect(open()).toBe(before);
  },
);
