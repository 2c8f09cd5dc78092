import {
  DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS,
  DeviceDsmAction_OffloadWrite,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  STORAGE_OFFLOAD_TOKEN_INVALID,
  STORAGE_OFFLOAD_WRITE_OUTPUT,
  STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED,
} from '../structs/index.ts';
import type { ByteCount } from './byte-count.ts';
import { type Control, ImpossibleReply, perform, performSync } from './control.ts';
import {
  type DataSetRange,
  encodeDsmInput,
  findResult,
  inputSizeOf,
  outputRoomFor,
  packingOf,
  rangeKeys,
  rangeList,
  rangesFit,
  rangesTogetherFit,
  tokenOffset,
  tokenOffsetFits,
  totalLength,
} from './dsm.ts';
import { offloadToken, sectorSize, signal } from './fields.ts';
import { type FileSource, resolveFile } from './file-source.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import type { ControlKernel } from './kernel/kernel.ts';
import { requestSchema } from './request.ts';
import type { Signal } from './signal.ts';
import { type OffloadToken, putToken } from './token.ts';
import { setUint64 } from './uint64.ts';

/** The request of {@link dsmOffloadWriteSync}. */
export interface DsmOffloadWriteSyncRequest {
  /** 1 to 65,536 ranges, written in this order. */
  readonly ranges: readonly DataSetRange[];
  /** A token from an offload read, or its 512 bytes. */
  readonly token: OffloadToken | Uint8Array;
  /** Where to begin in the data behind the token, in bytes; a multiple of the logical sector. Default 0. */
  readonly tokenOffset?: ByteCount | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the device for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
}

/** The request of {@link dsmOffloadWrite}. */
export interface DsmOffloadWriteRequest extends DsmOffloadWriteSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** A checked request with its defaults filled in. */
export interface DsmOffloadWriteArguments extends DsmOffloadWriteSyncRequest {
  readonly token: OffloadToken;
  readonly tokenOffset: ByteCount;
}

const fields = {
  ranges: rangeList,
  token: offloadToken,
  tokenOffset,
  sectorSize,
};
const options = {
  rules: [rangesFit, ...tokenOffsetFits, rangesTogetherFit],
  defaults: { tokenOffset: 0 },
  itemKeys: { ranges: rangeKeys },
};

const request = requestSchema('dsmOffloadWrite', { ...fields, signal }, options);
const syncRequest = requestSchema('dsmOffloadWriteSync', fields, options);

/** The result of a storage offload write. */
export interface DsmOffloadWriteResult {
  /** Bytes written, counted through the ranges in order. */
  readonly lengthCopied: bigint;
  /** Whether less was written than was requested (STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED). */
  readonly truncated: boolean;
  /** Whether the write ended early because the token is invalid (STORAGE_OFFLOAD_TOKEN_INVALID): read a fresh one for the rest. */
  readonly tokenInvalid: boolean;
  /** OffloadWriteFlags as the device returned them. */
  readonly flags: number;
}

const PARAMETERS = DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS;
const RESULT = STORAGE_OFFLOAD_WRITE_OUTPUT;
const packing = packingOf(PARAMETERS);

/** `DeviceDsmAction_OffloadWrite`: encodes a checked request and decodes the reply. */
export const dsmOffloadWriteControl: Control<DsmOffloadWriteArguments, DsmOffloadWriteResult> = {
  name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
  code: IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  outputSize: outputRoomFor(RESULT),
  inputSize: ({ ranges }) => inputSizeOf(packing, ranges),
  offset: ({ ranges }) => ranges[0]?.startingOffset,
  trace: ({ ranges, token }, result) => ({
    length: totalLength(ranges),
    token,
    transferred: result?.lengthCopied,
  }),

  encode(buffers, args) {
    encodeDsmInput(buffers, DeviceDsmAction_OffloadWrite, packing, args.ranges);
    const { parametersOffset } = packing;
    setUint64(buffers.inputView, parametersOffset + PARAMETERS.offsetOf.TokenOffset, args.tokenOffset);
    putToken(args.token, buffers.input, parametersOffset + PARAMETERS.offsetOf.Token);
  },

  decode(buffers, returned, { ranges }) {
    const { outputView } = buffers;
    const { offset, length } = findResult(buffers, returned, DeviceDsmAction_OffloadWrite);
    if (length < RESULT.size) {
      throw new ImpossibleReply(`the reply holds ${length} bytes instead of ${RESULT.size}.`);
    }
    const flags = outputView.getUint32(offset + RESULT.offsetOf.OffloadWriteFlags, true);
    const tokenInvalid = (flags & STORAGE_OFFLOAD_TOKEN_INVALID) !== 0;
    const total = totalLength(ranges);
    const lengthCopied = outputView.getBigUint64(offset + RESULT.offsetOf.LengthCopied, true);
    if (lengthCopied > total) {
      throw new ImpossibleReply(`${lengthCopied} bytes were written, but only ${total} were requested.`);
    }
    if (lengthCopied === 0n && !tokenInvalid) {
      throw new ImpossibleReply(`none of the ${total} requested bytes were written.`);
    }
    const truncated = (flags & STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED) !== 0;
    return { lengthCopied, truncated, tokenInvalid, flags };
  },
};

/**
 * Writes the data behind a token to ranges of a disk or volume
 * (`IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES` with `DeviceDsmAction_OffloadWrite`). This overwrites the device.
 *
 * This is the storage form of {@link offloadWrite}, below the file system. Expect ERROR_ACCESS_DENIED on Windows: the
 * sample of the inbox class driver refuses it in user mode, although two pages of the documentation allow it. For files use offloadWrite.
 *
 * @param device a disk or volume open for writing.
 * @param request 1 to 65,536 ranges in bytes, multiples of the logical sector, none empty; tokenOffset in bytes too.
 * @returns how many bytes were written; less than requested is normal. `tokenInvalid` says whether the token is the reason.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel.
 * @throws {Win32Error} when Windows refuses: ERROR_ACCESS_DENIED, ERROR_INVALID_TOKEN and others.
 * @throws {ProtocolError} when the reply is impossible.
 * @throws {AbortError} when the signal fired.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_manage_data_set_attributes
 * @example
 * const { lengthCopied } = await dsmOffloadWrite(disk, {
 *   token,
 *   ranges: [{ startingOffset: 2097152, lengthInBytes: 65536 }],
 * });
 */
export async function dsmOffloadWrite(
  device: FileSource,
  request: DsmOffloadWriteRequest,
): Promise<DsmOffloadWriteResult> {
  return dsmOffloadWriteWith(defaultKernel(), device, request);
}

/**
 * {@link dsmOffloadWrite}, blocking until the array has replied. There is no signal.
 *
 * @example
 * dsmOffloadWriteSync(disk, { token, ranges: [{ startingOffset: 0, lengthInBytes: 4096 }] });
 */
export function dsmOffloadWriteSync(
  device: FileSource,
  request: DsmOffloadWriteSyncRequest,
): DsmOffloadWriteResult {
  return dsmOffloadWriteSyncWith(defaultKernel(), device, request);
}

/** {@link dsmOffloadWrite} on a kernel. */
export async function dsmOffloadWriteWith(
  kernel: ControlKernel,
  device: FileSource,
  given: DsmOffloadWriteRequest,
): Promise<DsmOffloadWriteResult> {
  const target = resolveFile(kernel, device);
  const args = request.check(given, target);
  return perform(kernel, dsmOffloadWriteControl, target, args, args.signal);
}

/** {@link dsmOffloadWriteSync} on a kernel. */
export function dsmOffloadWriteSyncWith(
  kernel: ControlKernel,
  device: FileSource,
  given: DsmOffloadWriteSyncRequest,
): DsmOffloadWriteResult {
  const target = resolveFile(kernel, device);
  return performSync(kernel, dsmOffloadWriteControl, target, syncRequest.check(given, target));
}
