import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from './constants.ts';
import { array, declare, type Layout, UCHAR, ULONG, ULONGLONG } from './layout.ts';

/**
 * The input of `FSCTL_OFFLOAD_READ`: the range of a file that the token will represent. 32 bytes, little-endian.
 *
 * - `Size` (0x00): the size of this structure, exactly 32.
 * - `Flags` (0x04): reserved, must be 0.
 * - `TokenTimeToLive` (0x08): the lifetime of the token in milliseconds; 0 means the default of the storage,
 *   and the storage may ignore any other value.
 * - `Reserved` (0x0C): must be 0.
 * - `FileOffset` (0x10): the start of the range in bytes, a multiple of the logical sector.
 * - `CopyLength` (0x18): the length of the range in bytes, a multiple of the logical sector; 0 is legal.
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
 * - `Size` (0x00): 528; some servers send 0.
 * - `Flags` (0x04): `OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE` (1) or 0; ignore other bits.
 * - `TransferLength` (0x08): the number of bytes that the token covers, counted from `FileOffset`. Less than
 *   `CopyLength` is normal: request another token for the rest.
 * - `Token` (0x10): 512 bytes, a {@link STORAGE_OFFLOAD_TOKEN}, whose fields are big-endian.
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
