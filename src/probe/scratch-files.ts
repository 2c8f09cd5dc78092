import { chmod, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_FILE_NOT_FOUND } from '../../structs/index.ts';
import type { ByteCount } from '../byte-count.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { describeValue } from '../describe.ts';
import { InvalidArgumentError, ProtocolError, type Sentence, SourceChangedError } from '../errors.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure, type OpenRequest } from '../kernel/kernel.ts';
import type { OffloadFile } from '../offload-file.ts';
import { openWith } from '../open-file.ts';
import type { Signal } from '../signal.ts';
import { randomBytes } from './random-data.ts';

const NEW: OpenRequest = { read: true, write: true, disposition: 'create-new', removable: true };

/** Files with random names that a trial creates, and removes in the end. */
export class ScratchFiles {
  readonly #kernel: Kernel;
  readonly #files: FileKernel;
  readonly #signal: Signal | undefined;
  readonly #id = randomBytes(6).toString('hex');
  /** The open files, and what identifies them. */
  readonly #open = new Map<OffloadFile, string | undefined>();

  constructor(kernel: Kernel, signal: Signal | undefined) {
    this.#signal = signal;
    this.#kernel = kernel;
    this.#files = filesOf(kernel);
  }

  /** Creates a file that does not exist, with its final size. */
  async create(folder: string, role: string, size: number): Promise<OffloadFile> {
    const path = join(folder, `odx-try-${this.#id}-${role}.tmp`);
    const { file, info } = await openWith(this.#kernel, path, NEW, BigInt(size));
    this.#open.set(file, info.identity);
    // Windows has no mode; there the file inherits the access list of its folder.
    if (process.platform !== 'win32') await ignoreErrors(() => chmod(path, 0o600));
    return file;
  }

  async remove(file: OffloadFile): Promise<void> {
    const identity = this.#open.get(file);
    if (!this.#open.delete(file)) return;
    const { path, handle } = file;
    try {
      await this.#files.remove(handle);
      await file.close();
    } catch {
      // With a handle of its own it may succeed, unless the file is gone already.
      await ignoreErrors(() => file.close());
      await this.#removeByName(path, identity);
    }
  }

  /** Reads the whole range. */
  async read(file: OffloadFile, offset: number, length: number): Promise<Uint8Array> {
    const { handle, path } = file;
    const bytes = this.#files.allocate?.(length) ?? new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = BigInt(offset + done);
      const count = await withCallContext({ syscall: 'ReadFile', path, offset: at }, () =>
        this.#files.read(handle, bytes.subarray(done), at, this.#signal),
      );
      if (count === 0) throw new SourceChangedError(path);
      done += count;
    }
    return bytes;
  }

  async write(file: OffloadFile, bytes: Uint8Array, offset: number): Promise<void> {
    const { handle, path } = file;
    for (let done = 0; done < bytes.length; ) {
      const context = { syscall: 'WriteFile', path, offset: BigInt(offset + done) };
      const count = await withCallContext(context, () =>
        this.#files.write(handle, bytes.subarray(done), context.offset, this.#signal),
      );
      if (count === 0) throw new ProtocolError('nothing was written.', context);
      done += count;
    }
  }

  /** Removes all files, also if one of them cannot be removed. Throws the first failure. */
  async removeAll(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#open.keys()].map((file) => this.remove(file)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #removeByName(path: string, identity: string | undefined): Promise<void> {
    await withCallContext({ syscall: 'DeleteFileW', path }, async () => {
      const handle = await this.#files.open(path, { ...NEW, disposition: 'open' }).catch((error: unknown) => {
        if (error instanceof KernelFailure && error.errno === ERROR_FILE_NOT_FOUND) return undefined;
        throw error;
      });
      if (handle === undefined) return;
      try {
        const info = await this.#files.info(handle, path);
        // Someone else's file may have taken the place of one that was moved or removed.
        if (info.identity === identity) await this.#files.remove(handle);
      } finally {
        await ignoreErrors(() => this.#files.close(handle));
      }
    });
  }
}

/** Refuses a trial that the volumes have no room for. `needs` lists the bytes for each folder. */
export async function checkFreeSpace(
  size: ByteCount,
  needs: readonly { readonly folder: string; readonly bytes: number }[],
): Promise<void> {
  const volumes = new Map<number, { free: bigint; bytes: bigint }>();
  for (const { folder, bytes } of needs) {
    let device: number;
    let free: bigint;
    try {
      device = (await stat(folder)).dev;
      const { bavail, bsize } = await statfs(folder, { bigint: true });
      free = bavail * bsize;
    } catch {
      // Not a folder of this host, or a volume that does not report its free space.
      continue;
    }
    const other = volumes.get(device)?.bytes ?? 0n;
    volumes.set(device, { free, bytes: other + BigInt(bytes) });
  }
  for (const { free, bytes } of volumes.values()) {
    if (bytes <= free) continue;
    const message: Sentence = (nameOf) =>
      `${nameOf('size')} is ${describeValue(size)}, for which the scratch files need ${bytes} bytes, but the volume has ${free} bytes free; pass a smaller one, or free some space.`;
    throw new InvalidArgumentError([{ path: 'size', message }]);
  }
}
