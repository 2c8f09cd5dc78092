import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ProgramEnd {
  readonly code: number | null;
  readonly output: string;
  /** From its start to its end. */
  readonly milliseconds: number;
  /** Date.now() at its end. */
  readonly ended: number;
}

export interface ProgramOptions {
  /** The executable. Default: the one that runs the tests. */
  readonly node?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program of this folder in a process of its own. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  { node = process.execPath, ...options }: ProgramOptions = {},
): Promise<ProgramEnd> {
  const path = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
  const outputPath = join(tmpdir(), `odx-${program}.txt`);
  // Files as stdio: under Wine a pipe gives EBADF.
  const output = openSync(outputPath, 'w');
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(node, [path, ...parameters], { ...options, stdio: ['ignore', output, output] });
    child.once('error', reject);
    child.once('exit', (code) => {
      const ended = Date.now();
      closeSync(output);
      const milliseconds = performance.now() - started;
      resolve({ code, output: readFileSync(outputPath, 'utf8'), milliseconds, ended });
    });
  });
}
