import { fchmodSync, futimesSync } from 'node:fs';
import { changeFile } from './file-access.ts';
import { onHost } from './host-failure.ts';
import type { OpenFile } from './open-files.ts';
import type { Storage } from './storage.ts';
import type { Work } from './work.ts';

const PERMISSIONS = 0o777;
const NS_PER_SECOND = 1e9;

// A file of somebody else's may be written to by its permissions, and keeps its own times and permissions then; on
// Windows the right to write includes these.
function unlessForeign(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
  }
}

/**
 * What CopyFile keeps, as far as the host has it: the time of the last write, and of the last access, to about a
 * microsecond; the permission bits in place of the attributes. The time of creation cannot be set.
 */
export function copyMetadata(storage: Storage, from: OpenFile, to: OpenFile): Work<void> {
  const { stat } = storage.see(from);
  return changeFile(storage, to, [], function* ({ fd }) {
    onHost(() => {
      unlessForeign(() => fchmodSync(fd, Number(stat.mode) & PERMISSIONS));
      unlessForeign(() =>
        futimesSync(fd, Number(stat.atimeNs) / NS_PER_SECOND, Number(stat.mtimeNs) / NS_PER_SECOND),
      );
    });
  });
}
