import {
  type BigIntStats,
  close,
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncate,
  ftruncateSync,
  lstatSync,
  open,
  openSync,
  read,
  readSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { OpenRequest } from '../kernel/kernel.ts';
import { onHost, onHostAsync, refuse } from './refusal.ts';
import { type Task, type Wait, waitFor } from './task.ts';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const readAsync = promisify(read);
const writeAsync = promisify(write);
const fsyncAsync = promisify(fsync);
const ftruncateAsync = promisify(ftruncate);

/** Bytes that are copied at a time. Between two pieces an abort takes effect. */
export const PIECE_SIZE = 262_144;

// A file that the emulator creates may receive secret data before it receives the permissions of its source.
const OWNER_ONLY = 0o600;

const CREATION: Readonly<Record<OpenRequest['disposition'], number>> = {
  open: 0,
  create: constants.O_CREAT | constants.O_TRUNC,
  'create-new': constants.O_CREAT | constants.O_EXCL,
};

export function openHostFile(path: string, request: OpenRequest): Task<number> {
  checkName(path);
  const writable = request.read ? constants.O_RDWR : constants.O_WRONLY;
  const access = request.write ? writable : constants.O_RDONLY;
  // Opening a pipe must not wait for its other end. Windows has no such flag.
  const flags = access | CREATION[request.disposition] | (constants.O_NONBLOCK ?? 0);
  return waitFor(
    () => onHost(() => openSync(path, flags, OWNER_ONLY)),
    () => onHostAsync(() => openAsync(path, flags, OWNER_ONLY)),
  );
}

/** Refuses half a surrogate pair, which Windows allows. Node.js would replace it, and so name another file. */
export function checkName(path: string): void {
  if (/\p{Surrogate}/u.test(path)) refuse('OBJECT_NAME_INVALID');
}

export function closeHostFile(fd: number): Task<void> {
  return waitFor(
    () => onHost(() => closeSync(fd)),
    () => onHostAsync(() => closeAsync(fd)),
  );
}

export function synchronize(fd: number): Task<void> {
  return waitFor(
    () => onHost(() => fsyncSync(fd)),
    () => onHostAsync(() => fsyncAsync(fd)),
  );
}

// Blocking in asynchronous calls too: it takes microseconds, and nothing can run between the check and the decision.
export function statOf(fd: number): BigIntStats {
  return onHost(() => fstatSync(fd, { bigint: true }));
}

/** Equal for all names of one file. */
export function keyOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

/** The file at a path; undefined where opening it will fail and say why. */
export function statAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** {@link statAt}, of a symbolic link itself. */
export function statOfLink(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Reads up to the length of `bytes`; 0 at the end of the file. */
export function readSome(fd: number, bytes: Uint8Array, at: bigint): Task<number> {
  return waitFor(
    () => onHost(() => readSync(fd, bytes, 0, bytes.length, Number(at))),
    () => onHostAsync(async () => (await readAsync(fd, bytes, 0, bytes.length, Number(at))).bytesRead),
  );
}

/** {@link readSome} where a failure only means that the file must be read in another way: it counts as 0 bytes. */
export function tryReadSome(fd: number, bytes: Uint8Array, at: bigint): Task<number> {
  return waitFor(
    () => {
      try {
        return readSync(fd, bytes, 0, bytes.length, Number(at));
      } catch {
        return 0;
      }
    },
    () =>
      readAsync(fd, bytes, 0, bytes.length, Number(at)).then(
        ({ bytesRead }) => bytesRead,
        () => 0,
      ),
  );
}

/** Fills `bytes`, with zeros from the end of the file on. */
export function* readAll(fd: number, bytes: Uint8Array, at: bigint): Task<void> {
  let done = 0;
  while (done < bytes.length) {
    const length = yield* readSome(fd, bytes.subarray(done), at + BigInt(done));
    if (length === 0) break;
    done += length;
  }
  bytes.fill(0, done);
}

export function* writeAll(fd: number, bytes: Uint8Array, at: bigint): Task<void> {
  for (let done = 0; done < bytes.length; ) {
    const rest = bytes.subarray(done);
    const position = Number(at) + done;
    done += yield* waitFor(
      () => onHost(() => writeSync(fd, rest, 0, rest.length, position)),
      () => onHostAsync(async () => (await writeAsync(fd, rest, 0, rest.length, position)).bytesWritten),
    );
  }
}

/** Sets the size of a file to each of these in turn. Not even an abort comes in between. */
export function resize(fd: number, ...sizes: readonly bigint[]): Wait {
  return {
    sync() {
      for (const size of sizes) onHost(() => ftruncateSync(fd, Number(size)));
    },
    async async() {
      for (const size of sizes) await onHostAsync(() => ftruncateAsync(fd, Number(size)));
    },
  };
}

// The permissions of a file may allow others to write it, but only the owner can change its permissions and times. On
// Windows, write access includes both.
export function unlessNotOwner(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error;
  }
}
