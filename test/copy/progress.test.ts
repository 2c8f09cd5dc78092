import { describe, expect, test } from 'vitest';
import { type CopyFileOptions, type CopyProgress, copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { Win32Error } from '../../src/errors.ts';
import { expectNothing, failureOf, Workspace } from './workspace.ts';

const KIB = 1024;
const SIZE = 2_000_001;
const workspace = new Workspace();

async function told(options: CopyFileOptions, latency: number, supported = true) {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  const kernel = createEmulator({ latency, supported, maximumTransferSize: 64 * KIB });
  const progress: CopyProgress[] = [];
  const moments: number[] = [];
  const onProgress = (step: CopyProgress): void => {
    progress.push(step);
    moments.push(performance.now());
  };
  const report = await copyFileWith(kernel, source, destination, { ...options, onProgress });
  return { progress, moments, report, source, destination };
}

describe('onProgress', () => {
  test.each([{}, { verify: true }, { mode: 'require' } as const])('is honest with %o', async (options) => {
    const { progress, moments, report, source, destination } = await told(options, 15);
    expect(progress.length).toBeGreaterThan(3);
    for (const [index, step] of progress.entries()) {
      expect(step).toMatchObject({ source, destination, totalBytes: BigInt(SIZE) });
      expect(step.offloadedBytes + step.zeroedBytes + step.bufferedBytes).toBe(step.bytesDone);
      expect(step.bytesPerSecond).toBeGreaterThanOrEqual(0);
      const before = progress[index - 1];
      if (before !== undefined) expect(step.bytesDone).toBeGreaterThanOrEqual(before.bytesDone);
      const moment = moments[index] ?? 0;
      // The one at the end may come at any time.
      if (index > 0 && index < progress.length - 1) {
        expect(moment - (moments[index - 1] ?? 0)).toBeGreaterThan(45);
      }
    }
    expect(progress.at(-1)).toMatchObject({
      bytesDone: report.bytes,
      offloadedBytes: report.offloadedBytes,
      bufferedBytes: report.bufferedBytes,
      verifiedBytes: 'verify' in options ? report.bytes : 0n,
    });
    const isDone = (step: CopyProgress): boolean => step.bytesDone === report.bytes;
    if (!('verify' in options)) expect(progress.filter(isDone)).toHaveLength(1);
  });

  test.each([
    ['offload', {}, true],
    ['buffered', {}, false],
    ['buffered', { minimumSize: SIZE + 1 }, true],
    ['verify', { verify: true }, true],
  ] as const)('names the phase %s', async (phase, options, supported) => {
    const { progress } = await told(options, 0, supported);
    expect(progress.at(-1)).toMatchObject({ phase, bytesDone: BigInt(SIZE) });
  });

  test('is called once for an empty file', async () => {
    const progress: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      progress.push(step);
    };
    await copyFileWith(createEmulator(), workspace.file(0), workspace.path(), { onProgress });
    expect(progress).toMatchObject([{ bytesDone: 0n, totalBytes: 0n }]);
  });

  test.each([
    [15, true],
    [0, true],
    [0, false],
  ])('ends the copy with what it throws (latency %i, offload %s)', async (latency, supported) => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const kernel = createEmulator({ latency, supported, maximumTransferSize: 64 * KIB });
    const mine = new Error('mine');
    const onProgress = (): never => {
      throw mine;
    };
    expect(await failureOf(copyFileWith(kernel, source, destination, { onProgress }))).toBe(mine);
    expectNothing(destination);
  });

  test('may throw an error of this package without being taken for a device', async () => {
    const destination = workspace.path();
    const kernel = createEmulator({ latency: 15, maximumTransferSize: 64 * KIB });
    const mine = new Win32Error({ errno: 50 }, { syscall: 'mine' });
    const onProgress = (): never => {
      throw mine;
    };
    const copying = copyFileWith(kernel, workspace.file(SIZE), destination, { onProgress });
    expect(await failureOf(copying)).toBe(mine);
    expectNothing(destination);
  });
});
