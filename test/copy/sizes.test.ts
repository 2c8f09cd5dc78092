import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { expectConsistent, expectSame, noise, onWindows, Workspace, watched } from './kit.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const workspace = new Workspace();

const SIZES: readonly number[] = [0, 1, 511, 512, 513, 4095, 4096, 4097, 65_536, 262_143, 262_144, 1_048_577];

/** Holds for any kernel, whether it can offload or not. */
function copiesWholeFiles(kernelOf: () => Kernel): void {
  test.each(SIZES)('copies %i bytes to a new file', async (size) => {
    const source = workspace.file(size);
    const unchanged = watched(source);
    const destination = workspace.path();
    const report = await copyFileWith(kernelOf(), source, destination, { verify: true });
    expectConsistent(report, size);
    expectSame(destination, source);
    expect(statSync(destination).mtimeMs).toBe(statSync(source).mtimeMs);
    unchanged();
  });

  test.each([
    [0, 5000],
    [1, 1_048_577],
    [4097, 0],
    [5000, 5000],
    [300_000, 299_000],
    [300_001, 1_048_576],
    [1_048_577, 300_000],
  ])('copies %i bytes over a file of %i', async (size, before) => {
    const source = workspace.file(size);
    const destination = workspace.path();
    writeFileSync(destination, noise(before));
    const report = await copyFileWith(kernelOf(), source, destination, { verify: true });
    expectConsistent(report, size);
    expectSame(destination, source);
  });

  test('copies a hole over data', async () => {
    const source = workspace.hole(600_000);
    const destination = workspace.path();
    writeFileSync(destination, noise(500_000));
    expectConsistent(await copyFileWith(kernelOf(), source, destination), 600_000);
    expectSame(destination, source);
  });
}

describe.each([512, 4096])('copyFile, with sectors of %i bytes', (sectorSize) => {
  const limits = { sectorSize, maximumTransferSize: 256 * KIB, maximumWriteSize: 64 * KIB };

  describe('without support for offload', () => {
    copiesWholeFiles(() => createEmulator({ sectorSize, supported: false }));
  });

  describe('with one token per file', () => {
    copiesWholeFiles(() => createEmulator({ sectorSize }));
  });

  describe('with many tokens per file', () => {
    copiesWholeFiles(() => createEmulator(limits));
  });

  test.each(SIZES)('offloads all of %i bytes with mode require', async (size) => {
    const source = workspace.file(size);
    const destination = workspace.path();
    const report = await copyFileWith(createEmulator(limits), source, destination, { mode: 'require' });
    expectConsistent(report, size);
    expect(report.offloadedBytes).toBe(BigInt(size));
    expect(report.reads).toBe(Math.ceil(size / (256 * KIB)));
    expectSame(destination, source);
  });

  test('copies 64 MiB and 777 bytes', async () => {
    const size = 64 * MIB + 777;
    const source = workspace.file(size);
    const destination = workspace.path();
    const kernel = createEmulator({ sectorSize, maximumTransferSize: 16 * MIB, maximumWriteSize: 4 * MIB });
    const report = await copyFileWith(kernel, source, destination, { verify: true });
    expectConsistent(report, size);
    expect(report).toMatchObject({ offloadedBytes: BigInt(size), reads: 5, writes: 17 });
    expectSame(destination, source);
  });

  test.skipIf(onWindows)(
    'copies a hole of 20 GiB in seconds, and writes nothing [needs a host that reports holes]',
    async () => {
      const source = workspace.hole(20 * GIB);
      const destination = workspace.path();
      const report = await copyFileWith(createEmulator({ sectorSize }), source, destination);
      expectConsistent(report, 20 * GIB);
      expect(report).toMatchObject({ zeroedBytes: BigInt(20 * GIB), writes: 0 });
      expect(statSync(destination)).toMatchObject({ size: 20 * GIB, blocks: 0 });
    },
  );

  test.skipIf(onWindows)(
    'copies data and the hole of 5 GiB after it by tokens of 64 MiB [needs a host that reports holes]',
    async () => {
      const source = workspace.hole(5 * GIB + 5);
      const kernel = createEmulator({ sectorSize, maximumTransferSize: 64 * MIB });
      const fd = openSync(source, 'r+');
      writeSync(fd, noise(MIB));
      closeSync(fd);
      const destination = workspace.path();
      const report = await copyFileWith(kernel, source, destination);
      expectConsistent(report, 5 * GIB + 5);
      expect(report.bufferedBytes).toBe(0n);
      expect(statSync(destination).size).toBe(5 * GIB + 5);
      expect(statSync(destination).blocks * 512).toBeLessThan(GIB);
    },
  );
});
