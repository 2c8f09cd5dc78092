import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EmulatorOptions, InterceptedCall } from '../../src/emulator/index.ts';
import { AbortError, InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { filesOf, type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { ScratchFiles } from '../../src/probe/scratch-files.ts';
import { TrialProgressReporter } from '../../src/probe/trial-progress.ts';
import {
  type TrialProgress,
  type TrialReport,
  type TryOffloadOptions,
  tryOffloadWith,
} from '../../src/probe/try-offload.ts';
import { FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { withFiles } from '../copy/kit.ts';
import { answering } from './replies.ts';
import { failureOf, workspace } from './workspace.ts';

const SIZE = 65_536;
const STEPS = [
  'whole-file',
  'ordinary-copy',
  'range',
  'zeros',
  'unaligned-tail',
  'invalid-token',
  'expired-token',
];

/** A folder with a file of the user's, which must stay as it is. */
function trial(options?: EmulatorOptions) {
  const { emulator, path } = workspace(options);
  const folder = path('');
  writeFileSync(path('data.vhdx'), 'precious');
  return {
    emulator,
    folder,
    run: (given?: TryOffloadOptions, kernel: Kernel = emulator): Promise<TrialReport> =>
      tryOffloadWith(kernel, folder, { size: SIZE, ...given }),
    expectUnchanged(): void {
      expect(readdirSync(folder)).toEqual(['data.vhdx']);
      expect(readFileSync(path('data.vhdx'), 'utf8')).toBe('precious');
    },
  };
}

const outcomes = ({ steps }: TrialReport): Record<string, string> =>
  Object.fromEntries(steps.map(({ name, outcome }) => [name, outcome]));
const stepOf = ({ steps }: TrialReport, name: string) => steps.find((step) => step.name === name);

/** Fails the control codes for which `when` is true. */
function failing(status: number, when: (call: InterceptedCall) => boolean): EmulatorOptions {
  return { intercept: (call) => (when(call) ? { status } : undefined) };
}

const isWrite = ({ code }: InterceptedCall): boolean => code === FSCTL_OFFLOAD_WRITE;
const isRead = ({ code }: InterceptedCall): boolean => code === FSCTL_OFFLOAD_READ;
const isZeroWrite = (call: InterceptedCall): boolean =>
  isWrite(call) && Buffer.from(call.input).readUInt32BE(32) === 0xffff_0001;

describe('tryOffload on storage that offloads', () => {
  test.each<[string, EmulatorOptions]>([
    ['with default limits', {}],
    ['with sectors of 4096 bytes', { sectorSize: 4096 }],
    ['with sectors of 65,536 bytes', { sectorSize: 65_536 }],
    ['with short tokens and short writes', { maximumTransferSize: 9000, maximumWriteSize: 3000 }],
    ['with transfers of one sector', { sectorSize: 4096, maximumTransferSize: 4096, maximumWriteSize: 4096 }],
  ])('passes every step %s', async (_, options) => {
    const { run, expectUnchanged } = trial(options);
    const report = await run();
    expect(report.verdict).toBe('offloads');
    expect(outcomes(report)).toEqual(Object.fromEntries(STEPS.map((name) => [name, 'passed'])));
    expect(stepOf(report, 'whole-file')).toMatchObject({ bytes: report.size });
    expect(stepOf(report, 'invalid-token')).toMatchObject({ status: 'ERROR_INVALID_TOKEN' });
    expect(stepOf(report, 'expired-token')).toMatchObject({ status: 'ERROR_INVALID_TOKEN' });
    expectUnchanged();
  });

  test('writes at an offset within a token, zeros with the zero token and a length rounded up at the end of the file', async () => {
    const { run, emulator } = trial();
    await run();
    const writes = emulator.calls.filter(({ name }) => name === 'FSCTL_OFFLOAD_WRITE');
    const fields = writes.map(({ input }) => {
      const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
      return {
        transferOffset: view.getBigUint64(24, true),
        copyLength: view.getBigUint64(16, true),
        isZero: view.getUint32(32) === 0xffff_0001,
      };
    });
    expect(fields.some(({ transferOffset }) => transferOffset > 0n)).toBe(true);
    expect(fields.some(({ isZero }) => isZero)).toBe(true);
    expect(fields.some(({ copyLength }) => copyLength === BigInt(SIZE + 512))).toBe(true);
  });

  test('passes every step with files that take several ordinary reads and writes', async () => {
    const { run, expectUnchanged } = trial();
    const report = await run({ size: 2_500_096 });
    expect(outcomes(report)).toEqual(Object.fromEntries(STEPS.map((name) => [name, 'passed'])));
    expect(report.size).toBe(2_500_096n);
    expectUnchanged();
  });

  test('copies between two folders and reports both volumes', async () => {
    const source = trial();
    const { folder: destination, expectUnchanged } = trial();
    const { verdict, ...report } = await source.run({ destination });
    expect(verdict).toBe('offloads');
    expect(report.destination).toMatchObject({ fileSystem: 'emulated', sectorSize: 512 });
    source.expectUnchanged();
    expectUnchanged();
  });

  test('needs no fresh token where a token expires after it has done some of its work', async () => {
    let writes = 0;
    const { run } = trial({
      maximumWriteSize: 32_768,
      intercept: (call) => (isWrite(call) && ++writes === 2 ? { status: 0xc000_0465 } : undefined),
    });
    const report = await run();
    expect(report.verdict).toBe('offloads');
    expect(stepOf(report, 'whole-file')).toMatchObject({ reads: 2, writes: 2 });
  });

  test('skips the expired token where the storage keeps tokens longer than requested', async () => {
    const { emulator, run, expectUnchanged } = trial();
    const report = await run({}, withoutTimeToLive(emulator));
    expect(report.verdict).toBe('offloads');
    expect(stepOf(report, 'expired-token')).toMatchObject({
      outcome: 'skipped',
      detail: expect.stringContaining('still valid'),
    });
    expectUnchanged();
  });

  test('skips the expired token where the storage refuses a time to live', async () => {
    const { run } = trial(
      failing(0xc000_000d, (call) => isRead(call) && Buffer.from(call.input).readUInt32LE(8) > 0),
    );
    const report = await run();
    expect(report.verdict).toBe('offloads');
    expect(stepOf(report, 'expired-token')).toMatchObject({
      outcome: 'skipped',
      status: 'ERROR_INVALID_PARAMETER',
    });
  });
});

describe('tryOffload on storage that cannot offload', () => {
  test('is incapable where the file system does not support offload', async () => {
    const { run, expectUnchanged } = trial({ supported: false });
    const report = await run();
    expect(report.verdict).toBe('incapable');
    expect(outcomes(report)).toEqual({
      'whole-file': 'refused',
      'ordinary-copy': 'passed',
      range: 'skipped',
      zeros: 'refused',
      'unaligned-tail': 'skipped',
      'invalid-token': 'skipped',
      'expired-token': 'skipped',
    });
    expect(stepOf(report, 'whole-file')).toMatchObject({
      status: 'ERROR_NOT_SUPPORTED',
      ntstatus: 'STATUS_NOT_SUPPORTED',
      bytes: 0n,
    });
    expect(report.timing).toBeUndefined();
    expect(report.source.reasons).toEqual([expect.stringContaining('ERROR_DEVICE_FEATURE_NOT_SUPPORTED')]);
    expectUnchanged();
  });

  test.each<[string, number, (call: InterceptedCall) => boolean]>([
    ['refuses reads because of a filter', 0xc000_a2a1, isRead],
    ['refuses writes because of a filter', 0xc000_a2a2, isWrite],
    ['cannot reach the destination', 0xc000_0464, isWrite],
    ['does not know the control code', 0xc000_0010, isRead],
    ['refuses zeros alone', 0xc000_00bb, isZeroWrite],
  ])('is incapable where the storage %s', async (_, status, when) => {
    const { run, expectUnchanged } = trial(failing(status, when));
    expect((await run()).verdict).toBe('incapable');
    expectUnchanged();
  });
});

describe('tryOffload on storage that answers wrongly', () => {
  test.each<[string, EmulatorOptions, Record<string, unknown>]>([
    ['tokens are invalid at once', { tokenLifetime: 0 }, { status: 'ERROR_INVALID_TOKEN' }],
    [
      'a read makes no progress',
      { intercept: (call) => (isRead(call) ? { truncate: 0n } : undefined) },
      { status: 'ERR_ODX_PROTOCOL' },
    ],
    [
      'a write makes no progress',
      { intercept: (call) => (isWrite(call) ? { truncate: 0n } : undefined) },
      { status: 'ERR_ODX_PROTOCOL' },
    ],
    [
      'a legal write is an illegal parameter',
      failing(0xc000_000d, isWrite),
      { status: 'ERROR_INVALID_PARAMETER' },
    ],
    ['the device reports an I/O error', failing(0xc000_0185, isWrite), { status: 'ERROR_IO_DEVICE' }],
  ])('is broken where %s', async (_, options, step) => {
    const { run, folder, expectUnchanged } = trial(options);
    const report = await run();
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'whole-file')).toMatchObject({ outcome: 'failed', ...step });
    expect(JSON.stringify(report)).not.toContain(basename(folder));
    expectUnchanged();
  });

  test('is broken where the copy has other bytes, and names the first one', async () => {
    const { emulator, run, expectUnchanged } = trial();
    const report = await run({}, corrupting(emulator, 5000n));
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'whole-file')).toMatchObject({
      outcome: 'failed',
      detail: 'The byte at offset 5000 is wrong.',
    });
    expect(stepOf(report, 'zeros')).toMatchObject({ outcome: 'skipped' });
    expect(report.timing).toBeUndefined();
    expectUnchanged();
  });

  test('is broken where the storage reports writes that it never does', async () => {
    const { emulator, run, expectUnchanged } = trial();
    const lazy: Kernel = {
      ...emulator,
      async control(handle, code, buffers, ...rest) {
        if (code !== FSCTL_OFFLOAD_WRITE) return emulator.control(handle, code, buffers, ...rest);
        return pretendWrite(buffers);
      },
    };
    const report = await run({}, lazy);
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'whole-file')).toMatchObject({ outcome: 'failed', bytes: BigInt(SIZE) });
    expectUnchanged();
  });

  test('is broken where the storage accepts a token of random bytes', async () => {
    const { emulator, run, expectUnchanged } = trial();
    const trusting: Kernel = {
      ...emulator,
      control: (handle, code, buffers, ...rest) =>
        emulator.control(handle, code, buffers, ...rest).catch((error: unknown) => {
          if (code !== FSCTL_OFFLOAD_WRITE) throw error;
          return pretendWrite(buffers);
        }),
    };
    const report = await run({}, trusting);
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'invalid-token')).toMatchObject({
      outcome: 'failed',
      detail: 'A token of random bytes was accepted.',
    });
    expect(stepOf(report, 'expired-token')).toMatchObject({ outcome: 'skipped' });
    expectUnchanged();
  });

  test.each([
    ['makes no progress', { truncate: 0n }, 'failed', 'broken'],
    ['is refused', { status: 0xc000_00bb }, 'refused', 'incapable'],
  ])(
    'judges no later step by a file that was zeroed in part, where a second write of zeros %s',
    async (_, answer, outcome, verdict) => {
      let writes = 0;
      const { run, expectUnchanged } = trial({
        intercept(call) {
          if (!isZeroWrite(call)) return undefined;
          return ++writes === 1 ? { truncate: 1024n } : answer;
        },
      });
      const report = await run();
      expect(report.verdict).toBe(verdict);
      expect(stepOf(report, 'zeros')).toMatchObject({ outcome, bytes: 1024n });
      expect(stepOf(report, 'invalid-token')).toMatchObject({
        outcome: 'skipped',
        detail: 'An earlier step left the scratch file in an unknown state.',
      });
      expectUnchanged();
    },
  );

  test('is broken where a read reports zeros that are data', async () => {
    const { emulator, run } = trial({ maximumTransferSize: 8192 });
    const lying: Kernel = {
      ...emulator,
      async control(handle, code, buffers, ...rest) {
        const returned = await emulator.control(handle, code, buffers, ...rest);
        if (code === FSCTL_OFFLOAD_READ) buffers.outputView.setUint32(4, 1, true);
        return returned;
      },
    };
    const report = await run({}, lying);
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'whole-file')?.detail).toBe(
      'An offload read reports zeros where the file holds data.',
    );
  });

  test('is broken where a write ends within the first sector', async () => {
    const { emulator, run, expectUnchanged } = trial();
    const inexact = answering(emulator, (output, returned) => {
      if (returned === 16) output.setBigUint64(8, 100n, true);
      return returned;
    });
    const report = await run({}, inexact);
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'whole-file')).toMatchObject({
      outcome: 'failed',
      bytes: 0n,
      detail: 'Only 100 bytes were transferred, less than one sector.',
    });
    expectUnchanged();
  });

  test('is broken where an offload write extends the file to a whole sector', async () => {
    const { emulator, run, expectUnchanged } = trial();
    let queries = 0;
    const extending: Kernel = {
      ...emulator,
      files: {
        ...emulator.files,
        async info(handle, path) {
          const info = await emulator.files.info(handle, path);
          // The first query is that of openFile.
          const isExtended = path.includes('offloaded-tail') && ++queries > 1;
          return isExtended ? { ...info, size: info.size + 1n } : info;
        },
      },
    };
    const report = await run({}, extending);
    expect(report.verdict).toBe('broken');
    expect(stepOf(report, 'unaligned-tail')).toMatchObject({
      outcome: 'failed',
      detail: `The size of the file changed from ${SIZE + 511} to ${SIZE + 512} bytes.`,
    });
    expectUnchanged();
  });
});

describe('A trial that fails or is aborted', () => {
  test('leaves nothing behind when it is aborted at any control code', async () => {
    const { run, emulator } = trial({});
    await run();
    const count = emulator.calls.length;
    expect(count).toBeGreaterThan(8);
    for (let at = 0; at < count; at++) {
      const controller = new AbortController();
      const aborted = trial({
        intercept({ index }) {
          if (index === at) controller.abort(new Error('enough'));
        },
      });
      const failure = await failureOf(() => aborted.run({ signal: controller.signal }));
      expect([at, failure]).toEqual([at, expect.any(AbortError)]);
      aborted.expectUnchanged();
    }
  });

  test('leaves nothing behind when it is aborted in the middle of an ordinary read or write', async () => {
    for (const method of ['read', 'write'] as const) {
      for (const at of [1, 2, 3]) {
        const { emulator, run, expectUnchanged } = trial();
        const controller = new AbortController();
        let calls = 0;
        const kernel: Kernel = {
          ...emulator,
          files: {
            ...emulator.files,
            [method]: (...args: Parameters<typeof emulator.files.read>) => {
              if (++calls === at) controller.abort();
              return emulator.files[method](...args);
            },
          },
        };
        const failure = await failureOf(() => run({ signal: controller.signal }, kernel));
        expect(failure).toBeInstanceOf(AbortError);
        expectUnchanged();
      }
    }
  });

  test('leaves nothing behind when the signal has fired before', async () => {
    const { emulator, run, expectUnchanged } = trial();
    expect(await failureOf(() => run({ signal: AbortSignal.abort() }))).toBeInstanceOf(AbortError);
    expect(emulator.calls).toEqual([]);
    expectUnchanged();
  });

  test('leaves nothing behind when any operation on files fails', async () => {
    for (const method of ['open', 'setSize', 'info', 'read', 'write', 'volume', 'remove', 'close'] as const) {
      for (const at of [1, 2, 3, 4]) {
        const { emulator, run, expectUnchanged } = trial();
        const failure = await run({}, failingFiles(emulator, method, at)).catch((error: unknown) => error);
        expect([method, at, failure instanceof Win32Error || outcomeOf(failure) === 'offloads']).toEqual([
          method,
          at,
          true,
        ]);
        expectUnchanged();
      }
    }
  });

  test.each([
    ['read', 'ERR_ODX_SOURCE_CHANGED'],
    ['write', 'ERR_ODX_PROTOCOL'],
  ] as const)('leaves nothing behind when an ordinary %s does nothing, which is %s', async (method, code) => {
    const { emulator, run, expectUnchanged } = trial();
    const idle = withFiles(emulator, { [method]: async () => 0 });
    expect(await failureOf(() => run({}, idle))).toMatchObject({ code });
    expectUnchanged();
  });

  // A virus scanner may hold a file without sharing it.
  test.each([
    ['removed', 'remove', 5],
    ['opened to be removed', 'open', 32],
  ] as const)('rejects when a scratch file cannot be %s', async (_, method, errno) => {
    const { emulator, folder, run } = trial();
    let isEnd = false;
    const held = withFiles(emulator, {
      async remove() {
        isEnd = true;
        throw new KernelFailure(5);
      },
      async open(...args) {
        if (isEnd && method === 'open') throw new KernelFailure(errno);
        return filesOf(emulator).open(...args);
      },
    });
    const failure = await failureOf(() => run({}, held));
    expect(failure).toMatchObject({ errno, syscall: 'DeleteFileW', path: expect.stringContaining(folder) });
    expect(readdirSync(folder).length).toBeGreaterThan(1);
  });

  test('leaves nothing behind when the disk is full during an offload write', async () => {
    const { run, expectUnchanged } = trial(failing(0xc000_007f, isWrite));
    expect(await failureOf(run)).toMatchObject({ code: 'ERROR_DISK_FULL' });
    expectUnchanged();
  });

  test('leaves nothing behind when onProgress throws or rejects', async () => {
    for (const onProgress of [
      () => {
        throw new Error('stop');
      },
      async () => {
        throw new Error('stop');
      },
    ]) {
      const { run, expectUnchanged } = trial();
      expect(await failureOf(() => run({ onProgress }))).toMatchObject({ message: 'stop' });
      expectUnchanged();
    }
  });
});

describe('The arguments of tryOffload', () => {
  test('are refused before a file is created when they are not legal', async () => {
    const { emulator, folder, run, expectUnchanged } = trial();
    for (const options of [
      { size: 0 },
      { size: -1 },
      { size: '1M' },
      { destination: '' },
      { destination: 5 },
      { onProgress: true },
      { signal: {} },
      { sizes: 1 },
    ]) {
      const failure = await failureOf(() => run(options as TryOffloadOptions));
      expect(failure).toBeInstanceOf(InvalidArgumentError);
    }
    for (const path of ['', 'a\0b', undefined]) {
      const failure = await failureOf(() => tryOffloadWith(emulator, path as string));
      expect(failure).toBeInstanceOf(InvalidArgumentError);
    }
    const failure = await failureOf(() => tryOffloadWith(emulator, folder, 5 as TryOffloadOptions));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expectUnchanged();
  });

  test.each([[2 ** 52], [2n ** 62n], [2n ** 63n - 1n]])(
    'refuse a size of %s before anything is written, because the volume has too little space',
    async (size) => {
      const { emulator, run, expectUnchanged } = trial();
      const failure = await failureOf(() => run({ size }));
      expect(failure).toBeInstanceOf(InvalidArgumentError);
      expect(failure).toMatchObject({
        issues: [
          { path: 'size', message: expect.stringMatching(/^size is .* bytes free; pass a smaller one/) },
        ],
      });
      expect(emulator.calls.every(({ name }) => name === 'IOCTL_STORAGE_QUERY_PROPERTY')).toBe(true);
      expectUnchanged();
    },
  );

  test('name a folder that exists', async () => {
    const { emulator, folder } = trial();
    const missing = join(folder, 'missing');
    const failures = [
      await failureOf(() => tryOffloadWith(emulator, missing)),
      await failureOf(() => tryOffloadWith(emulator, folder, { destination: missing })),
      await failureOf(() => tryOffloadWith(emulator, join(folder, 'data.vhdx'), { size: SIZE })),
    ];
    for (const failure of failures) expect(failure).toBeInstanceOf(Win32Error);
  });

  test.each([
    [1, 512, 65_536n],
    [65_537, 512, 66_048n],
    [65_537n, 4096, 69_632n],
    [1, 65_536, 1_048_576n],
  ])('round a size of %s up to whole sectors of %s bytes', async (size, sectorSize, expected) => {
    const { run } = trial({ sectorSize });
    expect((await run({ size })).size).toBe(expected);
  });
});

describe('The report of tryOffload', () => {
  test('holds the versions, the facts about the volume and the timing', async () => {
    const { run } = trial({ sectorSize: 4096, maximumTransferSize: 1_048_576 });
    const report = await run();
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    expect(manifest).toMatchObject({ version: report.environment.package });
    expect(report).toMatchObject({
      size: BigInt(SIZE),
      source: {
        verdict: 'capable',
        fileSystem: 'emulated',
        sectorSize: 4096,
        copyOffload: { maximumTransferBytes: 1_048_576n },
      },
      environment: { node: process.versions.node, platform: process.platform, kernel: 'emulator' },
    });
    expect(report.timing?.speedup).toBeGreaterThan(0);
    expect(report).not.toHaveProperty('destination');
    for (const { elapsedMs } of report.steps) expect(Number.isInteger(elapsedMs)).toBe(true);
  });

  test('survives JSON.stringify, with bigints as decimal strings', async () => {
    const { run } = trial();
    const report = await run();
    expect(Object.keys(report)).not.toContain('toJSON');
    expect(JSON.parse(JSON.stringify(report))).toMatchObject({
      size: `${SIZE}`,
      steps: report.steps.map(({ name, bytes }) => ({ name, bytes: `${bytes}` })),
      source: { copyOffload: { maximumTransferBytes: expect.stringMatching(/^\d+$/) } },
    });
  });

  test('holds no token and no path', async () => {
    const tokens: string[] = [];
    const { emulator, folder, run } = trial();
    const kernel: Kernel = {
      ...emulator,
      async control(handle, code, buffers, ...rest) {
        const returned = await emulator.control(handle, code, buffers, ...rest);
        if (code === FSCTL_OFFLOAD_READ)
          tokens.push(Buffer.from(buffers.output.slice(24, 56)).toString('hex'));
        return returned;
      },
    };
    const text = JSON.stringify(await run({}, kernel));
    expect(tokens.length).toBeGreaterThan(3);
    for (const token of tokens) expect(text).not.toContain(token);
    expect(text).not.toContain(basename(folder));
  });
});

describe('The scratch files of tryOffload', () => {
  test.skipIf(process.platform === 'win32')(
    'have names that say what they are, and are private to their owner (skipped on Windows, which has no mode)',
    async () => {
      const seen = new Map<string, number>();
      const { folder, run } = trial({
        intercept() {
          for (const name of readdirSync(folder)) seen.set(name, statSync(join(folder, name)).mode & 0o777);
        },
      });
      await run();
      seen.delete('data.vhdx');
      expect(seen.size).toBe(5);
      for (const [name, mode] of seen) {
        expect(name).toMatch(/^odx-try-[0-9a-f]{12}-[a-z-]+\.tmp$/);
        expect(mode).toBe(0o600);
      }
    },
  );

  test.skipIf(process.platform === 'win32')(
    'are not mistaken for a file that has taken the place of one of them (skipped on Windows, which does not let an open file be replaced like this)',
    async () => {
      let taken: string | undefined;
      const { folder, run } = trial({
        intercept(call) {
          if (taken !== undefined || !isRead(call)) return;
          taken = readdirSync(folder).find((name) => name.endsWith('-source.tmp')) ?? '';
          renameSync(join(folder, taken), join(folder, 'moved'));
          writeFileSync(join(folder, taken), 'precious');
        },
      });
      await run();
      expect(readdirSync(folder)).toEqual(expect.arrayContaining(['data.vhdx', taken]));
      expect(readFileSync(join(folder, taken ?? ''), 'utf8')).toBe('precious');
    },
  );

  test('are removed once, whatever takes their name afterwards', async () => {
    const { emulator, folder } = trial();
    const scratch = new ScratchFiles(emulator, undefined);
    const file = await scratch.create(folder, 'source', SIZE);
    await scratch.remove(file);
    writeFileSync(file.path, 'precious');
    await scratch.remove(file);
    await scratch.removeAll();
    expect(readFileSync(file.path, 'utf8')).toBe('precious');
  });

  test('do not collide when two trials run in one folder at the same time', async () => {
    const { run, expectUnchanged } = trial();
    const reports = await Promise.all([run(), run(), run()]);
    expect(reports.map(({ verdict }) => verdict)).toEqual(['offloads', 'offloads', 'offloads']);
    expectUnchanged();
  });
});

describe('The progress of tryOffload', () => {
  test('is reported at the beginning, at most twenty times a second, and at the end', async () => {
    const reports: TrialProgress[] = [];
    const { run } = trial({ latency: 10, maximumWriteSize: 8192 });
    const startedAt = performance.now();
    await run({ onProgress: (progress) => reports.push(progress) });
    const elapsed = performance.now() - startedAt;
    expect(reports[0]).toMatchObject({ step: 'prepare', percent: 0 });
    expect(reports.at(-1)).toMatchObject({ percent: 100 });
    const percents = reports.map(({ percent }) => percent);
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    // The first and the last call may be made at any time. Timers are up to a millisecond early.
    expect(reports.length - 2).toBeLessThanOrEqual(elapsed / 49);
    expect(new Set(reports.map(({ step }) => step)).size).toBeGreaterThan(3);
  });

  test('names the current step while a single control code takes long', async () => {
    let isWaiting = false;
    const seen: string[] = [];
    const { run } = trial({
      async intercept(call) {
        if (seen.length > 0 || !isWrite(call)) return undefined;
        isWaiting = true;
        await new Promise((resolve) => setTimeout(resolve, 200));
        isWaiting = false;
        return undefined;
      },
    });
    await run({ onProgress: ({ step }) => (isWaiting ? seen.push(step) : undefined) });
    expect(seen).toEqual(['whole-file']);
  });

  test('ends the trial where it is reported late and onProgress throws', async () => {
    const { run, expectUnchanged } = trial({ latency: 120 });
    const onProgress = ({ step }: TrialProgress): void => {
      if (step === 'whole-file') throw new Error('stop');
    };
    expect(await failureOf(() => run({ onProgress }))).toMatchObject({ message: 'stop' });
    expectUnchanged();
  });
});

test('A trial ends where the last of its reports is late and onProgress throws', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const reported: string[] = [];
  const progress = new TrialProgressReporter(SIZE, ({ step }) => {
    reported.push(step);
    if (step === 'range') throw new Error('stop');
  });
  await progress.enter('prepare');
  await progress.enter('range');
  expect(reported).toEqual(['prepare']);
  await vi.advanceTimersByTimeAsync(100);
  expect(await failureOf(() => progress.end())).toMatchObject({ message: 'stop' });
  expect(reported).toEqual(['prepare', 'range']);
});

/** The reply to an offload write that did all of it. */
function pretendWrite({ input, output }: { input: Uint8Array; output: Uint8Array }): number {
  output.fill(0, 0, 16);
  output[0] = 16;
  output.set(input.subarray(16, 24), 8);
  return 16;
}

/** Clears the time to live of every read. */
function withoutTimeToLive(kernel: Kernel): Kernel {
  return {
    ...kernel,
    control(handle, code, buffers, ...rest) {
      if (code === FSCTL_OFFLOAD_READ) buffers.inputView.setUint32(8, 0, true);
      return kernel.control(handle, code, buffers, ...rest);
    },
  };
}

/** Flips the byte at an offset of the file after each offload write over it. */
function corrupting(kernel: Kernel, at: bigint): Kernel {
  return {
    ...kernel,
    async control(handle, code, buffers, ...rest) {
      const returned = await kernel.control(handle, code, buffers, ...rest);
      if (code !== FSCTL_OFFLOAD_WRITE) return returned;
      const start = buffers.inputView.getBigUint64(8, true);
      const end = start + buffers.inputView.getBigUint64(16, true);
      const offset = start > at ? start : at;
      const byte = new Uint8Array(1);
      if (offset < end && kernel.files !== undefined) {
        await kernel.files.read(handle, byte, offset);
        await kernel.files.write(handle, Uint8Array.of((byte[0] ?? 0) ^ 1), offset);
      }
      return returned;
    },
  };
}

/** Fails one call of a method of the file half. */
function failingFiles(kernel: Kernel, method: keyof NonNullable<Kernel['files']>, at: number): Kernel {
  const files = kernel.files;
  if (files === undefined) throw new Error('The kernel has no files.');
  let calls = 0;
  const original = files[method] as (...args: unknown[]) => unknown;
  return {
    ...kernel,
    files: {
      ...files,
      [method]: async (...args: unknown[]) => {
        if (++calls !== at) return original(...args);
        if (method === 'close') await original(...args);
        throw new KernelFailure(112);
      },
    },
  };
}

function outcomeOf(report: unknown): unknown {
  return typeof report === 'object' && report !== null && 'verdict' in report ? report.verdict : undefined;
}
