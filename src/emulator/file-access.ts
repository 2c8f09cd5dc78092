import type { Signal } from '../signal.ts';
import type { Extent } from './extents.ts';
import { readSome, resizing, writing } from './host-io.ts';
import type { OpenFile } from './open-files.ts';
import { failure, refuse } from './refusal.ts';
import type { Sight, Storage } from './storage.ts';
import type { Work } from './work.ts';

// Between pieces an abort is heard.
const PIECE = 1_048_576;

/** ReadFile at an offset, until the memory is full or the file ends. */
export async function readFile(
  storage: Storage,
  open: OpenFile,
  into: Uint8Array,
  offset: bigint,
  signal: Signal | undefined,
): Promise<number> {
  if (!open.read) refuse('ACCESS_DENIED');
  const { fd } = storage.see(open);
  let done = 0;
  while (done < into.length) {
    if (signal?.aborted === true) refuse('CANCELLED');
    const piece = into.subarray(done, done + PIECE);
    const length = await readSome(fd, piece, Number(offset) + done);
    if (length === 0) break;
    done += length;
  }
  return done;
}

/** WriteFile at an offset. Unlike an offload write it may extend the file. */
export function writeFile(storage: Storage, open: OpenFile, from: Uint8Array, offset: bigint): Work<number> {
  if (!open.write) refuse('ACCESS_DENIED');
  const start = Number(offset);
  const extent = { offset: start, length: from.length };
  return changeFile(storage, open, [extent], function* ({ fd, file }) {
    for (let done = 0; done < from.length; done += PIECE) {
      const bytes = from.subarray(done, done + PIECE);
      file.wrote(start + done + bytes.length);
      yield writing(fd, [{ bytes, at: start + done }]);
    }
    return from.length;
  });
}

/** FileEndOfFileInfo. */
export function setFileSize(storage: Storage, open: OpenFile, size: bigint): Work<void> {
  if (!open.write) refuse('ACCESS_DENIED');
  // No host can hold it, and Node could not pass it on exactly.
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) refuse('DISK_FULL');
  const wanted = Number(size);
  // What a file grows by is zeros, and so was what tokens stand for beyond its end.
  const shrinks = wanted < storage.see(open).size;
  const lost = shrinks ? [{ offset: wanted, length: Number.POSITIVE_INFINITY }] : [];
  return changeFile(storage, open, lost, function* ({ fd, file }) {
    yield resizing(fd, wanted);
    file.cut(wanted);
  });
}

/** A change of the file in its turn; tokens for the stretches die. */
export function changeFile<T>(
  storage: Storage,
  open: OpenFile,
  extents: readonly Extent[],
  job: (sight: Sight) => Work<T>,
): Work<T> {
  return storage.fileAt(open.key).turns.take(() => {
    const sight = storage.see(open);
    if (!sight.stat.isFile()) throw failure('INVALID_DEVICE_REQUEST');
    return storage.change(open, sight, extents, () => job(sight));
  });
}
