/** An address. A number, which Koffi takes faster than a bigint; user space ends far below 2^53. */
export type Address = number;

/** Memory that the callee borrows; null for none. */
export type Pointer = Uint8Array | null;

/**
 * Every native function that this package may call. Numbers are DWORDs and BOOLs, bigints are HANDLEs; NULL is null. BOOL
 * functions fail with 0, CreateFileW with INVALID_HANDLE_VALUE.
 */
export interface NativeFunctions {
  // https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-deviceiocontrol
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
  // https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-getlasterror
  GetLastError(): number;
  // https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex
  CancelIoEx(handle: bigint, overlapped: Address): number;
  // https://learn.microsoft.com/windows/win32/api/threadpoollegacyapiset/nf-threadpoollegacyapiset-createtimerqueuetimer
  CreateTimerQueueTimer(
    timer: Pointer,
    queue: bigint,
    callback: Address,
    argument: number,
    dueTime: number,
    period: number,
    flags: number,
  ): number;
  // https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createeventw
  CreateEventW(security: Pointer, manualReset: number, initialState: number, name: Pointer): bigint | null;
  // https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject
  WaitForSingleObject(handle: bigint, milliseconds: number): number;
  // https://learn.microsoft.com/windows/win32/fileio/createiocompletionport
  CreateIoCompletionPort(file: bigint, port: bigint, key: number, threads: number): bigint | null;
  // https://learn.microsoft.com/windows/win32/fileio/getqueuedcompletionstatusex-func
  GetQueuedCompletionStatusEx(
    port: bigint,
    entries: Pointer,
    count: number,
    removed: Pointer,
    milliseconds: number,
    alertable: number,
  ): number;
  // https://learn.microsoft.com/windows/win32/fileio/postqueuedcompletionstatus
  PostQueuedCompletionStatus(port: bigint, bytes: number, key: number, overlapped: Pointer): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
  CreateFileW(
    path: string,
    access: number,
    share: number,
    security: Pointer,
    disposition: number,
    flags: number,
    template: bigint,
  ): bigint | null;
  // https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-reopenfile
  ReOpenFile(handle: bigint, access: number, share: number, flags: number): bigint | null;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers
  FlushFileBuffers(handle: bigint): number;
  // https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-closehandle
  CloseHandle(handle: bigint): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-readfile
  ReadFile(handle: bigint, into: Pointer, length: number, read: Pointer, overlapped: Address): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-writefile
  WriteFile(handle: bigint, from: Pointer, length: number, written: Pointer, overlapped: Address): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfilesizeex
  GetFileSizeEx(handle: bigint, size: Pointer): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfinalpathnamebyhandlew
  GetFinalPathNameByHandleW(handle: bigint, path: Pointer, length: number, flags: number): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileinformationbyhandle
  GetFileInformationByHandle(handle: bigint, information: Pointer): number;
  // https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-getfileinformationbyhandleex
  GetFileInformationByHandleEx(handle: bigint, kind: number, information: Pointer, length: number): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfileinformationbyhandle
  SetFileInformationByHandle(handle: bigint, kind: number, information: Pointer, length: number): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesw
  GetFileAttributesW(path: string): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesexw
  GetFileAttributesExW(path: string, level: number, information: Pointer): number;
  // https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-copyfileexw
  CopyFileExW(
    source: string,
    destination: string,
    progress: Address,
    data: Address,
    cancel: Pointer,
    flags: number,
  ): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getdiskfreespacew
  GetDiskFreeSpaceW(
    root: string,
    sectorsPerCluster: Pointer,
    bytesPerSector: Pointer,
    freeClusters: Pointer,
    clusters: Pointer,
  ): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getdrivetypew
  GetDriveTypeW(root: string): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumepathnamew
  GetVolumePathNameW(path: string, volume: Pointer, length: number): number;
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumeinformationw
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
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumenameforvolumemountpointw
  GetVolumeNameForVolumeMountPointW(mountPoint: string, name: Pointer, length: number): number;
  // https://learn.microsoft.com/windows/win32/api/sysinfoapi/nf-sysinfoapi-getsystemdirectoryw
  GetSystemDirectoryW(path: Pointer, length: number): number;
  // https://learn.microsoft.com/windows/win32/devnotes/rtlgetlastntstatus
  RtlGetLastNtStatus(): number;
  // RtlNtStatusToDosError without touching the thread's last error.
  // https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-rtlntstatustodoserror
  RtlNtStatusToDosErrorNoTeb(status: number): number;
  // Exported by Wine alone, which it identifies.
  wine_get_version(): bigint | null;
  // https://learn.microsoft.com/windows/win32/api/fltuser/nf-fltuser-filtervolumeinstancefindfirst
  FilterVolumeInstanceFindFirst(
    volume: string,
    kind: number,
    buffer: Pointer,
    length: number,
    returned: Pointer,
    find: Pointer,
  ): number;
  // https://learn.microsoft.com/windows/win32/api/fltuser/nf-fltuser-filtervolumeinstancefindnext
  FilterVolumeInstanceFindNext(
    find: bigint,
    kind: number,
    buffer: Pointer,
    length: number,
    returned: Pointer,
  ): number;
  // https://learn.microsoft.com/windows/win32/api/fltuser/nf-fltuser-filtervolumeinstancefindclose
  FilterVolumeInstanceFindClose(find: bigint): number;
  // https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-reggetvaluew
  RegGetValueW(
    key: bigint,
    subKey: string,
    value: string,
    flags: number,
    kind: Pointer,
    data: Pointer,
    length: Pointer,
  ): number;
  // https://docs.libuv.org/en/v1.x/fs.html#c.uv_get_osfhandle
  uv_get_osfhandle(fd: number): bigint | null;
}

export type FunctionName = keyof NativeFunctions;

export interface Native extends NativeFunctions {
  /**
   * Calls a function on a thread of libuv's pool, because it may block. `done` runs on the JavaScript thread; only inside
   * it is GetLastError that of the call. The caller keeps memory that it passes alive until then.
   */
  background<Name extends FunctionName>(
    name: Name,
    parameters: Parameters<NativeFunctions[Name]>,
    done: (result: ReturnType<NativeFunctions[Name]>) => void,
  ): void;
  /**
   * Memory for an overlapped call. It lies outside V8, begins with a page if it is that large, and is freed once nothing
   * references it. When a worker thread is terminated it is not freed: Windows may still write to it.
   */
  allocate(bytes: number): Uint8Array<ArrayBuffer>;
  /** The address of memory that stays in place while the buffer is referenced. */
  addressOf(buffer: Uint8Array): Address;
  /** The address of a function of kernel32. */
  addressOfFunction(name: string): Address;
  /**
   * An LPPROGRESS_ROUTINE for CopyFileExW. Windows calls it on the thread that copies, which waits until `called` has run on
   * the JavaScript thread.
   */
  progressRoutine(called: (stream: number, done: bigint) => number): ProgressRoutine;
}

export interface ProgressRoutine {
  readonly address: Address;
  /** To be called when CopyFileExW has returned. */
  free(): void;
}

// V8 keeps smaller arrays on its own heap, where a garbage collection moves them.
const OFF_HEAP = 128;

/** Memory for Windows to read or write, of at least this many bytes, at an address that stays. */
export function nativeMemory(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.max(bytes, OFF_HEAP));
}

/** UTF-16 text that Windows wrote into a buffer, up to its NUL. */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf16le');
  const end = text.indexOf('\0');
  return end === -1 ? text : text.slice(0, end);
}

/** A declaration for Koffi: library, result and parameters, in types of fixed width. */
export interface NativeSymbol {
  readonly library: 'kernel32' | 'ntdll' | 'fltlib' | 'advapi32' | 'node';
  readonly result: string;
  readonly parameters: readonly string[];
}

const HANDLE = 'void *';
const POINTER = 'void *';
const ADDRESS = 'uint64_t';
const BOOL = 'int32_t';
const DWORD = 'uint32_t';
const STRING = 'const char16_t *';

function symbol(
  library: NativeSymbol['library'],
  result: string,
  ...parameters: readonly string[]
): NativeSymbol {
  return { library, result, parameters };
}

/** The same functions as Koffi sees them. The compiler checks that each has a row. */
export const SYMBOLS: Readonly<Record<keyof NativeFunctions, NativeSymbol>> = {
  DeviceIoControl: symbol('kernel32', BOOL, HANDLE, DWORD, ADDRESS, DWORD, ADDRESS, DWORD, ADDRESS, ADDRESS),
  GetLastError: symbol('kernel32', DWORD),
  CancelIoEx: symbol('kernel32', BOOL, HANDLE, ADDRESS),
  CreateTimerQueueTimer: symbol('kernel32', BOOL, POINTER, HANDLE, ADDRESS, ADDRESS, DWORD, DWORD, DWORD),
  CreateEventW: symbol('kernel32', HANDLE, POINTER, BOOL, BOOL, POINTER),
  WaitForSingleObject: symbol('kernel32', DWORD, HANDLE, DWORD),
  CreateIoCompletionPort: symbol('kernel32', HANDLE, HANDLE, HANDLE, 'uint64_t', DWORD),
  GetQueuedCompletionStatusEx: symbol('kernel32', BOOL, HANDLE, POINTER, DWORD, POINTER, DWORD, BOOL),
  PostQueuedCompletionStatus: symbol('kernel32', BOOL, HANDLE, DWORD, 'uint64_t', POINTER),
  CreateFileW: symbol('kernel32', HANDLE, STRING, DWORD, DWORD, POINTER, DWORD, DWORD, HANDLE),
  ReOpenFile: symbol('kernel32', HANDLE, HANDLE, DWORD, DWORD, DWORD),
  FlushFileBuffers: symbol('kernel32', BOOL, HANDLE),
  CloseHandle: symbol('kernel32', BOOL, HANDLE),
  ReadFile: symbol('kernel32', BOOL, HANDLE, POINTER, DWORD, POINTER, ADDRESS),
  WriteFile: symbol('kernel32', BOOL, HANDLE, POINTER, DWORD, POINTER, ADDRESS),
  GetFileSizeEx: symbol('kernel32', BOOL, HANDLE, POINTER),
  GetFinalPathNameByHandleW: symbol('kernel32', DWORD, HANDLE, POINTER, DWORD, DWORD),
  GetFileInformationByHandle: symbol('kernel32', BOOL, HANDLE, POINTER),
  GetFileInformationByHandleEx: symbol('kernel32', BOOL, HANDLE, DWORD, POINTER, DWORD),
  SetFileInformationByHandle: symbol('kernel32', BOOL, HANDLE, DWORD, POINTER, DWORD),
  GetFileAttributesW: symbol('kernel32', DWORD, STRING),
  GetFileAttributesExW: symbol('kernel32', BOOL, STRING, DWORD, POINTER),
  CopyFileExW: symbol('kernel32', BOOL, STRING, STRING, ADDRESS, ADDRESS, POINTER, DWORD),
  GetDiskFreeSpaceW: symbol('kernel32', BOOL, STRING, POINTER, POINTER, POINTER, POINTER),
  GetDriveTypeW: symbol('kernel32', DWORD, STRING),
  GetVolumePathNameW: symbol('kernel32', BOOL, STRING, POINTER, DWORD),
  GetVolumeInformationW: symbol(
    'kernel32',
    BOOL,
    STRING,
    POINTER,
    DWORD,
    POINTER,
    POINTER,
    POINTER,
    POINTER,
    DWORD,
  ),
  GetVolumeNameForVolumeMountPointW: symbol('kernel32', BOOL, STRING, POINTER, DWORD),
  GetSystemDirectoryW: symbol('kernel32', DWORD, POINTER, DWORD),
  RtlGetLastNtStatus: symbol('ntdll', DWORD),
  RtlNtStatusToDosErrorNoTeb: symbol('ntdll', DWORD, DWORD),
  wine_get_version: symbol('ntdll', POINTER),
  FilterVolumeInstanceFindFirst: symbol('fltlib', DWORD, STRING, DWORD, POINTER, DWORD, POINTER, POINTER),
  FilterVolumeInstanceFindNext: symbol('fltlib', DWORD, HANDLE, DWORD, POINTER, DWORD, POINTER),
  FilterVolumeInstanceFindClose: symbol('fltlib', DWORD, HANDLE),
  RegGetValueW: symbol('advapi32', DWORD, 'uint64_t', STRING, STRING, DWORD, POINTER, POINTER, POINTER),
  uv_get_osfhandle: symbol('node', HANDLE, 'int32_t'),
};

/** LPPROGRESS_ROUTINE: https://learn.microsoft.com/windows/win32/api/winbase/nc-winbase-lpprogress_routine */
export const PROGRESS_ROUTINE: Pick<NativeSymbol, 'result' | 'parameters'> = {
  result: DWORD,
  parameters: [
    // TotalFileSize, TotalBytesTransferred, StreamSize, StreamBytesTransferred
    ...['int64_t', 'int64_t', 'int64_t', 'int64_t'],
    // dwStreamNumber, dwCallbackReason
    ...[DWORD, DWORD],
    // hSourceFile, hDestinationFile, lpData
    ...[ADDRESS, ADDRESS, ADDRESS],
  ],
};
