import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import type { CopyFileOptions } from '../../src/copy/options.ts';
import {
  type CopyProgress,
  emptyTally,
  ProgressReporter,
  reportOf,
  type Tally,
} from '../../src/copy/progress.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { Win32Error } from '../../src/errors.ts';
import { FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import {
  expectConsistent,
  expectNothing,
  expectSame,
  failureOf,
  stopsInTheMiddle,
  Workspace,
  watched,
  withFiles,
  withInfo,
} from './kit.ts';

const KIB = 1024;
const SIZE = 2_000_001;
const MINE = new Error('mine');
const workspace = new Workspace();

/** Copies a file and records the progress, and the milliseconds that it all took. */
async function recordProgress(options: CopyFileOptions, latency: number, supported = true) {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  const kernel = createEmulator({ latency, supported, maximumTransferSize: 64 * KIB });
  const progress: CopyProgress[] = [];
  const onProgress = (step: CopyProgress): void => {
    progress.push(step);
  };
  const startedAt = performance.now();
  const report = await copyFileWith(kernel, source, destination, { ...options, onProgress });
  return { progress, elapsed: performance.now() - startedAt, report, source, destination };
}

describe('onProgress', () => {
  test.each([{}, { verify: true }, { mode: 'require' } as const])(
    'reports consistent counts at most twenty times a second with the options %o',
    async (options) => {
      const { progress, elapsed, report, source, destination } = await recordProgress(options, 15);
      expect(progress.length).toBeGreaterThan(3);
      for (const [index, step] of progress.entries()) {
        expect(step).toMatchObject({ source, destination, totalBytes: BigInt(SIZE) });
        const { offloadedBytes, zeroedBytes, bufferedBytes, systemBytes } = step;
        expect(offloadedBytes + zeroedBytes + bufferedBytes + systemBytes).toBe(step.bytesDone);
        expect(step.percent).toBe(Math.floor((Number(step.bytesDone) * 100) / SIZE));
        expect(step.bytesPerSecond).toBeGreaterThanOrEqual(0);
        const before = progress[index - 1];
        if (before !== undefined) expect(step.bytesDone).toBeGreaterThanOrEqual(before.bytesDone);
      }
      // The first and the last call may be made at any time. Timers are up to a millisecond early.
      expect(progress.length - 2).toBeLessThanOrEqual(elapsed / 49);
      expect(progress[0]).toMatchObject({ bytesDone: 0n, percent: 0, verifiedBytes: 0n });
      expect(progress.at(-1)).toMatchObject({
        percent: 100,
        bytesDone: report.bytes,
        offloadedBytes: report.offloadedBytes,
        bufferedBytes: report.bufferedBytes,
        verifiedBytes: 'verify' in options ? report.bytes : 0n,
      });
      const isDone = (step: CopyProgress): boolean => step.bytesDone === report.bytes;
      if (!('verify' in options)) expect(progress.filter(isDone)).toHaveLength(1);
    },
  );

  test.each([
    ['offload', {}, true],
    ['system', {}, false],
    ['system', { minimumSize: SIZE + 1 }, true],
    ['verify', { verify: true }, true],
  ] as const)(
    'reports the phase %s with the options %o, where offload is supported: %s',
    async (phase, options, supported) => {
      const { progress } = await recordProgress(options, 0, supported);
      expect(progress.at(-1)).toMatchObject({ phase, bytesDone: BigInt(SIZE) });
    },
  );

  test('reports the phase offload until ordinary writes continue the copy, and then buffered', async () => {
    const phases: string[] = [];
    const onProgress = ({ phase }: CopyProgress): void => {
      phases.push(phase);
    };
    const [source, destination] = [workspace.file(SIZE), workspace.path()];
    const report = await copyFileWith(stopsInTheMiddle(), source, destination, { onProgress });
    expect(report.bufferedBytes).toBeGreaterThan(0n);
    expect([phases[0], phases.at(-1)]).toEqual(['offload', 'buffered']);
  });

  // What is there before: a destination that does not exist, a file of one byte, or a device.
  const beginnings: [string, string, number, CopyFileOptions, 'nothing' | 'file' | 'disk'][] = [
    ['offload', 'a large file', SIZE, {}, 'nothing'],
    ['offload', 'an empty file with mode require', 0, { mode: 'require' }, 'file'],
    ['offload', 'an empty file to a device', 0, {}, 'disk'],
    ['system', 'a small file', 100, {}, 'nothing'],
    ['system', 'a small file over another', 100, {}, 'file'],
    ['system', 'an empty file that is not below minimumSize', 0, { minimumSize: 0 }, 'nothing'],
    ['buffered', 'a small file to a device', 100, {}, 'disk'],
  ];

  test.each(beginnings)('begins in the phase %s for %s', async (phase, _, size, options, before) => {
    const source = workspace.file(size);
    const destination =
      before === 'nothing'
        ? workspace.path()
        : workspace.written(Buffer.alloc(before === 'disk' ? 512 : 1), before);
    const kernel = withInfo(createEmulator(), 'disk', { isDevice: true });
    const progress: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      progress.push(step);
    };
    await copyFileWith(kernel, source, destination, { ...options, onProgress });
    expect(progress[0]).toMatchObject({ source, destination, phase, bytesDone: 0n });
  });

  test('is called at the beginning and at the end of the copy of an empty file, with 100 percent', async () => {
    const progress: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      progress.push(step);
    };
    await copyFileWith(createEmulator(), workspace.file(0), workspace.path(), { onProgress });
    const empty = { bytesDone: 0n, totalBytes: 0n, percent: 100 };
    expect(progress).toMatchObject([empty, empty]);
  });

  test.each([
    [15, true],
    [0, true],
    [0, false],
  ])(
    'rejects the copy with an exception of the first call (latency %i, offload supported: %s)',
    async (latency, supported) => {
      const source = workspace.file(SIZE);
      const destination = workspace.path();
      const kernel = createEmulator({ latency, supported, maximumTransferSize: 64 * KIB });
      const mine = new Error('mine');
      const onProgress = (): never => {
        throw mine;
      };
      expect(await failureOf(copyFileWith(kernel, source, destination, { onProgress }))).toBe(mine);
      expectNothing(destination);
    },
  );

  test('stops the copy at the write after which it throws', async () => {
    const kernel = createEmulator({ latency: 15, maximumTransferSize: 64 * KIB });
    const writes = () => kernel.calls.filter(({ code }) => code === FSCTL_OFFLOAD_WRITE).length;
    let before: number | undefined;
    const onProgress = ({ percent }: CopyProgress): void => {
      if (percent === 0) return;
      before = writes();
      throw MINE;
    };
    const copying = copyFileWith(kernel, workspace.file(SIZE), workspace.path(), { onProgress });
    expect(await failureOf(copying)).toBe(MINE);
    expect(writes()).toBe(before);
  });

  test('leaves an existing destination unchanged if the first call throws', async () => {
    const destination = workspace.written(Buffer.from('old'));
    const unchanged = watched(destination);
    const onProgress = (): never => {
      throw new Error('mine');
    };
    await failureOf(copyFileWith(createEmulator(), workspace.file(0), destination, { onProgress }));
    unchanged();
  });

  test.each([
    [
      'an exception',
      () => {
        throw MINE;
      },
    ],
    ['a rejected promise', () => Promise.reject(MINE)],
  ])('rejects the copy with %s of a call in the middle, and the destination is removed', async (_, fail) => {
    const destination = workspace.path();
    const kernel = createEmulator({ latency: 15, maximumTransferSize: 64 * KIB });
    const onProgress = ({ percent }: CopyProgress): unknown => {
      return percent > 0 && percent < 100 ? fail() : undefined;
    };
    const copying = copyFileWith(kernel, workspace.file(SIZE), destination, { onProgress });
    expect(await failureOf(copying)).toBe(MINE);
    expectNothing(destination);
  });

  test.each([
    [
      'an exception',
      () => {
        throw MINE;
      },
    ],
    ['a rejected promise', () => Promise.reject(MINE)],
    ['an abort', (controller: AbortController) => controller.abort()],
  ])('completes the copy despite %s in the last call, when the destination is closed', async (_, fail) => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const emulator = createEmulator();
    let closed = 0;
    const kernel = withFiles(emulator, {
      async close(handle) {
        await emulator.files.close(handle);
        closed++;
      },
    });
    const controller = new AbortController();
    const closedAtEnd: number[] = [];
    const onProgress = ({ percent }: CopyProgress): unknown => {
      if (percent < 100) return;
      closedAtEnd.push(closed);
      expectSame(destination, source);
      return fail(controller);
    };
    const { signal } = controller;
    const report = await copyFileWith(kernel, source, destination, { onProgress, signal });
    expectConsistent(report, SIZE);
    expectSame(destination, source);
    // The source, which closes last, was still open.
    expect({ closedAtEnd, closed }).toEqual({ closedAtEnd: [1], closed: 2 });
  });

  test('is awaited where it returns promises, also in the last call', async () => {
    let pending = 0;
    const onProgress = async (): Promise<void> => {
      pending++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      pending--;
    };
    await copyFileWith(createEmulator(), workspace.file(SIZE), workspace.path(), { onProgress });
    expect(pending).toBe(0);
  });

  test('stops the copy at its next step with a rejected promise', async () => {
    const destination = workspace.path();
    const kernel = createEmulator({ maximumTransferSize: 64 * KIB });
    const onProgress = ({ percent }: CopyProgress): unknown =>
      percent === 0 ? Promise.reject(MINE) : undefined;
    const copying = copyFileWith(kernel, workspace.file(SIZE), destination, { onProgress });
    expect(await failureOf(copying)).toBe(MINE);
    expect(kernel.calls.filter(({ code }) => code === FSCTL_OFFLOAD_WRITE)).toHaveLength(1);
    expectNothing(destination);
  });

  test('rejects the copy with a promise that is rejected after the last step, but before the destination is closed', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const emulator = createEmulator();
    let reject = (): void => {};
    const promise = new Promise<void>((_, rejectPromise) => {
      reject = () => rejectPromise(MINE);
    });
    let looks = 0;
    const kernel = withFiles(emulator, {
      info: async (handle, path) => {
        // The second look, for changes, is all that follows the last step.
        if (path.endsWith('source') && ++looks === 2) setImmediate(reject);
        return emulator.files.info(handle, path);
      },
    });
    const onProgress = ({ percent }: CopyProgress): unknown => (percent === 0 ? promise : undefined);
    expect(await failureOf(copyFileWith(kernel, source, destination, { onProgress }))).toBe(MINE);
    expect(looks).toBe(2);
    expectNothing(destination);
  });

  test('may throw a Win32Error, which is not mistaken for a refusal of the device', async () => {
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

describe('the reporter of progress', () => {
  /** A reporter for a copy that began at 1000 ms, and a clock to set. */
  function createReporter(counts: Partial<Tally>, totalBytes: bigint) {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000);
    onTestFinished(() => clock.mockRestore());
    const tally = { ...emptyTally(), ...counts };
    const steps: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      steps.push(step);
    };
    const names = { source: 'from', destination: 'to' };
    return {
      reporter: new ProgressReporter(names, totalBytes, tally, onProgress, 1000),
      tally,
      clock,
      steps,
    };
  }

  const counts = { offloadedBytes: 1000n, zeroedBytes: 200n, bufferedBytes: 30n, systemBytes: 4n };

  test.each([
    [1000, 0],
    [1500, 2468],
    [3000, 617],
  ])(
    'adds up the counts of all kinds, and reports at %i ms an average of %i bytes per second',
    (now, speed) => {
      const { reporter, clock, steps } = createReporter(counts, 10_000n);
      clock.mockReturnValue(now);
      reporter.begin();
      expect(steps).toMatchObject([
        {
          ...counts,
          source: 'from',
          destination: 'to',
          bytesDone: 1234n,
          percent: 12,
          bytesPerSecond: speed,
        },
      ]);
    },
  );

  test('reports a step if 50 ms have passed since the last report', () => {
    const { reporter, clock, steps } = createReporter(counts, 10_000n);
    const lengths: number[] = [];
    for (const now of [1000, 1049, 1050, 1099, 1100, 1300]) {
      clock.mockReturnValue(now);
      if (now === 1000) reporter.begin();
      else reporter.tick();
      lengths.push(steps.length);
    }
    expect(lengths).toEqual([1, 1, 2, 2, 3, 4]);
  });

  test('leaves the completion of the copy, or of its verification, to the last report', async () => {
    const { reporter, tally, clock, steps } = createReporter(counts, 1234n);
    reporter.phase = 'buffered';
    clock.mockReturnValue(2000);
    reporter.tick();
    expect(steps).toEqual([]);
    reporter.phase = 'verify';
    reporter.tick();
    clock.mockReturnValue(3000);
    tally.verifiedBytes = 1233n;
    reporter.tick();
    clock.mockReturnValue(4000);
    tally.verifiedBytes = 1234n;
    reporter.tick();
    expect(steps.map(({ phase, verifiedBytes }) => [phase, verifiedBytes])).toEqual([
      ['verify', 0n],
      ['verify', 1233n],
    ]);
    await reporter.end();
    expect(steps.at(-1)).toMatchObject({ phase: 'verify', verifiedBytes: 1234n, percent: 100 });
  });
});

describe('reports', () => {
  test('contain the duration in whole milliseconds, rounded up', () => {
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1234.25);
    onTestFinished(() => clock.mockRestore());
    expect(reportOf(0n, emptyTally(), 1000, undefined).elapsedMs).toBe(235);
  });

  test('survive JSON.stringify, with bigints as decimal strings', async () => {
    const source = workspace.file(SIZE);
    const progress: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      progress.push(step);
    };
    const report = await copyFileWith(createEmulator(), source, workspace.path(), { onProgress });
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      bytes: `${SIZE}`,
      offloadedBytes: `${SIZE}`,
      zeroedBytes: '0',
      bufferedBytes: '0',
      systemBytes: '0',
      reads: 1,
      writes: 1,
      elapsedMs: report.elapsedMs,
    });
    expect(Number.isInteger(report.elapsedMs)).toBe(true);
    expect(JSON.parse(JSON.stringify(progress.at(-1)))).toMatchObject({ source, totalBytes: `${SIZE}` });
    expect(Object.keys(report)).not.toContain('toJSON');
  });

  test('of a fallback survive JSON.stringify, with the reason', async () => {
    const kernel = createEmulator({ supported: false });
    const report = await copyFileWith(kernel, workspace.file(SIZE), workspace.path());
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      fallback: { at: '0', reason: { name: 'Win32Error', code: 'ERROR_NOT_SUPPORTED', offset: '0' } },
    });
    expect(JSON.parse(JSON.stringify(report.fallback))).toMatchObject({ at: '0' });
  });
});
