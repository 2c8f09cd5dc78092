/** An address that is kept. A number, which Koffi takes faster than a bigint; user space ends far below 2^53. */
export type Address = number;

/** A pointer: bytes whose memory the callee borrows; null for none. */
export type Pointer = Uint8Array | null;

/** The native functions as TypeScript sees them. Numbers are DWORDs and BOOLs, bigints are HANDLEs; a NULL comes back as null. */
export interface NativeFunctions {
  DeviceIoControl(
    handle: bigint,
    code: number,
    input: Address,
    inputLength: number,
    output: Address,
    outputLength: number,
    returned: Address,
    overlapped: Address,
  ): number;
  GetLastError(): number;
  CancelIoEx(handle: bigint, overlapped: Address): number;
  CreateEventW(security: Pointer, manualReset: number, initialState: number, name: Pointer): bigint | null;
  WaitForSingleObject(handle: bigint, milliseconds: number): number;
  CreateIoCompletionPort(file: bigint, port: bigint, key: number, threads: number): bigint | null;
  GetQueuedCompletionStatusEx(
    port: bigint,
    entries: Pointer,
    count: number,
    removed: Pointer,
    milliseconds: number,
    alertable: number,
  ): number;
  PostQueuedCompletionStatus(port: bigint, bytes: number, key: number, overlapped: Pointer): number;
  CreateFileW(
    path: string,
    access: number,
    share: number,
    security: Pointer,
    disposition: number,
    flags: number,
    template: bigint,
  ): bigint | null;
  CloseHandle(handle: bigint): number;
  ReadFile(handle: bigint, into: Pointer, length: number, read: Pointer, overlapped: Address): number;
  WriteFile(handle: bigint, from: Pointer, length: number, written: Pointer, overlapped: Address): number;
  GetFileSizeEx(handle: bigint, size: Pointer): number;
  GetFileInformationByHandle(handle: bigint, information: Pointer): number;
  GetFileInformationByHandleEx(handle: bigint, kind: number, information: Pointer, length: number): number;
  SetFileInformationByHandle(handle: bigint, kind: number, information: Pointer, length: number): number;
  GetFileAttributesW(path: string): number;
  GetDiskFreeSpaceW(
    root: string,
    sectorsPerCluster: Pointer,
    bytesPerSector: Pointer,
    freeClusters: Pointer,
    clusters: Pointer,
  ): number;
  GetDriveTypeW(root: string): number;
  GetVolumePathNameW(path: string, volume: Pointer, length: number): number;
  GetVolumeInformationW(
    root: string,
    name: Pointer,
    nameLength: number,
    serial: Pointer,
    longestComponent: Pointer,
    flags: Pointer,
    fileSystem: Pointer,
    fileSystemLength: number,
  ): number;
  GetVolumeNameForVolumeMountPointW(mountPoint: string, name: Pointer, length: number): number;
  RtlGetLastNtStatus(): number;
  RtlNtStatusToDosErrorNoTeb(status: number): number;
  wine_get_version(): bigint | null;
  FilterVolumeInstanceFindFirst(
    volume: string,
    kind: number,
    buffer: Pointer,
    length: number,
    returned: Pointer,
    find: Pointer,
  ): number;
  FilterVolumeInstanceFindNext(
    find: bigint,
    kind: number,
    buffer: Pointer,
    length: number,
    returned: Pointer,
  ): number;
  FilterVolumeInstanceFindClose(find: bigint): number;
  RegGetValueW(
    key: bigint,
    subKey: string,
    value: string,
    flags: number,
    kind: Pointer,
    data: Pointer,
    length: Pointer,
  ): number;
  uv_get_osfhandle(fd: number): bigint | null;
}

/** Functions that are also called on a thread of libuv's pool, because they may block. */
export type BlockingName =
  | 'DeviceIoControl'
  | 'GetQueuedCompletionStatusEx'
  | 'CreateFileW'
  | 'CloseHandle'
  | 'GetFileAttributesW'
  | 'SetFileInformationByHandle';

export interface Native extends NativeFunctions {
  /**
   * Calls a function on a thread of libuv's pool. `done` runs on the JavaScript thread; only inside it is GetLastError
   * that of the call. Memory that is passed must be kept alive by the caller until then.
   */
  background<Name extends BlockingName>(
    name: Name,
    parameters: Parameters<NativeFunctions[Name]>,
    done: (result: ReturnType<NativeFunctions[Name]>) => void,
  ): void;
  /** The address of memory that neither moves nor goes while the buffer is referenced. */
  addressOf(buffer: Uint8Array): Address;
}
