import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtModule, ROOT } from './built.ts';

/** Builds dist once before all tests when it is older than a source file. Tests of the published package need it. */
export default function buildWhenStale(): void {
  // Under Wine the project is a copy that includes dist.
  if (process.platform === 'win32') return;
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
