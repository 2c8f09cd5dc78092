import { type InspectOptions, inspect } from 'node:util';
import {
  type NamedCode,
  ntstatusName,
  type StatusAction,
  statusByValue,
  type Win32Status,
  win32ByValue,
  win32Name,
} from '../structs/statuses.ts';
import { helpFor } from './help.ts';

/** The base class of every error of this package. `code` is stable and meant for programs; `message` is for people. */
export class OdxError extends Error {
  /** Stable, for programs: `ERR_ODX_PROTOCOL`, `ERROR_INVALID_TOKEN`. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options && 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
  }

  /** The address of the page that explains this error. Not part of what `inspect` and JSON.stringify show. */
  get help(): string {
    return helpFor(this.code);
  }

  /** The properties of the error for JSON.stringify, without stack and cause; bigints become decimal strings. */
  toJSON(): Record<string, unknown> {
    const { name, message } = this;
    const facts = Object.entries(this).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? `${value}` : value,
    ]);
    return { name, message, ...Object.fromEntries(facts) };
  }
}

/** A problem with an argument: its path (`ranges.0.lengthInBytes`) and a sentence that explains it. */
export interface ArgumentIssue {
  /** The dotted path of the field; empty for the argument as a whole. */
  readonly path: string;
  /** One sentence, with the value and the nearest legal value. */
  readonly message: string;
}

/** A message that names its fields through `nameOf`, so that a command line can show the names of its own options. */
export type Sentence = (nameOf: (path: string) => string) => string;

/**
 * The caller's argument was refused before anything reached the kernel.
 * `message` has one sentence per issue, with the value and the nearest legal value.
 */
export class InvalidArgumentError extends OdxError {
  /** Every problem, in the order of the fields. */
  readonly issues: readonly ArgumentIssue[];
  readonly #sentences: readonly Sentence[];

  constructor(
    issues: readonly { readonly path: string; readonly message: string | Sentence }[],
    options?: { cause?: unknown },
  ) {
    const sentences = issues.map(
      ({ message }): Sentence => (typeof message === 'string' ? () => message : message),
    );
    const messages = sentences.map((sentence) => sentence((path) => path));
    super('ERR_ODX_INVALID_ARGUMENT', messages.join('\n'), options);
    this.issues = issues.map(({ path }, index) => ({ path, message: messages[index] ?? '' }));
    this.#sentences = sentences;
  }

  /**
   * The message with other names for the fields: for a command line, which has options, or a form, which has labels.
   *
   * @param nameOf gets the path of a field (`fileOffset`) and returns the name that your user knows it by (`--offset`).
   * @example
   * error.describe((path) => (path === 'fileOffset' ? '--offset' : path));
   * // '--offset is 1000; it must be a multiple of the logical sector of 512 bytes, the nearest legal value is 1024.'
   */
  describe(nameOf: (path: string) => string): string {
    return this.#sentences.map((sentence) => sentence(nameOf)).join('\n');
  }
}

/** Where a call was when it failed. */
export interface CallContext {
  /** The control code or function, in Windows spelling: `FSCTL_OFFLOAD_WRITE`, `CreateFileW`. */
  readonly syscall: string;
  /** The file that the call was for. */
  readonly path?: string | undefined;
  /** Byte offset in the file that the call was made for. */
  readonly offset?: bigint | undefined;
  /** What a failure means here and what to do, where that is known better than from its number. */
  readonly explanation?:
    | {
        /** One sentence. */
        readonly meaning: string;
        /** What a person should do, in one sentence. */
        readonly advice: string;
      }
    | undefined;
}

/** Windows or the emulator refused a call. An unknown error keeps its number as `ERROR_<n>`. */
export class Win32Error extends OdxError {
  /** The value of GetLastError, e.g. 315. */
  readonly errno: number;
  /** The NTSTATUS behind it, present only where it is certain. */
  declare readonly ntstatus?: NamedCode;
  /** The control code or function that failed: `FSCTL_OFFLOAD_WRITE`, `CreateFileW`. */
  readonly syscall: string;
  /** The file that the call was for. */
  declare readonly path?: string;
  /** The destination of the copy, in the errors of copyFile. */
  declare readonly dest?: string;
  /** Byte offset in the file that the call was made for. */
  declare readonly offset?: bigint;
  /** What a program should do: copy by ordinary reads and writes, read a fresh token, correct the call, or give up. */
  readonly action: StatusAction;
  /** What a person should do next. */
  readonly advice: string;

  constructor(failure: { errno: number; ntstatus?: number | undefined }, context: CallContext) {
    const status = meaningOf(failure.errno, failure.ntstatus);
    const { meaning, advice } = context.explanation ?? status ?? UNKNOWN;
    const name = win32Name(failure.errno);
    super(
      name,
      `${name} (${numbers(failure)}): ${context.syscall}${place(context)} failed. ${meaning} ${advice}`,
    );
    this.errno = failure.errno;
    if (failure.ntstatus !== undefined) {
      this.ntstatus = { name: ntstatusName(failure.ntstatus), value: failure.ntstatus };
    }
    this.syscall = context.syscall;
    if (context.path !== undefined) this.path = context.path;
    if (context.offset !== undefined) this.offset = context.offset;
    this.action = status?.action ?? 'fail';
    this.advice = advice;
  }
}

/** The device sent an impossible reply: more was done than requested, the reply is too short, or nothing was done. */
export class ProtocolError extends OdxError {
  /** The control code with the impossible reply. */
  readonly syscall: string;
  /** The file that the call was for. */
  declare readonly path?: string;
  /** Byte offset in the file that the call was made for. */
  declare readonly offset?: bigint;

  constructor(what: string, context: CallContext) {
    super('ERR_ODX_PROTOCOL', `${context.syscall}${place(context)}: ${what}`);
    this.syscall = context.syscall;
    if (context.path !== undefined) this.path = context.path;
    if (context.offset !== undefined) this.offset = context.offset;
  }
}

/** The source was modified during the copy, so the copy was stopped rather than mix old and new data. */
export class SourceChangedError extends OdxError {
  /** The source of the copy. */
  declare readonly path?: string;

  constructor(path: string | undefined) {
    super(
      'ERR_ODX_SOURCE_CHANGED',
      `${path ?? 'The source'} was modified while it was being copied; the copy was stopped so that it does not mix old and ` +
        'new data. Copy again when no program writes to it, or copy from a snapshot.',
    );
    if (path !== undefined) this.path = path;
  }
}

/** kernel32.dll does not exist on this system. */
export class UnsupportedPlatformError extends OdxError {
  constructor(options?: { cause?: unknown }) {
    super(
      'ERR_ODX_UNSUPPORTED_PLATFORM',
      `Copy offload needs Windows: kernel32.dll could not be loaded on ${process.platform}. To develop here, use the ` +
        "emulator: createOdx({ kernel: createEmulator() }), with createEmulator from 'win-odx/emulator'.",
      options,
    );
  }
}

/** Koffi's binary could not be loaded, so importing the package fails. `cause` is Koffi's error. */
export class NativeModuleError extends OdxError {
  constructor(options: { cause: unknown }) {
    const platform = `${process.platform}-${process.arch}`;
    super(
      'ERR_ODX_NATIVE_MODULE',
      `Koffi's binary for ${platform} could not be loaded (${reasonOf(options.cause)}). Install the npm package ` +
        `@koromix/koffi-${platform}, an optional dependency of koffi that --omit=optional leaves out. Node.js loads no ` +
        'binary with --no-addons, nor with --permission unless --allow-addons is given too.',
      options,
    );
  }
}

/** The caller's AbortSignal fired. `cause` is `signal.reason`. */
export class AbortError extends OdxError {
  constructor(reason: unknown) {
    super('ABORT_ERR', 'The operation was aborted.', { cause: reason });
  }
}

// On the prototypes and not enumerable, so that inspecting an error shows only its own properties.
for (const [name, type] of Object.entries({
  OdxError,
  InvalidArgumentError,
  Win32Error,
  ProtocolError,
  SourceChangedError,
  UnsupportedPlatformError,
  NativeModuleError,
  AbortError,
})) {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true });
}

// Inside another object, such as the report of a copy, an error is inspected as one sentence. On its own it has its stack.
Object.defineProperty(OdxError.prototype, inspect.custom, {
  value(this: OdxError, depth: number, options: InspectOptions, show: typeof inspect): string {
    if (depth !== options.depth) return `[${this.name}: ${this.message}]`;
    return show(this, { ...options, customInspect: false });
  },
});

const UNKNOWN = {
  meaning: 'Windows gave an error that this package does not know.',
  advice: 'Look the number up in the Windows system error codes, and treat the call as failed for good.',
};

// The first line: what Node adds is where it has looked for a module.
function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split('\n', 1).join().replace(/\.$/, '');
}

function meaningOf(errno: number, ntstatus: number | undefined): Win32Status | undefined {
  const exact = ntstatus === undefined ? undefined : statusByValue(ntstatus);
  return exact?.win32.value === errno ? exact : win32ByValue(errno);
}

function numbers({ errno, ntstatus }: { errno: number; ntstatus?: number | undefined }): string {
  return ntstatus === undefined ? `${errno}` : `${errno}, ${ntstatusName(ntstatus)}`;
}

function place(context: CallContext): string {
  const on = context.path === undefined ? '' : ` on '${context.path}'`;
  const at = context.offset === undefined ? '' : ` at offset ${context.offset}`;
  return on + at;
}
