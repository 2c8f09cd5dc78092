import {
  DeviceDsmAction_OffloadRead,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_READ_RANGE_TRUNCATED,
} from '../../structs/index.ts';
import {
  DSM_READ_OUTPUT_LEAST,
  DSM_READ_OUTPUT_ROOM,
  decodeDsmReadOutput,
  decodeDsmReadToken,
  dsmReadInputSize,
  encodeDsmOffloadRead,
  placeOfResult,
} from '../codec/dsm.ts';
import { defaultKernel } from '../kernel/default.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  checkDsm,
  type DsmOffloadReadRequest,
  type DsmOffloadReadSyncRequest,
  type DsmReadOrder,
  dsmReadChecker,
  dsmReadSyncChecker,
  totalLength,
} from '../schema/dsm.ts';
import type { OffloadToken } from '../token.ts';
import { type ControlCall, ImpossibleReply, perform, performSync } from './control-call.ts';
import { type FileSource, handleOf, openedSource } from './file-source.ts';

/** What a storage offload read gave. */
export interface DsmOffloadReadResult {
  /** Stands for the first lengthProtected bytes of the ranges, one after the other. */
  readonly token: OffloadToken;
  /** Bytes that the token covers. */
  readonly lengthProtected: bigint;
  /** Fewer than asked are covered (STORAGE_OFFLOAD_READ_RANGE_TRUNCATED). */
  readonly truncated: boolean;
  /** OffloadReadFlags as they came. */
  readonly flags: number;
}

/**
 * Turns ranges of a disk or volume into a token
 * (`IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES` with `DeviceDsmAction_OffloadRead`).
 *
 * This is the storage form of {@link offloadRead}, beneath the file system. Expect ERROR_ACCESS_DENIED on Windows: the
 * sample of the inbox class driver refuses it to user mode, whatever two pages say. For files use offloadRead.
 *
 * @param device a disk or volume open for writing, even to read: `await openFile('\\\\.\\PhysicalDrive1', 'r+')`.
 * @param request 1 to 65,536 ranges in bytes, multiples of the logical sector, none empty.
 * @returns the token and how many bytes of the ranges it covers; fewer than asked is normal, read the rest again.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel then.
 * @throws {Win32Error} when Windows refuses: ERROR_ACCESS_DENIED, ERROR_DEVICE_FEATURE_NOT_SUPPORTED and others.
 * @throws {ProtocolError} when the answer cannot be.
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
 * {@link dsmOffloadRead}, blocking until the array has answered. It takes no signal.
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

export async function dsmOffloadReadWith(
  kernel: Kernel,
  device: FileSource,
  request: DsmOffloadReadRequest,
): Promise<DsmOffloadReadResult> {
  const opened = openedSource(kernel, device);
  const order = checkDsm(dsmReadChecker, request, opened?.sectorSize);
  return perform(kernel, CALL, handleOf(kernel, device), opened?.path, order, order.signal);
}

export function dsmOffloadReadSyncWith(
  kernel: Kernel,
  device: FileSource,
  request: DsmOffloadReadSyncRequest,
): DsmOffloadReadResult {
  const opened = openedSource(kernel, device);
  const order = checkDsm(dsmReadSyncChecker, request, opened?.sectorSize);
  return performSync(kernel, CALL, handleOf(kernel, device), opened?.path, order);
}

const CALL: ControlCall<DsmReadOrder, DsmOffloadReadResult> = {
  name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES',
  code: IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  outputSize: DSM_READ_OUTPUT_ROOM,
  inputSize: (order) => dsmReadInputSize(order.ranges.length),
  offset: (order) => order.ranges[0]?.startingOffset,
  encode(frame, order) {
    encodeDsmOffloadRead(frame.inputView, frame.input, order.ranges, order.timeToLive);
  },
  decode(frame, returned, order) {
    const { offset, length } = placeOfResult(frame.outputView, returned, DeviceDsmAction_OffloadRead);
    if (length < DSM_READ_OUTPUT_LEAST) {
      throw new ImpossibleReply(
        `the reply holds ${length} bytes instead of ${DSM_READ_OUTPUT_LEAST} or more.`,
      );
    }
    const { flags, lengthProtected, tokenLength } = decodeDsmReadOutput(frame.outputView, offset);
    const asked = totalLength(order.ranges);
    if (tokenLength !== STORAGE_OFFLOAD_MAX_TOKEN_LENGTH) {
      throw new ImpossibleReply(`the token is said to be ${tokenLength} bytes long.`);
    }
    if (lengthProtected > asked) {
      throw new ImpossibleReply(
        `the token covers ${lengthProtected} bytes, but only ${asked} were asked for.`,
      );
    }
    if (lengthProtected === 0n) {
      throw new ImpossibleReply(`the token covers nothing of the ${asked} bytes asked for.`);
    }
    const truncated = (flags & STORAGE_OFFLOAD_READ_RANGE_TRUNCATED) !== 0;
    return { token: decodeDsmReadToken(frame.output, offset), lengthProtected, truncated, flags };
  },
};
