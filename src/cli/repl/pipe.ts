import { createInterface } from 'node:readline';
import { start } from 'node:repl';
import { PassThrough, Writable } from 'node:stream';
import { teach } from './help.ts';
import { passOverImports } from './imports.ts';

/** Hears what becomes of the statements, in their order. */
export interface Listener {
  value(value: unknown): void;
  error(error: unknown): void;
  /** What dot commands say. */
  text(text: string): void;
}

// Node's REPL says by its prompt whether it waits for a new statement or for the rest of one.
const READY = '\0';
const CONTINUE = /^(?:\.{3,}|\|) ?$/;
const UNCAUGHT = /^Uncaught\b/;
const COMPLAINT = /^(?:Invalid REPL keyword|Failed to)\b/;
// They read and write files in a way that does not wait for statements.
const UNFIT = ['editor', 'load', 'save'];

/**
 * Runs what comes through a pipe in Node's REPL, in order, each statement to its end.
 * Resolves when the input has ended or was left with .exit.
 */
export async function runPiped(
  input: NodeJS.ReadableStream,
  scope: Record<string, unknown>,
  listener: Listener,
): Promise<void> {
  const reader = new LineFeed();
  let shown: unknown;
  let written = false;
  let complete = true;
  // The writer sees values and errors alike; the text that follows tells which it was.
  const hear = (chunk: string): void => {
    if (chunk === READY || CONTINUE.test(chunk)) {
      complete = chunk === READY;
      reader.wanted();
    } else if (UNCAUGHT.test(chunk)) listener.error(shown);
    else if (written) listener.value(shown);
    else if (COMPLAINT.test(chunk)) listener.error(new SyntaxError(`${chunk.trim()}.`));
    else listener.text(chunk);
    written = false;
  };
  const server = start({
    prompt: READY,
    input: reader.stream,
    output: new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        hear(chunk);
        done();
      },
    }),
    terminal: false,
    useGlobal: true,
    ignoreUndefined: true,
    writer(value: unknown) {
      shown = value;
      written = true;
      return '';
    },
  });
  server.once('exit', () => reader.left());
  Object.assign(server.context, scope);
  teach(server);
  passOverImports(server);
  for (const name of UNFIT) Reflect.deleteProperty(server.commands, name);
  // Nothing is left that could wake a statement that waits.
  const forsaken = (): void => {
    listener.error(new Error('The statement waits for something that never comes.'));
    reader.left();
  };
  process.once('beforeExit', forsaken);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      await reader.give(line);
      if (reader.isLeft) return;
    }
  } finally {
    process.off('beforeExit', forsaken);
  }
  if (!complete) listener.error(new SyntaxError('The input ends in the middle of a statement.'));
  server.close();
}

/** Gives the REPL its lines one by one: with many at hand it would begin the next while one is still awaited. */
class LineFeed {
  readonly stream = new PassThrough();
  isLeft = false;
  #settle: () => void = () => {};

  /** Resolves when the REPL wants another line. */
  give(line: string): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.stream.write(`${line}\n`);
    });
  }

  wanted(): void {
    this.#settle();
  }

  left(): void {
    this.isLeft = true;
    this.#settle();
  }
}
