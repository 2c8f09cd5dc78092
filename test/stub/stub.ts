import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The folder of the package. Found by its name, because the benchmarks run compiled from another folder. */
export const ROOT: string = dirname(createRequire(import.meta.url).resolve('win-odx/package.json'));
const CACHE = join(ROOT, 'node_modules', '.cache', 'win-odx');

/** Whether this machine has the C compiler that {@link buildStub} needs. */
export function canBuildStub(): boolean {
  return process.platform !== 'win32' && spawnSync('cc', ['--version']).status === 0;
}

/** Compiles test/stub/kernel32.c, which stands in for kernel32.dll and ntdll.dll. Returns the path of the library. */
export function buildStub(): string {
  const flags = ['-shared', '-fPIC', '-O2', '-fvisibility=hidden', '-pthread'];
  return compileOnce('cc', 'test/stub/kernel32.c', flags, '.so');
}

/** Compiles a source file of the package unless the cache has the result. Returns the path of the result. */
export function compileOnce(
  compiler: string,
  source: string,
  flags: readonly string[],
  extension: string,
): string {
  const path = join(ROOT, source);
  const hash = createHash('sha256')
    .update(JSON.stringify([compiler, flags]))
    .update(readFileSync(path));
  const output = join(CACHE, `${hash.digest('hex').slice(0, 16)}${extension}`);
  if (existsSync(output)) return output;
  mkdirSync(CACHE, { recursive: true });
  // Several test files may compile at the same time. Renaming shows each of them a complete file only.
  const unfinished = `${output}.${randomUUID()}`;
  execFileSync(compiler, [path, ...flags, '-o', unfinished], { stdio: 'inherit' });
  renameSync(unfinished, output);
  return output;
}
