import { refuse } from '../request.ts';
import type { Signal } from '../signal.ts';

/** The buffers of one control code: its input, and space for the reply. The kernel allocates and reuses them. */
export interface IoBuffers {
  /** The input of the control code. */
  readonly input: Uint8Array;
  /** The same bytes, to write numbers. */
  readonly inputView: DataView;
  /** Space for the reply. */
  readonly output: Uint8Array;
  /** The same bytes, to read numbers. */
  readonly outputView: DataView;
}

/**
 * Thrown by a kernel when the system refuses a call: the Win32 error, and the NTSTATUS where it is certain. The functions
 * of this package convert it into a Win32Error that names the call and the file.
 */
export class KernelFailure {
  /** The value of GetLastError. */
  readonly errno: number;
  /** The NTSTATUS behind it, where it is certain. */
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
  /** Takes buffers back. */
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

/** The access that other handles may have while this one is open: read, write and delete; read and delete; read; none. */
export type Sharing = 'all' | 'read-delete' | 'read' | 'none';

/** How {@link FileKernel.open} opens a file. */
export interface OpenRequest {
  /** Opens for reading. */
  readonly read: boolean;
  /** Opens for writing. */
  readonly write: boolean;
  /** What to do if the file exists or not. */
  readonly disposition: Disposition;
  /** Default 'all'. */
  readonly sharing?: Sharing;
  /** Opens with DELETE access, which {@link FileKernel.remove} needs. Default false. */
  readonly removable?: boolean;
}

/** The state of an open file. */
export interface FileInfo {
  /** In bytes. */
  readonly size: bigint;
  /** Logical sector of the volume or device, in bytes. */
  readonly sectorSize: number;
  /** The same for all names of one file, different for different files. Undefined if the file system has no file ids. */
  readonly identity: string | undefined;
  /** The named stream, `file:stream`, in lower case. The streams of a file share its identity. Absent for the main stream. */
  readonly stream?: string | undefined;
  /** Changes when the size or the last write time changes. */
  readonly stamp: string;
  /** Whether it is a volume or a disk. */
  readonly isDevice: boolean;
  /** Encrypted by EFS. Reads return plain text. */
  readonly isEncrypted: boolean;
}

/** What a name stands for, as far as it shows without opening the file. */
export interface FoundFile {
  /** An ordinary file: no folder, and no link or other reparse point. */
  readonly isPlain: boolean;
  /** In bytes. */
  readonly size: bigint;
  /** As in {@link FileInfo}, but not to be compared with one of those. */
  readonly stamp: string;
}

/** How {@link FileKernel.copy} copies. */
export interface SystemCopyRequest {
  /** Fails with ERROR_FILE_EXISTS if the destination exists, which is decided at the moment of its creation. */
  readonly failIfExists: boolean;
  /** Allows an unencrypted copy of an encrypted file. Without it such a copy fails with ERROR_ENCRYPTION_FAILED. */
  readonly allowDecrypted: boolean;
  /** Called with the bytes of the main stream that are copied so far; false cancels the copy. */
  readonly onProgress?: ((done: bigint) => boolean) | undefined;
}

/** The volume behind a path. */
export interface VolumeInfo {
  /** Its name, such as `NTFS`. Undefined if unknown. */
  readonly fileSystem: string | undefined;
  /** Whether the volume is on this host or on a server. */
  readonly location: 'local' | 'remote' | 'unknown';
  /** Whether the volume cannot be written to. */
  readonly readOnly: boolean;
  /** Whether the path names a folder. */
  readonly isFolder?: boolean | undefined;
  /** Attributes that prevent offloading: of the file, or of the folder, which passes them on to new files. Empty for a device. */
  readonly attributes: readonly ('sparse' | 'compressed' | 'encrypted')[];
  /** Size of the file or device in bytes. */
  readonly size: bigint | undefined;
  /** Logical sector in bytes. */
  readonly sectorSize: number;
  /** A path that can be opened without access rights to query the device, such as `\\?\Volume{...}`. */
  readonly device: string | undefined;
  /** Filters on the volume. Undefined if they cannot be listed. */
  readonly filters: readonly FilterInfo[] | undefined;
  /** The registry value FilterSupportedFeaturesMode, where it could be read: 1 keeps every filter from opting in. */
  readonly featuresMode?: number | undefined;
  /** Why `filters` is undefined. */
  readonly filtersUnknown: string | undefined;
}

/** A file system filter and the operations that it has opted in to. */
export interface FilterInfo {
  /** The name of the filter, such as `WdFilter`. */
  readonly name: string;
  /** Whether it lets offload reads pass. */
  readonly offloadRead: boolean;
  /** Whether it lets offload writes pass. */
  readonly offloadWrite: boolean;
  /** Present for a filter of the old kind, which is no mini-filter and cannot opt in. */
  readonly isLegacy?: true;
}

/** The part of an operating system that files need. A failure throws or rejects with a {@link KernelFailure}. */
export interface FileKernel {
  /** Opens a file. Resolves with its handle. */
  open(path: string, request: OpenRequest): Promise<bigint>;
  /** {@link FileKernel.open}, blocking. */
  openSync(path: string, request: OpenRequest): bigint;
  /** Closes a file once every call on it has completed. Pending calls are cancelled. */
  close(handle: bigint): Promise<void>;
  /** Closes a file at once, or in the background while calls on it have not completed. */
  closeSync(handle: bigint): void;
  /** The state of an open file. */
  info(handle: bigint, path: string): Promise<FileInfo>;
  /** {@link FileKernel.info}, blocking. */
  infoSync(handle: bigint, path: string): FileInfo;
  /** Extends or cuts a file to a size in bytes. */
  setSize(handle: bigint, size: bigint): Promise<void>;
  /** {@link FileKernel.setSize}, blocking. */
  setSizeSync(handle: bigint, size: bigint): void;
  /** Reads at an offset. Resolves with 0 at the end of the file. */
  read(handle: bigint, into: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  /**
   * Memory for read and write that a worker thread may leave behind while they are in flight, and that is aligned as a
   * device and an unbuffered handle demand. Any memory, if missing.
   */
  allocate?(bytes: number): Uint8Array;
  /** Writes at an offset. Resolves with the number of bytes written. */
  write(handle: bigint, from: Uint8Array, offset: bigint, signal?: Signal): Promise<number>;
  /** Waits until the disk has stored everything that was written to a file. */
  flush(handle: bigint): Promise<void>;
  /**
   * Opens the same file again for reading past the cache. Addresses, offsets and lengths of its reads are multiples of
   * the sector.
   */
  openUnbuffered(handle: bigint): Promise<bigint>;
  /** Copies the times and attributes of a source to its finished copy. */
  copyMetadata(from: bigint, to: bigint): Promise<void>;
  /** Deletes the file of a handle that was opened `removable`, at once or when the handle is closed. */
  remove(handle: bigint): Promise<void>;
  /** {@link FileKernel.remove}, blocking. */
  removeSync(handle: bigint): void;
  /** GetFileAttributesExW. Undefined if there is no file of this name, or nothing can be known of it. */
  find(path: string): Promise<FoundFile | undefined>;
  /**
   * CopyFileExW: the system copies a file by its names, with streams, times and attributes, and overwrites an existing
   * destination. What a failure or a cancellation leaves of the destination is up to the system. The copy fails with
   * ERROR_OPERATION_ABORTED if `signal` fired before the system was asked, and with another error afterwards.
   */
  copy(source: string, destination: string, request: SystemCopyRequest, signal?: Signal): Promise<void>;
  /** The names of the named streams of a file, such as `:Zone.Identifier:$DATA`. They follow its path. */
  streams(handle: bigint): Promise<string[]>;
  /** The volume behind a path. */
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
  /** What openFile, copyFile and probe need. Absent in a kernel that works on handles only. */
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
