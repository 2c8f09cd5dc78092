// The status codes that this package itself acts on. status-table.ts explains them to users.

// Win32 errors (winerror.h): https://learn.microsoft.com/windows/win32/debug/system-error-codes
export const ERROR_INVALID_FUNCTION = 1;
export const ERROR_FILE_NOT_FOUND = 2;
export const ERROR_ACCESS_DENIED = 5;
export const ERROR_INVALID_HANDLE = 6;
export const ERROR_INVALID_DATA = 13;
export const ERROR_SHARING_VIOLATION = 32;
export const ERROR_HANDLE_EOF = 38;
export const ERROR_NOT_SUPPORTED = 50;
export const ERROR_FILE_EXISTS = 80;
export const ERROR_INVALID_PARAMETER = 87;
export const ERROR_CALL_NOT_IMPLEMENTED = 120;
export const ERROR_INVALID_NAME = 123;
export const ERROR_PROC_NOT_FOUND = 127;
export const ERROR_ALREADY_EXISTS = 183;
export const ERROR_FILENAME_EXCED_RANGE = 206;
export const ERROR_MORE_DATA = 234;
export const ERROR_MR_MID_NOT_FOUND = 317;
export const ERROR_OPERATION_ABORTED = 995;
export const ERROR_IO_PENDING = 997;
export const ERROR_REQUEST_ABORTED = 1235;
export const ERROR_ENCRYPTION_FAILED = 6000;

// NTSTATUS (ntstatus.h): https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55
export const STATUS_PENDING = 0x103;
export const STATUS_CANCELLED = 0xc000_0120;

/** The result of CreateFileW when it fails: -1 as a HANDLE. */
export const INVALID_HANDLE_VALUE = 0xffff_ffff_ffff_ffffn;

/** A 32-bit number as Windows writes it: `0xC0000465`. */
export function hex32(value: number): string {
  return `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;
}
