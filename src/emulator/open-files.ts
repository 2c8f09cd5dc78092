import { type BigIntStats, constants, readFileSync, readlinkSync, readvSync, writeSync } from 'node:fs';
import type { OpenRequest, Sharing } from '../kernel/kernel.ts';
import { closeHostFile, keyOf, statOf } from './host-io.ts';
import { refuse } from './refusal.ts';
import { runSync, type Task } from './task.ts';

/** What is behind a HANDLE of the emulator. */
export interface OpenFile {
  readonly handle: bigint;
  /** Undefined for a device that was opened for queries only. */
  readonly fd: number | undefined;
  readonly path: string | undefined;
  /** Key of the file when the handle was made. */
  readonly key: string;
  readonly read: boolean;
  readonly write: boolean;
  readonly sharing: Sharing;
  /** Calls in flight. Closing waits for them, because the host may give the descriptor to another file. */
  calls: number;
  isClosed: boolean;
  onIdle: (() => void) | undefined;
}

type Opened = Pick<OpenFile, 'fd' | 'path' | 'key' | 'read' | 'write' | 'sharing'>;
type Access = Pick<OpenRequest, 'read' | 'write' | 'sharing'>;

// Multiples of four, as on Windows. None is ever reused, so a stale handle is always detected.
const HANDLE_STEP = 4n;
const FIRST_OWNED = 0x1000n;
const FIRST_BORROWED = 0x4000_0000n;

/** The handle table. */
export class OpenFiles {
  readonly #byHandle: Map<bigint, OpenFile> = new Map();
  readonly #borrowed: Map<number, OpenFile> = new Map();
  #nextOwned = FIRST_OWNED;
  #nextBorrowed = FIRST_BORROWED;

  add(fd: number | undefined, path: string, stat: BigIntStats, access: Access): bigint {
    const handle = this.#nextOwned;
    this.#nextOwned += HANDLE_STEP;
    const { read, write, sharing = 'all' } = access;
    return this.#register(handle, { fd, path, key: keyOf(stat), read, write, sharing }).handle;
  }

  /** Refuses an access that an open handle does not share, or that does not share with an open handle. */
  checkSharing(stat: BigIntStats, access: Access): void {
    const key = keyOf(stat);
    const { read, write, sharing = 'all' } = access;
    for (const open of this.#byHandle.values()) {
      // We are not notified when a borrowed descriptor is closed, so it does not count.
      if (open.key !== key || isBorrowed(open.handle)) continue;
      if (!allows(open.sharing, { read, write }) || !allows(sharing, open)) refuse('SHARING_VIOLATION');
    }
  }

  /** The handle of a Node file descriptor: the same one as long as the descriptor belongs to the same file. */
  borrow(fd: number): bigint {
    const key = keyOf(statOf(fd));
    const { read, write } = accessOfDescriptor(fd);
    const known = this.#borrowed.get(fd);
    if (known !== undefined) {
      if (known.key === key && known.read === read && known.write === write) return known.handle;
      known.isClosed = true;
      this.#byHandle.delete(known.handle);
    }
    const handle = this.#nextBorrowed;
    this.#nextBorrowed += HANDLE_STEP;
    const file = this.#register(handle, { fd, path: undefined, key, read, write, sharing: 'all' });
    this.#borrowed.set(fd, file);
    return handle;
  }

  get isEmpty(): boolean {
    return this.#byHandle.size === 0;
  }

  find(handle: bigint): OpenFile | undefined {
    return this.#byHandle.get(handle);
  }

  get(handle: bigint): OpenFile {
    return this.find(handle) ?? refuse('INVALID_HANDLE');
  }

  /** Keeps a file open until {@link release}. */
  hold(file: OpenFile): void {
    file.calls++;
  }

  release(file: OpenFile): void {
    file.calls--;
    if (file.calls === 0) file.onIdle?.();
  }

  /** Closes a handle when the calls in flight have ended. A blocking call leaves that to the last of them. */
  *close(handle: bigint): Task<void> {
    const file = this.get(handle);
    // A borrowed descriptor is closed by its owner.
    if (isBorrowed(handle)) refuse('INVALID_HANDLE');
    this.#byHandle.delete(handle);
    file.isClosed = true;
    const { fd } = file;
    if (file.calls > 0) {
      let isLeftToLastCall = false;
      yield {
        sync() {
          isLeftToLastCall = true;
          file.onIdle = () => {
            if (fd !== undefined) runSync(closeHostFile(fd));
          };
        },
        async: () =>
          new Promise((resolve) => {
            file.onIdle = resolve;
          }),
      };
      if (isLeftToLastCall) return;
    }
    if (fd !== undefined) yield* closeHostFile(fd);
  }

  #register(handle: bigint, opened: Opened): OpenFile {
    const file: OpenFile = { ...opened, handle, calls: 0, isClosed: false, onIdle: undefined };
    this.#byHandle.set(handle, file);
    return file;
  }
}

/** The path of a descriptor, where the host reports it. */
export function pathOfDescriptor(fd: number | undefined): string | undefined {
  if (fd === undefined || process.platform !== 'linux') return undefined;
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

function isBorrowed(handle: bigint): boolean {
  return handle >= FIRST_BORROWED;
}

function allows(sharing: Sharing, { read, write }: Pick<OpenRequest, 'read' | 'write'>): boolean {
  return sharing === 'all' || (!write && (sharing !== 'none' || !read));
}

// The access mode of open(2).
const ACCESS_MODE = 3;

function accessOfDescriptor(fd: number): Pick<OpenRequest, 'read' | 'write'> {
  const flags = flagsOfDescriptor(fd);
  if (flags === undefined) return { read: canRead(fd), write: canWrite(fd) };
  const mode = flags & ACCESS_MODE;
  // A write to an O_APPEND descriptor ignores its offset. Windows calls that append access, which is not write access.
  return {
    read: mode !== constants.O_WRONLY,
    write: mode !== constants.O_RDONLY && !(flags & constants.O_APPEND),
  };
}

function flagsOfDescriptor(fd: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const octal = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return octal === undefined ? undefined : Number.parseInt(octal, 8);
  } catch {
    return undefined;
  }
}

const NO_BYTES = new Uint8Array(0);

function canRead(fd: number): boolean {
  try {
    // readSync returns early for an empty buffer; readvSync calls the host.
    readvSync(fd, [NO_BYTES], 0);
    return true;
  } catch {
    return false;
  }
}

function canWrite(fd: number): boolean {
  try {
    writeSync(fd, NO_BYTES, 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
