import type { NativeFunctions } from './native.ts';

/** A native function as Koffi is told of it: its library, result and parameters, in fixed-width types. */
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

/** Every native function this package may call, and no other. BOOL functions fail with 0, CreateFileW with INVALID_HANDLE_VALUE. */
export const SYMBOLS: Readonly<Record<keyof NativeFunctions, NativeSymbol>> = {
  // https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-deviceiocontrol
  DeviceIoControl: symbol('kernel32', BOOL, HANDLE, DWORD, ADDRESS, DWORD, ADDRESS, DWORD, ADDRESS, ADDRESS),
  // https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-getlasterror
  GetLastError: symbol('kernel32', DWORD),
  // https://learn.microsoft.com/windows/win32/api/ioapiset/nf-ioapiset-cancelioex
  CancelIoEx: symbol('kernel32', BOOL, HANDLE, ADDRESS),
  // https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-createeventw
  CreateEventW: symbol('kernel32', HANDLE, POINTER, BOOL, BOOL, POINTER),
  // https://learn.microsoft.com/windows/win32/api/synchapi/nf-synchapi-waitforsingleobject
  WaitForSingleObject: symbol('kernel32', DWORD, HANDLE, DWORD),
  // https://learn.microsoft.com/windows/win32/fileio/createiocompletionport
  CreateIoCompletionPort: symbol('kernel32', HANDLE, HANDLE, HANDLE, 'uint64_t', DWORD),
  // https://learn.microsoft.com/windows/win32/fileio/getqueuedcompletionstatusex-func
  GetQueuedCompletionStatusEx: symbol('kernel32', BOOL, HANDLE, POINTER, DWORD, POINTER, DWORD, BOOL),
  // https://learn.microsoft.com/windows/win32/fileio/postqueuedcompletionstatus
  PostQueuedCompletionStatus: symbol('kernel32', BOOL, HANDLE, DWORD, 'uint64_t', POINTER),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
  CreateFileW: symbol('kernel32', HANDLE, STRING, DWORD, DWORD, POINTER, DWORD, DWORD, HANDLE),
  // https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-closehandle
  CloseHandle: symbol('kernel32', BOOL, HANDLE),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-readfile
  ReadFile: symbol('kernel32', BOOL, HANDLE, POINTER, DWORD, POINTER, ADDRESS),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-writefile
  WriteFile: symbol('kernel32', BOOL, HANDLE, POINTER, DWORD, POINTER, ADDRESS),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfilesizeex
  GetFileSizeEx: symbol('kernel32', BOOL, HANDLE, POINTER),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileinformationbyhandle
  GetFileInformationByHandle: symbol('kernel32', BOOL, HANDLE, POINTER),
  // https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-getfileinformationbyhandleex
  GetFileInformationByHandleEx: symbol('kernel32', BOOL, HANDLE, DWORD, POINTER, DWORD),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-setfileinformationbyhandle
  SetFileInformationByHandle: symbol('kernel32', BOOL, HANDLE, DWORD, POINTER, DWORD),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getfileattributesw
  GetFileAttributesW: symbol('kernel32', DWORD, STRING),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getdiskfreespacew
  GetDiskFreeSpaceW: symbol('kernel32', BOOL, STRING, POINTER, POINTER, POINTER, POINTER),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getdrivetypew
  GetDriveTypeW: symbol('kernel32', DWORD, STRING),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumepathnamew
  GetVolumePathNameW: symbol('kernel32', BOOL, STRING, POINTER, DWORD),
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumeinformationw
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
  // https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-getvolumenameforvolumemountpointw
  GetVolumeNameForVolumeMountPointW: symbol('kernel32', BOOL, STRING, POINTER, DWORD),
  // https://learn.microsoft.com/windows/win32/devnotes/rtlgetlastntstatus
  RtlGetLastNtStatus: symbol('ntdll', DWORD),
  // RtlNtStatusToDosError without touching the thread's last error.
  // https://learn.microsoft.com/windows/win32/api/winternl/nf-winternl-rtlntstatustodoserror
  RtlNtStatusToDosErrorNoTeb: symbol('ntdll', DWORD, DWORD),
  // Exported by Wine alone, and asked for to know that.
  wine_get_version: symbol('ntdll', POINTER),
  // https://learn.microsoft.com/windows/win32/api/fltuser/nf-fltuser-filtervolumeinstancefindfirst
  FilterVolumeInstanceFindFirst: symbol('fltlib', DWORD, STRING, DWORD, POINTER, DWORD, POINTER, POINTER),
  // https://learn.microsoft.com/windows/win32/api/fltuser/nf-fltuser-filtervolumeinstancefindnext
  FilterVolumeInstanceFindNext: symbol('fltlib', DWORD, HANDLE, DWORD, POINTER, DWORD, POINTER),
  // https://learn.microsoft.com/windows/win32/api/fltuser/nf-fltuser-filtervolumeinstancefindclose
  FilterVolumeInstanceFindClose: symbol('fltlib', DWORD, HANDLE),
  // https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-reggetvaluew
  RegGetValueW: symbol('advapi32', DWORD, 'uint64_t', STRING, STRING, DWORD, POINTER, POINTER, POINTER),
  // https://docs.libuv.org/en/v1.x/fs.html#c.uv_get_osfhandle
  uv_get_osfhandle: symbol('node', HANDLE, 'int32_t'),
};
