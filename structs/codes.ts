// The codes this package itself acts on. What they mean to its users is in the table of statuses.
// https://learn.microsoft.com/windows/win32/debug/system-error-codes
export const ERROR_FILE_NOT_FOUND = 2;
export const ERROR_ACCESS_DENIED = 5;
export const ERROR_INVALID_HANDLE = 6;
export const ERROR_INVALID_DATA = 13;
export const ERROR_SHARING_VIOLATION = 32;
export const ERROR_HANDLE_EOF = 38;
export const ERROR_FILE_EXISTS = 80;
export const ERROR_PROC_NOT_FOUND = 127;
export const ERROR_ALREADY_EXISTS = 183;
export const ERROR_FILENAME_EXCED_RANGE = 206;
export const ERROR_MR_MID_NOT_FOUND = 317;
export const ERROR_OPERATION_ABORTED = 995;
export const ERROR_IO_PENDING = 997;

// https://learn.microsoft.com/openspecs/windows_protocols/ms-erref/596a1078-e883-4972-9bbc-49e60bebca55
export const STATUS_PENDING = 0x103;
export const STATUS_CANCELLED = 0xc000_0120;

/** What CreateFileW gives instead of a HANDLE: -1. */
export const INVALID_HANDLE_VALUE = 0xffff_ffff_ffff_ffffn;
