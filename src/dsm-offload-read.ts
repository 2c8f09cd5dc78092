import {
  DEVICE_DSM_OFFLOAD_READ_PARAMETERS,
  DeviceDsmAction_OffloadRead,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_READ_OUTPUT,
  STORAGE_OFFLOAD_READ_RANGE_TRUNCATED,
  STORAGE_OFFLOAD_TOKEN,
} from '../structs/index.ts';
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
  totalLength,
} from './dsm.ts';
import { sectorSize, signal, u32 } from './fields.ts';
import { type FileSource, resolveFile } from './file-source.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import type { ControlKernel } from './kernel/kernel.ts';
import { requestSchema } from './request.ts';
import type { Signal } from './signal.ts';
import { copyToken, type OffloadToken } from './token.ts';

/** The request of {@link dsmOffloadReadSync}. */
export interface DsmOffloadReadSyncRequest {
  /** 1 to 65,536 ranges; the token represents their bytes in this order. */
  readonly ranges: readonly DataSetRange[];
  /** How long the array should keep the token, 0 to 2^32-1: milliseconds according to the headers, seconds in the class driver. Default 0: as long as the array decides. */
  readonly timeToLive?: number | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the device for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
}

/** The request of {@link dsmOffloadRead}. */
export interface DsmOffloadReadRequest extends DsmOffloadReadSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** A checked request with its defaults filled in. */
export interface DsmOffloadReadArguments extends DsmOffloadReadSyncRequest {
  readonly timeToLive: number;
}

const fields = { ranges: rangeList, timeToLive: u32('time units'), sectorSize };
const options = {
  rules: [rangesFit, rangesTogetherFit],
  defaults: { timeToLive: 0 },
  itemKeys: { ranges: rangeKeys },
};

const request = requestSchema('dsmOffloadRead', { ...fields, signal }, options);
const syncRequest = requestSchema('dsmOffloadReadSync', fields, options);

/** The result of a storage offload read. */
export interface DsmOffloadReadResult {
  /** Represents the first lengthProtected bytes of the ranges, in their order. */
  readonly token: OffloadToken;
  /** Bytes that the token covers. */
  readonly lengthProtected: bigint;
  /** Whether the token covers less than was requested (STORAGE_OFFLOAD_READ_RANGE_TRUNCATED). */
  readonly truncated: boolean;
  /** OffloadReadFlags as the device returned them. */
  readonly flags: number;
}

const PARAMETERS = DEVICE_DSM_OFFLOAD_READ_PARAMETERS;
const RESULT = STORAGE_OFFLOAD_READ_OUTPUT;
// The padding at the end may be missing.
const SHORTEST_RESULT = RESULT.offsetOf.Token + STORAGE_OFFLOAD_TOKEN.size;
const packing = packingOf(PARAMETERS);

/** `DeviceDsmAction_OffloadRead`: encodes a checked request and decodes the reply. */
export const dsmOffloadReadControl: Control<DsmOffloadReadArguments, DsmOffloadReadResult> = {
  name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
  code: IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  outputSize: outputRoomFor(RESULT),
  inputSize: ({ ranges }) => inputSizeOf(packing, ranges),
  offset: ({ ranges }) => ranges[0]?.startingOffset,
  trace: ({ ranges }, result) => ({
    length: totalLength(ranges),
    token: result?.token,
    transferred: result?.lengthProtected,
  }),

  encode(buffers, { ranges, timeToLive }) {
    encodeDsmInput(buffers, DeviceDsmAction_OffloadRead, packing, ranges);
    buffers.inputView.setUint32(packing.parametersOffset + PARAMETERS.offsetOf.TimeToLive, timeToLive, true);
  },

  decode(buffers, returned, { ranges }) {
    const { output, outputView } = buffers;
    const { offset, length } = findResult(buffers, returned, DeviceDsmAction_OffloadRead);
    if (length < SHORTEST_RESULT) {
      throw new ImpossibleReply(`the reply holds ${length} bytes instead of ${SHORTEST_RESULT} or more.`);
    }
    const tokenLength = outputView.getUint32(offset + RESULT.offsetOf.TokenLength, true);
    if (tokenLength !== STORAGE_OFFLOAD_MAX_TOKEN_LENGTH) {
      throw new ImpossibleReply(`the reply claims a token of ${tokenLength} bytes.`);
    }
    const total = totalLength(ranges);
    const lengthProtected = outputView.getBigUint64(offset + RESULT.offsetOf.LengthProtected, true);
    if (lengthProtected > total) {
      throw new ImpossibleReply(
        `the token covers ${lengthProtected} bytes, but only ${total} were requested.`,
      );
    }
    if (lengthProtected === 0n) {
      throw new ImpossibleReply(`the token covers none of the ${total} requested bytes.`);
    }
    const flags = outputView.getUint32(offset + RESULT.offsetOf.OffloadReadFlags, true);
    const truncated = (flags & STORAGE_OFFLOAD_READ_RANGE_TRUNCATED) !== 0;
    return { token: copyToken(output, offset + RESULT.offsetOf.Token), lengthProtected, truncated, flags };
  },
};

/**
 * Creates a token that represents ranges of a disk or volume
 * (`IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES` with `DeviceDsmAction_OffloadRead`).
 *
 * This is the storage form of {@link offloadRead}, below the file system. Expect ERROR_ACCESS_DENIED on Windows: the
 * sample of the inbox class driver refuses it in user mode, although two pages of the documentation allow it. For files use offloadRead.
 *
 * @param device a disk or volume open for writing, even to read: `await openFile('\\\\.\\PhysicalDrive1', 'r+')`.
 * @param request 1 to 65,536 ranges in bytes, multiples of the logical sector, none empty.
 * @returns the token and how many bytes of the ranges it covers; less than requested is normal: read the rest with another call.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel.
 * @throws {Win32Error} when Windows refuses: ERROR_ACCESS_DENIED, ERROR_DEVICE_FEATURE_NOT_SUPPORTED and others.
 * @throws {ProtocolError} when the reply is impossible.
 * @throws {AbortError} when the signal fired.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows/win32/api/winioctl/ni-winioctl-ioctl_storage_manage_data_set_attributes
 * @example
 * const { token, lengthProtected } = await dsmOffloadRead(disk, {
 *   ranges: [{ startingOffset: 1048576, lengthInBytes: 65536 }],
 * });
 */
export async function dsmOffloadRead(
  device: FileSource,
  request: DsmOffloadReadRequest,
): Promise<DsmOffloadReadResult> {
  return dsmOffloadReadWith(defaultKernel(), device, request);
}

/**
 * {@link dsmOffloadRead}, blocking until the array has replied. There is no signal.
 *
 * @example
 * const { token } = dsmOffloadReadSync(disk, { ranges: [{ startingOffset: 0, lengthInBytes: 4096 }] });
 */
export function dsmOffloadReadSync(
  device: FileSource,
  request: DsmOffloadReadSyncRequest,
): DsmOffloadReadResult {
  return dsmOffloadReadSyncWith(defaultKernel(), device, request);
}

/** {@link dsmOffloadRead} on a kernel. */
export async function dsmOffloadReadWith(
  kernel: ControlKernel,
  device: FileSource,
  given: DsmOffloadReadRequest,
): Promise<DsmOffloadReadResult> {
  const target = resolveFile(kernel, device);
  const args = request.check(given, target);
  return perform(kernel, dsmOffloadReadControl, target, args, args.signal);
}

/** {@link dsmOffloadReadSync} on a kernel. */
export function dsmOffloadReadSyncWith(
  kernel: ControlKernel,
  device: FileSource,
  given: DsmOffloadReadSyncRequest,
): DsmOffloadReadResult {
  const target = resolveFile(kernel, device);
  return performSync(kernel, dsmOffloadReadControl, target, syncRequest.check(given, target));
}
