import {
  ERROR_ACCESS_DENIED,
  ERROR_ALREADY_EXISTS,
  ERROR_FILE_EXISTS,
  ERROR_FILE_NOT_FOUND,
  ERROR_SHARING_VIOLATION,
} from '../../structs/index.ts';
import { least, roundUp } from '../byte-count.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { InvalidArgumentError, ProtocolError, Win32Error } from '../errors.ts';
import { type FileInfo, filesOf, type Kernel, type OpenRequest } from '../kernel/kernel.ts';
import { type FixedPath, isDevicePath } from '../path.ts';
import type { CopyFileSettings } from './options.ts';
import { type CopyEndpoint, isErrno, isSameFile, openEndpoint } from './source.ts';
import { reserveVolume } from './volume-lock.ts';

const DEVICE: OpenRequest = { read: true, write: true, disposition: 'open' };
// Nobody else can write to it, or mistake a half-made copy for a whole one.
const EXCLUSIVE: OpenRequest = { ...DEVICE, sharing: 'none', removable: true };
// It is opened a second time to be verified.
const VERIFIED: OpenRequest = { ...EXCLUSIVE, sharing: 'read' };
// A virus scanner may have it open.
const LEFTOVER: OpenRequest = { read: false, write: false, disposition: 'open', removable: true };
// An opening without access rights conflicts with no other.
const QUERY: OpenRequest = { read: false, write: false, disposition: 'open' };

/** The destination of copyFile while it is written. Whoever opens it calls either {@link keep} or {@link discard}. */
export class Destination {
  readonly #kernel: Kernel;
  readonly #path: FixedPath;
  readonly #isNew: boolean;
  #isAltered: boolean;
  #endpoint: CopyEndpoint;
  #isPrepared = false;
  /** Closed, so that the system can open it by its name. */
  #isReleased = false;
  #isWritten = false;
  /** False if another file may have taken the name. */
  #isMine = true;
  #isClosing = false;

  constructor(kernel: Kernel, path: FixedPath, endpoint: CopyEndpoint, isNew: boolean) {
    this.#kernel = kernel;
    this.#path = path;
    this.#endpoint = endpoint;
    this.#isNew = isNew;
    this.#isAltered = isNew;
  }

  get endpoint(): CopyEndpoint {
    return this.#endpoint;
  }

  /** Whether this copy has created the file. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /**
   * Closes the file while nothing was written to it, because the system opens it by its name. A file that this copy has
   * created is removed, at once because nobody else can have it open, and the system must create it again: another program
   * that takes the name before that fails the copy, and loses nothing. An existing file stays, and what has its name when
   * the system opens it is overwritten.
   */
  async release(): Promise<void> {
    const { file, handle, path } = this.#endpoint;
    if (this.#isNew) {
      await withCallContext({ syscall: 'SetFileInformationByHandle', path }, () =>
        filesOf(this.#kernel).remove(handle),
      );
    }
    this.#isReleased = true;
    await file.close();
  }

  /**
   * To be called when the system has written the file, of `size` bytes. Opens it again if it is still to be read. The system
   * has written to a name, which another program may have given to another file since: that file is not removed.
   */
  async written(isRead: boolean, size: bigint): Promise<void> {
    this.#isWritten = true;
    this.#isAltered = true;
    if (!isRead) return;
    const before = this.#endpoint.info;
    this.#endpoint = await openVerified(this.#kernel, this.#path);
    this.#isReleased = false;
    const { info, path } = this.#endpoint;
    // Another identity alone is no error, because a server may give a new one to a file that it overwrites.
    this.#isMine = info.size === size && (this.#isNew || info.identity === before.identity);
    if (info.size === size) return;
    const problem =
      'another program has put another file in the place of the copy before it could be verified; that file was left alone.';
    throw new ProtocolError(problem, { syscall: 'verify', path });
  }

  /**
   * Gives the file its final size before the first byte is written, because offload writes never extend a file, or locks
   * the volume. An existing file that is not prepared yet is unchanged, and survives a failure of the copy.
   *
   * @returns from where the file was never written, and therefore reads as zeros: a multiple of the unit, or the size.
   */
  async prepare(size: bigint, unit: number): Promise<bigint> {
    const { file, info } = this.#endpoint;
    if (!this.#isPrepared) {
      if (info.isDevice) await reserveVolume(this.#kernel, this.#endpoint, size);
      else if (info.size !== size) await file.setSize(size);
      this.#isPrepared = true;
      this.#isAltered = true;
    }
    if (info.isDevice) return size;
    return this.#isNew ? 0n : least(size, roundUp(info.size, unit));
  }

  /** Gives the finished copy the times and attributes of its source, and closes it. */
  async keep(source: CopyEndpoint): Promise<void> {
    const { path, handle, file, info } = this.#endpoint;
    if (!info.isDevice && !source.info.isDevice && !this.#isWritten) {
      await withCallContext({ syscall: 'SetFileInformationByHandle', path }, () =>
        filesOf(this.#kernel).copyMetadata(source.handle, handle),
      );
    }
    this.#isClosing = true;
    // Does nothing if the file was released.
    await file.close();
  }

  /** Closes the file, and removes it if it was altered. Never throws, because the caller reports another failure. */
  async discard(): Promise<void> {
    // The handle may belong to another file once it was closed, even if closing failed.
    if (this.#isClosing) return;
    const { file, handle, info } = this.#endpoint;
    if (this.#isReleased) {
      await this.#discardByName(this.#isWritten);
      return;
    }
    if (this.#isAltered && this.#isMine && !info.isDevice) {
      // If the file cannot be removed, was moved or has other names, what is left must not look like a finished copy.
      await ignoreErrors(() => file.setSize(0));
      await ignoreErrors(() => filesOf(this.#kernel).remove(handle));
    }
    await ignoreErrors(() => file.close());
  }

  /** {@link discard} when the system was asked to write the file: it has done so, or something may be left. */
  async discardWritten(isWritten: boolean): Promise<void> {
    this.#isAltered ||= isWritten;
    await this.#discardByName(true);
  }

  async #discardByName(hasBegun: boolean): Promise<void> {
    this.#isClosing = true;
    const { identity, stamp } = this.#endpoint.info;
    if (!this.#isNew) {
      // Another file that has taken the name survives, and so does the old one if the system has not touched it.
      await removeLeftover(
        this.#kernel,
        this.#path,
        (found) => found.identity === identity && (this.#isAltered || found.stamp !== stamp),
      );
    } else if (hasBegun) await removeLeftover(this.#kernel, this.#path, () => true);
  }
}

/**
 * Opens or creates the destination, so that nobody else can write to it. Nobody can read it either and mistake a half-made
 * copy for a whole one, unless it is to be verified, for which it is opened a second time. Leaves the content of an
 * existing file unchanged.
 */
export async function openDestination(
  kernel: Kernel,
  path: FixedPath,
  { overwrite, verify }: Pick<CopyFileSettings, 'overwrite' | 'verify'>,
  source: CopyEndpoint,
): Promise<Destination> {
  if (isDevicePath(path.absolute)) {
    if (!overwrite) {
      await checkNotSource(kernel, path, source);
      throw new Win32Error({ errno: ERROR_FILE_EXISTS }, { syscall: 'CreateFileW', path: path.shown });
    }
    return new Destination(kernel, path, await openEndpoint(kernel, path, DEVICE), false);
  }
  const existing = verify ? VERIFIED : EXCLUSIVE;
  for (let attempt = 1; ; attempt++) {
    // With a check for existence first, two copies at once could both believe that they created the file.
    try {
      const created = await openEndpoint(kernel, path, { ...existing, disposition: 'create-new' });
      return new Destination(kernel, path, created, true);
    } catch (error) {
      if (!isErrno(error, ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS)) throw error;
      if (!overwrite) {
        await checkNotSource(kernel, path, source);
        throw error;
      }
    }
    try {
      return new Destination(kernel, path, await openExisting(kernel, path, existing), false);
    } catch (error) {
      if (isErrno(error, ERROR_SHARING_VIOLATION)) await checkNotSource(kernel, path, source);
      // It may have been removed in between.
      if (attempt > 1 || !isErrno(error, ERROR_FILE_NOT_FOUND)) throw error;
    }
  }
}

async function openExisting(kernel: Kernel, path: FixedPath, request: OpenRequest): Promise<CopyEndpoint> {
  try {
    return await openEndpoint(kernel, path, request);
  } catch (error) {
    if (!isErrno(error, ERROR_ACCESS_DENIED)) throw error;
    // The right to write to a file does not include the right to remove it.
    return openEndpoint(kernel, path, { ...request, removable: false });
  }
}

/** Opens what the system has copied, which may be read-only, like its source: then it can be read, but not flushed. */
async function openVerified(kernel: Kernel, path: FixedPath): Promise<CopyEndpoint> {
  try {
    return await openEndpoint(kernel, path, VERIFIED);
  } catch (error) {
    if (!isErrno(error, ERROR_ACCESS_DENIED)) throw error;
    return openEndpoint(kernel, path, { ...VERIFIED, write: false });
  }
}

/** Removes what the system has left of a failed copy, if there is anything. Never throws. */
export async function removeLeftover(
  kernel: Kernel,
  path: FixedPath,
  isLeftover: (found: FileInfo) => boolean,
): Promise<void> {
  await ignoreErrors(async () => {
    const { file, handle, info } = await openEndpoint(kernel, path, EXCLUSIVE).catch(() =>
      openEndpoint(kernel, path, LEFTOVER),
    );
    if (isLeftover(info)) {
      await ignoreErrors(() => file.setSize(0));
      await ignoreErrors(() => filesOf(kernel).remove(handle));
    }
    await file.close();
  });
}

// The open source refuses writers, so a copy onto itself must be recognized before the destination can be opened.
async function checkNotSource(kernel: Kernel, path: FixedPath, source: CopyEndpoint): Promise<void> {
  const found = await query(kernel, path);
  if (found !== undefined) checkEndpoints(source, found);
}

async function query(kernel: Kernel, path: FixedPath): Promise<CopyEndpoint | undefined> {
  try {
    const found = await openEndpoint(kernel, path, QUERY);
    await ignoreErrors(() => found.file.close());
    return found;
  } catch {
    return undefined;
  }
}

/** Throws if the two files cannot be source and destination of a copy. Nothing was changed in that case. */
export function checkEndpoints(source: CopyEndpoint, destination: CopyEndpoint): void {
  if (isSameFile(source, destination)) {
    const otherName = source.path === destination.path ? '' : ` ('${source.path}') under another name`;
    const message = `destination is '${destination.path}', which is the source itself${otherName}; copy to another file.`;
    throw new InvalidArgumentError([{ path: 'destination', message }]);
  }
  const { info } = destination;
  if (info.isDevice && info.size < source.info.size) {
    const message = `destination is '${destination.path}', a device of ${info.size} bytes; the source has ${source.info.size}, copy to a device at least that large.`;
    throw new InvalidArgumentError([{ path: 'destination', message }]);
  }
}
