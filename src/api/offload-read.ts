import { FSCTL_OFFLOAD_READ } from '../../structs/index.ts';
import { asBigint } from '../codec/integers.ts';
import {
  decodeReadFlags,
  decodeReadToken,
  decodeTransferLength,
  encodeOffloadRead,
  isAllZeroBeyond,
  READ_INPUT_SIZE,
  READ_OUTPUT_SIZE,
} from '../codec/offload-read.ts';
import { defaultKernel } from '../kernel/default.ts';
import type { Frame, Kernel } from '../kernel/kernel.ts';
import type { ByteCount } from '../schema/byte-count.ts';
import {
  checkOffloadRead,
  checkOffloadReadSync,
  type OffloadReadOrder,
  type OffloadReadRequest,
  type OffloadReadSyncRequest,
} from '../schema/offload-read.ts';
import type { OffloadToken } from '../token.ts';
import { type ControlCall, ImpossibleReply, perform, performSync } from './control-call.ts';
import { type FileSource, handleOf, openedSource } from './file-source.ts';

/** What an offload read gave. */
export interface OffloadReadResult {
  /** Stands for the first transferLength bytes of the range, as they are now. */
  readonly token: OffloadToken;
  /** Bytes that the token covers, from fileOffset. Less than copyLength is normal: read on from there. */
  readonly transferLength: bigint;
  /** Everything after those bytes, up to the end of the file, is zeros (OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE). */
  readonly allZeroBeyondRange: boolean;
  /** Flags of FSCTL_OFFLOAD_READ_OUTPUT as they came. */
  readonly flags: number;
}

/**
 * Turns a range of a file into a token that stands for its data (`FSCTL_OFFLOAD_READ`). No byte of it is read by this host.
 *
 * @param file an OffloadFile, FileHandle, file descriptor or HANDLE with read access. Keep it open until the last write
 *   with the token: some servers forget the token when the source is closed.
 * @param request offsets and lengths in bytes, multiples of the logical sector.
 * @returns the token and how much it covers. A transferLength below copyLength is normal: the array decides how much
 *   one token covers, so read the rest with another call at fileOffset + transferLength.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel then.
 * @throws {Win32Error} when Windows refuses: ERROR_NOT_SUPPORTED, ERROR_OFFLOAD_READ_FLT_NOT_SUPPORTED,
 *   ERROR_OFFLOAD_READ_FILE_NOT_SUPPORTED, ERROR_HANDLE_EOF and others; `action` says what a program should do.
 * @throws {ProtocolError} when the answer cannot be: more than was asked, or nothing at all.
 * @throws {AbortError} when the signal fired.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-read
 * @example
 * await using source = await openFile('big.vhdx', 'r');
 * const { token, transferLength } = await offloadRead(source, { copyLength: source.size });
 */
export async function offloadRead(file: FileSource, request: OffloadReadRequest): Promise<OffloadReadResult> {
  return offloadReadWith(defaultKernel(), file, request);
}

/**
 * {@link offloadRead}, blocking until the array has answered. It takes no signal.
 *
 * @example
 * const { token, transferLength } = offloadReadSync(fd, { copyLength: 1048576 });
 */
export function offloadReadSync(file: FileSource, request: OffloadReadSyncRequest): OffloadReadResult {
  return offloadReadSyncWith(defaultKernel(), file, request);
}

export async function offloadReadWith(
  kernel: Kernel,
  file: FileSource,
  request: OffloadReadRequest,
): Promise<OffloadReadResult> {
  const opened = openedSource(kernel, file);
  const order = checkOffloadRead(request, opened?.sectorSize, opened?.size);
  return perform(kernel, CALL, handleOf(kernel, file), opened?.path, order, order.signal);
}

export function offloadReadSyncWith(
  kernel: Kernel,
  file: FileSource,
  request: OffloadReadSyncRequest,
): OffloadReadResult {
  const opened = openedSource(kernel, file);
  const order = checkOffloadReadSync(request, opened?.sectorSize, opened?.size);
  return performSync(kernel, CALL, handleOf(kernel, file), opened?.path, order);
}

class OffloadReadCall implements ControlCall<OffloadReadOrder, OffloadReadResult> {
  readonly name = 'FSCTL_OFFLOAD_READ';
  readonly code = FSCTL_OFFLOAD_READ;
  readonly outputSize = READ_OUTPUT_SIZE;
  inputSize(): number {
    return READ_INPUT_SIZE;
  }

  offset(order: OffloadReadOrder): ByteCount {
    return order.fileOffset;
  }

  encode(frame: Frame, order: OffloadReadOrder): void {
    encodeOffloadRead(frame.inputView, order.fileOffset, order.copyLength, order.tokenTimeToLive);
  }

  decode(frame: Frame, returned: number, order: OffloadReadOrder): OffloadReadResult {
    // Size is not looked at: the specification never assigns it, and some servers leave it 0.
    const flags = decodeReadFlags(frame.outputView);
    const allZeroBeyondRange = isAllZeroBeyond(flags);
    const covered = decodeTransferLength(frame.outputView);
    if (
      returned !== READ_OUTPUT_SIZE ||
      covered > order.copyLength ||
      (covered === 0 && !allZeroBeyondRange && order.copyLength > 0)
    ) {
      throw impossible(returned, covered, order.copyLength);
    }
    const { asked } = order;
    return {
      token: decodeReadToken(frame.output),
      transferLength: asBigint(asked !== undefined && covered > asked ? asked : covered),
      allZeroBeyondRange,
      flags,
    };
  }
}

const CALL = new OffloadReadCall();

function impossible(returned: number, covered: ByteCount, copyLength: ByteCount): ImpossibleReply {
  if (returned !== READ_OUTPUT_SIZE) {
    return new ImpossibleReply(`the reply holds ${returned} bytes instead of ${READ_OUTPUT_SIZE}.`);
  }
  return new ImpossibleReply(
    covered > copyLength
      ? `the token covers ${covered} bytes, but only ${copyLength} were asked for.`
      : `the token covers nothing of the ${copyLength} bytes asked for.`,
  );
}
