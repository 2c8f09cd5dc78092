import { hex32 } from './hex32.ts';
import type { Status, Win32Status } from './status.ts';
import { fileStatuses } from './statuses-file.ts';
import { offloadStatuses } from './statuses-offload.ts';
import { requestStatuses } from './statuses-request.ts';
import { volumeStatuses } from './statuses-volume.ts';
import { win32Only } from './statuses-win32.ts';

/**
 * Every NTSTATUS that a copy offload is known to meet. Where several share a Win32 error, the most usual one comes
 * first.
 *
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55
 */
export const statuses: readonly Status[] = Object.freeze(
  [...offloadStatuses, ...requestStatuses, ...volumeStatuses, ...fileStatuses].map((row) => {
    Object.freeze(row.win32);
    return Object.freeze(row);
  }),
);

/** Every Win32 error that those show as, and those that come without an NTSTATUS. */
export const win32Statuses: readonly Win32Status[] = Object.freeze([
  ...statuses
    .filter((row, at) => statuses.findIndex(({ win32 }) => win32.value === row.win32.value) === at)
    .map(({ win32, action, meaning, advice }) => Object.freeze({ ...win32, action, meaning, advice })),
  ...win32Only,
]);

/** Names that two pages of the driver documentation misspell; no header has them. */
const misspelt: ReadonlyMap<string, string> = new Map([
  ['STATUS_DISMOUNTED_VOLUME', 'STATUS_VOLUME_DISMOUNTED'],
  ['STATUS_INSUFFICIENT_RESOUCES', 'STATUS_INSUFFICIENT_RESOURCES'],
]);

const byValue: ReadonlyMap<number, Status> = new Map(statuses.map((row) => [row.value, row]));
const byName: ReadonlyMap<string, Status> = new Map(statuses.map((row) => [row.name, row]));
const win32Numbers: ReadonlyMap<number, Win32Status> = new Map(win32Statuses.map((row) => [row.value, row]));
const win32Names: ReadonlyMap<string, Win32Status> = new Map(win32Statuses.map((row) => [row.name, row]));
const sharing: ReadonlyMap<number, readonly Status[]> = new Map(
  win32Statuses.map(({ value }) => [
    value,
    Object.freeze(statuses.filter((row) => row.win32.value === value)),
  ]),
);

const none: readonly Status[] = Object.freeze([]);

/** The row of an NTSTATUS, which may come signed as a C program prints it. */
export function statusByValue(ntstatus: number): Status | undefined {
  return byValue.get(ntstatus >>> 0);
}

/** The row of an NTSTATUS by its name, as the headers or the documentation spell it. */
export function statusByName(name: string): Status | undefined {
  return byName.get(misspelt.get(name) ?? name);
}

/** Every NTSTATUS that GetLastError shows as this Win32 error, the most usual one first. */
export function statusesByWin32(errno: number): readonly Status[] {
  return sharing.get(errno) ?? none;
}

/** What is known of a Win32 error by its number. */
export function win32ByValue(errno: number): Win32Status | undefined {
  return win32Numbers.get(errno);
}

/** What is known of a Win32 error by its name. */
export function win32ByName(name: string): Win32Status | undefined {
  return win32Names.get(name);
}

/** The name of a Win32 error, `ERROR_INVALID_TOKEN`, or `ERROR_<n>` where it is not known. */
export function win32Name(errno: number): string {
  return errno === 0 ? 'ERROR_SUCCESS' : (win32Numbers.get(errno)?.name ?? `ERROR_${errno}`);
}

/** The name of an NTSTATUS, `STATUS_INVALID_TOKEN`, or `STATUS_0x........` where it is not known. */
export function ntstatusName(value: number): string {
  return value >>> 0 === 0 ? 'STATUS_SUCCESS' : (statusByValue(value)?.name ?? `STATUS_${hex32(value)}`);
}

/** The Win32 error that GetLastError shows for an NTSTATUS: 0 for success, 317 for one that is not in the table. */
export function win32FromNtstatus(value: number): number {
  if (value >>> 0 === 0) return 0;
  return statusByValue(value)?.win32.value ?? 317;
}
