import { closeSync, constants, openSync } from 'node:fs';
import { least } from '../byte-count.ts';
import { KernelFailure } from '../kernel/kernel.ts';
import type { Extent, TokenExtents } from './host-file.ts';
import { keyOf, PIECE_SIZE, readAll, resize, statOf, tryReadSome, writeAll } from './host-io.ts';
import type { OpenFile } from './open-files.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { FileSnapshot, Storage } from './storage.ts';
import type { Task } from './task.ts';
import { ExtentCursor, isZeroToken, type Token } from './tokens.ts';

// Below this, writing zeros is cheaper than freeing the blocks.
const WORTH_FREEING = 1_048_576n;

const zeros = Buffer.alloc(PIECE_SIZE);

/** What an offload write achieved: the bytes that are certain, and the failure that stopped it after them. */
export interface Copied {
  readonly length: bigint;
  readonly stoppedBy?: KernelFailure;
}

/** Finds a token by its bytes; undefined stands for zeros. */
export function findToken(storage: Storage, bytes: Uint8Array): Token | undefined {
  return isZeroToken(bytes) ? undefined : (storage.tokens.find(bytes) ?? refuse('INVALID_TOKEN'));
}

/** Writes the data behind a token, from `tokenOffset` on, to extents of an open file, one after the other. */
export function writeToken(
  storage: Storage,
  open: OpenFile,
  target: FileSnapshot,
  token: Token | undefined,
  tokenOffset: bigint,
  extents: readonly Extent[],
): Task<Copied> {
  return storage.copies.run(function* () {
    if (token === undefined) {
      return yield* storage.change(open, target, extents, () =>
        forEachExtent(extents, (extent) => zeroExtent(target, extent)),
      );
    }
    const source = openSource(storage, token);
    try {
      checkToken(storage, token, source);
      const cursor = new ExtentCursor(token.extents, tokenOffset);
      return yield* storage.change(open, target, extents, (revoked) =>
        forEachExtent(extents, function* ({ offset, length }) {
          let to = offset;
          for (const from of cursor.take(length)) {
            yield* copyExtent(token, source, from, target, to);
            to += from.length;
          }
          // If the source changed during the copy, the destination may hold a mixture of old and new data.
          checkToken(storage, token, source, revoked);
        }),
      );
    } finally {
      source.close();
    }
  });
}

/** A failure after the first extent makes the write short, as in the class driver. */
function* forEachExtent(extents: readonly Extent[], write: (extent: Extent) => Task<void>): Task<Copied> {
  let length = 0n;
  for (const extent of extents) {
    try {
      yield* write(extent);
    } catch (error) {
      const isShort = length > 0n && error instanceof KernelFailure && !isRefusal(error, 'CANCELLED');
      if (!isShort) throw error;
      return { length, stoppedBy: error };
    }
    length += extent.length;
  }
  return { length };
}

/** Copies between files of the host. Pieces of zeros that fall on a hole leave it a hole. */
function* copyExtent(
  { file: sourceFile }: Token,
  source: Source,
  { offset: from, length }: Extent,
  { fd: targetFd, file, stat }: FileSnapshot,
  to: bigint,
): Task<void> {
  // The last sector may reach past the end of the file, which an offload write never extends.
  const total = Number(least(length, stat.size - to));
  const isBackwards = sourceFile === file && from < to && to < from + length;
  const buffer = new Uint8Array(Math.max(Math.min(PIECE_SIZE, total), 0));
  for (let done = 0; done < total; done += PIECE_SIZE) {
    const piece = buffer.subarray(0, Math.min(PIECE_SIZE, total - done));
    const start = BigInt(isBackwards ? total - done - piece.length : done);
    const end = to + start + BigInt(piece.length);
    yield* readSource(source, piece, from + start);
    if (to + start < file.holeFrom || !isZero(piece)) {
      file.extendWritten(end);
      yield* writeAll(targetFd, piece, to + start);
    }
    if (!isBackwards) file.extendValidData(end);
  }
  file.extendValidData(to + BigInt(total));
}

/** Writes zeros, without filling the disk of the host where that can be avoided. */
function* zeroExtent({ fd, file, stat }: FileSnapshot, { offset, length }: Extent): Task<void> {
  const end = least(offset + length, stat.size);
  const written = least(file.holeFrom, end);
  // The file reads as zeros from `holeFrom` on, so it can be cut off here and extended again as a hole.
  if (file.holeFrom <= end && written - offset >= WORTH_FREEING) {
    yield resize(fd, offset, stat.size);
    file.holeFrom = offset;
  } else {
    for (let at = offset; at < written; at += BigInt(PIECE_SIZE)) {
      yield* writeAll(fd, zeros.subarray(0, Number(least(BigInt(PIECE_SIZE), written - at))), at);
    }
  }
  file.extendValidData(end);
}

function isZero(bytes: Uint8Array): boolean {
  return zeros.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

/** The file behind a token, open for reading. */
interface Source {
  readonly fd: number;
  /** Reads the same file past the page cache of the host, where the file is mostly holes. */
  readonly directFd: number | undefined;
  close(): void;
}

// Reading a hole through the page cache takes as long as reading data: minutes for a sparse file of some 20 GiB. A
// direct read takes a fraction of it, where the host can do it at all.
function* readSource({ fd, directFd }: Source, piece: Uint8Array, at: bigint): Task<void> {
  const done = directFd === undefined ? 0 : yield* tryReadSome(directFd, piece, at);
  yield* readAll(fd, piece.subarray(done), at + BigInt(done));
}

/** Opens the file behind a token: through its handle, or by its path after the handle was closed. */
function openSource(storage: Storage, { source, file, path }: Token): Source {
  const isOpen = !source.isClosed && source.fd !== undefined && hasKey(source.fd, file.key);
  const fd = (isOpen ? source.fd : openSame(path, file.key)) ?? refuse('INVALID_TOKEN');
  const directFd = isMostlyHoles(fd) ? openSame(path, file.key, constants.O_DIRECT) : undefined;
  if (isOpen) storage.handles.hold(source);
  return {
    fd,
    directFd,
    close() {
      if (directFd !== undefined) closeSync(directFd);
      if (isOpen) storage.handles.release(source);
      else closeSync(fd);
    },
  };
}

/** Opens a path if it still leads to the file with this key. */
function openSame(path: string | undefined, key: string, flags = 0): number | undefined {
  if (path === undefined) return undefined;
  try {
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
    if (hasKey(fd, key)) return fd;
    closeSync(fd);
  } catch {
    // The file is gone, or this process may not read it.
  }
  return undefined;
}

const BLOCK_SIZE = 512n;

function isMostlyHoles(fd: number): boolean {
  const { blocks, size } = statOf(fd);
  return blocks * BLOCK_SIZE < size / 4n;
}

function hasKey(fd: number, key: string): boolean {
  try {
    return keyOf(statOf(fd)) === key;
  } catch {
    return false;
  }
}

/** Refuses a token whose source changed. `ownRevocations` are the tokens that the write itself revoked. */
function checkToken(
  storage: Storage,
  token: Token,
  { fd }: Source,
  ownRevocations?: ReadonlySet<TokenExtents>,
): void {
  const { file } = storage.observeDescriptor(fd);
  const isRevoked = token.isRevoked && ownRevocations?.has(token) !== true;
  if (file !== token.file || isRevoked) refuse('INVALID_TOKEN');
}
