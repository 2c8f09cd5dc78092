import { Console } from 'node:console';
import { inspect } from 'node:util';
import type { Outcome } from '../command.ts';
import { DONE, FAILED } from '../errors.ts';
import { toJson } from '../json.ts';
import type { Listener } from './pipe.ts';
import { showError, showValue } from './show.ts';

/** What statements from a pipe gave: printed as they go, or gathered in one document. */
export class Transcript implements Listener {
  readonly #json: boolean;
  readonly #debug: boolean;
  readonly #statements: object[] = [];
  #exitCode = DONE;

  constructor(json: boolean, debug: boolean) {
    this.#json = json;
    this.#debug = debug;
    // The document has standard output for itself.
    if (json) globalThis.console = new Console(process.stderr, process.stderr);
  }

  value(value: unknown): void {
    this.#statements.push({ value: inJson(value) });
    this.text(showValue(value));
  }

  error(error: unknown): void {
    this.#exitCode = FAILED;
    // What a timer throws comes when the input has long ended.
    process.exitCode = FAILED;
    this.#statements.push({ error: error instanceof Error ? error : { message: String(error) } });
    if (!this.#json) process.stderr.write(`${showError(error, this.#debug)}\n`);
  }

  text(text: string): void {
    if (!this.#json) process.stdout.write(`${text.trimEnd()}\n`);
  }

  end(): Outcome {
    const exitCode = this.#exitCode;
    if (this.#json) return { data: { statements: this.#statements }, text: '', exitCode };
    return { data: undefined, text: undefined, exitCode };
  }
}

// One value that JSON cannot hold, such as a circle, must not cost all the others.
function inJson(value: unknown): unknown {
  try {
    toJson(value);
    return value;
  } catch {
    return inspect(value);
  }
}
