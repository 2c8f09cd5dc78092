import { getEventListeners } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { copyFilesWith } from '../../src/copy/copy-files.ts';
import type { CopyFilesOptions } from '../../src/copy/options.ts';
import type { CopyProgress } from '../../src/copy/progress.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, OdxError } from '../../src/errors.ts';
import { onPlatform } from '../kit.ts';
import { expectConsistent, expectSame, failureOf, noise, onWindows, Workspace } from './kit.ts';

const SIZE = 300_000;
const NO_PAIR: [string, string] = ['', ''];
const workspace = new Workspace();

const pairsOf = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, index) => [workspace.file(SIZE + index), workspace.path()]);

const codeOf = (result: unknown): string =>
  result instanceof OdxError ? result.code : typeof result === 'object' ? 'copied' : 'nothing';

describe('copyFiles', () => {
  test.each([1, 3, 64])(
    'copies with concurrency %i, and returns one report per pair',
    async (concurrency) => {
      const pairs = pairsOf(10);
      const results = await copyFilesWith(createEmulator(), pairs, { concurrency });
      expect(results).toHaveLength(10);
      for (const [index, result] of results.entries()) {
        if (result instanceof OdxError) throw result;
        expectConsistent(result, SIZE + index);
        expectSame(pairs[index]?.[1] ?? '', pairs[index]?.[0] ?? '');
      }
    },
  );

  test('returns an empty array for no pairs', async () => {
    expect(await copyFilesWith(createEmulator(), [])).toEqual([]);
  });

  test.each([undefined, 1, 2])(
    'runs no more copies at the same time than concurrency %s allows',
    async (concurrency) => {
      let most = 0;
      const running = new Set<bigint>();
      const kernel = createEmulator({
        latency: 5,
        intercept: ({ handle, name }) => {
          if (name !== 'FSCTL_OFFLOAD_READ') return;
          running.add(handle);
          most = Math.max(most, running.size);
          setTimeout(() => running.delete(handle), 5);
        },
      });
      await copyFilesWith(kernel, pairsOf(12), concurrency === undefined ? {} : { concurrency });
      expect(most).toBeLessThanOrEqual(concurrency ?? 4);
    },
  );

  test('does not stop the other copies after a failure', async () => {
    const pairs = pairsOf(4);
    pairs[1] = [workspace.path('missing'), workspace.path()];
    const results = await copyFilesWith(createEmulator(), pairs);
    expect(results.map(codeOf)).toEqual(['copied', 'ERROR_FILE_NOT_FOUND', 'copied', 'copied']);
  });

  test('aborts the other copies after a failure with stopOnError', async () => {
    const pairs = pairsOf(8);
    pairs[1] = [workspace.path('missing'), workspace.path()];
    const results = await copyFilesWith(createEmulator(), pairs, { concurrency: 1, stopOnError: true });
    expect(results.map(codeOf)).toEqual([
      'copied',
      'ERROR_FILE_NOT_FOUND',
      ...Array.from({ length: 6 }, () => 'ABORT_ERR'),
    ]);
    expect(results.at(-1)).toMatchObject({ cause: results[1] });
    expect(existsSync(pairs[7]?.[1] ?? '')).toBe(false);
  });

  test('fills the slots of unfinished copies with an AbortError after an abort, and removes their destinations', async () => {
    const controller = new AbortController();
    const pairs = pairsOf(6);
    let reads = 0;
    const kernel = createEmulator({
      intercept: ({ name }) => {
        if (name === 'FSCTL_OFFLOAD_READ' && ++reads === 3) controller.abort('enough');
      },
    });
    const { signal } = controller;
    const results = await copyFilesWith(kernel, pairs, { concurrency: 1, signal });
    expect(results.map(codeOf)).toEqual([
      'copied',
      'copied',
      'ABORT_ERR',
      'ABORT_ERR',
      'ABORT_ERR',
      'ABORT_ERR',
    ]);
    expect(results[5]).toMatchObject({ cause: 'enough' });
    expect(pairs.map(([, destination]) => existsSync(destination))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
    const aborted = await copyFilesWith(kernel, pairsOf(2), { signal });
    expect(aborted.map(codeOf)).toEqual(['ABORT_ERR', 'ABORT_ERR']);
  });

  test('reports the progress of each file, and rejects with an exception of onProgress', async () => {
    const pairs = pairsOf(3);
    const reported: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      reported.push(step);
    };
    await copyFilesWith(createEmulator(), pairs, { onProgress });
    // At the beginning and at the end of each file.
    const sources = pairs.flatMap(([source]) => [source, source]);
    expect(reported.map(({ source }) => source).sort()).toEqual(sources.sort());

    const mine = new Error('mine');
    const throwing = (): never => {
      throw mine;
    };
    const others = pairsOf(3);
    expect(await failureOf(copyFilesWith(createEmulator(), others, { onProgress: throwing }))).toBe(mine);
    expect(others.map(([, destination]) => existsSync(destination))).toEqual([false, false, false]);
  });

  test('takes objects with source and destination, also beside arrays', async () => {
    const [first = NO_PAIR, second = NO_PAIR] = pairsOf(2);
    const results = await copyFilesWith(createEmulator(), [
      { source: first[0], destination: first[1] },
      second,
    ]);
    expect(results.map(codeOf)).toEqual(['copied', 'copied']);
    expectSame(first[1], first[0]);
    expectSame(second[1], second[0]);
  });

  test('reads each property of a pair once, and ignores a polluted prototype', async () => {
    const [[source, destination] = NO_PAIR] = pairsOf(1);
    let reads = 0;
    const pair = {
      get source() {
        reads++;
        return source;
      },
      destination,
    };
    await copyFilesWith(createEmulator(), [pair]);
    expect(reads).toBe(1);
    Object.defineProperty(Object.prototype, 'destination', { value: destination, configurable: true });
    try {
      const incomplete = [{ source }] as unknown as [string, string][];
      expect(await failureOf(copyFilesWith(createEmulator(), incomplete))).toMatchObject({
        issues: [{ path: 'pairs.0.destination' }],
      });
    } finally {
      Reflect.deleteProperty(Object.prototype, 'destination');
    }
  });

  test('copies to where the paths pointed when it was called, even if the working folder changes', async () => {
    const folder = dirname(workspace.path());
    const elsewhere = dirname(workspace.path());
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) writeFileSync(join(folder, name), noise(SIZE));
    // process.chdir does not exist in the worker threads of the test runner.
    const cwd = vi.spyOn(process, 'cwd').mockReturnValue(folder);
    try {
      const pairs = names.map((name): [string, string] => [name, `${name}.copy`]);
      const copying = copyFilesWith(createEmulator({ latency: 2 }), pairs, { concurrency: 1 });
      const one = copyFileWith(createEmulator({ latency: 2 }), 'a', 'a.other');
      cwd.mockReturnValue(elsewhere);
      expect((await copying).map(codeOf)).toEqual(names.map(() => 'copied'));
      await one;
    } finally {
      cwd.mockRestore();
    }
    for (const name of names) expectSame(join(folder, `${name}.copy`), join(folder, name));
    expectSame(join(folder, 'a.other'), join(folder, 'a'));
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  // Each issue: its path, and its message.
  const illegal: [string, unknown, [string, string][]][] = [
    [
      'pairs that are not an array',
      'ab',
      [['pairs', 'pairs is "ab"; it must be an array of [source, destination].']],
    ],
    [
      'a pair that is a string',
      [['a', 'b'], 'c'],
      [['pairs.1', 'pairs.1 is "c"; it must be [source, destination] or { source, destination }.']],
    ],
    [
      'a pair of three',
      [['a', 'b', 'c']],
      [['pairs.0', 'pairs.0 is an array of 3; it must be [source, destination].']],
    ],
    [
      'values that are not paths',
      [
        ['a', 'b'],
        [5, ''],
        ['c', 'd'],
      ],
      [['pairs.1.0', "pairs.1.0 is 5; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'."]],
    ],
    [
      'two pairs with one destination',
      [
        ['a', 'b'],
        ['c', './x/../b'],
      ],
      [
        [
          'pairs.1.1',
          'pairs.1.1 is "./x/../b", which is also the destination of pairs.0; two copies cannot share one.',
        ],
      ],
    ],
    [
      'a source that is the destination of another',
      [
        ['a', 'b'],
        ['./x/../b', 'c'],
      ],
      [
        [
          'pairs.1.0',
          'pairs.1.0 is "./x/../b", which is the destination of pairs.0; copy it in a second call, after this one.',
        ],
      ],
    ],
    [
      'a source that is its own destination',
      [
        ['a', 'b'],
        ['./x/../c', 'c'],
      ],
      [['pairs.1.0', 'pairs.1.0 is "./x/../c", which is also the destination; copy to another file.']],
    ],
    [
      'several illegal pairs at once',
      [['a'], ['b', 'c\0']],
      [
        ['pairs.0', 'pairs.0 is an array of 1; it must be [source, destination].'],
        [
          'pairs.1.1',
          "pairs.1.1 is a string with a NUL character; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.",
        ],
      ],
    ],
    [
      'an object without a destination',
      [{ source: 'a' }],
      [
        [
          'pairs.0.destination',
          "pairs.0.destination is undefined; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.",
        ],
      ],
    ],
    [
      'an object with an unknown key',
      [{ source: 'a', destination: 'b', target: 'c' }],
      [['pairs.0.target', 'Unknown key "target" in pairs.0; the keys are source, destination.']],
    ],
    [
      'an object whose source is the destination of another',
      [['a', 'b'], { source: './x/../b', destination: 'c' }],
      [
        [
          'pairs.1.source',
          'pairs.1.source is "./x/../b", which is the destination of pairs.0; copy it in a second call, after this one.',
        ],
      ],
    ],
  ];

  test.each(illegal)('refuses %s, says why, and copies nothing', async (_, pairs, issues) => {
    const failure = await failureOf(copyFilesWith(createEmulator(), pairs as [string, string][]));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect(failure).toMatchObject({ issues: issues.map(([path, message]) => ({ path, message })) });
  });

  test('rejects with the exception of a getter in a pair, and copies nothing', async () => {
    const mine = new Error('mine');
    const [first = NO_PAIR] = pairsOf(1);
    const throwing = {
      get source(): string {
        throw mine;
      },
      destination: 'b',
    };
    expect(await failureOf(copyFilesWith(createEmulator(), [first, throwing]))).toBe(mine);
    expect(existsSync(first[1])).toBe(false);
  });

  test.skipIf(onWindows)('copies to names that differ in case [on Windows they are one]', async () => {
    const destination = workspace.path('copy');
    const [one, other] = [workspace.file(SIZE), workspace.file(SIZE)];
    await copyFilesWith(createEmulator(), [
      [one, destination],
      [other, join(dirname(destination), 'COPY')],
    ]);
    expectSame(destination, one);
    expectSame(join(dirname(destination), 'COPY'), other);
  });

  test('compares names as Windows does where it runs: A is a, but not ß is ss', async () => {
    const call = (pairs: [string, string][]) => failureOf(copyFilesWith(createEmulator(), pairs));
    // All names are compared before the call returns its promise.
    const failures = onPlatform('win32', () => [
      call([
        ['a', 'copy'],
        ['b', 'Copy'],
      ]),
      call([
        ['a', 'Strasse'],
        ['b', 'straße'],
        ['c', 'STRASSE'],
      ]),
    ]);
    expect(await Promise.all(failures)).toMatchObject([
      { issues: [{ path: 'pairs.1.1' }] },
      { issues: [{ path: 'pairs.2.1' }] },
    ]);
  });

  test.each([
    ['concurrency', 0],
    ['concurrency', 65],
    ['concurrency', 1.5],
    ['stopOnError', 1],
    ['Mode', 'prefer'],
  ])('refuses the option %s with the value %s, and copies nothing', async (path, value) => {
    const pairs = pairsOf(1);
    const options = { [path]: value } as CopyFilesOptions;
    expect(await failureOf(copyFilesWith(createEmulator(), pairs, options))).toMatchObject({
      issues: [{ path }],
    });
    expect(existsSync(pairs[0]?.[1] ?? '')).toBe(false);
  });

  test('adds one listener to the signal, however many files it copies, and removes it', async () => {
    const controller = new AbortController();
    const warnings: Error[] = [];
    const warn = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', warn);
    const source = workspace.path();
    writeFileSync(source, Buffer.alloc(SIZE, 7));
    const pairs = Array.from({ length: 64 }, (): [string, string] => [source, workspace.path()]);
    await copyFilesWith(createEmulator({ latency: 2 }), pairs, {
      concurrency: 64,
      signal: controller.signal,
    });
    await new Promise(setImmediate);
    process.off('warning', warn);
    expect(warnings).toEqual([]);
    // The signal may outlive many calls.
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });
});
