import { declare, type FieldType } from './declare.ts';
import type { Layout } from './layout.ts';
import { alias, DWORD, ULONG, ULONGLONG } from './types.ts';

type OverlappedField = 'Internal' | 'InternalHigh' | 'Offset' | 'OffsetHigh' | 'hEvent';

/** The fields are the same for both pointer sizes; `pointer` is the integer as wide as one. */
function overlapped(name: string, pointer: FieldType): Layout<OverlappedField> {
  return declare(name, {
    Internal: alias('ULONG_PTR', pointer),
    InternalHigh: alias('ULONG_PTR', pointer),
    Offset: DWORD,
    OffsetHigh: DWORD,
    hEvent: alias('HANDLE', pointer),
  });
}

/**
 * An operation in flight, as 64-bit Windows has it. 32 bytes, little-endian.
 *
 * - `Internal` (0x00): STATUS_PENDING (0x103) until the operation ends, then its NTSTATUS.
 * - `InternalHigh` (0x08): bytes transferred, once it has ended.
 * - `Offset` (0x10), `OffsetHigh` (0x14): the file position, low and high half, for ReadFile and WriteFile. The
 *   offload control codes carry their positions in their inputs; 0 here.
 * - `hEvent` (0x18): an event that is set when the operation ends, or 0.
 *
 * @see https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped
 */
export const OVERLAPPED: Layout<OverlappedField> = overlapped('OVERLAPPED', ULONGLONG);

/**
 * {@link OVERLAPPED} as 32-bit Windows has it, under a name of its own. 20 bytes, little-endian.
 *
 * `Internal` (0x00), `InternalHigh` (0x04), `Offset` (0x08), `OffsetHigh` (0x0C) and `hEvent` (0x10), 4 bytes each.
 *
 * @see https://learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-overlapped
 */
export const OVERLAPPED32: Layout<OverlappedField> = overlapped('OVERLAPPED32', ULONG);

/**
 * One completion that `GetQueuedCompletionStatusEx` hands out, as 64-bit Windows has it. 32 bytes, little-endian,
 * the last four of them padding.
 *
 * - `lpCompletionKey` (0x00): the key that the file was associated with.
 * - `lpOverlapped` (0x08): the address of the OVERLAPPED of the operation.
 * - `Internal` (0x10): reserved.
 * - `dwNumberOfBytesTransferred` (0x18): bytes.
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
