import {
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_EXISTS,
  ERROR_INVALID_NAME,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_SUPPORTED,
} from '../../structs/index.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { filesOf, type Kernel, type OpenRequest } from '../kernel/kernel.ts';
import type { FixedPath } from '../path.ts';
import { throwIfAborted } from '../signal.ts';
import type { CopyJob } from './copy-bytes.ts';
import { copyBuffered } from './ordinary.ts';
import { emptyTally } from './progress.ts';
import { type CopyEndpoint, isErrno, openEndpoint, openSource } from './source.ts';

// The file itself is open and refuses others, which goes for each of its streams separately.
const EXISTING: OpenRequest = { read: true, write: true, disposition: 'open' };
const NEW: OpenRequest = { ...EXISTING, disposition: 'create-new' };
const REMOVED: OpenRequest = { ...EXISTING, removable: true };

/**
 * Copies the named streams of the source by ordinary reads and writes, and removes those that only the destination has, as
 * CopyFile does. A file system without streams loses them, as with CopyFile.
 */
export async function copyStreams(job: CopyJob, isNew: boolean): Promise<void> {
  const { kernel, source, destination, signal } = job;
  const names = await streamsOf(kernel, source);
  const old = isNew ? [] : await streamsOf(kernel, destination);
  for (const name of old) {
    if (!names.includes(name)) await removeStream(kernel, streamPath(destination, name));
  }
  for (const name of names) {
    throwIfAborted(signal);
    if (!(await copyStream(job, name))) return;
  }
}

function streamsOf(kernel: Kernel, { path, handle }: CopyEndpoint): Promise<string[]> {
  return withCallContext({ syscall: 'GetFileInformationByHandleEx', path }, () =>
    filesOf(kernel).streams(handle),
  );
}

function streamPath({ path, absolutePath }: CopyEndpoint, name: string): FixedPath {
  return { shown: path + name, absolute: absolutePath + name };
}

// Nothing that could be taken for part of the new file must remain of it.
async function removeStream(kernel: Kernel, path: FixedPath): Promise<void> {
  const { file, handle } = await openEndpoint(kernel, path, REMOVED);
  await ignoreErrors(() => file.setSize(0));
  await ignoreErrors(() => filesOf(kernel).remove(handle));
  await file.close();
}

/** Returns false if the destination cannot have streams. */
async function copyStream(job: CopyJob, name: string): Promise<boolean> {
  const { kernel } = job;
  const source = await openSource(kernel, streamPath(job.source, name));
  try {
    const destination = await openStream(kernel, streamPath(job.destination, name));
    if (destination === undefined) return false;
    try {
      if (destination.info.size > 0n) await destination.file.setSize(0);
      const { size } = source.info;
      // Only the bytes of the file itself are counted.
      const counted = { length: size, sourceOffset: 0n, destinationOffset: 0n, tally: emptyTally() };
      await copyBuffered({ ...job, ...counted, source, destination }, 0n);
    } finally {
      await destination.file.close();
    }
    return true;
  } finally {
    await ignoreErrors(() => source.file.close());
  }
}

async function openStream(kernel: Kernel, path: FixedPath): Promise<CopyEndpoint | undefined> {
  try {
    return await openEndpoint(kernel, path, NEW);
  } catch (error) {
    if (isErrno(error, ERROR_INVALID_NAME, ERROR_INVALID_PARAMETER, ERROR_NOT_SUPPORTED)) return undefined;
    if (!isErrno(error, ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS)) throw error;
  }
  return openEndpoint(kernel, path, EXISTING);
}
