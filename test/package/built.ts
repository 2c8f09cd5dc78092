import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));
export const dist: string = join(root, 'dist');

const LOCK = join(root, 'node_modules', '.win-odx-build');
const STALE_MS = 120_000;
const PAUSE_MS = 100;

/** Builds `dist` when a source is newer than it. Test files run at the same time: one of them builds, the others wait. */
export function built(): string {
  while (isOutdated()) {
    if (!lock()) {
      pause(PAUSE_MS);
      continue;
    }
    try {
      if (isOutdated()) build();
    } finally {
      rmdirSync(LOCK);
    }
  }
  return dist;
}

// Beside dist first and then in its place, so that nobody who runs from it meanwhile misses a file.
function build(): void {
  const fresh = join(root, 'node_modules', '.win-odx-dist');
  const old = `${fresh}-old`;
  for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'pipe',
  });
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}

function isOutdated(): boolean {
  const entry = join(dist, 'src', 'index.js');
  if (!existsSync(entry)) return true;
  const since = statSync(entry).mtimeMs;
  const sources = ['src', 'structs'].flatMap((folder) => filesIn(join(root, folder)));
  return [...sources, join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json')].some(
    (path) => statSync(path).mtimeMs > since,
  );
}

export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function lock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    const since = statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > STALE_MS) rmSync(LOCK, { recursive: true, force: true });
    return false;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
