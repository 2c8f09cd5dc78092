import { statSync } from 'node:fs';
import {
  explainStatus,
  InvalidArgumentError,
  ProtocolError,
  SourceChangedError,
  UnsupportedPlatformError,
  Win32Error,
} from '../index.ts';
import type { Command } from './command.ts';
import {
  CommandError,
  codeOf,
  type ErrorDescription,
  FAILED,
  INTERRUPTED,
  nextStepFor,
  RequestError,
  USAGE,
  UsageError,
} from './errors.ts';
import { emulatorFieldNames } from './kernel.ts';

/** What a command knows about the words of the command line. */
type Words = Pick<Command, 'fieldNames' | 'advice'>;

/** Describes any error in the words of the command line. Import this file dynamically: it loads the library. */
export function describeError(error: unknown, words: Words = {}): ErrorDescription {
  if (error instanceof UsageError || error instanceof RequestError) {
    return { exitCode: USAGE, sentence: error.message, next: 'next' in error ? error.next : undefined };
  }
  if (error instanceof CommandError) {
    const { message, next, cause } = error;
    return cause === undefined
      ? { exitCode: FAILED, sentence: message, next }
      : { ...describeError(cause, words), next };
  }
  if (error instanceof InvalidArgumentError) {
    const names = new Map(Object.entries({ ...emulatorFieldNames, ...words.fieldNames }));
    const sentence = error.describe((path) => names.get(path) ?? path);
    return { exitCode: USAGE, sentence, next: undefined };
  }
  if (error instanceof Win32Error) return describeWin32Error(error, words);
  if (error instanceof ProtocolError) {
    return {
      exitCode: FAILED,
      sentence: error.message,
      next: 'Run it again. If it fails again, report it to the vendor of the storage, and copy without --require.',
      help: error.help,
    };
  }
  if (error instanceof UnsupportedPlatformError) {
    return {
      exitCode: FAILED,
      sentence: 'kernel32.dll could not be loaded here.',
      next: 'Add --emulate to use the emulator.',
    };
  }
  // Its message ends with what to do.
  if (error instanceof SourceChangedError) {
    return { exitCode: FAILED, sentence: error.message, next: undefined, help: error.help };
  }
  const code = codeOf(error);
  if (code === 'ABORT_ERR') return { exitCode: INTERRUPTED, sentence: 'Interrupted.', next: undefined };
  const sentence = error instanceof Error ? error.message : String(error);
  const next = nextStepFor(code) ?? 'Run it again with --debug to see where it failed.';
  return { exitCode: FAILED, sentence, next };
}

function describeWin32Error(error: Win32Error, { advice }: Words): ErrorDescription {
  const refused = describeRefusedOpen(error);
  if (refused !== undefined) return { exitCode: FAILED, ...refused };
  const meaning = meaningOf(error);
  if (!error.message.includes(meaning)) {
    // It was explained where it happened, better than by its number.
    return { exitCode: FAILED, sentence: error.message.replace(` ${error.advice}`, ''), next: error.advice };
  }
  const { code, errno, ntstatus, syscall, path, offset } = error;
  const numbers = ntstatus === undefined ? `${errno}` : `${errno}, ${ntstatus.name}`;
  const on = path === undefined ? '' : ` on '${path}'`;
  const at = offset === undefined ? '' : ` at offset ${offset}`;
  return {
    exitCode: FAILED,
    sentence: `${code} (${numbers}): ${syscall}${on}${at} failed. ${meaning}`,
    next: advice?.[code] ?? ADVICE[code] ?? error.advice,
    // A file that is missing needs no page.
    ...(CONTROL_CODE.test(syscall) && { help: error.help }),
  };
}

const CONTROL_CODE = /^(?:FSCTL|IOCTL)_/;

function meaningOf({ errno, ntstatus }: Win32Error): string {
  const exact = ntstatus === undefined ? undefined : explainStatus(ntstatus.value);
  return exact?.win32?.value === errno ? exact.meaning : explainStatus(errno).meaning;
}

// The table of statuses explains ERROR_ACCESS_DENIED for control codes. Windows gives it for folders as well.
function describeRefusedOpen(error: Win32Error): Pick<ErrorDescription, 'sentence' | 'next'> | undefined {
  const { syscall, path, code, errno } = error;
  if (syscall !== 'CreateFileW' || path === undefined || code !== 'ERROR_ACCESS_DENIED') return undefined;
  if (isFolder(path)) {
    return { sentence: `${path} is a folder.`, next: 'Name a file.' };
  }
  return {
    sentence: `${path} cannot be opened: access is denied (${code}, ${errno}).`,
    next: 'Check that you have the right to open it, and that it is not read-only.',
  };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

// The advice of the library speaks of its functions and their arguments.
const ADVICE: Readonly<Record<string, string>> = {
  ERROR_ACCESS_DENIED: 'Check that you have the right, and that the file and its volume are not read-only.',
  ERROR_FILE_NOT_FOUND: 'Check the spelling of the path.',
  ERROR_PATH_NOT_FOUND: 'Check the spelling of the path, and create its folder if it is missing.',
  ERROR_HANDLE_EOF: 'Begin before the end of the file.',
  ERROR_INVALID_PARAMETER:
    'Use offsets and lengths that are multiples of the sector, which odx probe shows, and files of more than a page.',
  ERROR_TOO_MANY_DESCRIPTORS: 'Use a shorter range, or defragment the file.',
  ERROR_INVALID_TOKEN:
    'Read a new token with odx read: a token expires, and it becomes invalid when its source is changed.',
};
