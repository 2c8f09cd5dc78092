import { declare } from './declare.ts';
import type { Layout } from './layout.ts';
import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from './token-constants.ts';
import { array, UCHAR, ULONG, ULONGLONG } from './types.ts';

/**
 * The input of `FSCTL_OFFLOAD_READ`: which range of a file the token shall stand for. 32 bytes, little-endian.
 *
 * - `Size` (0x00): the size of this structure, 32, exactly.
 * - `Flags` (0x04): reserved, must be 0.
 * - `TokenTimeToLive` (0x08): milliseconds that the token should stay valid; 0 leaves it to the storage, and
 *   any other value is a hint that the storage may ignore.
 * - `Reserved` (0x0C): must be 0.
 * - `FileOffset` (0x10): where the range begins, in bytes; a multiple of the logical sector.
 * - `CopyLength` (0x18): how long the range is, in bytes; a multiple of the logical sector, 0 is legal.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_fsctl_offload_read_input
 */
export const FSCTL_OFFLOAD_READ_INPUT: Layout<
  'Size' | 'Flags' | 'TokenTimeToLive' | 'Reserved' | 'FileOffset' | 'CopyLength'
> = declare('FSCTL_OFFLOAD_READ_INPUT', {
  Size: ULONG,
  Flags: ULONG,
  TokenTimeToLive: ULONG,
  Reserved: ULONG,
  FileOffset: ULONGLONG,
  CopyLength: ULONGLONG,
});

/**
 * The output of `FSCTL_OFFLOAD_READ`: the token, and how much of the range it covers. 528 bytes, little-endian.
 *
 * - `Size` (0x00): 528; some servers leave 0 here.
 * - `Flags` (0x04): `OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE` (1) or 0; ignore other bits.
 * - `TransferLength` (0x08): bytes that the token covers, counted from `FileOffset`. Less than `CopyLength` is
 *   normal: read the rest with another token.
 * - `Token` (0x10): 512 bytes, a {@link STORAGE_OFFLOAD_TOKEN}; big-endian inside.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_fsctl_offload_read_output
 */
export const FSCTL_OFFLOAD_READ_OUTPUT: Layout<'Size' | 'Flags' | 'TransferLength' | 'Token'> = declare(
  'FSCTL_OFFLOAD_READ_OUTPUT',
  {
    Size: ULONG,
    Flags: ULONG,
    TransferLength: ULONGLONG,
    Token: array(UCHAR, STORAGE_OFFLOAD_MAX_TOKEN_LENGTH),
  },
);
