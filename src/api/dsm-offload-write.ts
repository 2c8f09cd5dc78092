import {
  DeviceDsmAction_OffloadWrite,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  STORAGE_OFFLOAD_TOKEN_INVALID,
  STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED,
} from '../../structs/index.ts';
import {
  DSM_WRITE_OUTPUT_LEAST,
  DSM_WRITE_OUTPUT_ROOM,
  decodeDsmWriteOutput,
  dsmWriteInputSize,
  encodeDsmOffloadWrite,
  placeOfResult,
} from '../codec/dsm.ts';
import { defaultKernel } from '../kernel/default.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  checkDsm,
  type DsmOffloadWriteRequest,
  type DsmOffloadWriteSyncRequest,
  type DsmWriteOrder,
  dsmWriteChecker,
  dsmWriteSyncChecker,
  totalLength,
} from '../schema/dsm.ts';
import { type ControlCall, ImpossibleReply, perform, performSync } from './control-call.ts';
import { type FileSource, handleOf, openedSource } from './file-source.ts';

/** What a storage offload write did. */
export interface DsmOffloadWriteResult {
  /** Bytes written, counted through the ranges in order. */
  readonly lengthCopied: bigint;
  /** Fewer than asked were written (STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED). */
  readonly truncated: boolean;
  /** It ended early because the token is void (STORAGE_OFFLOAD_TOKEN_INVALID): read a fresh one for the rest. */
  readonly tokenInvalid: boolean;
  /** OffloadWriteFlags as they came. */
  readonly flags: number;
}

/**
 * Has the array write what a token stands for into ranges of a disk or volume
 * (`IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES` with `DeviceDsmAction_OffloadWrite`). This overwrites the device.
 *
 * This is the storage form of {@link offloadWrite}, beneath the file system. Expect ERROR_ACCESS_DENIED on Windows: the
 * sample of the inbox class driver refuses it to user mode, whatever two pages say. For files use offloadWrite.
 *
 * @param device a disk or volume open for writing.
 * @param request 1 to 65,536 ranges in bytes, multiples of the logical sector, none empty; tokenOffset in bytes too.
 * @returns how many bytes were written; fewer than asked is normal, and `tokenInvalid` says whether the token was why.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel then.
 * @throws {Win32Error} when Windows refuses: ERROR_ACCESS_DENIED, ERROR_INVALID_TOKEN and others.
 * @throws {ProtocolError} when the answer cannot be.
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
 * {@link dsmOffloadWrite}, blocking until the array has answered. It takes no signal.
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

export async function dsmOffloadWriteWith(
  kernel: Kernel,
  device: FileSource,
  request: DsmOffloadWriteRequest,
): Promise<DsmOffloadWriteResult> {
  const opened = openedSource(kernel, device);
  const order = checkDsm(dsmWriteChecker, request, opened?.sectorSize);
  return perform(kernel, CALL, handleOf(kernel, device), opened?.path, order, order.signal);
}

export function dsmOffloadWriteSyncWith(
  kernel: Kernel,
  device: FileSource,
  request: DsmOffloadWriteSyncRequest,
): DsmOffloadWriteResult {
  const opened = openedSource(kernel, device);
  const order = checkDsm(dsmWriteSyncChecker, request, opened?.sectorSize);
  return performSync(kernel, CALL, handleOf(kernel, device), opened?.path, order);
}

const CALL: ControlCall<DsmWriteOrder, DsmOffloadWriteResult> = {
  name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
  code: IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  outputSize: DSM_WRITE_OUTPUT_ROOM,
  inputSize: (order) => dsmWriteInputSize(order.ranges.length),
  offset: (order) => order.ranges[0]?.startingOffset,
  encode(frame, order) {
    encodeDsmOffloadWrite(frame.inputView, frame.input, order.ranges, order.tokenOffset, order.token);
  },
  decode(frame, returned, order) {
    const { offset, length } = placeOfResult(frame.outputView, returned, DeviceDsmAction_OffloadWrite);
    if (length < DSM_WRITE_OUTPUT_LEAST) {
      throw new ImpossibleReply(`the reply holds ${length} bytes instead of ${DSM_WRITE_OUTPUT_LEAST}.`);
    }
    const { flags, lengthCopied } = decodeDsmWriteOutput(frame.outputView, offset);
    const asked = totalLength(order.ranges);
    const tokenInvalid = (flags & STORAGE_OFFLOAD_TOKEN_INVALID) !== 0;
    if (lengthCopied > asked) {
      throw new ImpossibleReply(`${lengthCopied} bytes were written, but only ${asked} were asked for.`);
    }
    if (lengthCopied === 0n && !tokenInvalid) {
      throw new ImpossibleReply(`nothing was written of the ${asked} bytes asked for.`);
    }
    const truncated = (flags & STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED) !== 0;
    return { lengthCopied, truncated, tokenInvalid, flags };
  },
};
