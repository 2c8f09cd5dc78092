import { type BigIntStats, constants, copyFile, stat as statFile, utimesSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { ERROR_REQUEST_ABORTED } from '../../structs/index.ts';
import { KernelFailure, type SystemCopyRequest } from '../kernel/kernel.ts';
import type { Signal } from '../signal.ts';
import { WHOLE_FILE } from './host-file.ts';
import { checkName, keyOf, statAt, unlessNotOwner } from './host-io.ts';
import { failure, onHost, onHostAsync } from './refusal.ts';
import type { Storage } from './storage.ts';

const copyAsync = promisify(copyFile);
const statAsync = promisify(statFile);
const PROGRESS_INTERVAL_MS = 50;
const NS_PER_SECOND = 1e9;

/**
 * The copy function of the host in the place of CopyFileExW. It clones blocks where the host can, and keeps the last write
 * time as Windows does. A host cannot be interrupted: after a cancellation its copy is awaited, and left to the caller.
 */
export async function copyBySystem(
  storage: Storage,
  from: string,
  to: string,
  { failIfExists, onProgress }: SystemCopyRequest,
  signal: Signal | undefined,
): Promise<void> {
  if (signal?.aborted) throw failure('CANCELLED');
  // Absolute, because the working directory may change.
  const [source, destination] = [resolve(from), resolve(to)];
  checkName(source);
  checkName(destination);
  const replaced = checkSharing(storage, source, destination, failIfExists);
  const flags = constants.COPYFILE_FICLONE | (failIfExists ? constants.COPYFILE_EXCL : 0);
  const copying = onHostAsync(() => copyAsync(source, destination, flags));
  let isOver = false;
  let isCancelled = false;
  const watch =
    onProgress &&
    setInterval(async () => {
      const { size } = await statAsync(destination, { bigint: true }).catch(() => ({ size: 0n }));
      if (!isOver && !onProgress(size)) isCancelled = true;
    }, PROGRESS_INTERVAL_MS);
  // While the host copies.
  const stat = statAt(source);
  try {
    await copying;
  } finally {
    isOver = true;
    clearInterval(watch);
    if (replaced !== undefined) storage.fileOf(keyOf(replaced)).revokeTokens(WHOLE_FILE);
  }
  if (isCancelled || signal?.aborted) throw new KernelFailure(ERROR_REQUEST_ABORTED);
  if (stat === undefined) return;
  const accessed = Number(stat.atimeNs) / NS_PER_SECOND;
  const written = Number(stat.mtimeNs) / NS_PER_SECOND;
  onHost(() => unlessNotOwner(() => utimesSync(destination, accessed, written)));
}

/** Refuses files that an open handle does not share. Returns the file that will be overwritten. */
function checkSharing(
  { handles }: Storage,
  source: string,
  destination: string,
  failIfExists: boolean,
): BigIntStats | undefined {
  // Small files are copied without opening them, and each query takes a noticeable part of the time.
  const read = handles.isEmpty ? undefined : statAt(source);
  if (read !== undefined) handles.checkSharing(read, { read: true, write: false });
  const replaced = failIfExists ? undefined : statAt(destination);
  if (replaced !== undefined) handles.checkSharing(replaced, { read: false, write: true, sharing: 'none' });
  return replaced;
}
