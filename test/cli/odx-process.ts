import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtModule } from '../built.ts';
import { temporaryFolder } from './files.ts';

/** The built command. test/global-setup.ts builds it before any test runs. */
export const ODX: string = builtModule('odx.js');

/**
 * Under Wine, where the suite runs against its driver, a process takes seconds to start. Only a part of these tests runs
 * there, and the others are reported as skipped.
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

/** Runs the built command until it ends. */
export function odx(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  // Wine gives Windows programs files, but no pipes.
  return process.platform === 'win32' ? runWithFiles(args, options) : runWithPipes(args, options);
}

/** The environment of a test, which neither requests nor forbids colours. */
export function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, NODE_DISABLE_COLORS: _disable, ...rest } = process.env;
  return { ...rest, ...extra };
}

/** The folder of one test. */
export interface Folder {
  path(...names: string[]): string;
  /** Runs odx in the folder. */
  odx(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs odx in the folder, with --emulate. */
  run(command: string, ...args: string[]): Promise<Finished>;
}

/** Gives each test a folder of its own with the files that `fill` creates, so that tests can run concurrently. */
export function folderFor(
  fill: (path: Folder['path']) => void,
): <Row extends unknown[]>(
  test: (folder: Folder, ...row: Row) => Promise<void>,
) => (...row: Row) => Promise<void> {
  return (test) =>
    async (...row) => {
      const { path: cwd, remove } = temporaryFolder();
      const path = (...names: string[]): string => join(cwd, ...names);
      try {
        fill(path);
        await test(
          {
            path,
            odx: (args, options) => odx(args, { cwd, ...options }),
            run: (command, ...args) => odx([command, '--emulate', ...args], { cwd }),
          },
          ...row,
        );
      } finally {
        remove();
      }
    };
}

/** A command that runs another one in a pseudo-terminal. */
interface PtyOpener {
  readonly name: string;
  readonly command: string;
  argumentsFor(args: readonly string[]): string[];
}

const PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

const PTY_OPENERS: readonly PtyOpener[] = [
  {
    name: 'script of util-linux',
    command: 'script',
    argumentsFor: (args) => ['-qefc', args.map(quote).join(' '), '/dev/null'],
  },
  { name: 'pty of Python 3', command: 'python3', argumentsFor: (args) => ['-c', PYTHON, ...args] },
];

/** The first of them that works on this system. */
export const ptyOpener: PtyOpener | undefined =
  process.platform === 'win32' ? undefined : PTY_OPENERS.find((each) => works(each));

export interface TerminalSession {
  readonly child: ChildProcess;
  /** Everything that the terminal has shown so far, with its escape sequences. */
  shown(): string;
  readonly ended: Promise<number | null>;
}

/** Runs the built command in a pseudo-terminal. Its input stays open until the command ends. */
export function odxInTerminal(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): TerminalSession {
  if (ptyOpener === undefined) throw new Error('Nothing on this system opens a pseudo-terminal.');
  const child = spawn(ptyOpener.command, ptyOpener.argumentsFor([process.execPath, ODX, ...args]), {
    cwd,
    env: environment({ TERM: 'xterm-256color', ...env }),
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return { child, shown: () => shown, ended: ended(child) };
}

/** Waits until a condition holds, for ten seconds at most. `state` is part of the error. */
export async function until(holds: () => boolean, state: () => string): Promise<void> {
  const startedAt = Date.now();
  while (!holds()) {
    if (Date.now() - startedAt > 10_000) {
      throw new Error(`The condition did not hold within ten seconds: ${state()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
    const options = { cwd, env: environment(env), stdio: files };
    const code = await startedByWine(() => ended(spawn(process.execPath, [ODX, ...args], options)));
    return { code, stdout: readFileSync(path('out'), 'utf8'), stderr: readFileSync(path('err'), 'utf8') };
  } finally {
    for (const file of files) closeSync(file);
    folder.remove();
  }
}

// Wine on a busy machine sometimes fails to start a process, before any of it has run. The next attempt works.
async function startedByWine<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'UNKNOWN') throw error;
    return start();
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

function works({ command, argumentsFor }: PtyOpener): boolean {
  const probe = [process.execPath, '-p', 'process.stdout.isTTY'];
  const { status, stdout } = spawnSync(command, argumentsFor(probe), { input: '', encoding: 'utf8' });
  return status === 0 && stdout.includes('true');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
