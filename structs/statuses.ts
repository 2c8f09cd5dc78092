import { ERROR_MR_MID_NOT_FOUND, hex32 } from './codes.ts';
import { statusTable, win32Table } from './status-table.ts';

/**
 * How a program should react to a failure:
 *
 * - `fallback`: this file, volume or device cannot offload; copy by ordinary reads and writes, and do not try again.
 * - `refresh-token`: the token is no longer valid; read a fresh one once, then fall back.
 * - `fix-call`: the request or the handle is wrong; the same call will fail again.
 * - `fail`: none of these; report the failure.
 */
export type StatusAction = 'fallback' | 'refresh-token' | 'fix-call' | 'fail';

/** A number that Windows defines, and its name. */
export interface NamedCode {
  /** The Windows name. */
  readonly name: string;
  /** The number, unsigned. */
  readonly value: number;
}

/** A Win32 error, and what it means in a copy offload. */
export interface Win32Status extends NamedCode {
  /** What a program should do. */
  readonly action: StatusAction;
  /** What it means in a copy offload, in one sentence. */
  readonly meaning: string;
  /** What a person should do about it, in one sentence. */
  readonly advice: string;
}

/** An NTSTATUS, the Win32 error that GetLastError returns for it, and what both mean in a copy offload. */
export interface Status extends Win32Status {
  /** The Win32 error that GetLastError returns. */
  readonly win32: NamedCode;
  /** True in one of the rows that share a Win32 error: the NTSTATUS that is most often behind it. */
  readonly usual?: true;
}

/**
 * Every NTSTATUS that is known to occur in a copy offload, in ascending order.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55
 */
export const statuses: readonly Status[] = Object.freeze(statusTable);

/** The Win32 errors that no NTSTATUS of the table leads to, in ascending order. */
export const win32Only: readonly Win32Status[] = Object.freeze(win32Table);

for (const row of statuses) Object.freeze(Object.freeze(row).win32);
for (const row of win32Only) Object.freeze(row);

/** Every Win32 error of both tables in ascending order. Shared ones are explained by their usual NTSTATUS. */
export const win32Statuses: readonly Win32Status[] = Object.freeze(
  // Of the rows that share an error, the last one stays in a Map: reversed, the usual one.
  [
    ...new Map(
      usualFirst(statuses)
        .reverse()
        .map((row) => [row.win32.value, row]),
    ).values(),
  ]
    .map(({ win32, action, meaning, advice }): Win32Status => ({ ...win32, action, meaning, advice }))
    .concat(win32Only)
    .sort((a, b) => a.value - b.value)
    .map((row) => Object.freeze(row)),
);

/** Misspellings on two pages of the driver documentation; no header contains them. */
const misspellings: ReadonlyMap<string, string> = new Map([
  ['STATUS_DISMOUNTED_VOLUME', 'STATUS_VOLUME_DISMOUNTED'],
  ['STATUS_INSUFFICIENT_RESOUCES', 'STATUS_INSUFFICIENT_RESOURCES'],
]);

/** The row of an NTSTATUS. The number may be signed, as a C program prints it. */
export function statusByValue(ntstatus: number): Status | undefined {
  return statuses.find(({ value }) => value === ntstatus >>> 0);
}

/** The row of an NTSTATUS by its name, as the headers or the documentation spell it. */
export function statusByName(name: string): Status | undefined {
  const spelled = misspellings.get(name) ?? name;
  return statuses.find((row) => row.name === spelled);
}

/** Every NTSTATUS that GetLastError returns as this Win32 error: the usual one first, the others in ascending order. */
export function statusesByWin32(errno: number): readonly Status[] {
  return usualFirst(statuses.filter(({ win32 }) => win32.value === errno));
}

/** The row of a Win32 error by its number. */
export function win32ByValue(errno: number): Win32Status | undefined {
  return win32Statuses.find(({ value }) => value === errno);
}

/** The row of a Win32 error by its name. */
export function win32ByName(name: string): Win32Status | undefined {
  return win32Statuses.find((row) => row.name === name);
}

/** The name of a Win32 error, such as `ERROR_INVALID_TOKEN`, or `ERROR_<n>` if it is unknown. */
export function win32Name(errno: number): string {
  return errno === 0 ? 'ERROR_SUCCESS' : (win32ByValue(errno)?.name ?? `ERROR_${errno}`);
}

/** The name of an NTSTATUS, such as `STATUS_INVALID_TOKEN`, or `STATUS_0x........` if it is unknown. */
export function ntstatusName(value: number): string {
  return value >>> 0 === 0 ? 'STATUS_SUCCESS' : (statusByValue(value)?.name ?? `STATUS_${hex32(value)}`);
}

/** The Win32 error that GetLastError returns for an NTSTATUS: 0 for success, 317 if the NTSTATUS is unknown. */
export function win32FromNtstatus(value: number): number {
  if (value >>> 0 === 0) return 0;
  return statusByValue(value)?.win32.value ?? ERROR_MR_MID_NOT_FOUND;
}

function usualFirst(rows: readonly Status[]): Status[] {
  return [...rows.filter(({ usual }) => usual), ...rows.filter(({ usual }) => !usual)];
}
