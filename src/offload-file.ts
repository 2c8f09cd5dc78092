/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util';
import type { ByteCount } from './byte-count.ts';
import { withCallContext, withCallContextSync } from './call-context.ts';
import { InvalidArgumentError } from './errors.ts';
import { byteCount } from './fields.ts';
import type { ControlKernel, FileKernel } from './kernel/kernel.ts';
import { checkArgument } from './request.ts';

/** What openFile found out about a file. */
export interface OpenedFile {
  readonly kernel: ControlKernel;
  readonly files: FileKernel;
  readonly path: string;
  readonly handle: bigint;
  readonly size: bigint;
  readonly isDevice: boolean;
  readonly sectorSize: number;
}

const KEY = Symbol('OffloadFile');
let openedOf: (file: OffloadFile) => OpenedFile;
let isBranded: (value: object) => value is OffloadFile;

/**
 * A file, volume or disk opened by {@link openFile} for offloaded transfer (FILE_FLAG_OVERLAPPED). It owns its HANDLE:
 * close it, or declare it with `await using`. Closing twice is harmless; using it afterwards is an InvalidArgumentError.
 *
 * @example
 * await using file = await openFile('big.vhdx', 'r');
 * const { token } = await offloadRead(file, { copyLength: file.size });
 */
export class OffloadFile {
  #opened: OpenedFile;
  #closing: Promise<void> | undefined;

  static {
    openedOf = (file) => file.#open();
    isBranded = (value): value is OffloadFile => #opened in value;
    // Defined here because a computed name would put Node's types into the public declarations.
    Object.defineProperty(OffloadFile.prototype, inspect.custom, { value: OffloadFile.prototype.toString });
  }

  /** @internal */
  constructor(key: symbol, opened: OpenedFile) {
    if (key !== KEY) {
      throw new InvalidArgumentError([
        { path: '', message: 'An OffloadFile is made by openFile, not by new.' },
      ]);
    }
    this.#opened = opened;
  }

  /** The path as it was given to openFile, or that of the `file:` URL. */
  get path(): string {
    return this.#opened.path;
  }

  /** The Win32 HANDLE. It stays owned by this object. */
  get handle(): bigint {
    return this.#open().handle;
  }

  /** Size in bytes as it was when the file was opened, or as setSize left it. */
  get size(): bigint {
    return this.#opened.size;
  }

  /** Logical sector of the volume or device, in bytes: what every offset and length is a multiple of. */
  get sectorSize(): number {
    return this.#opened.sectorSize;
  }

  /**
   * Moves the end of the file (SetFileInformationByHandle, FileEndOfFileInfo). Do this before the first offload write:
   * offload writes never extend a file.
   *
   * @param size bytes, 0 to 2^63-1; need not be aligned.
   * @throws {InvalidArgumentError} when size is not a byte count, or the file is closed.
   * @throws {Win32Error} when Windows refuses, e.g. ERROR_DISK_FULL.
   * @see https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfileinformationbyhandle
   */
  async setSize(size: ByteCount): Promise<void> {
    const bytes = BigInt(checkArgument('size', byteCount, size));
    const { files, handle, path } = this.#open();
    await withCallContext({ syscall: 'SetFileInformationByHandle', path }, () =>
      files.setSize(handle, bytes),
    );
    this.#opened = { ...this.#opened, size: bytes };
  }

  /**
   * Closes the handle (CloseHandle). Calls in flight end first or are ended by Windows. Closing again does nothing.
   *
   * @throws {Win32Error} when Windows refuses, e.g. ERROR_INVALID_HANDLE because another module closed it.
   * @see https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-closehandle
   */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      const { files, handle, path } = this.#opened;
      this.#closing = withCallContext({ syscall: 'CloseHandle', path }, () => files.close(handle));
    }
    return this.#closing;
  }

  /** {@link OffloadFile.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** {@link OffloadFile.close}, blocking, for `using`. A resize in flight ends first, in the background. */
  [Symbol.dispose](): void {
    if (this.#closing !== undefined) return;
    this.#closing = Promise.resolve();
    const { files, handle, path } = this.#opened;
    withCallContextSync({ syscall: 'CloseHandle', path }, () => files.closeSync(handle));
  }

  toString(): string {
    const { path, size, sectorSize } = this.#opened;
    const state = this.#closing === undefined ? `${size} bytes, sectors of ${sectorSize}` : 'closed';
    return `OffloadFile('${path}', ${state})`;
  }

  #open(): OpenedFile {
    if (this.#closing === undefined) return this.#opened;
    const message = `The file '${this.#opened.path}' is closed; open it again with openFile.`;
    throw new InvalidArgumentError([{ path: 'file', message }]);
  }
}

export function makeOffloadFile(opened: OpenedFile): OffloadFile {
  return new OffloadFile(KEY, opened);
}

export function isOffloadFile(value: unknown): value is OffloadFile {
  return typeof value === 'object' && value !== null && isBranded(value);
}

/** What is behind an open file. Throws InvalidArgumentError when it is closed or belongs to another kernel. */
export function openedFile(file: OffloadFile, kernel: ControlKernel): OpenedFile {
  const opened = openedOf(file);
  if (opened.kernel === kernel) return opened;
  const message = `The file '${opened.path}' was opened by another kernel (${opened.kernel.name}); open it with the openFile of this one.`;
  throw new InvalidArgumentError([{ path: 'file', message }]);
}
