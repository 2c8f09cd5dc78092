import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type REPLServer, start } from 'node:repl';
import { inspect } from 'node:util';
import type { ReplSession } from '../commands/repl.ts';
import { describeError } from '../describe-error.ts';
import { codeOf } from '../errors.ts';
import { paintFor } from '../output.ts';

/** Runs a REPL on the terminal until the user leaves. Then it ends the process, whatever is still running in it. */
export async function runInteractive(
  { scope, copies }: ReplSession,
  greeting: string,
  debug: boolean,
): Promise<never> {
  process.stdout.write(`${greeting}\n`);
  const server = start({
    prompt: 'odx> ',
    useGlobal: true,
    breakEvalOnSigint: true,
    writer(value: unknown) {
      // Ctrl-C ends the wait for a statement, and only this error says so. What the statement started is still running.
      if (codeOf(value) === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') copies.abort();
      return codeOf(value) === undefined || debug ? showValue(value) : showError(value);
    },
  });
  prepare(server, scope);
  addPathCompletion(server);
  const file = historyFile(process.env);
  if (file !== undefined) await keepHistory(server, file);
  return new Promise(() =>
    server.once('exit', async () => {
      await copies.abort();
      process.exit();
    }),
  );
}

/** Fills the scope of a REPL, adds .help and accepts the import lines of examples. */
export function prepare(server: REPLServer, scope: Record<string, unknown>): void {
  Object.assign(server.context, scope);
  addHelpCommand(server);
  skipImports(server);
}

export function showValue(value: unknown): string {
  const hasColours = paintFor(process.stdout)('green', '') !== '';
  return inspect(value, { colors: hasColours });
}

export function showError(error: unknown, debug = false): string {
  if (debug && error instanceof Error) return showValue(error);
  // Errors of JavaScript itself say little without their class.
  if (codeOf(error) === undefined) return `odx: ${String(error)}`;
  const { sentence, next, help } = describeError(error);
  const lines = { odx: sentence, next, help };
  return Object.entries(lines)
    .filter(([, text]) => text !== undefined)
    .map(([name, text]) => `${name}: ${text}`)
    .join('\n');
}

// Each line runs as it is, and fits 80 columns.
const FIRST_COPY = [
  "const source = await openFile('big.vhdx', 'r')",
  'const got = await offloadRead(source, { copyLength: source.size })',
  "const target = await openFile('copy.vhdx', 'w', { size: source.size })",
  'await offloadWrite(target, { token: got.token, copyLength: got.transferLength })',
  "await copyFile('big.vhdx', 'other.vhdx') // the same at once; Tab shows more",
];

// Replaces the list of dot commands that Node.js prints.
function addHelpCommand(server: REPLServer): void {
  server.defineCommand('help', {
    help: 'A first copy in five lines',
    action() {
      this.clearBufferedCommand();
      this.output.write(`${FIRST_COPY.join('\n')}\n`);
      this.displayPrompt();
    },
  });
}

const PACKAGE_IMPORT = /^\s*import\s[^'"]*\sfrom\s+(['"])win-odx(?:\/\w+)?\1\s*;?\s*$/;

// What these lines import is in scope already, and the REPL of Node.js refuses import statements.
function skipImports(server: REPLServer): void {
  const { eval: evaluate } = server;
  Object.assign(server, {
    eval(this: REPLServer, ...[code, context, file, done]: Parameters<typeof evaluate>): void {
      if (PACKAGE_IMPORT.test(code)) done(null, undefined);
      else evaluate.call(this, code, context, file, done);
    },
  });
}

type Completion = [matches: string[], completed: string];
type Completer = (line: string, done: (error: Error | null, completion?: Completion) => void) => void;

// Inside a string, Tab completes paths. Elsewhere, and for modules, Node.js completes.
function addPathCompletion(server: REPLServer): void {
  const complete = server.completer as Completer;
  Object.assign(server, {
    completer(line, done) {
      const text = openString(line);
      if (text === undefined) complete.call(server, line, done);
      else completePath(text).then((completion) => done(null, completion), done);
    },
  } satisfies { completer: Completer });
}

/** The text of the string literal that a line ends in, as it was typed. */
export function openString(line: string): string | undefined {
  let quote: string | undefined;
  let start = 0;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if (quote === undefined) {
      if (!`'"\``.includes(character)) continue;
      quote = character;
      start = at + 1;
    } else if (character === '\\') at++;
    else if (character === quote) quote = undefined;
  }
  const isModule = /\b(?:require|import)\s*\(\s*$/.test(line.slice(0, start - 1));
  return quote === undefined || isModule ? undefined : line.slice(start);
}

/** Completes the last part of a path within a string literal. */
export async function completePath(typed: string): Promise<Completion> {
  // A backslash is doubled in a string literal.
  const separator = typed.includes('\\\\') ? '\\\\' : '/';
  const end = typed.lastIndexOf(separator);
  const cut = end === -1 ? 0 : end + separator.length;
  const folder = typed.slice(0, cut).replaceAll('\\\\', '\\');
  const prefix = typed.slice(cut);
  const entries = await readdir(folder === '' ? '.' : folder, { withFileTypes: true }).catch(() => []);
  const matches = entries
    .map((entry) => entry.name.replace(/[\\'"`]/g, '\\$&') + (entry.isDirectory() ? separator : ''))
    .filter((name) => startsWith(name, prefix))
    .sort();
  return [matches, prefix];
}

function startsWith(name: string, prefix: string): boolean {
  if (process.platform !== 'win32') return name.startsWith(prefix);
  return name.toLowerCase().startsWith(prefix.toLowerCase());
}

/** Where the lines of earlier sessions are kept; undefined where ODX_REPL_HISTORY is empty. */
export function historyFile(env: NodeJS.ProcessEnv): string | undefined {
  const { ODX_REPL_HISTORY: chosen, XDG_STATE_HOME: state, LOCALAPPDATA: local } = env;
  if (chosen !== undefined) return chosen.trim() === '' ? undefined : chosen;
  const isWindows = process.platform === 'win32';
  const fallback = isWindows ? join('AppData', 'Local') : join('.local', 'state');
  return join((isWindows ? local : state) || join(homedir(), fallback), 'win-odx', 'repl_history');
}

// Without a folder to keep it in there is no history, which is no error.
function keepHistory(server: REPLServer, file: string): Promise<void> {
  return new Promise((resolve) => {
    try {
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    } catch {
      resolve();
      return;
    }
    server.setupHistory(file, () => resolve());
  });
}
