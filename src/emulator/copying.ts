import type { HostFile } from './host-file.ts';
import { type Piece, reading, resizing, writing } from './host-io.ts';
import type { Source } from './source.ts';
import type { Work } from './work.ts';

const PIECE = 1_048_576;
// Read at the same time, one for each of the threads that Node reads files with.
const PIECES = 4;
const KEPT = 16;

// Below this it is cheaper to write zeros than to take the blocks away.
const WORTH_CUTTING = PIECE;

const zeros = Buffer.alloc(PIECE);
const free: Uint8Array[] = [];

/** Where data goes: an open file, its size, and what the array knows of it. */
export interface Target {
  readonly fd: number;
  readonly file: HostFile;
  readonly size: number;
}

/** Copies a stretch from host file to host file. Whole pieces of zeros that fall on space never written stay holes. */
export function* copyStretch(
  source: Source,
  from: number,
  target: Target,
  to: number,
  length: number,
): Work<void> {
  // The last sector may run past the end of the file, which an offload write never extends.
  const total = Math.min(length, target.size - to);
  const backwards = source.file === target.file && from < to && from + total > to;
  const batch = PIECE * PIECES;
  const buffers: Uint8Array[] = [];
  try {
    for (let done = 0; done < total; done += batch) {
      const size = Math.min(batch, total - done);
      const start = backwards ? total - done - size : done;
      yield* copyBatch(source, from + start, target, to + start, size, buffers);
      if (!backwards) target.file.validate(to + start + size);
    }
    target.file.validate(to + total);
  } finally {
    for (const buffer of buffers) if (free.length < KEPT) free.push(buffer);
  }
}

function* copyBatch(
  source: Source,
  from: number,
  target: Target,
  to: number,
  size: number,
  buffers: Uint8Array[],
): Work<void> {
  const pieces: Piece[] = [];
  for (let at = 0; at < size; at += PIECE) {
    const buffer = buffers[pieces.length] ?? free.pop() ?? Buffer.allocUnsafeSlow(PIECE);
    buffers[pieces.length] = buffer;
    pieces.push({ bytes: buffer.subarray(0, Math.min(PIECE, size - at)), at: from + at });
  }
  yield reading(source.fd, pieces, source.direct);
  const writes = pieces
    .map(({ bytes, at }) => ({ bytes, at: at - from + to }))
    .filter(({ bytes, at }) => at < target.file.untouchedFrom || !isZeros(bytes));
  const last = writes.at(-1);
  if (last === undefined) return;
  target.file.wrote(last.at + last.bytes.length);
  yield writing(target.fd, writes);
}

/** Makes a stretch zeros, without filling the host's disk where that can be avoided. */
export function* zeroStretch(target: Target, from: number, length: number): Work<void> {
  const end = Math.min(from + length, target.size);
  const { file } = target;
  const written = Math.min(file.untouchedFrom, end);
  // Beyond `untouchedFrom` there are zeros already, so the rest of the file may be cut off and put back as a hole.
  if (file.untouchedFrom <= end && written - from >= WORTH_CUTTING) {
    yield resizing(target.fd, from, target.size);
    file.untouchedFrom = from;
  } else {
    for (let at = from; at < written; at += PIECE) {
      yield writing(target.fd, [{ bytes: zeros.subarray(0, Math.min(PIECE, written - at)), at }]);
    }
  }
  file.validate(end);
}

function isZeros(bytes: Uint8Array): boolean {
  return zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
