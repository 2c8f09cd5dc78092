import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { temporaryFolder, writeExampleFiles } from '../cli/files.ts';
import { odx, underWine } from '../cli/odx-process.ts';
import { codeBlocks, pages, readPage } from './markdown.ts';

const blocks = pages().flatMap(codeBlocks);
const ofKind = (kind: string) => blocks.filter(({ info }) => info === kind);

/** Which test runs the blocks of a kind. */
const RUN_BY: readonly (readonly [kind: RegExp, test: string])[] = [
  [/^ts$/, 'test/examples.test.ts'],
  [/^js \S+$/, 'test/package/recipes.test.ts'],
  [/^console$/, 'this file'],
  [/^sh$/, 'this file'],
];

test('Every block of code is of a kind that some test runs', () => {
  expect(blocks.length).toBeGreaterThan(30);
  const others = blocks.filter(({ info }) => !RUN_BY.some(([kind]) => kind.test(info)));
  expect(others).toEqual([]);
});

test('Every script of npm that a block or a guide names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = pages().flatMap(({ text }) =>
    [...text.matchAll(/npm (?:run ([\w:]+)|(test|start)\b)/g)].map(([, run, short]) => run ?? short ?? ''),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
});

// The lines of docs/cli.md are the examples of the help, which test/cli/examples.test.ts runs.
const lines = [...ofKind('console'), ...ofKind('sh')]
  .filter(({ title }) => !title.startsWith('docs/cli.md'))
  .flatMap(({ title, code }) =>
    [...code.matchAll(/(?:^\$ npx (?:win-)?odx|npm start --) (.+)$/gm)].map(
      ([, line = '']) => [title, line] as const,
    ),
  );

describe.skipIf(underWine)('A command (skipped under Wine, where a process takes seconds to start)', () => {
  const folder = temporaryFolder();
  beforeAll(() => {
    writeExampleFiles(folder.path);
    copyFileSync(join(ROOT, 'package-lock.json'), join(folder.path, 'package-lock.json'));
  });
  afterAll(folder.remove);

  test('stands in more than five places', () => expect(lines.length).toBeGreaterThan(5));

  // odx try works on files of 64 MiB.
  test.each(lines)('of %s runs as it stands: %s', { timeout: 120_000 }, async (_, line) => {
    const { code, stderr } = await odx([...line.split(' '), '--emulate'], { cwd: folder.path });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

test('Every other line of a console is one of docs/bundling.md, which test/package/bundles.test.ts runs', () => {
  const others = ofKind('console').flatMap(({ title, code }) =>
    [...code.matchAll(/^\$ (?!npx (?:win-)?odx)(.+)$/gm)].map(([, line]) => `${title}: ${line}`),
  );
  expect(others.filter((line) => !/^docs\/bundling\.md.*npx esbuild/.test(line))).toEqual([]);
});

test('The guides name no option of the command that its help does not have', () => {
  const known = readPage('docs/cli.md').text;
  const used = lines.flatMap(([, line]) => line.match(/--[\w-]+/g) ?? []);
  expect(used.filter((option) => !known.includes(`${option}`))).toEqual([]);
});
