import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs a script of the `children` folder in a process of its own, and gives the number that it prints. */
export function numberFrom(script: string, ...args: readonly string[]): number {
  const path = fileURLToPath(new URL(`./children/${script}.js`, import.meta.url));
  const output = execFileSync(process.execPath, ['--expose-gc', path, ...args], { encoding: 'utf8' });
  return Number(output);
}
