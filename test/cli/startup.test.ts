import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

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

  it('says which package is missing where the library cannot be loaded, and what to do', () => {
    const script = join(folder.path, 'dist', 'odx.js');
    const { status, stderr } = spawnSync(process.execPath, [script, 'probe', '.', '--emulate'], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^odx: Cannot find package '\w+' .+\nnext: Install win-odx again, with its dependencies\.\n$/,
    );
  });
});
