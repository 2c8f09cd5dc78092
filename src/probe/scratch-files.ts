import { type Cipher, createCipheriv, randomBytes } from 'node:crypto';
import { chmod, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_FILE_NOT_FOUND } from '../../structs/index.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import type { OffloadFile } from '../offload-file.ts';
import { openFileWith } from '../open-file.ts';
import { refuse } from '../request.ts';

/** Bytes per ordinary read or write. */
export const BLOCK = 1_048_576;

/** Files with random names that a trial creates, and removes in the end. */
export class ScratchFiles {
  readonly #kernel: Kernel;
  readonly #files: FileKernel;
  readonly #id = randomBytes(6).toString('hex');
  readonly #open = new Set<OffloadFile>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#files = filesOf(kernel);
  }

  /** Creates a file that does not exist, with its final size. */
  async create(folder: string, role: string, size: number): Promise<OffloadFile> {
    const path = join(folder, `odx-try-${this.#id}-${role}.tmp`);
    const file = await openFileWith(this.#kernel, path, 'wx', { size });
    this.#open.add(file);
    // Windows has no mode; there the file inherits the access list of its folder.
    if (process.platform !== 'win32') await ignoreErrors(() => chmod(path, 0o600));
    return file;
  }

  async remove(file: OffloadFile): Promise<void> {
    if (!this.#open.delete(file)) return;
    const { path, handle } = file;
    try {
      await this.#files.remove(handle);
      await file.close();
    } catch {
      // With a handle of its own it may succeed, unless the file is gone already.
      await ignoreErrors(() => file.close());
      await this.#removeByName(path);
    }
  }

  /** Removes all files, also if one of them cannot be removed. Throws the first failure. */
  async removeAll(): Promise<void> {
    const outcomes = await Promise.allSettled([...this.#open].map((file) => this.remove(file)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #removeByName(path: string): Promise<void> {
    const request = { read: true, write: true, disposition: 'open', removable: true } as const;
    await withCallContext({ syscall: 'DeleteFileW', path }, async () => {
      const handle = await this.#files.open(path, request).catch((error: unknown) => {
        if (error instanceof KernelFailure && error.errno === ERROR_FILE_NOT_FOUND) return undefined;
        throw error;
      });
      if (handle === undefined) return;
      try {
        await this.#files.remove(handle);
      } finally {
        await ignoreErrors(() => this.#files.close(handle));
      }
    });
  }
}

/** Random bytes of any length, the same each time they are read. They cannot be compressed or deduplicated. */
export class RandomData {
  readonly #key = randomBytes(32);

  /** The bytes from an offset on, which is a multiple of 16. */
  at(offset: number, length: number): Uint8Array {
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt(offset) / 16n, 8);
    const cipher: Cipher = createCipheriv('aes-256-ctr', this.#key, counter);
    return cipher.update(Buffer.alloc(length));
  }
}

/** What a file must hold: random data, and ranges that were replaced later. */
export class ExpectedContents {
  readonly #data: RandomData;
  readonly #ranges: Range[] = [];

  constructor(data: RandomData) {
    this.#data = data;
  }

  /** The range now holds the data from `dataOffset` on; zeros without one. */
  replace(offset: number, length: number, dataOffset?: number): void {
    this.#ranges.push({ offset, length, dataOffset });
  }

  at(offset: number, length: number): Uint8Array {
    const bytes = this.#data.at(offset, length);
    for (const range of this.#ranges) {
      const from = Math.max(offset, range.offset);
      const end = Math.min(offset + length, range.offset + range.length);
      if (from >= end) continue;
      const { dataOffset } = range;
      if (dataOffset === undefined) bytes.fill(0, from - offset, end - offset);
      else bytes.set(this.#data.at(dataOffset + from - range.offset, end - from), from - offset);
    }
    return bytes;
  }
}

interface Range {
  readonly offset: number;
  readonly length: number;
  readonly dataOffset: number | undefined;
}

/** Refuses a trial that the volumes have no room for. `needs` lists the bytes for each folder. */
export async function checkFreeSpace(
  size: number | bigint,
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
    const shown = typeof size === 'bigint' ? `${size}n` : `${size}`;
    const message = `size is ${shown}, for which the scratch files need ${bytes} bytes, but the volume has ${free} bytes free; pass a smaller size, or free some space.`;
    refuse('size', message);
  }
}
