import { refuse } from '../request.ts';
import type { Signal } from '../signal.ts';

/** The buffers of one control code: its input, and space for the reply. The kernel allocates and reuses them. */
export interface IoBuffers {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
}

/**
 * Thrown by a kernel when the system refuses a call: the Win32 error, and the NTSTATUS where it is certain. The functions
 * of this package convert it into a Win32Error that names the call and the file.
 */
export class KernelFailure {
  readonly errno: number;
  readonly ntstatus: number | undefined;

  constructor(errno: number, ntstatus?: number) {
    this.errno = errno;
    this.ntstatus = ntstatus;
  }
}

/** The part of an operating system that control codes need. A failure throws or rejects with a {@link KernelFailure}. */
export interface ControlKernel {
  /** Shown in messages: `kernel32`, `emulator`. */
  readonly name: string;
  /** Provides buffers of at least these sizes, until {@link ControlKernel.release}. */
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
  /** {@link ControlKernel.control}, blocking. */
  controlSync(
    handle: bigint,
    code: number,
    buffers: IoBuffers,
    inputLength: number,
    outputLength: number,
  ): number;
  /** The HANDLE of a Node.js file descriptor. Node.js still owns it. */
  handleOf(fd: number): bigint;
}

/** What CreateFileW does if the file exists or not: OPEN_EXISTING, CREATE_ALWAYS, CREATE_NEW. */
export type Disposition = 'open' | 'create' | 'create-new';

/** The access that other handles may have while this one is open: read, write and delete; read and delete; none. */
export type Sharing = 'all' | 'read' | 'none';

export interface OpenRequest {
  readonly read: boolean;
  readonly write: boolean;
  readonly disposition: Disposition;
  /** Default 'all'. */
  readonly sharing?: Sharing;
  /** Opens with DELETE access, which {@link FileKernel.remove} needs. Default false. */
  readonly removable?: boolean;
}

/** The state of an open file. */
export interface FileInfo {
  readonly size: bigint;
  /** Logical sector of the volume or device, in bytes. */
  readonly sectorSize: number;
  /** The same for all names of one file, different for different files. Undefined if the file system has no file ids. */
  readonly identity: string | undefined;
  /** Changes when the size or the last write time changes. */
  readonly stamp: string;
  readonly isDevice: boolean;
}

/** The volume behind a path. */
export interface VolumeInfo {
  readonly fileSystem: string | undefined;
  readonly location: 'local' | 'remote' | 'unknown';
  readonly readOnly: boolean;
  readonly isFolder?: boolean | undefined;
  /** Attributes that prevent offloading: of the file, or of the folder, which passes them on to new files. Empty for a device. */
  readonly attributes: readonly ('sparse' | 'compressed' | 'encrypted')[];
  readonly size: bigint | undefined;
  readonly sectorSize: number;
  /** A path that can be opened without access rights to query the device, such as `\\?\Volume{...}`. */
  readonly device: string | undefined;
  /** Mini-filters on the volume. Undefined if they cannot be listed. */
  readonly filters: readonly FilterInfo[] | undefined;
  /** The registry value FilterSupportedFeaturesMode, where it could be read: 1 keeps every filter from opting in. */
  readonly featuresMode?: number | undefined;
  /** Why `filters` is undefined. */
  readonly filtersUnknown: string | undefined;
}

/** A mini-filter and the operations that it has opted in to. */
export interface FilterInfo {
  readonly name: string;
  readonly offloadRead: boolean;
  readonly offloadWrite: boolean;
}

/** The part of an operating system that files need. A failure throws or rejects with a {@link KernelFailure}. */
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
  /** Reads at an offset. Resolves with 0 at the end of the file. */
  read(handle: bigint, into: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  /** Memory for read and write that a worker thread may leave behind while they are in flight. Any memory, if missing. */
  allocate?(bytes: number): Uint8Array;
  write(handle: bigint, from: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  /** Copies the times and attributes of a source to its finished copy. */
  copyMetadata(from: bigint, to: bigint): Promise<void>;
  /** Deletes the file of a handle that was opened `removable`, at once or when the handle is closed. */
  remove(handle: bigint): Promise<void>;
  removeSync(handle: bigint): void;
  volume(path: string): Promise<VolumeInfo>;
  /** Opens the device of a path without access rights, to query it. */
  openDevice(path: string): Promise<bigint>;
}

/**
 * Everything that this package needs from an operating system. kernel32.dll and the emulator implement it. Arguments are
 * already checked.
 *
 * Kernels are plain objects, so one can be wrapped: `{ ...kernel, control: myControl }`. A kernel without `files` works
 * with the functions that take a handle.
 */
export interface Kernel extends ControlKernel {
  readonly files?: FileKernel | undefined;
}

/** The `files` of a kernel. Throws InvalidArgumentError if it has none. */
export function filesOf({ name, files }: Kernel): FileKernel {
  if (files !== undefined) return files;
  return refuse(
    'kernel',
    `kernel is '${name}', which has no files; use handles, or a kernel with files, such as createEmulator().`,
  );
}
