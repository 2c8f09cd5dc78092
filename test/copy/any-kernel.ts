import { statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { expectHonest, expectSame, noise, type Workspace, watched } from './workspace.ts';

export const SIZES: readonly number[] = [
  0, 1, 511, 512, 513, 4095, 4096, 4097, 65_536, 262_143, 262_144, 1_048_577,
];

/** What must hold of any kernel, whether it can offload or not. */
export function copiesWholeFiles(workspace: Workspace, kernelOf: () => Kernel): void {
  test.each(SIZES)('copies %i bytes to a new file', async (size) => {
    const source = workspace.file(size);
    const unchanged = watched(source);
    const destination = workspace.path();
    const report = await copyFileWith(kernelOf(), source, destination, { verify: true });
    expectHonest(report, size);
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
    expectHonest(report, size);
    expectSame(destination, source);
  });

  test('copies a hole over data', async () => {
    const source = workspace.hole(600_000);
    const destination = workspace.path();
    writeFileSync(destination, noise(500_000));
    expectHonest(await copyFileWith(kernelOf(), source, destination), 600_000);
    expectSame(destination, source);
  });
}
