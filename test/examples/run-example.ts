import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished } from 'vitest';
import { builtModule, ROOT } from '../built.ts';
import type { Folder } from '../kit.ts';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of examples/. There it finds `win-odx` as a user's program does, through the exports of package.json. */
export function example(name: string): string {
  return join(ROOT, 'examples', name);
}

/**
 * A copy of an example in a project of its own, whose emulator has other options, given as source text. Its storage can
 * thus refuse or answer short, which the emulator of the examples never does.
 */
export function exampleWithEmulator(folder: Folder, name: string, options: string): string {
  const program = folder.path(`project/${name}`);
  const module = folder.path('project/node_modules/win-odx');
  mkdirSync(module, { recursive: true });
  copyFileSync(example(name), program);
  writeFileSync(
    join(module, 'package.json'),
    JSON.stringify({
      name: 'win-odx',
      type: 'module',
      exports: { '.': './index.js', './emulator': './emulator.js' },
    }),
  );
  symlinkSync(join(ROOT, 'node_modules', 'bullmq'), folder.path('project/node_modules/bullmq'));
  const url = (built: string): string => pathToFileURL(builtModule(built)).href;
  writeFileSync(join(module, 'index.js'), `export * from '${url('index.js')}';\n`);
  writeFileSync(
    join(module, 'emulator.js'),
    `import { createEmulator as create } from '${url('emulator.js')}';
export const createEmulator = () => create(${options});\n`,
  );
  return program;
}

/** A running program. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stdout matches. Rejects when the program ends before. */
  printed(pattern: RegExp): Promise<void>;
}

/** Starts a program. It ends with the test at the latest. */
export function start(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    ended,
    async printed(pattern) {
      while (!pattern.test(stdout)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`${basename(program)} ended: ${stdout}${stderr}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

/** Runs a program in the folder until it ends. */
export function run(program: string, args: readonly string[], folder: Folder): Promise<Ended> {
  return start(program, args, dirname(folder.path('x'))).ended;
}
