import type { Odx } from '../../index.ts';
import { type Command, defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import type { KernelLoader } from '../kernel.ts';

export const repl: Command = defineCommand({
  name: 'repl',
  operands: '',
  count: [0, 0],
  summary: 'try the package in a Node.js REPL',
  usesKernel: true,
  notes: [
    'Everything that the package exports is in scope. Top-level await works, Tab completes names and paths, and .help shows a first copy in five lines. The history is ' +
      'kept in your state folder; ODX_REPL_HISTORY names another file, or turns it off when it is empty.',
    'With a file or a pipe as input, it runs the statements in order, waits for each one and prints their values. ' +
      'After a failed statement the others still run, and the exit code is 1.',
  ],
  options: {},
  examples: [
    { line: 'repl --emulate', does: 'interactively, with an emulated array' },
    { line: 'repl --emulate < first-copy.js', does: 'run a file' },
    { line: 'repl --emulate --json < first-copy.js', does: 'collect the values of the statements as JSON' },
  ],
  async run(_operands, _values, { json, debug, version, kernels }) {
    const isInteractive = process.stdin.isTTY;
    if (json && isInteractive) throw new UsageError('odx repl --json needs a file or a pipe as input.');
    const session = await createSession(kernels);
    if (isInteractive) {
      const { runInteractive } = await import('../repl/interactive.ts');
      const greeting = `odx ${version} on ${session.kernelName}. .help shows an example, Tab completes, .exit ends.`;
      return runInteractive(session, greeting, debug);
    }
    const { runPiped, Transcript } = await import('../repl/piped.ts');
    const transcript = new Transcript(json, debug);
    await runPiped(process.stdin, session.scope, transcript);
    return transcript.result();
  },
});

export interface ReplSession {
  /** The global variables: everything that the package exports, with the functions bound to the kernel. */
  readonly scope: Record<string, unknown>;
  readonly kernelName: string;
  readonly copies: RunningCopies;
}

async function createSession(kernels: KernelLoader): Promise<ReplSession> {
  const { odx, emulator } = await kernels.load();
  const [library, { createEmulator }, { loadKernel32 }, layouts] = await Promise.all([
    import('../../index.ts'),
    import('../../emulator/index.ts'),
    import('../../kernel/kernel32.ts'),
    import('../../structs.ts'),
  ]);
  const copies = new RunningCopies(odx);
  const { copyFile, copyFiles, tryOffload } = copies;
  const abortable = { ...odx, copyFile, copyFiles, tryOffload };
  const { kernel, ...functions } = abortable;
  const scope = {
    ...library,
    ...layouts,
    ...functions,
    odx: abortable,
    createEmulator,
    loadKernel32,
    emulator: emulator ?? (await kernels.createEmulator()),
  };
  return { scope, copies, kernelName: emulator === undefined ? kernel.name : 'the emulator' };
}

/** Makes the copies and trials of a session abortable, because an unfinished file must not outlive the session. */
class RunningCopies {
  readonly copyFile: Odx['copyFile'];
  readonly copyFiles: Odx['copyFiles'];
  readonly tryOffload: Odx['tryOffload'];
  readonly #running = new Set<Promise<unknown>>();
  #controller = new AbortController();

  constructor({ copyFile, copyFiles, tryOffload }: Odx) {
    this.copyFile = (source, destination, options) =>
      this.#track(copyFile(source, destination, this.#withSignal(options)));
    this.copyFiles = (pairs, options) => this.#track(copyFiles(pairs, this.#withSignal(options)));
    this.tryOffload = (folder, options) => this.#track(tryOffload(folder, this.#withSignal(options)));
  }

  /** Aborts the copies that are running, and resolves when they have ended. */
  async abort(): Promise<void> {
    this.#controller.abort();
    this.#controller = new AbortController();
    await Promise.allSettled(this.#running);
  }

  #track<T>(copy: Promise<T>): Promise<T> {
    this.#running.add(copy);
    const remove = (): void => void this.#running.delete(copy);
    copy.then(remove, remove);
    return copy;
  }

  // An illegal argument is passed on as it is, so that the library refuses it.
  #withSignal<T extends { signal?: unknown }>(options: T | undefined): T | undefined {
    const { signal } = this.#controller;
    if (options === undefined) return { signal } as T;
    if (typeof options !== 'object' || options === null) return options;
    const given = options.signal;
    if (given === undefined) return { ...options, signal };
    return given instanceof AbortSignal ? { ...options, signal: AbortSignal.any([given, signal]) } : options;
  }
}
