import { refuse } from '../request.ts';
import type { Signal } from '../signal.ts';

/** The memory of one control code: what goes in, and room for the reply. Made and reused by the kernel. */
export interface IoBuffers {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

/**
 * Thrown by a kernel when the system refuses a call: the Win32 error, and the NTSTATUS where it is certain. The functions
 * of this package turn it into a Win32Error that names the call and the file.
 */
export class KernelFailure {
  readonly errno: number;
  readonly ntstatus: number | undefined;

  constructor(errno: number, ntstatus?: number) {
    this.errno = errno;
    this.ntstatus = ntstatus;
  }
}

/** What control codes need of an operating system. Methods that fail throw, or reject with, a {@link KernelFailure}. */
export interface ControlKernel {
  /** Shown in messages: `kernel32`, `emulator`. */
  readonly name: string;
  /** Lends memory for at least this much input and output, until {@link ControlKernel.release}. */
  acquire(inputLength: number, outputLength: number): IoBuffers;
  release(buffers: IoBuffers): void;
  /**
   * DeviceIoControl. Resolves with the number of bytes in `buffers.output`. When `signal` fires, the call is cancelled and
   * its end awaited, so that the buffers are free once the promise has settled.
   */
  control(
    handle: bigint,
    code: number,
    buffers: IoBuffers,
    inputLength: number,
    outputLength: number,
    signal?: Signal,
  ): Promise<number>;
  /** The same, blocking. */
  controlSync(
    handle: bigint,
    code: number,
    buffers: IoBuffers,
    inputLength: number,
    outputLength: number,
  ): number;
  /** The HANDLE behind a Node file descriptor. It stays owned by Node. */
  handleOf(fd: number): bigint;
}

/** How CreateFileW treats a file that exists, or does not: OPEN_EXISTING, CREATE_ALWAYS, CREATE_NEW. */
export type Disposition = 'open' | 'create' | 'create-new';

/** What other handles may do while this one is open: read, write and delete; read and delete; nothing. */
export type Sharing = 'all' | 'read' | 'none';

export interface OpenRequest {
  readonly read: boolean;
  readonly write: boolean;
  readonly disposition: Disposition;
  /** Default 'all'. */
  readonly sharing?: Sharing;
  /** Whether {@link FileKernel.remove} will be used on the handle (DELETE access). Default false. */
  readonly removable?: boolean;
}

/** The state of an open file. */
export interface FileInfo {
  readonly size: bigint;
  /** Logical sector of the volume or device, in bytes. */
  readonly sectorSize: number;
  /** Equal for all names of one file, different for different files. Undefined where the file system has no ids. */
  readonly identity: string | undefined;
  /** Changes with the contents, as far as size and last write time show it. */
  readonly stamp: string;
  readonly isDevice: boolean;
}

/** The volume behind a path. */
export interface VolumeInfo {
  readonly fileSystem: string | undefined;
  readonly location: 'local' | 'remote' | 'unknown';
  readonly readOnly: boolean;
  /** Obstacles of the file itself. Empty for a folder, a volume or a device. */
  readonly attributes: readonly ('sparse' | 'compressed' | 'encrypted')[];
  readonly size: bigint | undefined;
  readonly sectorSize: number;
  /** A path that can be opened without access rights to query the device: `\\?\Volume{...}`. */
  readonly device: string | undefined;
  /** Mini-filters on the volume; undefined where they cannot be listed. */
  readonly filters: readonly FilterInfo[] | undefined;
  /** The registry value FilterSupportedFeaturesMode, where it could be read: 1 keeps every filter from opting in. */
  readonly featuresMode?: number | undefined;
  /** Why `filters` is undefined. */
  readonly filtersUnknown: string | undefined;
}

/** A mini-filter, and what it opted in to. */
export interface FilterInfo {
  readonly name: string;
  readonly offloadRead: boolean;
  readonly offloadWrite: boolean;
}

/** What files need of an operating system. Methods that fail throw, or reject with, a {@link KernelFailure}. */
export interface FileKernel {
  open(path: string, request: OpenRequest): Promise<bigint>;
  openSync(path: string, request: OpenRequest): bigint;
  /** Closes a file once every call on it has completed. Pending calls are cancelled. */
  close(handle: bigint): Promise<void>;
  /** Closes a file at once, or in the background while calls on it have not completed. */
  closeSync(handle: bigint): void;
  info(handle: bigint, path: string): Promise<FileInfo>;
  infoSync(handle: bigint, path: string): FileInfo;
  setSize(handle: bigint, size: bigint): Promise<void>;
  setSizeSync(handle: bigint, size: bigint): void;
  /** Reads at an offset; 0 at the end of the file. */
  read(handle: bigint, into: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  write(handle: bigint, from: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  /** Gives a finished copy the times and attributes of its source. */
  copyMetadata(from: bigint, to: bigint): Promise<void>;
  /** Deletes the file behind a handle that was opened `removable`, at once or when the handle closes. */
  remove(handle: bigint): Promise<void>;
  removeSync(handle: bigint): void;
  volume(path: string): Promise<VolumeInfo>;
  /** Opens the device beneath a path without access rights, to query it. */
  openDevice(path: string): Promise<bigint>;
}

/**
 * The seam: everything that this package needs of an operating system. kernel32.dll and the emulator implement it.
 * Arguments are checked before they get here.
 *
 * Kernels are plain objects, so one can be wrapped: `{ ...kernel, control: myControl }`. A kernel without `files` serves
 * the functions that take a handle.
 */
export interface Kernel extends ControlKernel {
  readonly files?: FileKernel | undefined;
}

/** The file half of a kernel, or an InvalidArgumentError where it has none. */
export function filesOf({ name, files }: Kernel): FileKernel {
  if (files !== undefined) return files;
  return refuse(
    'kernel',
    `kernel is '${name}', which has no files; use handles, or a kernel with files, such as createEmulator().`,
  );
}
