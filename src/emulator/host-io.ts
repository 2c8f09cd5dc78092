import { ftruncate, ftruncateSync, read, readSync, write, writeSync } from 'node:fs';
import { asFailure, onHost } from './host-failure.ts';
import type { Step } from './work.ts';

/** A piece of memory and its place in a file. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Fills pieces from a file, all at the same time; what lies beyond the end of the file becomes zeros. */
export function reading(fd: number, pieces: readonly Piece[], direct?: number): Step {
  return {
    sync() {
      for (const piece of pieces) readPieceSync(fd, piece, direct);
    },
    async: () => all(pieces, (piece) => readPiece(fd, piece, direct)),
  };
}

export function writing(fd: number, pieces: readonly Piece[]): Step {
  return {
    sync() {
      for (const piece of pieces) writePieceSync(fd, piece);
    },
    async: () => all(pieces, (piece) => writePiece(fd, piece)),
  };
}

/** Sets the size of a file to each of these in turn. Nothing gets in between, an abort neither. */
export function resizing(fd: number, ...sizes: number[]): Step {
  return {
    sync() {
      for (const size of sizes) onHost(() => ftruncateSync(fd, size));
    },
    async async() {
      for (const size of sizes) {
        await new Promise<void>((resolve, reject) => {
          ftruncate(fd, size, (error) => (error ? reject(asFailure(error)) : resolve()));
        });
      }
    },
  };
}

/** Reads what one call to the host gives; 0 at the end of the file. */
export function readSome(fd: number, bytes: Uint8Array, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, bytes, 0, bytes.length, at, (error, length) =>
      error ? reject(asFailure(error)) : resolve(length),
    );
  });
}

// Memory is used again as soon as a step has ended, so every piece must have come to its end, failed or not.
async function all(pieces: readonly Piece[], move: (piece: Piece) => Promise<void>): Promise<void> {
  for (const outcome of await Promise.allSettled(pieces.map(move))) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function readPiece(fd: number, { bytes, at }: Piece, direct: number | undefined): Promise<void> {
  let done = direct === undefined ? 0 : await readSome(direct, bytes, at).catch(() => 0);
  while (done < bytes.length) {
    const length = await readSome(fd, bytes.subarray(done), at + done);
    if (length === 0) break;
    done += length;
  }
  bytes.fill(0, done);
}

function readPieceSync(fd: number, { bytes, at }: Piece, direct: number | undefined): void {
  let done = direct === undefined ? 0 : tryReadSync(direct, bytes, at);
  while (done < bytes.length) {
    const length = onHost(() => readSync(fd, bytes, done, bytes.length - done, at + done));
    if (length === 0) break;
    done += length;
  }
  bytes.fill(0, done);
}

function tryReadSync(fd: number, bytes: Uint8Array, at: number): number {
  try {
    return readSync(fd, bytes, 0, bytes.length, at);
  } catch {
    return 0;
  }
}

async function writePiece(fd: number, { bytes, at }: Piece): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += await new Promise<number>((resolve, reject) => {
      write(fd, bytes, done, bytes.length - done, at + done, (error, length) =>
        error ? reject(asFailure(error)) : resolve(length),
      );
    });
  }
}

function writePieceSync(fd: number, { bytes, at }: Piece): void {
  for (let done = 0; done < bytes.length; ) {
    done += onHost(() => writeSync(fd, bytes, done, bytes.length - done, at + done));
  }
}
