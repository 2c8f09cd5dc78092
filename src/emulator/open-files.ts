import { type BigIntStats, close, closeSync } from 'node:fs';
import type { OpenRequest, Sharing } from '../kernel/kernel.ts';
import { borrowedAccess } from './borrowed.ts';
import { asFailure, onHost } from './host-failure.ts';
import { keyOf, statOf } from './host-stat.ts';
import { refuse } from './refusal.ts';

/** What stands behind a HANDLE of the emulator. */
export interface OpenFile {
  readonly handle: bigint;
  /** Undefined for a device that was opened to be asked only. */
  readonly fd: number | undefined;
  readonly path: string | undefined;
  /** `dev:ino` as it was when the handle was made. */
  readonly key: string;
  readonly read: boolean;
  readonly write: boolean;
  readonly sharing: Sharing;
  /** Calls in flight, which closing waits for: the host must not give the descriptor to another file under them. */
  calls: number;
  closed: boolean;
  whenIdle: (() => void) | undefined;
}

type Opened = Pick<OpenFile, 'fd' | 'path' | 'key' | 'read' | 'write' | 'sharing'>;
type Access = Pick<OpenRequest, 'read' | 'write' | 'sharing'>;

// Like those of Windows: multiples of four. Never given out twice, so that a stale one is found out.
const STEP = 4n;
const FIRST_OWNED = 0x1000n;
const FIRST_BORROWED = 0x4000_0000n;

/** The handle table. */
export class OpenFiles {
  readonly #byHandle: Map<bigint, OpenFile> = new Map();
  readonly #byDescriptor: Map<number, OpenFile> = new Map();
  #nextOwned = FIRST_OWNED;
  #nextBorrowed = FIRST_BORROWED;

  add(fd: number | undefined, path: string, stat: BigIntStats, access: Access): bigint {
    const handle = this.#nextOwned;
    this.#nextOwned += STEP;
    const { read, write, sharing = 'all' } = access;
    return this.#keep(handle, { fd, path, key: keyOf(stat), read, write, sharing }).handle;
  }

  /** Refuses what the handles that are open to the file do not share, or what would not share with them. */
  checkSharing(stat: BigIntStats, access: Access): void {
    const key = keyOf(stat);
    const { read, write, sharing = 'all' } = access;
    for (const open of this.#byHandle.values()) {
      // What was borrowed is not told of its end.
      if (open.key !== key || open.handle >= FIRST_BORROWED) continue;
      if (!allows(open.sharing, { read, write }) || !allows(sharing, open)) refuse('SHARING_VIOLATION');
    }
  }

  /** The handle of a descriptor of Node's: the same one as long as the descriptor stands for the same file. */
  borrow(fd: number): bigint {
    const key = keyOf(statOf(fd));
    const { read, write } = borrowedAccess(fd);
    const known = this.#byDescriptor.get(fd);
    if (known !== undefined) {
      if (known.key === key && known.read === read && known.write === write) return known.handle;
      known.closed = true;
      this.#byHandle.delete(known.handle);
    }
    const handle = this.#nextBorrowed;
    this.#nextBorrowed += STEP;
    const file = this.#keep(handle, { fd, path: undefined, key, read, write, sharing: 'all' });
    this.#byDescriptor.set(fd, file);
    return handle;
  }

  find(handle: bigint): OpenFile | undefined {
    return this.#byHandle.get(handle);
  }

  at(handle: bigint): OpenFile {
    return this.#byHandle.get(handle) ?? refuse('INVALID_HANDLE');
  }

  hold(file: OpenFile): void {
    file.calls++;
  }

  release(file: OpenFile): void {
    file.calls--;
    if (file.calls === 0) file.whenIdle?.();
  }

  async close(handle: bigint): Promise<void> {
    const { file, fd } = this.#forget(handle);
    if (file.calls > 0) {
      await new Promise<void>((resolve) => {
        file.whenIdle = resolve;
      });
    }
    if (fd === undefined) return;
    await new Promise<void>((resolve, reject) => {
      close(fd, (error) => (error ? reject(asFailure(error)) : resolve()));
    });
  }

  /** Cannot wait for calls in flight: the last of them closes the file then. */
  closeSync(handle: bigint): void {
    const { file, fd } = this.#forget(handle);
    if (fd === undefined) return;
    if (file.calls === 0) onHost(() => closeSync(fd));
    else file.whenIdle = () => closeSync(fd);
  }

  #keep(handle: bigint, opened: Opened): OpenFile {
    const file: OpenFile = { ...opened, handle, calls: 0, closed: false, whenIdle: undefined };
    this.#byHandle.set(handle, file);
    return file;
  }

  #forget(handle: bigint): { file: OpenFile; fd: number | undefined } {
    const file = this.at(handle);
    // A borrowed descriptor is Node's to close.
    if (handle >= FIRST_BORROWED) refuse('INVALID_HANDLE');
    this.#byHandle.delete(handle);
    file.closed = true;
    return { file, fd: file.fd };
  }
}

function allows(sharing: Sharing, { read, write }: Pick<OpenRequest, 'read' | 'write'>): boolean {
  return sharing === 'all' || (!write && (sharing === 'read' || !read));
}
