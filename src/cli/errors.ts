import { UsageError } from './usage-error.ts';

export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
export const INTERRUPTED = 130;

/** A failure whose next step the command knows better than the error does. */
export class AdvisedError extends Error {
  readonly next: string;
  declare readonly code?: string;

  constructor(message: string, next: string, options?: { cause?: unknown; code?: string | undefined }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.next = next;
    if (options?.code !== undefined) this.code = options.code;
  }
}

/** What the host says of a file that cannot be used, in a sentence that names it. */
export function hostError(path: string, verb: 'read' | 'written', error: unknown): AdvisedError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return new AdvisedError(`${path} cannot be ${verb} (${hostWords(error)}).`, nextStep(code ?? '') ?? '', {
    code,
  });
}

/** The words of an error of the host, without the call and the path that follow them. */
export function hostWords(error: unknown): string {
  const [words = ''] = error instanceof Error ? error.message.split(',') : [String(error)];
  return words;
}

/** The same error, or what an interruption left behind. */
export function unlessInterrupted(error: unknown, next: string): unknown {
  const isInterrupted = error instanceof Error && 'code' in error && error.code === 'ABORT_ERR';
  return isInterrupted ? new AdvisedError('Interrupted.', next, { cause: error }) : error;
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
  const unopened = unopenedFile(error);
  if (unopened !== undefined) return unopened;
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

// What the table says of ERROR_ACCESS_DENIED is about control codes.
function unopenedFile(error: unknown): Complaint | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('path' in error)) return undefined;
  if (error.syscall !== 'CreateFileW' || !('errno' in error) || error.errno !== ERROR_ACCESS_DENIED)
    return undefined;
  return {
    exitCode: FAILED,
    sentence: `${error.path} cannot be opened: access is denied (ERROR_ACCESS_DENIED, ${error.errno}).`,
    next: 'Check that it is a file, that it is not read-only, and that you have the right.',
  };
}

const ERROR_ACCESS_DENIED = 5;

function nextStep(code: string): string | undefined {
  switch (code) {
    case 'ENOENT':
    case 'EISDIR':
    case 'ENOTDIR':
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
