import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CopyProgress } from '../../src/copy/copy-file.ts';
import { type CopyFilesOptions, copyFilesWith } from '../../src/copy/copy-files.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, OdxError } from '../../src/errors.ts';
import { expectHonest, expectSame, failureOf, Workspace } from './workspace.ts';

const SIZE = 300_000;
const workspace = new Workspace();

const pairsOf = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, index) => [workspace.file(SIZE + index), workspace.path()]);

const codeOf = (result: unknown): string =>
  result instanceof OdxError ? result.code : typeof result === 'object' ? 'copied' : 'nothing';

describe('copyFiles', () => {
  test.each([1, 3, 64])('copies with concurrency %i, one report each', async (concurrency) => {
    const pairs = pairsOf(10);
    const results = await copyFilesWith(createEmulator(), pairs, { concurrency });
    expect(results).toHaveLength(10);
    for (const [index, result] of results.entries()) {
      if (result instanceof OdxError) throw result;
      expectHonest(result, SIZE + index);
      expectSame(pairs[index]?.[1] ?? '', pairs[index]?.[0] ?? '');
    }
  });

  test('nothing to copy is nothing done', async () => {
    expect(await copyFilesWith(createEmulator(), [])).toEqual([]);
  });

  test.each([undefined, 1, 2])('runs no more than %s at the same time', async (concurrency) => {
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
  });

  test('one failure does not stop the others', async () => {
    const pairs = pairsOf(4);
    pairs[1] = [workspace.path('missing'), workspace.path()];
    const results = await copyFilesWith(createEmulator(), pairs);
    expect(results.map(codeOf)).toEqual(['copied', 'ERROR_FILE_NOT_FOUND', 'copied', 'copied']);
  });

  test('unless asked', async () => {
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

  test('an abort fills what is not finished, and leaves nothing of it', async () => {
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

  test('tells of each file, and passes on what the listener throws', async () => {
    const pairs = pairsOf(3);
    const told: CopyProgress[] = [];
    const onProgress = (step: CopyProgress): void => {
      told.push(step);
    };
    await copyFilesWith(createEmulator(), pairs, { onProgress });
    expect(told.map(({ source }) => source).sort()).toEqual(pairs.map(([source]) => source).sort());

    const mine = new Error('mine');
    const throwing = (): never => {
      throw mine;
    };
    const others = pairsOf(3);
    expect(await failureOf(copyFilesWith(createEmulator(), others, { onProgress: throwing }))).toBe(mine);
    expect(others.map(([, destination]) => existsSync(destination))).toEqual([false, false, false]);
  });

  const illegal: [string, unknown, string[]][] = [
    ['no array', 'ab', ['pairs']],
    ['a pair that is none', [['a', 'b'], 'c'], ['pairs.1']],
    ['too long a pair', [['a', 'b', 'c']], ['pairs.0']],
    [
      'paths that are none',
      [
        ['a', 'b'],
        [5, ''],
        ['c', 'd'],
      ],
      ['pairs.1.0'],
    ],
    [
      'one destination for two',
      [
        ['a', 'b'],
        ['c', './x/../b'],
      ],
      ['pairs.1.1'],
    ],
    [
      'a source that is the destination of another',
      [
        ['a', 'b'],
        ['./x/../b', 'c'],
      ],
      ['pairs.1.0'],
    ],
    [
      'a source that is its own destination',
      [
        ['a', 'b'],
        ['./x/../c', 'c'],
      ],
      ['pairs.1.0'],
    ],
    ['several at once', [['a'], ['b', 'c\0']], ['pairs.0', 'pairs.1.1']],
  ];

  test.each(illegal)('refuses %s', async (_, pairs, paths) => {
    const failure = await failureOf(copyFilesWith(createEmulator(), pairs as [string, string][]));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect(failure).toMatchObject({ issues: paths.map((path) => ({ path })) });
  });

  test.each([
    ['concurrency', 0],
    ['concurrency', 65],
    ['concurrency', 1.5],
    ['stopOnError', 1],
    ['Mode', 'prefer'],
  ])('refuses %s: %s, and copies nothing', async (path, value) => {
    const pairs = pairsOf(1);
    const options = { [path]: value } as CopyFilesOptions;
    expect(await failureOf(copyFilesWith(createEmulator(), pairs, options))).toMatchObject({
      issues: [{ path }],
    });
    expect(existsSync(pairs[0]?.[1] ?? '')).toBe(false);
  });

  test('one listener on the signal, however many files', async () => {
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
  });
});
