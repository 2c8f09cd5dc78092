import { type FileKernel, filesOf, type IoBuffers, type Kernel } from '../../src/kernel/kernel.ts';
import { isSafeSignal } from '../../src/signal.ts';
import { controlCodes } from '../../structs/index.ts';

/** One call of a job on its kernel. */
export interface Step {
  /** Position among the steps of the job, from 0. */
  readonly index: number;
  /** `open`, `read`, `FSCTL_OFFLOAD_WRITE`. */
  readonly operation: string;
  /** Operation and count: `read#2`. Two steps in flight at the same time may change their index, but not their names. */
  readonly name: string;
  readonly parameters: readonly unknown[];
  /** The path that its handle was opened with, if it has one. */
  readonly path: string | undefined;
  /** Whether the call can be cancelled. */
  readonly hasSignal: boolean;
  /** Makes the call, with other parameters if given. */
  run(parameters?: readonly unknown[]): Promise<unknown>;
}

/** Takes the place of a step. */
export type Act = (step: Step) => Promise<unknown>;

type Call = (...parameters: readonly unknown[]) => Promise<unknown>;

const codeNames: ReadonlyMap<unknown, string> = new Map(controlCodes.map(({ name, value }) => [value, name]));

// What returns no promise is no call of the system that could fail later.
const SYNCHRONOUS = /Sync$|^allocate$/;

/** A kernel whose every call is a step that can be replaced, and that knows what a job leaves behind. */
export class SteppedKernel {
  readonly kernel: Kernel;
  /** Calls that break a rule of the kernel: a handle that is not open, buffers that were not acquired. */
  readonly misuses: string[] = [];
  /** Open handles, and their paths. */
  readonly #handles: Map<unknown, string> = new Map();
  readonly #opening: Set<unknown> = new Set();
  readonly #opened: Set<unknown> = new Set();
  readonly #buffers: Set<IoBuffers> = new Set();
  readonly #counts: Map<string, number> = new Map();
  #inFlight = 0;
  #index = 0;
  #act: Act | undefined;

  constructor(inner: Kernel) {
    const control = this.#stepped('control', inner.control);
    const files = Object.entries(filesOf(inner)).map(([operation, call]) => [
      operation,
      SYNCHRONOUS.test(operation) ? call : this.#stepped(operation, call),
    ]);
    this.kernel = {
      ...inner,
      control: control as Kernel['control'],
      // Every function, so that one which is added to FileKernel later is a step as well.
      files: Object.fromEntries(files) as FileKernel,
      acquire: (inputLength, outputLength) => {
        const buffers = inner.acquire(inputLength, outputLength);
        this.#buffers.add(buffers);
        return buffers;
      },
      release: (buffers) => {
        if (!this.#buffers.delete(buffers)) this.misuses.push('release of buffers that were not acquired');
        inner.release(buffers);
      },
    };
  }

  /** From now on every call is a step. */
  begin(act: Act): void {
    this.#act = act;
  }

  end(): void {
    this.#act = undefined;
  }

  /** Whether the job has opened a path. */
  hasOpened(path: string): boolean {
    return this.#opened.has(path);
  }

  /** Whether a path is being opened, or copied to by the system, so that nobody knows which file it will be. */
  isOpening(path: string): boolean {
    return this.#opening.has(path);
  }

  get leaks(): string[] {
    const counts = { handles: this.#handles.size, buffers: this.#buffers.size, calls: this.#inFlight };
    return Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what} left`]));
  }

  #stepped(operation: string, call: unknown): Call {
    return async (...parameters) => {
      const run = (other: readonly unknown[] = parameters) => this.#run(operation, call as Call, other);
      this.#inFlight++;
      try {
        return await (this.#act === undefined ? run() : this.#act(this.#stepOf(operation, parameters, run)));
      } finally {
        this.#inFlight--;
      }
    };
  }

  #stepOf(operation: string, parameters: readonly unknown[], run: Step['run']): Step {
    const [handle, code] = parameters;
    const named =
      operation === 'control' ? (codeNames.get(code) ?? `control code ${String(code)}`) : operation;
    const count = (this.#counts.get(named) ?? 0) + 1;
    this.#counts.set(named, count);
    const path = this.#handles.get(handle);
    const hasSignal = parameters.some(isSafeSignal);
    return {
      index: this.#index++,
      operation: named,
      name: `${named}#${count}`,
      parameters,
      path,
      hasSignal,
      run,
    };
  }

  async #run(operation: string, call: Call, parameters: readonly unknown[]): Promise<unknown> {
    for (const handle of parameters.slice(0, operation === 'copyMetadata' ? 2 : 1)) {
      if (typeof handle !== 'bigint' || this.#handles.has(handle)) continue;
      this.misuses.push(`${operation} on a handle that is not open`);
    }
    if (operation === 'close') this.#handles.delete(parameters[0]);
    if (operation.startsWith('open')) return this.#open(call, parameters);
    if (operation === 'copy') return this.#copy(call, parameters);
    return call(...parameters);
  }

  async #copy(call: Call, parameters: readonly unknown[]): Promise<unknown> {
    const [, destination] = parameters;
    this.#opening.add(destination);
    try {
      const result = await call(...parameters);
      this.#opened.add(destination);
      return result;
    } finally {
      this.#opening.delete(destination);
    }
  }

  async #open(call: Call, parameters: readonly unknown[]): Promise<unknown> {
    // A file can also be opened again through its handle.
    const [given] = parameters;
    const path = this.#handles.get(given) ?? given;
    this.#opening.add(path);
    try {
      const handle = await call(...parameters);
      this.#handles.set(handle, String(path));
      this.#opened.add(path);
      return handle;
    } finally {
      this.#opening.delete(path);
    }
  }
}
