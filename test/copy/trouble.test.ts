import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type CopyFileOptions, copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { AbortError, InvalidArgumentError, ProtocolError } from '../../src/errors.ts';
import { type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { withFacts, withMethods } from './strange-kernel.ts';
import {
  expectHonest,
  expectNothing,
  expectSame,
  failureOf,
  noise,
  Workspace,
  watched,
} from './workspace.ts';

const SIZE = 2_500_000;
const DISK_FULL = 112;
const workspace = new Workspace();

const refusing = async (): Promise<never> => {
  throw new KernelFailure(DISK_FULL);
};

const emulators: [string, () => Kernel][] = [
  ['offloaded', () => createEmulator({ maximumTransferSize: 1_048_576 })],
  ['ordinary', () => createEmulator({ supported: false })],
];

describe.each(emulators)('an %s copy', (kind, emulatorOf) => {
  const steps: [string, keyof Kernel, string][] = [
    ['sized', 'setSize', 'SetFileInformationByHandle'],
    ['given its times', 'copyMetadata', 'SetFileInformationByHandle'],
    ...(kind === 'ordinary'
      ? ([
          ['read', 'read', 'ReadFile'],
          ['written', 'write', 'WriteFile'],
        ] as [string, keyof Kernel, string][])
      : []),
  ];

  test.each(steps)('that cannot be %s is removed', async (_, method, syscall) => {
    const source = workspace.file(SIZE);
    const unchanged = watched(source);
    const destination = workspace.path();
    const kernel = withMethods(emulatorOf(), { [method]: refusing });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toMatchObject({ code: 'ERROR_DISK_FULL', errno: DISK_FULL, syscall });
    expectNothing(destination);
    unchanged();
  });

  test('keeps its first failure when nothing can be undone', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const emulator = emulatorOf();
    const kernel = withMethods(emulator, {
      copyMetadata: refusing,
      remove: async () => {
        throw new KernelFailure(5);
      },
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toMatchObject({ errno: DISK_FULL });
    expect(existsSync(destination)).toBe(true);
  });

  test('that could not be removed does not look finished', async () => {
    const destination = workspace.path();
    writeFileSync(destination, noise(SIZE));
    const kernel = withMethods(emulatorOf(), { copyMetadata: refusing, remove: refusing });
    await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    expect(statSync(destination).size).toBe(0);
  });

  test('leaves an existing destination alone when it cannot be sized', async () => {
    const destination = workspace.written(Buffer.from('mine'));
    const unchanged = watched(destination);
    const kernel = withMethods(emulatorOf(), { setSize: refusing });
    await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    unchanged();
  });

  test('is aborted within ordinary calls too', async () => {
    const controller = new AbortController();
    const emulator = emulatorOf();
    const destination = workspace.path();
    let calls = 0;
    const kernel = withMethods(emulator, {
      read: (...args) => {
        if (++calls === 3) controller.abort('stop');
        return emulator.read(...args);
      },
    });
    const options: CopyFileOptions = { signal: controller.signal, verify: true };
    const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination, options));
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({ cause: 'stop' });
    expectNothing(destination);
  });

  test('that is not what it should be fails its verification and is removed', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const emulator = emulatorOf();
    const kernel = withMethods(emulator, {
      async read(handle, into, offset, signal) {
        const count = await emulator.read(handle, into, offset, signal);
        // The only reads of the destination are those of the verification.
        if (handle === opened.get(destination) && offset > 0n) into[100] = 0;
        return count;
      },
      async open(path, request) {
        const handle = await emulator.open(path, request);
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

test('short and slow ordinary reads and writes are gone on from', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  const emulator = createEmulator({ supported: false });
  const kernel = withMethods(emulator, {
    read: (handle, into, offset, signal) =>
      emulator.read(handle, into.subarray(0, Math.ceil(into.length / 3)), offset, signal),
    write: (handle, from, offset, signal) =>
      emulator.write(handle, from.subarray(0, Math.ceil(from.length / 2)), offset, signal),
  });
  expectHonest(await copyFileWith(kernel, source, destination, { verify: true }), SIZE);
  expectSame(destination, source);
});

test('ordinary writes without progress end', async () => {
  const destination = workspace.path();
  const kernel = withMethods(createEmulator({ supported: false }), { write: async () => 0 });
  const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
  expect(failure).toBeInstanceOf(ProtocolError);
  expectNothing(destination);
});

describe('sectors of different sizes', () => {
  test.each(['source', 'destination'])('the larger one counts, at the %s', async (name) => {
    for (const size of [1, 4095, 4097, 150_001]) {
      const source = workspace.file(size, 'source');
      const destination = workspace.path('destination');
      const emulator = createEmulator({ maximumTransferSize: 65_536 + 512, maximumWriteSize: 16_384 + 512 });
      const kernel = withFacts(emulator, name, { sectorSize: 4096 });
      const report = await copyFileWith(kernel, source, destination, { minimumSize: 0 });
      expectHonest(report, size);
      expectSame(destination, source);
      // The token covers less of the last large sector than has to be written, which this array refuses.
      const isCovered = Math.ceil(size / 512) * 512 === Math.ceil(size / 4096) * 4096;
      const at = isCovered ? undefined : BigInt(Math.floor(size / 4096) * 4096);
      expect(report.fallback?.at).toBe(at);
      for (const { code, input } of emulator.calls) {
        if (code === 0x2d1400) continue;
        const view = new DataView(input.buffer, input.byteOffset);
        expect(view.getBigUint64(16, true) % 4096n).toBe(0n);
        if (code === 0x94264) expect(view.getBigUint64(24, true) % 4096n).toBe(0n);
      }
    }
  });

  test('a token that covers less than the larger one is no progress', async () => {
    const source = workspace.file(100_000, 'source');
    const kernel = withFacts(createEmulator({ maximumTransferSize: 512 }), 'destination', {
      sectorSize: 4096,
    });
    const destination = workspace.path('destination');
    const report = await copyFileWith(kernel, source, destination, { minimumSize: 0 });
    expect(report.fallback?.reason).toBeInstanceOf(ProtocolError);
    expectSame(destination, source);
  });
});

describe('a device', () => {
  const disk = (size: number) => workspace.written(noise(size), 'disk');
  const kernelOf = (supported: boolean) =>
    withFacts(createEmulator({ supported }), 'disk', { isDevice: true });

  test.each([true, false])('is neither resized nor removed (offload %s)', async (supported) => {
    const destination = disk(1_000_448);
    const before = readFileSync(destination);
    const source = workspace.file(500_001);
    await copyFileWith(kernelOf(supported), source, destination, { verify: true });
    const after = readFileSync(destination);
    expect(after.length).toBe(before.length);
    expect(after.subarray(0, 500_001).equals(readFileSync(source))).toBe(true);
    expect(after.subarray(500_224).equals(before.subarray(500_224))).toBe(true);

    const options = { signal: AbortSignal.timeout(1), verify: true };
    const failure = await failureOf(copyFileWith(kernelOf(supported), source, destination, options));
    expect(failure).toMatchObject({ code: 'ABORT_ERR' });
    expect(statSync(destination).size).toBe(1_000_448);
  });

  test('that is smaller than the source is refused', async () => {
    const destination = disk(4096);
    const unchanged = watched(destination);
    const failure = await failureOf(copyFileWith(kernelOf(true), workspace.file(5000), destination));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    unchanged();
  });
});

const canCount = existsSync('/proc/self/fd');

test.skipIf(!canCount)(
  `nothing stays open${canCount ? '' : ' (skipped: no /proc/self/fd to count in)'}`,
  async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
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
