/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util';
import type { ByteCount } from './byte-count.ts';
import { withCallContext, withCallContextSync } from './call-context.ts';
import { InvalidArgumentError } from './errors.ts';
import { byteCount } from './fields.ts';
import type { ControlKernel, FileKernel } from './kernel/kernel.ts';
import { checkArgument } from './request.ts';

/** The facts that openFile has collected about a file. */
export interface OpenedFile {
  readonly kernel: ControlKernel;
  readonly files: FileKernel;
  readonly path: string;
  readonly handle: bigint;
  readonly size: bigint;
  readonly isDevice: boolean;
  readonly sectorSize: number;
  /** Throws InvalidArgumentError once the file is closed, when its handle may belong to another file. */
  checkOpen(): void;
}

const KEY = Symbol('OffloadFile');
let openedOf: (file: OffloadFile) => OpenedFile;
let isBranded: (value: object) => value is OffloadFile;

/**
 * A file, volume or disk opened by {@link openFile} for offloaded transfer (FILE_FLAG_OVERLAPPED). It owns its HANDLE:
 * close it, or declare it with `await using`. Closing it twice is harmless. Using a closed file is an InvalidArgumentError.
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
    // Defined here because a computed name would need Node's types in the public declarations.
    Object.defineProperty(OffloadFile.prototype, inspect.custom, { value: OffloadFile.prototype.toString });
  }

  /** @internal */
  constructor(key: symbol, opened: Omit<OpenedFile, 'checkOpen'>) {
    if (key !== KEY) {
      throw new InvalidArgumentError([
        { path: '', message: 'An OffloadFile is made by openFile, not by new.' },
      ]);
    }
    this.#opened = { ...opened, checkOpen: () => void this.#open() };
  }

  /** The path that was passed to openFile, or the path of its `file:` URL. */
  get path(): string {
    return this.#opened.path;
  }

  /** The Win32 HANDLE. This object owns it: do not close it yourself. */
  get handle(): bigint {
    return this.#open().handle;
  }

  /** Size in bytes when the file was opened, or the size that setSize has set since. */
  get size(): bigint {
    return this.#opened.size;
  }

  /** Logical sector of the volume or device, in bytes. Every offset and length must be a multiple of it. */
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
   * Closes the handle (CloseHandle). Queued and blocked calls complete first, pending ones are cancelled. Closing it again
   * does nothing.
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

  /** {@link OffloadFile.close}, blocking, for `using`. A setSize in flight completes first, in the background. */
  [Symbol.dispose](): void {
    if (this.#closing !== undefined) return;
    this.#closing = Promise.resolve();
    const { files, handle, path } = this.#opened;
    withCallContextSync({ syscall: 'CloseHandle', path }, () => files.closeSync(handle));
  }

  /** The path, size and sector size, for messages. */
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

export function makeOffloadFile(opened: Omit<OpenedFile, 'checkOpen'>): OffloadFile {
  return new OffloadFile(KEY, opened);
}

export function isOffloadFile(value: unknown): value is OffloadFile {
  return typeof value === 'object' && value !== null && isBranded(value);
}

/** The facts about an open file. Throws InvalidArgumentError when it is closed or belongs to another kernel. */
export function openedFile(file: OffloadFile, kernel: ControlKernel): OpenedFile {
  const opened = openedOf(file);
  if (opened.kernel === kernel) return opened;
  const message = `The file '${opened.path}' was opened by another kernel (${opened.kernel.name}); open it with the openFile of the same kernel.`;
  throw new InvalidArgumentError([{ path: 'file', message }]);
}
