import { FSCTL_OFFLOAD_READ_OUTPUT, FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { asBigint } from '../codec/integers.ts';
import {
  decodeLengthWritten,
  decodeWriteFlags,
  encodeOffloadWrite,
  WRITE_INPUT_SIZE,
  WRITE_OUTPUT_SIZE,
} from '../codec/offload-write.ts';
import { defaultKernel } from '../kernel/default.ts';
import type { Frame, Kernel } from '../kernel/kernel.ts';
import type { ByteCount } from '../schema/byte-count.ts';
import {
  checkOffloadWrite,
  checkOffloadWriteSync,
  type OffloadWriteOrder,
  type OffloadWriteRequest,
  type OffloadWriteSyncRequest,
} from '../schema/offload-write.ts';
import { type ControlCall, ImpossibleReply, perform, performSync } from './control-call.ts';
import { type FileSource, handleOf, openedSource } from './file-source.ts';

/** What an offload write did. */
export interface OffloadWriteResult {
  /** Bytes written from fileOffset. Less than copyLength is normal: go on from there with the same token. */
  readonly lengthWritten: bigint;
  /** Flags of FSCTL_OFFLOAD_WRITE_OUTPUT as they came; none is defined. */
  readonly flags: number;
}

/**
 * Has the array write what a token stands for into a file (`FSCTL_OFFLOAD_WRITE`). No byte of it passes this host.
 *
 * Offload writes never extend a file: set its size first. They fail beyond the valid data length (ERROR_BEYOND_VDL), so
 * write ascending and without gaps.
 *
 * @param file an OffloadFile, FileHandle, file descriptor or HANDLE with write access.
 * @param request offsets and lengths in bytes, multiples of the logical sector; transferOffset walks within the token.
 *   The token's bytes are taken as the call begins.
 * @returns how much was written. A lengthWritten below copyLength is normal: call again with fileOffset and
 *   transferOffset moved on by it.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel then.
 * @throws {Win32Error} when Windows refuses: ERROR_INVALID_TOKEN (read a fresh token), ERROR_HANDLE_EOF (set the size
 *   first), ERROR_BEYOND_VDL, ERROR_NOT_SUPPORTED and others; `action` says what a program should do.
 * @throws {ProtocolError} when the answer cannot be: more than was asked, or nothing at all.
 * @throws {AbortError} when the signal fired; how much was written is not known then.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write
 * @example
 * await using destination = await openFile('copy.vhdx', 'w', { size: source.size });
 * const { lengthWritten } = await offloadWrite(destination, { token, copyLength: transferLength });
 */
export async function offloadWrite(
  file: FileSource,
  request: OffloadWriteRequest,
): Promise<OffloadWriteResult> {
  return offloadWriteWith(defaultKernel(), file, request);
}

/**
 * {@link offloadWrite}, blocking until the array has answered. It takes no signal.
 *
 * @example
 * const { lengthWritten } = offloadWriteSync(fd, { token, copyLength: 1048576 });
 */
export function offloadWriteSync(file: FileSource, request: OffloadWriteSyncRequest): OffloadWriteResult {
  return offloadWriteSyncWith(defaultKernel(), file, request);
}

export async function offloadWriteWith(
  kernel: Kernel,
  file: FileSource,
  request: OffloadWriteRequest,
): Promise<OffloadWriteResult> {
  const opened = openedSource(kernel, file);
  const order = checkOffloadWrite(request, opened?.sectorSize, opened?.size);
  return perform(kernel, CALL, handleOf(kernel, file), opened?.path, order, order.signal);
}

export function offloadWriteSyncWith(
  kernel: Kernel,
  file: FileSource,
  request: OffloadWriteSyncRequest,
): OffloadWriteResult {
  const opened = openedSource(kernel, file);
  const order = checkOffloadWriteSync(request, opened?.sectorSize, opened?.size);
  return performSync(kernel, CALL, handleOf(kernel, file), opened?.path, order);
}

// The Windows NFSv4.1 client answers a write with the size of a read's reply, so there must be room for that.
const LONG_REPLY = FSCTL_OFFLOAD_READ_OUTPUT.size;

class OffloadWriteCall implements ControlCall<OffloadWriteOrder, OffloadWriteResult> {
  readonly name = 'FSCTL_OFFLOAD_WRITE';
  readonly code = FSCTL_OFFLOAD_WRITE;
  readonly outputSize = LONG_REPLY;
  inputSize(): number {
    return WRITE_INPUT_SIZE;
  }

  offset(order: OffloadWriteOrder): ByteCount {
    return order.fileOffset;
  }

  encode(frame: Frame, order: OffloadWriteOrder): void {
    const { fileOffset, copyLength, transferOffset, token } = order;
    encodeOffloadWrite(frame.inputView, frame.input, fileOffset, copyLength, transferOffset, token);
  }

  decode(frame: Frame, returned: number, order: OffloadWriteOrder): OffloadWriteResult {
    const written = decodeLengthWritten(frame.outputView);
    if (
      (returned !== WRITE_OUTPUT_SIZE && returned !== LONG_REPLY) ||
      written > order.copyLength ||
      (written === 0 && order.copyLength > 0)
    ) {
      // The one answer without a structure that means something: nothing was asked for.
      if (returned === 0 && BigInt(order.copyLength) === 0n) return { lengthWritten: 0n, flags: 0 };
      throw impossible(returned, written, order.copyLength);
    }
    const { asked } = order;
    return {
      lengthWritten: asBigint(asked !== undefined && written > asked ? asked : written),
      flags: decodeWriteFlags(frame.outputView),
    };
  }
}

const CALL = new OffloadWriteCall();

function impossible(returned: number, written: ByteCount, copyLength: ByteCount): ImpossibleReply {
  if (returned !== WRITE_OUTPUT_SIZE && returned !== LONG_REPLY) {
    return new ImpossibleReply(`the reply holds ${returned} bytes instead of ${WRITE_OUTPUT_SIZE}.`);
  }
  return new ImpossibleReply(
    written > copyLength
      ? `${written} bytes were written, but only ${copyLength} were asked for.`
      : `nothing was written of the ${copyLength} bytes asked for.`,
  );
}
