import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from './constants.ts';
import {
  alias,
  array,
  BOOLEAN,
  DWORD,
  DWORDLONG,
  declare,
  type Layout,
  LONGLONG,
  UCHAR,
  ULONG,
  ULONGLONG,
} from './layout.ts';

const DEVICE_DSM_ACTION = alias('DEVICE_DSM_ACTION', DWORD);
const TOKEN = alias('STORAGE_OFFLOAD_TOKEN', array(UCHAR, STORAGE_OFFLOAD_MAX_TOKEN_LENGTH));

/**
 * The header of every `IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES` input, also called DEVICE_DSM_INPUT. 28 bytes,
 * little-endian. Parameters and ranges follow in the same buffer; the gaps between them are zero.
 *
 * - `Size` (0x00): the size of this structure, 28.
 * - `Action` (0x04): a `DeviceDsmAction_` number.
 * - `Flags` (0x08): `DEVICE_DSM_FLAG_` bits; the offload actions use none.
 * - `ParameterBlockOffset` (0x0C): in bytes from the start of the buffer, aligned for the parameters: 28 for an
 *   offload read, 32 for an offload write.
 * - `ParameterBlockLength` (0x10): in bytes, 16 for an offload read, 528 for an offload write.
 * - `DataSetRangesOffset` (0x14): in bytes from the start of the buffer, a multiple of 8.
 * - `DataSetRangesLength` (0x18): in bytes, 16 for each range.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_manage_data_set_attributes
 */
export const DEVICE_MANAGE_DATA_SET_ATTRIBUTES: Layout<
  | 'Size'
  | 'Action'
  | 'Flags'
  | 'ParameterBlockOffset'
  | 'ParameterBlockLength'
  | 'DataSetRangesOffset'
  | 'DataSetRangesLength'
> = declare('DEVICE_MANAGE_DATA_SET_ATTRIBUTES', {
  Size: DWORD,
  Action: DEVICE_DSM_ACTION,
  Flags: DWORD,
  ParameterBlockOffset: DWORD,
  ParameterBlockLength: DWORD,
  DataSetRangesOffset: DWORD,
  DataSetRangesLength: DWORD,
});

/**
 * One range of a device, also called DEVICE_DSM_RANGE. 16 bytes, little-endian.
 *
 * - `StartingOffset` (0x00): signed; in bytes from the start of the volume or partition, a multiple of the logical
 *   sector.
 * - `LengthInBytes` (0x08): a multiple of the logical sector; the offload actions reject 0.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_data_set_range
 */
export const DEVICE_DATA_SET_RANGE: Layout<'StartingOffset' | 'LengthInBytes'> = declare(
  'DEVICE_DATA_SET_RANGE',
  { StartingOffset: LONGLONG, LengthInBytes: DWORDLONG },
);

/**
 * The parameters of `DeviceDsmAction_OffloadRead`. 16 bytes, little-endian.
 *
 * - `Flags` (0x00): reserved, must be 0.
 * - `TimeToLive` (0x04): the lifetime of the token; 0 means the default of the storage. The header says
 *   milliseconds, but the class driver forwards the number as seconds, so only 0 is certain.
 * - `Reserved` (0x08, two ULONGs): must be 0.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_dsm_offload_read_parameters
 */
export const DEVICE_DSM_OFFLOAD_READ_PARAMETERS: Layout<'Flags' | 'TimeToLive' | 'Reserved'> = declare(
  'DEVICE_DSM_OFFLOAD_READ_PARAMETERS',
  { Flags: ULONG, TimeToLive: ULONG, Reserved: array(ULONG, 2) },
);

/**
 * The parameters of `DeviceDsmAction_OffloadWrite`. 528 bytes, little-endian.
 *
 * - `Flags` (0x00): reserved, must be 0.
 * - `Reserved` (0x04): must be 0.
 * - `TokenOffset` (0x08): where to start in the data of the token, in bytes. The class driver silently rounds it
 *   down to a whole sector.
 * - `Token` (0x10): a {@link STORAGE_OFFLOAD_TOKEN}, whose fields are big-endian.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_dsm_offload_write_parameters
 */
export const DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS: Layout<'Flags' | 'Reserved' | 'TokenOffset' | 'Token'> =
  declare('DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS', {
    Flags: ULONG,
    Reserved: ULONG,
    TokenOffset: ULONGLONG,
    Token: TOKEN,
  });

/**
 * The result of `DeviceDsmAction_OffloadRead`, at the start of the output buffer. 536 bytes, little-endian, of
 * which the last four are padding.
 *
 * - `OffloadReadFlags` (0x00): `STORAGE_OFFLOAD_READ_RANGE_TRUNCATED` or 0.
 * - `Reserved` (0x04): 0.
 * - `LengthProtected` (0x08): the number of bytes that the token covers.
 * - `TokenLength` (0x10): the number of valid bytes in `Token`, 512.
 * - `Token` (0x14): a {@link STORAGE_OFFLOAD_TOKEN}. At 20, not at 24, because the token is aligned to 1.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_read_output
 */
export const STORAGE_OFFLOAD_READ_OUTPUT: Layout<
  'OffloadReadFlags' | 'Reserved' | 'LengthProtected' | 'TokenLength' | 'Token'
> = declare('STORAGE_OFFLOAD_READ_OUTPUT', {
  OffloadReadFlags: ULONG,
  Reserved: ULONG,
  LengthProtected: ULONGLONG,
  TokenLength: ULONG,
  Token: TOKEN,
});

/**
 * The result of `DeviceDsmAction_OffloadWrite`, at the start of the output buffer. 16 bytes, little-endian.
 *
 * - `OffloadWriteFlags` (0x00): `STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED`, `STORAGE_OFFLOAD_TOKEN_INVALID`, both, or 0.
 * - `Reserved` (0x04): 0.
 * - `LengthCopied` (0x08): the number of bytes written, counted over the ranges in their order.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-storage_offload_write_output
 */
export const STORAGE_OFFLOAD_WRITE_OUTPUT: Layout<'OffloadWriteFlags' | 'Reserved' | 'LengthCopied'> =
  declare('STORAGE_OFFLOAD_WRITE_OUTPUT', {
    OffloadWriteFlags: ULONG,
    Reserved: ULONG,
    LengthCopied: ULONGLONG,
  });

/**
 * The header that other DSM actions put before their results, also called DEVICE_DSM_OUTPUT. 36 bytes,
 * little-endian. The offload actions reply without it; it is declared to recognize drivers that send it anyway.
 *
 * - `Size` (0x00): 36.
 * - `Action` (0x04): the action of the request.
 * - `Flags` (0x08): `DEVICE_DSM_FLAG_` bits.
 * - `OperationStatus` (0x0C), `ExtendedError` (0x10), `TargetDetailedError` (0x14): the result of the
 *   operation on the device.
 * - `ReservedStatus` (0x18): reserved.
 * - `OutputBlockOffset` (0x1C), `OutputBlockLength` (0x20): the position and length of the result, in bytes from
 *   the start of the buffer.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_manage_data_set_attributes_output
 */
export const DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT: Layout<
  | 'Size'
  | 'Action'
  | 'Flags'
  | 'OperationStatus'
  | 'ExtendedError'
  | 'TargetDetailedError'
  | 'ReservedStatus'
  | 'OutputBlockOffset'
  | 'OutputBlockLength'
> = declare('DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT', {
  Size: DWORD,
  Action: DEVICE_DSM_ACTION,
  Flags: DWORD,
  OperationStatus: DWORD,
  ExtendedError: DWORD,
  TargetDetailedError: DWORD,
  ReservedStatus: DWORD,
  OutputBlockOffset: DWORD,
  OutputBlockLength: DWORD,
});

/**
 * How a DSM action lays out its buffers, for the inline helpers of winioctl.h. It is never sent to a device.
 * 28 bytes, little-endian.
 *
 * - `Action` (0x00): a `DeviceDsmAction_` number.
 * - `SingleRange` (0x04): not 0 if the action accepts only one range.
 * - `ParameterBlockAlignment` (0x08), `ParameterBlockLength` (0x0C): in bytes.
 * - `HasOutput` (0x10): not 0 if a DEVICE_DSM_OUTPUT precedes the result; 0 for the offload actions.
 * - `OutputBlockAlignment` (0x14), `OutputBlockLength` (0x18): in bytes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-device_manage_data_set_attributes
 */
export const DEVICE_DSM_DEFINITION: Layout<
  | 'Action'
  | 'SingleRange'
  | 'ParameterBlockAlignment'
  | 'ParameterBlockLength'
  | 'HasOutput'
  | 'OutputBlockAlignment'
  | 'OutputBlockLength'
> = declare('DEVICE_DSM_DEFINITION', {
  Action: DEVICE_DSM_ACTION,
  SingleRange: BOOLEAN,
  ParameterBlockAlignment: DWORD,
  ParameterBlockLength: DWORD,
  HasOutput: BOOLEAN,
  OutputBlockAlignment: DWORD,
  OutputBlockLength: DWORD,
});
