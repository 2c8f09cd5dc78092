import { alias, DWORD, declare, type FieldType, type Layout, ULONG, ULONGLONG } from './layout.ts';

/**
 * An asynchronous operation on 64-bit Windows. 32 bytes, little-endian.
 *
 * - `Internal` (0x00): STATUS_PENDING (0x103) until the operation ends, then its NTSTATUS.
 * - `InternalHigh` (0x08): the number of bytes transferred, once the operation has ended.
 * - `Offset` (0x10), `OffsetHigh` (0x14): the low and high half of the file position, for ReadFile and WriteFile.
 *   0 for the offload control codes, which have their positions in the input.
 * - `hEvent` (0x18): an event that Windows sets when the operation ends, or 0.
 *
 * @see https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped
 */
export const OVERLAPPED: Layout<'Internal' | 'InternalHigh' | 'Offset' | 'OffsetHigh' | 'hEvent'> =
  overlapped('OVERLAPPED', ULONGLONG);

/**
 * {@link OVERLAPPED} on 32-bit Windows; the name exists only in this package. 20 bytes, little-endian.
 *
 * `Internal` (0x00), `InternalHigh` (0x04), `Offset` (0x08), `OffsetHigh` (0x0C) and `hEvent` (0x10), 4 bytes each.
 *
 * @see https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped
 */
export const OVERLAPPED32: typeof OVERLAPPED = overlapped('OVERLAPPED32', ULONG);

/**
 * A completed operation, as `GetQueuedCompletionStatusEx` returns it on 64-bit Windows. 32 bytes, little-endian, of
 * which the last four are padding.
 *
 * - `lpCompletionKey` (0x00): the completion key of the file.
 * - `lpOverlapped` (0x08): the address of the operation's OVERLAPPED.
 * - `Internal` (0x10): reserved.
 * - `dwNumberOfBytesTransferred` (0x18): a number of bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped_entry
 */
export const OVERLAPPED_ENTRY: Layout<
  'lpCompletionKey' | 'lpOverlapped' | 'Internal' | 'dwNumberOfBytesTransferred'
> = declare('OVERLAPPED_ENTRY', {
  lpCompletionKey: alias('ULONG_PTR', ULONGLONG),
  lpOverlapped: alias('LPOVERLAPPED', ULONGLONG),
  Internal: alias('ULONG_PTR', ULONGLONG),
  dwNumberOfBytesTransferred: DWORD,
});

/** The fields are the same on both; `pointer` is an integer of pointer size. */
function overlapped(name: string, pointer: FieldType): typeof OVERLAPPED {
  return declare(name, {
    Internal: alias('ULONG_PTR', pointer),
    InternalHigh: alias('ULONG_PTR', pointer),
    Offset: DWORD,
    OffsetHigh: DWORD,
    hEvent: alias('HANDLE', pointer),
  });
}
