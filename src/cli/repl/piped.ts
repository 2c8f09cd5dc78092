import { Console } from 'node:console';
import { createInterface } from 'node:readline';
import { start } from 'node:repl';
import { PassThrough, Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { CommandResult } from '../command.ts';
import { describeError } from '../describe-error.ts';
import { DONE, errorDocument, FAILED } from '../errors.ts';
import { toJson } from '../output.ts';
import { prepare, showError, showValue } from './interactive.ts';

/** Receives the results of the statements, in their order. */
interface StatementListener {
  onValue(value: unknown): void;
  onError(error: unknown): void;
  /** The output of dot commands. */
  onText(text: string): void;
}

// The REPL of Node.js writes its prompt when it is ready for a statement, or for the next line of one.
const READY = '\0';
const CONTINUE = /^(?:\.{3,}|\|) ?$/;
const UNCAUGHT = /^Uncaught\b/;
const DOT_COMMAND_ERROR = /^(?:Invalid REPL keyword|Failed to)\b/;
// They read and write files without waiting for statements.
const UNSUPPORTED_DOT_COMMANDS = ['editor', 'load', 'save'];

/**
 * Runs the statements of a stream in the REPL of Node.js, one after the other, and waits for each.
 * Resolves at the end of the input, or at .exit.
 */
export async function runPiped(
  input: NodeJS.ReadableStream,
  scope: Record<string, unknown>,
  listener: StatementListener,
): Promise<void> {
  const lines = new LineFeed();
  let shown: unknown;
  let isWritten = false;
  let isComplete = true;
  // The writer receives values and errors alike. The text that follows says which it was.
  const onOutput = (chunk: string): void => {
    if (chunk === READY || CONTINUE.test(chunk)) {
      isComplete = chunk === READY;
      lines.next();
    } else if (UNCAUGHT.test(chunk)) listener.onError(shown);
    else if (isWritten) listener.onValue(shown);
    else if (DOT_COMMAND_ERROR.test(chunk)) listener.onError(new SyntaxError(`${chunk.trim()}.`));
    else listener.onText(chunk);
    isWritten = false;
  };
  const server = start({
    prompt: READY,
    input: lines.stream,
    output: new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        onOutput(chunk);
        done();
      },
    }),
    terminal: false,
    useGlobal: true,
    ignoreUndefined: true,
    writer(value: unknown) {
      shown = value;
      isWritten = true;
      return '';
    },
  });
  server.once('exit', () => lines.end());
  prepare(server, scope);
  for (const name of UNSUPPORTED_DOT_COMMANDS) Reflect.deleteProperty(server.commands, name);
  // Nothing is left in the event loop that could settle the promise of the statement.
  const onStalled = (): void => {
    listener.onError(new Error('The statement waits for something that never happens.'));
    lines.end();
  };
  process.once('beforeExit', onStalled);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      await lines.write(line);
      if (lines.isEnded) return;
    }
  } finally {
    process.off('beforeExit', onStalled);
  }
  if (!isComplete) listener.onError(new SyntaxError('The input ends in the middle of a statement.'));
  server.close();
}

/** Gives the REPL one line at a time: with several it would start a statement while the one before is still running. */
class LineFeed {
  readonly stream = new PassThrough();
  isEnded = false;
  #resolve: () => void = () => {};

  /** Resolves when the REPL is ready for another line. */
  write(line: string): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.stream.write(`${line}\n`);
    });
  }

  next(): void {
    this.#resolve();
  }

  end(): void {
    this.isEnded = true;
    this.#resolve();
  }
}

/** Prints the results of statements as they come, or collects them in one JSON document. */
export class Transcript implements StatementListener {
  readonly #json: boolean;
  readonly #debug: boolean;
  readonly #statements: object[] = [];
  #exitCode = DONE;

  constructor(json: boolean, debug: boolean) {
    this.#json = json;
    this.#debug = debug;
    // Only the document may be written to stdout.
    if (json) globalThis.console = new Console(process.stderr, process.stderr);
  }

  onValue(value: unknown): void {
    this.#statements.push({ value: serializable(value) });
    this.onText(showValue(value));
  }

  onError(error: unknown): void {
    this.#exitCode = FAILED;
    // An exception of a timer comes after the end of the input.
    process.exitCode = FAILED;
    this.#statements.push({ error: errorDocument(error, describeError(error)) });
    if (!this.#json) process.stderr.write(`${showError(error, this.#debug)}\n`);
  }

  onText(text: string): void {
    if (!this.#json) process.stdout.write(`${text.trimEnd()}\n`);
  }

  result(): CommandResult {
    const exitCode = this.#exitCode;
    if (this.#json) return { data: { statements: this.#statements }, text: '', exitCode };
    return { data: undefined, text: undefined, exitCode };
  }
}

// A value that JSON cannot hold, such as a cycle, must not spoil the whole document.
function serializable(value: unknown): unknown {
  try {
    toJson(value);
    return value;
  } catch {
    return inspect(value);
  }
}
