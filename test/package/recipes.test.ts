import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { install, pack } from './packed.ts';

const text = readFileSync(join(ROOT, 'docs', 'testing.md'), 'utf8');
// A block of code whose first line names a file.
const FILE = /^```js (\S+)\n([\s\S]*?)^```$/gm;

// Windows Node under Wine has neither npm nor pipes for child processes.
describe.skipIf(process.platform === 'win32')('The recipe in docs/testing.md', () => {
  let project: string;

  beforeAll(() => {
    // Vitest finds a mocked module by its real path.
    project = realpathSync(mkdtempSync(join(tmpdir(), 'win-odx-recipe-')));
    install(pack(project), project);
    for (const name of ['vitest', 'jest', 'esbuild'])
      symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
    writeFileSync(join(project, 'package.json'), '{}');
    for (const [, name = '', code = ''] of text.matchAll(FILE)) writeFileSync(join(project, name), code);
  }, 60_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test.each([
    ['vitest', ['vitest.mjs', 'run', 'backup.test.mjs', '--no-color'], /Tests {2}1 passed/],
    // By default the cache is in the temporary folder, and stays there.
    ['jest', ['bin/jest.js', '--cacheDirectory=cache', 'backup.test.cjs'], /Tests: +1 passed, 1 total/],
  ])('runs as it stands with %s', (name, [program = '', ...args], expected) => {
    const runner = join(project, 'node_modules', name, program);
    const { VITEST: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], {
      cwd: project,
      encoding: 'utf8',
      env: { ...env, CI: '1', NODE_ENV: 'test', NO_COLOR: '1' },
      timeout: 60_000,
    });
    expect(stdout + stderr).toMatch(expected);
    expect(status).toBe(0);
  });
});
