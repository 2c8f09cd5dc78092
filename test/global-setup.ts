import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { builtModule, ROOT } from './built.ts';

/** Tests that use the package as it is published need dist; it is built once, before any of them, when it is stale. */
export default function buildWhenStale(): void {
  // The copy of the project in Windows Node brings its dist along.
  if (process.platform === 'win32') return;
  const built = statSync(builtModule('src/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = Math.max(
    ...['src', 'structs', 'package.json', 'scripts/bundle.mjs', 'tsconfig.build.json'].map((name) =>
      newestIn(join(ROOT, name)),
    ),
  );
  if (newest > built) execFileSync('npm', ['run', 'build', '--silent'], { cwd: ROOT, stdio: 'inherit' });
}

function newestIn(path: string): number {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
