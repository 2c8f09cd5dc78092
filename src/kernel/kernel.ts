import type { Signal } from '../abort.ts';

/** Memory for one control code. It belongs to one call at a time and is handed back with {@link Kernel.release}. */
export interface Frame {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

/** What a kernel throws when it refuses: the Win32 code, and the NTSTATUS where it is certain. The API names the call and the file. */
export class KernelFailure {
  readonly errno: number;
  readonly ntstatus: number | undefined;

  constructor(errno: number, ntstatus?: number) {
    this.errno = errno;
    this.ntstatus = ntstatus;
  }
}

/** How CreateFileW is asked to treat a file that is, or is not, there. */
export type Disposition = 'open' | 'create' | 'create-new';

/** What others may do with the file as long as the handle is open: read, write and delete it; read and delete it; nothing. */
export type Sharing = 'all' | 'read' | 'none';

export interface OpenRequest {
  readonly read: boolean;
  readonly write: boolean;
  readonly disposition: Disposition;
  /** Default 'all'. */
  readonly sharing?: Sharing;
  /** Whether the file may be removed by this handle. Default false. */
  readonly removable?: boolean;
}

/** What a file is now. `stamp` differs when the contents may differ, as far as size and last write time tell. */
export interface FileFacts {
  readonly size: bigint;
  /** Logical sector of the volume or device, in bytes. */
  readonly sectorSize: number;
  /** The same for every name of the same file, different for different files. Undefined where it cannot be told. */
  readonly identity: string | undefined;
  readonly stamp: string;
  readonly isDevice: boolean;
}

/** What is known about the volume behind a path. */
export interface VolumeFacts {
  readonly fileSystem: string | undefined;
  readonly location: 'local' | 'remote' | 'unknown';
  readonly readOnly: boolean;
  /** Obstacles of the file itself: sparse, compressed, encrypted. Empty for a folder, a volume or a device. */
  readonly attributes: readonly ('sparse' | 'compressed' | 'encrypted')[];
  readonly size: bigint | undefined;
  readonly sectorSize: number;
  /** A path that can be opened without access rights to ask the device: `\\?\Volume{...}`. */
  readonly device: string | undefined;
  /** Names of the mini-filters on the volume and what they opted in to; undefined where they cannot be listed. */
  readonly filters: readonly FilterFacts[] | undefined;
  /** The value of FilterSupportedFeaturesMode, where it could be read: 1 keeps every filter from opting in. */
  readonly featuresMode?: number | undefined;
  /** Why `filters` is undefined. */
  readonly filtersUnknown: string | undefined;
}

export interface FilterFacts {
  readonly name: string;
  readonly offloadRead: boolean;
  readonly offloadWrite: boolean;
}

/**
 * The seam: all that this package asks of an operating system. Two things stand behind it, kernel32.dll and the
 * emulator. Every method that fails throws, or rejects with, a {@link KernelFailure}; arguments were checked before.
 */
export interface Kernel {
  readonly name: string;

  /** Memory that holds at least this much input and output. */
  acquire(inputLength: number, outputLength: number): Frame;
  release(frame: Frame): void;
  /** DeviceIoControl, to its end. Returns the bytes written to `frame.output`. */
  controlSync(handle: bigint, code: number, frame: Frame, inputLength: number, outputLength: number): number;
  /**
   * The same without blocking. When `signal` fires the call is cancelled and its end awaited, so that the frame is
   * free once the promise has settled; a cancelled call rejects with the failure that Windows gives it.
   */
  control(
    handle: bigint,
    code: number,
    frame: Frame,
    inputLength: number,
    outputLength: number,
    signal?: Signal,
  ): Promise<number>;

  /** The HANDLE behind a Node file descriptor. It stays owned by Node. */
  handleOf(fd: number): bigint;
  open(path: string, request: OpenRequest): Promise<bigint>;
  openSync(path: string, request: OpenRequest): bigint;
  close(handle: bigint): Promise<void>;
  closeSync(handle: bigint): void;
  facts(handle: bigint, path?: string): Promise<FileFacts>;
  factsSync(handle: bigint, path?: string): FileFacts;
  setSize(handle: bigint, size: bigint): Promise<void>;
  setSizeSync(handle: bigint, size: bigint): void;
  /** Reads at an offset; 0 at end of file. */
  read(handle: bigint, into: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  write(handle: bigint, from: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  /** Gives a finished copy the times and attributes of its source. */
  copyMetadata(from: bigint, to: bigint): Promise<void>;
  /** Has the file behind a handle that was opened `removable` go when the handle closes, or at once. */
  remove(handle: bigint): Promise<void>;
  removeSync(handle: bigint): void;
  volume(path: string): Promise<VolumeFacts>;
  /** Opens the device beneath a path without access rights, to query it. */
  openDevice(path: string): Promise<bigint>;
}
