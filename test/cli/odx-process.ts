import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtModule } from '../built.ts';

/** The built command. test/global-setup.ts builds it before any test runs. */
export const ODX: string = builtModule('odx.js');

/**
 * Starting a process takes seconds under Wine, where the suite runs against its driver: there a part of these tests has
 * to do, the rest is left out by name.
 */
export const underWine: boolean = process.env['WIN_ODX_KERNEL'] === 'driver';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command to its end. */
export function odx(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  // Wine gives Windows programs no pipes; files it does.
  return process.platform === 'win32' ? runWithFiles(args, options) : runWithPipes(args, options);
}

/** The environment of a test: nothing in it asks for colours or forbids them. */
export function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, NODE_DISABLE_COLORS: _disable, ...rest } = process.env;
  return { ...rest, ...extra };
}

/** A folder for one test, and how to be rid of it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'odx-cli-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function runWithPipes(args: readonly string[], { cwd, input, env }: RunOptions): Promise<Finished> {
  const child = spawn(process.execPath, [ODX, ...args], { cwd, env: environment(env) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  return ended(child).then((code) => ({ code, stdout, stderr }));
}

async function runWithFiles(args: readonly string[], { cwd, input, env }: RunOptions): Promise<Finished> {
  const folder = temporaryFolder();
  const path = (name: string): string => join(folder.path, name);
  writeFileSync(path('in'), input ?? '');
  const files = [openSync(path('in'), 'r'), openSync(path('out'), 'w'), openSync(path('err'), 'w')];
  try {
    const child = spawn(process.execPath, [ODX, ...args], { cwd, env: environment(env), stdio: files });
    const code = await ended(child);
    return { code, stdout: readFileSync(path('out'), 'utf8'), stderr: readFileSync(path('err'), 'utf8') };
  } finally {
    for (const file of files) closeSync(file);
    folder.remove();
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}
