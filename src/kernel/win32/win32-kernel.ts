import { ERROR_HANDLE_EOF, ERROR_INVALID_HANDLE } from '../../../structs/index.ts';
import { isDevicePath } from '../../path.ts';
import type { Signal } from '../../signal.ts';
import {
  type FileInfo,
  type IoBuffers,
  type Kernel,
  KernelFailure,
  type OpenRequest,
  type VolumeInfo,
} from '../kernel.ts';
import { CompletionPort } from './completion-port.ts';
import { borrowedControl, controlSync, overlapped } from './control.ts';
import {
  copyTimesAndAttributes,
  deviceParameters,
  endOfFileParameters,
  fileInfo,
  openParameters,
  removeParameters,
} from './files.ts';
import { FramePool, Win32Frame } from './frame.ts';
import { Lane } from './lane.ts';
import { lastFailure } from './last-failure.ts';
import type { Native } from './native.ts';
import { isTrue, OwnFiles } from './own-files.ts';
import { nativePath } from './strings.ts';
import { devicePath, INVALID_FILE_ATTRIBUTES, volumeFacts, volumeOfDevice } from './volume.ts';

const HIGHEST_HANDLE = 0xffff_ffff_ffff_fff0n;

/**
 * The kernel that is kernel32.dll. At most three threads of libuv's pool are held, whatever is in flight: one where our
 * own handles complete, one for calls on borrowed handles, one to open and close files.
 */
class Win32Kernel {
  readonly name = 'kernel32';
  readonly #native: Native;
  readonly #frames: FramePool;
  readonly #port: CompletionPort;
  readonly #borrowed = new Lane();
  readonly #files: OwnFiles;

  constructor(native: Native) {
    this.#native = native;
    this.#frames = new FramePool(native);
    this.#port = new CompletionPort(native);
    this.#files = new OwnFiles(native, this.#port);
  }

  acquire(inputLength: number, outputLength: number): Win32Frame {
    return this.#frames.acquire(inputLength, outputLength);
  }

  release(frame: IoBuffers): void {
    this.#frames.release(ours(frame));
  }

  controlSync(
    handle: bigint,
    code: number,
    frame: IoBuffers,
    inputLength: number,
    outputLength: number,
  ): number {
    return controlSync(this.#native, handle, code, ours(frame), inputLength, outputLength);
  }

  control(
    handle: bigint,
    code: number,
    frame: IoBuffers,
    inputLength: number,
    outputLength: number,
    signal?: Signal,
  ): Promise<number> {
    const native = this.#native;
    const own = ours(frame);
    if (!this.#files.has(handle)) {
      return borrowedControl(native, this.#borrowed, handle, code, own, inputLength, outputLength, signal);
    }
    const { inputAddress, outputAddress, returnedAddress } = own;
    // SAFETY: both areas are inside the frame, which the port holds until the call has ended.
    return overlapped(native, this.#port, handle, own, signal, () =>
      native.DeviceIoControl(
        handle,
        code,
        inputAddress,
        inputLength,
        outputAddress,
        outputLength,
        returnedAddress,
        own.overlapped,
      ),
    );
  }

  handleOf(fd: number): bigint {
    const handle = this.#native.uv_get_osfhandle(fd) ?? 0n;
    // -1 for a bad descriptor, -2 for one without a file behind it.
    if (handle === 0n || handle > HIGHEST_HANDLE) throw new KernelFailure(ERROR_INVALID_HANDLE);
    return handle;
  }

  open(path: string, request: OpenRequest): Promise<bigint> {
    return this.#files.open(openParameters(path, request));
  }

  openSync(path: string, request: OpenRequest): bigint {
    return this.#files.openSync(openParameters(path, request));
  }

  close(handle: bigint): Promise<void> {
    return this.#files.close(handle);
  }

  closeSync(handle: bigint): void {
    this.#files.closeSync(handle);
  }

  async info(handle: bigint, path: string): Promise<FileInfo> {
    return this.infoSync(handle, path);
  }

  infoSync(handle: bigint, path: string): FileInfo {
    return fileInfo(this.#native, this, handle, path);
  }

  setSize(handle: bigint, size: bigint): Promise<void> {
    return this.#files.setSize(handle, size);
  }

  setSizeSync(handle: bigint, size: bigint): void {
    const set = this.#native.SetFileInformationByHandle(...endOfFileParameters(handle, size));
    if (!isTrue(set)) throw lastFailure(this.#native);
  }

  async read(handle: bigint, into: Uint8Array, offset: bigint, signal?: Signal): Promise<number> {
    try {
      return await this.#transfer('ReadFile', handle, into, offset, signal);
    } catch (error) {
      if (error instanceof KernelFailure && error.errno === ERROR_HANDLE_EOF) return 0;
      throw error;
    }
  }

  write(handle: bigint, from: Uint8Array, offset: bigint, signal?: Signal): Promise<number> {
    return this.#transfer('WriteFile', handle, from, offset, signal);
  }

  async copyMetadata(from: bigint, to: bigint): Promise<void> {
    copyTimesAndAttributes(this.#native, from, to);
  }

  async remove(handle: bigint): Promise<void> {
    await this.#files.inBackground('SetFileInformationByHandle', removeParameters(handle), isTrue);
  }

  removeSync(handle: bigint): void {
    const set = this.#native.SetFileInformationByHandle(...removeParameters(handle));
    if (!isTrue(set)) throw lastFailure(this.#native);
  }

  async volume(path: string): Promise<VolumeInfo> {
    if (isDevicePath(path)) return volumeOfDevice(path);
    // The first call that reaches for a server, which may be long in answering.
    const parameters: [string] = [nativePath(path)];
    const attributes = await this.#files.inBackground(
      'GetFileAttributesW',
      parameters,
      (found) => found !== INVALID_FILE_ATTRIBUTES,
    );
    return volumeFacts(this.#native, path, attributes);
  }

  async openDevice(path: string): Promise<bigint> {
    return this.#files.open(deviceParameters(devicePath(this.#native, path)));
  }

  async #transfer(
    name: 'ReadFile' | 'WriteFile',
    handle: bigint,
    bytes: Uint8Array,
    offset: bigint,
    signal: Signal | undefined,
  ): Promise<number> {
    const native = this.#native;
    const frame = this.acquire(0, 0);
    frame.position = offset;
    try {
      // SAFETY: this closure holds the bytes, and the port holds it, until the call has ended.
      return await overlapped(native, this.#port, handle, frame, signal, () =>
        native[name](handle, bytes, bytes.length, null, frame.overlapped),
      );
    } finally {
      frame.position = 0n;
      this.#frames.release(frame);
    }
  }
}

/** The kernel as a plain object, which a program can wrap. */
export function win32Kernel(native: Native): Kernel {
  const kernel = new Win32Kernel(native);
  return {
    name: kernel.name,
    acquire: (...args) => kernel.acquire(...args),
    release: (...args) => kernel.release(...args),
    control: (...args) => kernel.control(...args),
    controlSync: (...args) => kernel.controlSync(...args),
    handleOf: (...args) => kernel.handleOf(...args),
    files: {
      open: (...args) => kernel.open(...args),
      openSync: (...args) => kernel.openSync(...args),
      close: (...args) => kernel.close(...args),
      closeSync: (...args) => kernel.closeSync(...args),
      info: (...args) => kernel.info(...args),
      infoSync: (...args) => kernel.infoSync(...args),
      setSize: (...args) => kernel.setSize(...args),
      setSizeSync: (...args) => kernel.setSizeSync(...args),
      read: (...args) => kernel.read(...args),
      write: (...args) => kernel.write(...args),
      copyMetadata: (...args) => kernel.copyMetadata(...args),
      remove: (...args) => kernel.remove(...args),
      removeSync: (...args) => kernel.removeSync(...args),
      volume: (...args) => kernel.volume(...args),
      openDevice: (...args) => kernel.openDevice(...args),
    },
  };
}

function ours(frame: IoBuffers): Win32Frame {
  return frame instanceof Win32Frame ? frame : refuseFrame();
}

function refuseFrame(): never {
  throw new TypeError('The frame was not made by this kernel.');
}
