import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtModule, ROOT } from './built.ts';

// Made by Node.js 22 and later for programs that ask for it, such as npm.
const COMPILE_CACHE = 'node-compile-cache';

export default function prepare(): (() => void) | undefined {
  // Under Wine the project is a copy that includes dist.
  if (process.platform === 'win32') return;
  // The tests under Wine run beside these, one after the other, and would end last.
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  buildWhenStale();
  return useTemporaryFolder();
}

/** Gives the tests a temporary folder of their own. The function that it returns removes it, and fails if anything was left. */
function useTemporaryFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'win-odx-tests-'));
  process.env['TMPDIR'] = folder;
  return () => {
    const left = readdirSync(folder).filter((name) => name !== COMPILE_CACHE);
    rmSync(folder, { recursive: true, force: true });
    if (left.length === 0) return;
    // Vitest prints an exception of a teardown, but succeeds.
    process.exitCode = 1;
    throw new Error(`The tests have left this behind in their temporary folder: ${left.join(', ')}.`);
  };
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
