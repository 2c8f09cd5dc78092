/**
 * What a program should do about a failure:
 *
 * - `fallback`: this file, volume or device cannot offload; copy by ordinary reads and writes, and do not ask again.
 * - `refresh-token`: the token is void; read a fresh one once, then fall back.
 * - `fix-call`: the request or the handle is wrong; the same call will fail again.
 * - `fail`: none of these; report it.
 */
export type StatusAction = 'fallback' | 'refresh-token' | 'fix-call' | 'fail';

/** A number of Windows and its name. */
export interface NamedCode {
  readonly name: string;
  readonly value: number;
}

/** An NTSTATUS, the Win32 error that GetLastError shows for it, and what both mean in a copy offload. */
export interface Status extends NamedCode {
  readonly win32: NamedCode;
  readonly action: StatusAction;
  readonly meaning: string;
  readonly advice: string;
}

/** A Win32 error, and what it means in a copy offload. */
export interface Win32Status extends NamedCode {
  readonly action: StatusAction;
  readonly meaning: string;
  readonly advice: string;
}
