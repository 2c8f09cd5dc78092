import { ERROR_SHARING_VIOLATION } from '../../structs/index.ts';
import { withCallContext } from '../call-context.ts';
import { SourceChangedError } from '../errors.ts';
import { filesOf, type Kernel, type OpenRequest } from '../kernel/kernel.ts';
import { openWith } from '../open-file.ts';
import { isDevicePath } from '../path.ts';
import { isErrno } from './is-errno.ts';
import type { Side } from './job.ts';

const SOURCE: OpenRequest = { read: true, write: false, disposition: 'open' };

/**
 * Opens what is to be copied, and keeps writers away where there are none yet, as CopyFile does. It stays open to the
 * last write: some servers tie a token to the open source.
 */
export async function openSource(kernel: Kernel, path: string): Promise<Side> {
  if (isDevicePath(path)) return openWith(kernel, path, SOURCE);
  try {
    return await openWith(kernel, path, { ...SOURCE, sharing: 'read' });
  } catch (error) {
    if (!isErrno(error, ERROR_SHARING_VIOLATION)) throw error;
    return openWith(kernel, path, SOURCE);
  }
}

/** Throws when the source is not what it was when it was opened: what was copied before and after would not belong together. */
export async function checkUnchanged(kernel: Kernel, source: Side): Promise<void> {
  const { path, handle, info } = source;
  const now = await withCallContext({ syscall: 'GetFileInformationByHandle', path }, () =>
    filesOf(kernel).info(handle, path),
  );
  if (now.stamp !== info.stamp) throw new SourceChangedError(path);
}
