import { UsageError } from './usage-error.ts';

export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
export const INTERRUPTED = 130;

/** A failure whose next step the command knows better than the error does. */
export class AdvisedError extends Error {
  readonly next: string;

  constructor(message: string, next: string, options?: { cause: unknown }) {
    super(message, options);
    this.next = next;
  }
}

/** What goes wrong, told to people: a sentence or two, and the step that comes next. */
export interface Complaint {
  readonly exitCode: number;
  readonly sentence: string;
  readonly next: string | undefined;
}

// Told by code and not by class, so that `odx --version` and usage errors need not load the library.
interface Facts {
  readonly code: string;
  readonly message: string;
  readonly advice: string | undefined;
}

export function complain(error: unknown): Complaint {
  if (error instanceof UsageError) return { exitCode: USAGE, sentence: error.message, next: undefined };
  if (error instanceof AdvisedError) {
    if (error.cause === undefined) return { exitCode: FAILED, sentence: error.message, next: error.next };
    return { ...complain(error.cause), next: error.next };
  }
  const { code, message, advice } = factsOf(error);
  switch (code) {
    case 'ERR_ODX_INVALID_ARGUMENT':
    case 'ERR_ODX_REQUEST':
      return { exitCode: USAGE, sentence: message, next: undefined };
    case 'ABORT_ERR':
      return { exitCode: INTERRUPTED, sentence: 'Interrupted.', next: undefined };
    case 'ERR_ODX_UNSUPPORTED_PLATFORM':
      return {
        exitCode: FAILED,
        sentence: 'kernel32.dll could not be loaded here.',
        next: 'Add --emulate to use the emulator.',
      };
    case 'ERR_ODX_PROTOCOL':
      return {
        exitCode: FAILED,
        sentence: message,
        next: 'Run it again; if it stays, tell the vendor of the storage, and copy without --require meanwhile.',
      };
  }
  if (advice !== undefined) {
    const sentence = message.endsWith(advice) ? message.slice(0, -advice.length).trim() : message;
    return { exitCode: FAILED, sentence, next: advice };
  }
  return { exitCode: FAILED, sentence: message, next: nextStep(code) };
}

function nextStep(code: string): string | undefined {
  switch (code) {
    case 'ENOENT':
      return 'Check the path.';
    case 'EEXIST':
      return 'Choose another name, or remove what is there.';
    case 'EACCES':
    case 'EPERM':
      return 'Check who may write there.';
    case 'ERR_ODX_SOURCE_CHANGED':
      return undefined;
    default:
      return 'Run it again with --debug to see where it happened.';
  }
}

function factsOf(error: unknown): Facts {
  if (!(error instanceof Error)) return { code: '', message: String(error), advice: undefined };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const advice = 'advice' in error && typeof error.advice === 'string' ? error.advice : undefined;
  return { code, message: error.message, advice };
}

/** An error as --json shows it: its own fields, without the stack and without what caused it. */
export function errorDocument(error: Error): Record<string, unknown> {
  const told = error instanceof AdvisedError && error.cause instanceof Error ? error.cause : error;
  const { cause: _cause, stack: _stack, next: _next, ...own } = { ...told } as Record<string, unknown>;
  const { next } = complain(error);
  const document: Record<string, unknown> = { name: told.name, message: told.message, ...own };
  // The advice of an error is its next step, unless the command knew better.
  return next === undefined || next === document['advice'] ? document : { ...document, next };
}
