import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './files.ts';
import { ODX } from './odx-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ROUNDS = 5;

const folder = temporaryFolder();

beforeAll(async () => {
  cpSync(join(ROOT, 'dist'), join(folder.path, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(folder.path, 'package.json'));
});
afterAll(folder.remove);

describe('the start of odx', () => {
  it.each(['--version', '--help', 'help copy', 'copy --help'])(
    'loads neither koffi nor zod for odx %s',
    (line) => {
      // The copy has no node_modules, so an import of either would fail.
      const script = join(folder.path, 'dist', 'odx.js');
      const { status } = spawnSync(process.execPath, [script, ...line.split(' ')], { stdio: 'ignore' });
      expect(status).toBe(0);
    },
  );

  it('takes less than 1.5 times as long for --version as importing koffi and zod', () => {
    const both = write('both.mjs', `import '${urlOf('koffi')}';\nimport '${urlOf('zod')}';\n`);
    // The fastest of several rounds, taken in turns, depends least on other processes.
    const best = { odx: Number.POSITIVE_INFINITY, both: Number.POSITIVE_INFINITY };
    for (let round = 0; round < ROUNDS; round++) {
      best.odx = Math.min(best.odx, timeOf([ODX, '--version']));
      best.both = Math.min(best.both, timeOf([both]));
    }
    expect(best.odx).toBeLessThan(1.5 * best.both);
  });
});

function write(name: string, code: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, code);
  return path;
}

function urlOf(name: string): string {
  return import.meta.resolve(name);
}

function timeOf(args: readonly string[]): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - startedAt;
}
