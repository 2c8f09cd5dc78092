import {
  type ControlCode,
  controlCodes,
  hex32,
  type NamedCode,
  ntstatusName,
  type Status,
  statusByName,
  statusByValue,
  statuses,
  statusesByWin32,
  type Win32Status,
  win32ByName,
  win32ByValue,
  win32Name,
  win32Only,
  win32Statuses,
} from '../structs/index.ts';
import { describeValue, nearestName } from './describe.ts';
import { refuse } from './request.ts';

/** The explanation of a Win32 error, an NTSTATUS or a control code. */
export interface Explanation {
  /** The name of the code: `ERROR_INVALID_TOKEN`, `STATUS_INVALID_TOKEN` or `FSCTL_OFFLOAD_WRITE`. */
  readonly name: string;
  /** Its number, unsigned. */
  readonly value: number;
  /** The Win32 error that GetLastError returns. Absent for control codes and for an unknown NTSTATUS. */
  readonly win32?: NamedCode;
  /** The NTSTATUS behind the Win32 error; if there are several, the most usual one. */
  readonly ntstatus?: NamedCode;
  /** What it means in a copy offload, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly advice: string;
  /** Other explanations of the same Win32 error, if several NTSTATUS values share its number. */
  readonly others?: readonly Explanation[];
}

/**
 * Explains a Win32 error, an NTSTATUS or a control code of copy offload. Makes no system call and works on every OS.
 *
 * @param code a number as Windows gives it (`315`, `0xC0000465`, also signed: `-1073740699`), the same as a bigint or
 *   as a decimal or hexadecimal string, or a name (`'ERROR_INVALID_TOKEN'`, `'STATUS_INVALID_TOKEN'`,
 *   `'FSCTL_OFFLOAD_WRITE'`) in upper or lower case. A number must fit in 32 bits.
 * @returns name, value, meaning and advice. An unknown number keeps its value: its name is `ERROR_<n>` or
 *   `STATUS_0x........`, and `advice` says where to look it up.
 * @throws {InvalidArgumentError} if `code` has another type, is not a 32-bit integer or is an unknown name; the message
 *   then suggests the nearest name.
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/1bc92ddf-b79e-413c-bbaa-99a5281a6c90
 *
 * @example
 * const { name, advice } = explainStatus(315)
 * name   // 'ERROR_INVALID_TOKEN'
 * advice // 'Read a fresh token from the source once and repeat the write; ...'
 */
export function explainStatus(code: number | bigint | string): Explanation {
  if (typeof code === 'number' || typeof code === 'bigint') return explainNumber(code, code);
  if (typeof code === 'string') return explainText(code);
  return refuse(
    'code',
    `code must be a number, a bigint or a name such as 'ERROR_INVALID_TOKEN', not ${describeValue(code)}.`,
  );
}

/**
 * Finds the statuses and control codes whose name or meaning contains every given word, or a word that starts with it.
 * Those with all the words in their name come first.
 *
 * @internal
 */
export function searchStatuses(words: string): Explanation[] {
  const wanted = wordsOf(words);
  if (wanted.length === 0) return [];
  const all = [
    ...statuses.map(withoutOthers),
    ...win32Only.map(explainWin32),
    ...controlCodes.map(explainControlCode),
  ];
  const named = all.filter((one) => containsWords(namesOf(one), wanted));
  const described = all.filter((one) => containsWords(`${namesOf(one)} ${one.meaning}`, wanted));
  return [...new Set([...named, ...described])];
}

// Win32 errors are far below it. NTSTATUS values below it report success; only those in the table are recognized.
const FIRST_NTSTATUS = 0x4000_0000;

const WIN32_HRESULT = 0x8007;

const DECIMAL = /^[+-]?\d+$/;
const HEXADECIMAL = /^0x[0-9a-f]+$/i;
// The names that this package gives to unknown numbers.
const NAMELESS = /^(?:ERROR_(\d+)|STATUS_(0x[0-9a-f]{1,8}))$/i;

function explainText(text: string): Explanation {
  const word = text.trim();
  if (DECIMAL.test(word) || HEXADECIMAL.test(word)) return explainNumber(Number(word), text);

  const name = word.toUpperCase();
  const control = controlCodes.find((row) => row.name === name);
  if (control !== undefined) return explainControlCode(control);
  const status = statusByName(name);
  if (status !== undefined) return explainNtstatus(status);
  const win32 = win32ByName(name);
  if (win32 !== undefined) return explainWin32(win32);
  if (name === 'ERROR_SUCCESS' || name === 'STATUS_SUCCESS') return success(name);

  const [, errno, ntstatus] = NAMELESS.exec(word) ?? [];
  if (errno !== undefined) return explainNumber(Number(errno), text);
  if (ntstatus !== undefined) return explainNtstatusValue(Number(ntstatus));

  const near = nearestCode(word);
  const hint = near === undefined ? 'write a hexadecimal number with 0x in front.' : `did you mean ${near}?`;
  return refuse('code', `code ${describeValue(text)} is not a known name; ${hint}`);
}

// Compared without the prefix, which alone would make all names that start with ERROR_ similar.
function nearestCode(word: string): string | undefined {
  const [prefix = ''] = /^(?:ERROR|STATUS)_/i.exec(word) ?? [];
  const rest = (name: string): string => name.slice(prefix.length);
  const known = [...statuses, ...win32Statuses, ...controlCodes]
    .map((row) => row.name)
    .filter((name) => name.startsWith(prefix.toUpperCase()));
  const near = nearestName(rest(word), known.map(rest));
  return near === undefined ? undefined : prefix.toUpperCase() + near;
}

function explainNumber(code: number | bigint, given: unknown): Explanation {
  const inRange = code >= -0x8000_0000 && code <= 0xffff_ffff;
  if (!inRange || (typeof code === 'number' && !Number.isInteger(code))) {
    return refuse(
      'code',
      `code ${describeValue(given)} is not a Windows code; it must be an integer from -2147483648 to 4294967295 (0xFFFFFFFF).`,
    );
  }
  const value = Number(code) >>> 0;
  if (value === 0) return success('ERROR_SUCCESS');
  // HRESULT_FROM_WIN32, as PowerShell shows it.
  if (value >>> 16 === WIN32_HRESULT) return explainNumber(value & 0xffff, given);
  const control = controlCodes.find((row) => row.value === value);
  if (control !== undefined) return explainControlCode(control);
  if (value >= FIRST_NTSTATUS || statusByValue(value) !== undefined) return explainNtstatusValue(value);
  const win32 = win32ByValue(value);
  return win32 === undefined ? unknownWin32(value) : explainWin32(win32);
}

function explainNtstatusValue(value: number): Explanation {
  if (value === 0) return success('STATUS_SUCCESS');
  const known = statusByValue(value);
  return known === undefined ? unknownNtstatus(value) : explainNtstatus(known);
}

function explainControlCode({ name, value, meaning, advice }: ControlCode): Explanation {
  return { name, value, meaning, advice };
}

function explainNtstatus(status: Status): Explanation {
  return withOthers(withoutOthers(status), status);
}

function explainWin32({ name, value, meaning, advice }: Win32Status): Explanation {
  const [usual] = statusesByWin32(value);
  if (usual === undefined) return { name, value, win32: { name, value }, meaning, advice };
  return withOthers({ ...withoutOthers(usual), name, value }, usual);
}

function withoutOthers({ name, value, win32, meaning, advice }: Status): Explanation {
  return { name, value, win32, ntstatus: { name, value }, meaning, advice };
}

function withOthers(explanation: Explanation, status: Status): Explanation {
  const others = statusesByWin32(status.win32.value)
    .filter((other) => other !== status)
    .map(withoutOthers);
  return others.length === 0 ? explanation : { ...explanation, others };
}

function success(name: 'ERROR_SUCCESS' | 'STATUS_SUCCESS'): Explanation {
  return {
    name,
    value: 0,
    win32: { name: 'ERROR_SUCCESS', value: 0 },
    ntstatus: { name: 'STATUS_SUCCESS', value: 0 },
    meaning: 'The call succeeded.',
    advice: 'Compare the transferred length with the requested length, since an offload may do less.',
  };
}

function unknownWin32(value: number): Explanation {
  const name = win32Name(value);
  return {
    name,
    value,
    win32: { name, value },
    meaning: `The Win32 error ${value} is not known to this package.`,
    advice: `Run "net helpmsg ${value}" on Windows, or look it up in https://learn.microsoft.com/windows/win32/debug/system-error-codes.`,
  };
}

function unknownNtstatus(value: number): Explanation {
  const name = ntstatusName(value);
  return {
    name,
    value,
    ntstatus: { name, value },
    meaning: `The NTSTATUS ${hex32(value)} is not known to this package.`,
    advice:
      'Look it up in https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55.',
  };
}

function namesOf({ name, win32 }: Explanation): string {
  return win32 === undefined ? name : `${name} ${win32.name}`;
}

function containsWords(text: string, wanted: readonly string[]): boolean {
  const words = wordsOf(text);
  return wanted.every((word) => words.some((one) => one.startsWith(word)));
}

// An underscore separates the words of a name.
function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
}
