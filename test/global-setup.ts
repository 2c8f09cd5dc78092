import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { builtModule, ROOT } from './built.ts';

export default function prepare(): void {
  // Under Wine the project is a copy that includes dist.
  if (process.platform === 'win32') return;
  // The tests under Wine run beside these, one after the other, and would end last.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  buildWhenStale();
}

/** Builds dist when it is older than a source file. Tests of the published package need it. */
function buildWhenStale(): void {
  const built = statSync(builtModule('index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = Math.max(
    ...['src', 'structs', 'package.json', 'rolldown.config.ts'].map((name) => newestIn(join(ROOT, name))),
  );
  if (newest > built)
    execFileSync('npm', ['run', 'build', '--silent'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}

function newestIn(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
