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
  win32Statuses,
} from '../structs/index.ts';
import { describeValue, nearestName } from './describe.ts';
import { refuse } from './request.ts';

/** A number that Windows gave, in words. */
export interface Explanation {
  /** `ERROR_INVALID_TOKEN`, `STATUS_INVALID_TOKEN` or `FSCTL_OFFLOAD_WRITE`: what the code is. */
  readonly name: string;
  readonly value: number;
  /** What GetLastError shows for it. Absent for control codes and for an NTSTATUS that is not known. */
  readonly win32?: NamedCode;
  /** The NTSTATUS beneath it; where several are possible, the most usual one. */
  readonly ntstatus?: NamedCode;
  /** What it means in a copy offload, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly advice: string;
  /** What else the Win32 error may stand for, since several NTSTATUS values show as that number. */
  readonly others?: readonly Explanation[];
}

/**
 * Explains a Win32 error, an NTSTATUS or a control code of copy offload. Calls nothing and works on every OS.
 *
 * @param code a number as Windows gives it (`315`, `0xC0000465`, also signed: `-1073740699`), the same as a bigint
 *   or as a decimal or hexadecimal string, or a name (`'ERROR_INVALID_TOKEN'`, `'STATUS_INVALID_TOKEN'`,
 *   `'FSCTL_OFFLOAD_WRITE'`) in any letter case. Must fit in 32 bits.
 * @returns name, value, meaning and advice. A number that is not known keeps its value: its name is `ERROR_<n>` or
 *   `STATUS_0x........`, and `advice` says where to look it up.
 * @throws {InvalidArgumentError} when `code` is of another kind, no integer of 32 bits, or a name that is not known;
 *   the message then holds the nearest name.
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

// Win32 errors end far below it, and an NTSTATUS below it speaks of success: only those of the table are taken for one.
const FIRST_NTSTATUS = 0x4000_0000;

const WIN32_HRESULT = 0x8007;

const DECIMAL = /^[+-]?\d+$/;
const HEXADECIMAL = /^0x[0-9a-f]+$/i;
// What this package calls a number that it has no name for.
const NAMELESS = /^(?:ERROR_(\d+)|STATUS_(0x[0-9a-f]{1,8}))$/i;

function explainText(text: string): Explanation {
  const word = text.trim();
  const digits = DECIMAL.test(word) || HEXADECIMAL.test(word) ? word : undefined;
  if (digits !== undefined) return explainNumber(Number(digits), text);

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
  return refuse(
    'code',
    near === undefined
      ? `code ${describeValue(text)} is no name that this package knows; write a hexadecimal number with 0x in front.`
      : `code ${describeValue(text)} is no name that this package knows; did you mean ${near}?`,
  );
}

// By what follows the prefix: all that begins with ERROR_ is similar by that alone.
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
      `code ${describeValue(given)} is no code of Windows: that is an integer from -2147483648 to 4294967295 (0xFFFFFFFF).`,
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

function explainControlCode({ name, value, meaning, advice }: ControlCode): Explanation {
  return { name, value, meaning, advice };
}

function explainNtstatus(status: Status): Explanation {
  const explanation = withoutOthers(status);
  return withOthers(explanation, othersThan(status));
}

function explainWin32(win32: Win32Status): Explanation {
  const { name, value, meaning, advice } = win32;
  const [usual] = statusesByWin32(value);
  if (usual === undefined) return { name, value, win32: { name, value }, meaning, advice };
  const explanation = { name, value, win32: usual.win32, ntstatus: named(usual), meaning, advice };
  return withOthers(explanation, othersThan(usual));
}

function withoutOthers(status: Status): Explanation {
  const { name, value, win32, meaning, advice } = status;
  return { name, value, win32, ntstatus: { name, value }, meaning, advice };
}

function othersThan(status: Status): Explanation[] {
  return statusesByWin32(status.win32.value)
    .filter((other) => other !== status)
    .map(withoutOthers);
}

function withOthers(explanation: Explanation, others: readonly Explanation[]): Explanation {
  return others.length === 0 ? explanation : { ...explanation, others };
}

function named({ name, value }: NamedCode): NamedCode {
  return { name, value };
}

function success(name: 'ERROR_SUCCESS' | 'STATUS_SUCCESS'): Explanation {
  return {
    name,
    value: 0,
    win32: { name: 'ERROR_SUCCESS', value: 0 },
    ntstatus: { name: 'STATUS_SUCCESS', value: 0 },
    meaning: 'The call succeeded.',
    advice:
      'Compare the length that was transferred with the length that was asked for, since an offload may do less.',
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

function explainNtstatusValue(value: number): Explanation {
  if (value === 0) return success('STATUS_SUCCESS');
  const known = statusByValue(value);
  if (known !== undefined) return explainNtstatus(known);
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
