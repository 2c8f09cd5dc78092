import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { copiesWholeFiles, SIZES } from './any-kernel.ts';
import { expectHonest, expectSame, noise, onWindows, Workspace } from './workspace.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const workspace = new Workspace();

describe.each([512, 4096])('with sectors of %i bytes', (sectorSize) => {
  const pieces = { sectorSize, maximumTransferSize: 256 * KIB, maximumWriteSize: 64 * KIB };

  describe('where nothing offloads', () => {
    copiesWholeFiles(workspace, () => createEmulator({ sectorSize, supported: false }));
  });

  describe('in one piece', () => {
    copiesWholeFiles(workspace, () => createEmulator({ sectorSize }));
  });

  describe('in many pieces', () => {
    copiesWholeFiles(workspace, () => createEmulator(pieces));
  });

  test.each(SIZES)('offloads all of %i bytes where that is required', async (size) => {
    const source = workspace.file(size);
    const destination = workspace.path();
    const report = await copyFileWith(createEmulator(pieces), source, destination, { mode: 'require' });
    expectHonest(report, size);
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
    expectHonest(report, size);
    expect(report).toMatchObject({ offloadedBytes: BigInt(size), reads: 5, writes: 17 });
    expectSame(destination, source);
  });

  test.skipIf(onWindows)(
    'copies a hole of 20 GiB in seconds, and writes nothing [needs a host that tells holes]',
    async () => {
      const source = workspace.hole(20 * GIB);
      const destination = workspace.path();
      const report = await copyFileWith(createEmulator({ sectorSize }), source, destination);
      expectHonest(report, 20 * GIB);
      expect(report).toMatchObject({ zeroedBytes: BigInt(20 * GIB), writes: 0 });
      expect(statSync(destination)).toMatchObject({ size: 20 * GIB, blocks: 0 });
    },
  );

  test.skipIf(onWindows)(
    'copies data and the hole of 20 GiB after it by tokens of 64 MiB [needs a host that tells holes]',
    async () => {
      const source = workspace.hole(20 * GIB + 5);
      const kernel = createEmulator({ sectorSize, maximumTransferSize: 64 * MIB });
      const fd = openSync(source, 'r+');
      writeSync(fd, noise(MIB));
      closeSync(fd);
      const destination = workspace.path();
      const report = await copyFileWith(kernel, source, destination);
      expectHonest(report, 20 * GIB + 5);
      expect(report.bufferedBytes).toBe(0n);
      expect(statSync(destination).size).toBe(20 * GIB + 5);
      expect(statSync(destination).blocks * 512).toBeLessThan(GIB);
    },
  );
});
