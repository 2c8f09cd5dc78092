import { getSystemErrorMap } from 'node:util';

// Nothing here loads the library, so that the help and usage errors come at once.

export const DONE = 0;
export const FAILED = 1;
export const USAGE = 2;
/** The storage cannot do what was tried. */
export const INCAPABLE = 3;
export const INTERRUPTED = 130;

/** The command line cannot be understood. The help of the command is printed with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'ERR_ODX_USAGE';

  constructor(message: string) {
    super(withoutTokens(message));
  }
}

/** The command line is understood, but what it requests is not possible. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly code = 'ERR_ODX_REQUEST';
  /** What to do instead. Default: a reference to the help. */
  declare readonly next?: string;

  constructor(message: string, options?: { cause?: unknown; next?: string }) {
    super(withoutTokens(message), options?.cause === undefined ? undefined : { cause: options.cause });
    if (options?.next !== undefined) this.next = options.next;
  }
}

/** A failure whose next step is known to the command, but not to the error that caused it. */
export class CommandError extends Error {
  readonly next: string;
  /** An error code of Node.js: ENOENT. */
  declare readonly code?: string;

  constructor(message: string, next: string, options?: { cause?: unknown; code?: string | undefined }) {
    super(withoutTokens(message), options?.cause === undefined ? undefined : { cause: options.cause });
    this.next = next;
    if (options?.code !== undefined) this.code = options.code;
  }
}

// A token is 684 characters of base64, or 1024 of hexadecimal.
const MAY_BE_TOKEN = /[\w+/=-]{512,}/g;

/** A word of the command line that may be a token, passed in the wrong place, is secret. */
function withoutTokens(message: string): string {
  return message.replaceAll(MAY_BE_TOKEN, (word) => `(${word.length} characters)`);
}

/** An error for people: a sentence or two, and the next step. */
export interface ErrorDescription {
  readonly exitCode: number;
  readonly sentence: string;
  readonly next: string | undefined;
  /** The address of a page that explains it. */
  readonly help?: string;
}

/** The error of node:fs for a file or folder that cannot be read, written or created. */
export function fileError(path: string, verb: 'read' | 'written' | 'created', error: unknown): CommandError {
  const code = codeOf(error);
  // The second one is what `rm` throws.
  if (code === 'EISDIR' || code === 'ERR_FS_EISDIR') {
    return new CommandError(`${path} is a folder.`, 'Name a file.', { code });
  }
  return new CommandError(
    `${path} cannot be ${verb} (${describeSystemError(error)}).`,
    nextStepFor(code) ?? `Run it again with --debug to see where it failed.`,
    { code },
  );
}

/** `ENOENT: no such file or directory`, without the function and the path that Node.js appends. */
export function describeSystemError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errno } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno);
  return known === undefined ? error.message : known.join(': ');
}

/** What to do about an error of Node.js. */
export function nextStepFor(code: string | undefined): string | undefined {
  switch (code) {
    case 'ENOENT':
    case 'EISDIR':
    case 'ENOTDIR':
      return 'Check the path.';
    case 'EEXIST':
      return 'Choose another name, or remove what is there.';
    case 'EACCES':
    case 'EPERM':
      return 'Check that you have the right, and that nothing there is read-only.';
    default:
      return undefined;
  }
}

/** Replaces an AbortError with one that says what the interruption left behind; returns every other error as it is. */
export function explainInterruption(error: unknown, next: string): unknown {
  return codeOf(error) === 'ABORT_ERR' ? new CommandError('Interrupted.', next, { cause: error }) : error;
}

/** The `code` of an error of this package or of Node.js. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** An error as --json prints it: its own properties, without stack and cause, and the next step. */
export function errorDocument(
  error: unknown,
  { sentence, next }: Pick<ErrorDescription, 'sentence' | 'next'>,
): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const shown = error instanceof CommandError && error.cause instanceof Error ? error.cause : error;
  const document = errorProperties(shown);
  // The message names the fields of the API, and the sentence the options of the command line.
  if (document['code'] === 'ERR_ODX_INVALID_ARGUMENT') document['message'] = sentence;
  // The advice of an error is its next step, unless the command knows a better one.
  return next === undefined || next === document['advice'] ? document : { ...document, next };
}

export function errorProperties(error: Error): Record<string, unknown> {
  const { cause: _cause, stack: _stack, next: _next, ...own } = { ...error } as Record<string, unknown>;
  const help = 'help' in error ? { help: error.help } : {};
  return { name: error.name, message: error.message, ...own, ...help };
}
