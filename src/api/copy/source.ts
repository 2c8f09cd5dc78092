import { SourceChangedError } from '../../errors.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { calling } from '../calling.ts';
import type { Side } from './job.ts';
import { openSide } from './side.ts';

/** Opens what is to be copied. It stays open to the last write: some servers tie a token to the open source. */
export function openSource(kernel: Kernel, path: string): Promise<Side> {
  return openSide(kernel, path, { read: true, write: false, disposition: 'open' });
}

/** Throws when the source is not what it was when it was opened: what was copied before and after would not belong together. */
export async function checkUnchanged(kernel: Kernel, source: Side): Promise<void> {
  const { path, handle, facts } = source;
  const now = await calling({ syscall: 'GetFileInformationByHandle', path }, () =>
    kernel.facts(handle, path),
  );
  if (now.stamp !== facts.stamp) throw new SourceChangedError(path);
}
