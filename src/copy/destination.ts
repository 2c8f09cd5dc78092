import { resolve } from 'node:path';
import {
  ERROR_ACCESS_DENIED,
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_SHARING_VIOLATION,
} from '../../structs/index.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { InvalidArgumentError, Win32Error } from '../errors.ts';
import { filesOf, type Kernel, type OpenRequest } from '../kernel/kernel.ts';
import { openWith } from '../open-file.ts';
import { isDevicePath } from '../path.ts';
import { isErrno } from './is-errno.ts';
import type { Side } from './job.ts';

const DEVICE: OpenRequest = { read: true, write: true, disposition: 'open' };
// Nobody else writes to it meanwhile, and nobody takes a half-made copy for a whole one.
const EXISTING: OpenRequest = { ...DEVICE, sharing: 'none', removable: true };
// Whoever may write to a file need not have the right to remove it.
const FIXED: OpenRequest = { ...EXISTING, removable: false };
const NEW: OpenRequest = { ...EXISTING, disposition: 'create-new' };
// Without access rights it conflicts with nobody.
const LOOK: OpenRequest = { read: false, write: false, disposition: 'open' };

/** The file that is being written. Whoever opens it either keeps it or discards it. */
export class Destination {
  readonly side: Side;
  readonly #kernel: Kernel;
  readonly #isNew: boolean;
  #isAltered: boolean;
  #isPrepared = false;

  constructor(kernel: Kernel, side: Side, isNew: boolean) {
    this.#kernel = kernel;
    this.side = side;
    this.#isNew = isNew;
    this.#isAltered = isNew;
  }

  /** From here on it was never written once it has its final size: a new file from its start. */
  get freshFrom(): bigint | undefined {
    const { info } = this.side;
    return info.isDevice ? undefined : this.#isNew ? 0n : info.size;
  }

  /**
   * Gives the file its final size, before the first byte is written: offload writes never extend a file. Until then an
   * existing file is as it was, and stays if the copy fails.
   */
  async prepare(size: bigint): Promise<void> {
    if (this.#isPrepared) return;
    const { file, info } = this.side;
    if (!info.isDevice && info.size !== size) await file.setSize(size);
    this.#isPrepared = true;
    this.#isAltered = true;
  }

  async keep(source: Side): Promise<void> {
    const { path, handle, file, info } = this.side;
    if (!info.isDevice && !source.info.isDevice) {
      await withCallContext({ syscall: 'SetFileInformationByHandle', path }, () =>
        filesOf(this.#kernel).copyMetadata(source.handle, handle),
      );
    }
    await file.close();
  }

  /** Closes the file, and removes it if it is not what it was. Nothing is thrown: a failure is being reported already. */
  async discard(): Promise<void> {
    const { file, handle, info } = this.side;
    if (this.#isAltered && !info.isDevice) {
      // Where the file cannot be removed, was moved or has other names, what is left must not look like a finished copy.
      await ignoreErrors(() => file.setSize(0));
      await ignoreErrors(() => filesOf(this.#kernel).remove(handle));
    }
    await ignoreErrors(() => file.close());
  }
}

/** Opens or creates the destination without changing what is there. */
export async function openDestination(
  kernel: Kernel,
  path: string,
  overwrite: boolean,
  source: Side,
): Promise<Destination> {
  if (isDevicePath(path)) {
    if (!overwrite) {
      await checkNotSource(kernel, path, source);
      throw new Win32Error({ errno: ERROR_FILE_EXISTS }, { syscall: 'CreateFileW', path });
    }
    return new Destination(kernel, await openWith(kernel, path, DEVICE), false);
  }
  for (let attempt = 1; ; attempt++) {
    // Asking whether it exists and creating it then would let two copies at once both believe that they created it.
    try {
      return new Destination(kernel, await openWith(kernel, path, NEW), true);
    } catch (error) {
      if (!isErrno(error, ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS)) throw error;
      if (!overwrite) {
        await checkNotSource(kernel, path, source);
        throw error;
      }
    }
    try {
      return new Destination(kernel, await openExisting(kernel, path), false);
    } catch (error) {
      if (isErrno(error, ERROR_SHARING_VIOLATION)) await checkNotSource(kernel, path, source);
      // It may have been removed in between.
      if (attempt > 1 || !isErrno(error, ERROR_FILE_NOT_FOUND)) throw error;
    }
  }
}

async function openExisting(kernel: Kernel, path: string): Promise<Side> {
  try {
    return await openWith(kernel, path, EXISTING);
  } catch (error) {
    if (!isErrno(error, ERROR_ACCESS_DENIED)) throw error;
    return openWith(kernel, path, FIXED);
  }
}

// The source does not share itself with writers, so it is found out before it could be opened.
async function checkNotSource(kernel: Kernel, path: string, source: Side): Promise<void> {
  const found = await lookAt(kernel, path);
  if (found !== undefined) checkPair(source, found);
}

async function lookAt(kernel: Kernel, path: string): Promise<Side | undefined> {
  try {
    const look = await openWith(kernel, path, LOOK);
    await ignoreErrors(() => look.file.close());
    return look;
  } catch {
    return undefined;
  }
}

/** Throws when the two cannot be source and destination of a copy. Nothing has been touched then. */
export function checkPair(source: Side, destination: Side): void {
  if (isSameFile(source, destination)) {
    const message = `destination is '${destination.path}', which is the source itself${source.path === destination.path ? '' : ` ('${source.path}') by another name`}; copy to another file.`;
    throw new InvalidArgumentError([{ path: 'destination', message }]);
  }
  const { info } = destination;
  if (info.isDevice && info.size < source.info.size) {
    const message = `destination is '${destination.path}', a device of ${info.size} bytes; the source has ${source.info.size}, copy to a device at least that large.`;
    throw new InvalidArgumentError([{ path: 'destination', message }]);
  }
}

function isSameFile(source: Side, destination: Side): boolean {
  const { identity } = source.info;
  if (identity === undefined) return resolve(source.path) === resolve(destination.path);
  return identity === destination.info.identity;
}
