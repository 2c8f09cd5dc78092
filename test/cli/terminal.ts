import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { environment, ODX } from './odx-process.ts';

/** A command that runs another one in a pseudo-terminal, and what it needs to be told. */
interface Opener {
  readonly name: string;
  readonly command: string;
  arguments(args: readonly string[]): string[];
}

const PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

const OPENERS: readonly Opener[] = [
  {
    name: 'script of util-linux',
    command: 'script',
    arguments: (args) => ['-qefc', args.map(quote).join(' '), '/dev/null'],
  },
  { name: 'pty of Python 3', command: 'python3', arguments: (args) => ['-c', PYTHON, ...args] },
];

/** The first way there is to open a pseudo-terminal here. */
export const opener: Opener | undefined =
  process.platform === 'win32' ? undefined : OPENERS.find((each) => works(each));

export interface Session {
  readonly child: ChildProcess;
  /** All that the terminal has shown so far, with its escape sequences. */
  shown(): string;
  readonly ended: Promise<number | null>;
}

/** Runs the built command in a pseudo-terminal. Its input stays open until it is ended. */
export function odxInTerminal(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Session {
  if (opener === undefined) throw new Error('There is nothing here that opens a pseudo-terminal.');
  const child = spawn(opener.command, opener.arguments([process.execPath, ODX, ...args]), {
    cwd,
    env: environment({ TERM: 'xterm-256color', ...env }),
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { child, shown: () => shown, ended };
}

function works({ command, arguments: argumentsFor }: Opener): boolean {
  const probe = [process.execPath, '-p', 'process.stdout.isTTY'];
  const { status, stdout } = spawnSync(command, argumentsFor(probe), { input: '', encoding: 'utf8' });
  return status === 0 && stdout.includes('true');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
