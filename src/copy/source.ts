import { resolve } from 'node:path';
import { ERROR_ENCRYPTION_FAILED, ERROR_SHARING_VIOLATION } from '../../structs/index.ts';
import { withCallContext } from '../call-context.ts';
import { SourceChangedError, Win32Error } from '../errors.ts';
import { filesOf, type Kernel, type OpenRequest } from '../kernel/kernel.ts';
import { type Opened, openWith } from '../open-file.ts';
import { type FixedPath, isDevicePath } from '../path.ts';

/** One of the two files of a copy, and its state when the copy began. */
export interface CopyEndpoint extends Opened {
  /** Its handle reads past the cache, and only whole sectors. */
  readonly isUnbuffered?: true;
}

const SOURCE: OpenRequest = { read: true, write: false, disposition: 'open' };

/**
 * Opens the source of a copy and, as CopyFile does, keeps new writers away unless there is one already. It stays open
 * until the last write, because some servers tie a token to the open source.
 */
export async function openSource(kernel: Kernel, path: FixedPath): Promise<CopyEndpoint> {
  if (isDevicePath(path.absolute)) return openEndpoint(kernel, path, SOURCE);
  try {
    return await openEndpoint(kernel, path, { ...SOURCE, sharing: 'read-delete' });
  } catch (error) {
    if (!isErrno(error, ERROR_SHARING_VIOLATION)) throw error;
    return openEndpoint(kernel, path, SOURCE);
  }
}

/** Opens a file of a copy. Errors show the path as it was given. */
export function openEndpoint(
  kernel: Kernel,
  { shown, absolute }: FixedPath,
  request: OpenRequest,
): Promise<CopyEndpoint> {
  return openWith(kernel, shown, request, undefined, absolute);
}

/**
 * Throws if the source was modified since the copy began: the copy would mix old data with new. Not detected within one
 * file, which the copy itself modifies, be it another stream of it.
 */
export async function checkUnchanged(
  kernel: Kernel,
  source: CopyEndpoint,
  destination: CopyEndpoint,
): Promise<void> {
  if (isOneFile(source, destination)) return;
  const { path, absolutePath, file, info } = source;
  const now = await withCallContext({ syscall: 'GetFileInformationByHandle', path }, () =>
    filesOf(kernel).info(file.handle, absolutePath),
  );
  if (now.stamp !== info.stamp) throw new SourceChangedError(path);
}

/** Whether both are the same stream of the same file, or the same device. */
export function isSameFile(source: CopyEndpoint, destination: CopyEndpoint): boolean {
  return isOneFile(source, destination) && source.info.stream === destination.info.stream;
}

function isOneFile(source: CopyEndpoint, destination: CopyEndpoint): boolean {
  const { identity } = source.info;
  if (identity === undefined) return resolve(source.absolutePath) === resolve(destination.absolutePath);
  return identity === destination.info.identity;
}

/** Throws if the bytes of an encrypted file would be written as plain text: reads decrypt them. */
export function refuseDecryption(
  source: CopyEndpoint,
  { path, info }: CopyEndpoint,
  allowDecrypted: boolean,
): void {
  if (allowDecrypted || !source.info.isEncrypted || info.isEncrypted) return;
  throw new Win32Error({ errno: ERROR_ENCRYPTION_FAILED }, { syscall: 'WriteFile', path });
}

export function isErrno(error: unknown, ...errnos: readonly number[]): boolean {
  return error instanceof Win32Error && errnos.includes(error.errno);
}

/** Adds the path of the destination to an error: a call itself knows one file only. */
export function addDestination(error: unknown, dest: string): void {
  if (error instanceof Win32Error) Object.assign(error, { dest });
}
