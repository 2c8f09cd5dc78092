import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from './constants.ts';
import { array, declare, type Layout, UCHAR, ULONG, ULONGLONG } from './layout.ts';

/**
 * The input of `FSCTL_OFFLOAD_WRITE`: a token, and where its data is to be written. 544 bytes, little-endian.
 *
 * - `Size` (0x00): the size of this structure, exactly 544.
 * - `Flags` (0x04): reserved, must be 0.
 * - `FileOffset` (0x08): where to write in the file, in bytes; a multiple of the logical sector that is not
 *   beyond the valid data length.
 * - `CopyLength` (0x10): how much to write, in bytes; a multiple of the logical sector, 0 is legal.
 * - `TransferOffset` (0x18): where to start in the data of the token, in bytes; a multiple of the logical sector.
 * - `Token` (0x20): 512 bytes, a {@link STORAGE_OFFLOAD_TOKEN} exactly as the read returned it.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_fsctl_offload_write_input
 */
export const FSCTL_OFFLOAD_WRITE_INPUT: Layout<
  'Size' | 'Flags' | 'FileOffset' | 'CopyLength' | 'TransferOffset' | 'Token'
> = declare('FSCTL_OFFLOAD_WRITE_INPUT', {
  Size: ULONG,
  Flags: ULONG,
  FileOffset: ULONGLONG,
  CopyLength: ULONGLONG,
  TransferOffset: ULONGLONG,
  Token: array(UCHAR, STORAGE_OFFLOAD_MAX_TOKEN_LENGTH),
});

/**
 * The output of `FSCTL_OFFLOAD_WRITE`: how much was written. 16 bytes, little-endian.
 *
 * - `Size` (0x00): 16; some servers send another number.
 * - `Flags` (0x04): none are defined.
 * - `LengthWritten` (0x08): the number of bytes written, counted from `FileOffset`. Less than `CopyLength` is
 *   normal: write the rest with the same token and a larger `TransferOffset`.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_fsctl_offload_write_output
 */
export const FSCTL_OFFLOAD_WRITE_OUTPUT: Layout<'Size' | 'Flags' | 'LengthWritten'> = declare(
  'FSCTL_OFFLOAD_WRITE_OUTPUT',
  { Size: ULONG, Flags: ULONG, LengthWritten: ULONGLONG },
);
