import { throwIfAborted } from '../abort.ts';
import { ProtocolError } from '../errors.ts';
import { defaultKernel } from '../kernel/default.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { checkZeroRange, type ZeroRangeRequest } from '../schema/zero-range.ts';
import { OffloadToken } from '../token.ts';
import { wholeUnits } from './copy/units.ts';
import { type FileSource, handleOf, openedSource } from './file-source.ts';
import { offloadWriteWith } from './offload-write.ts';

export type { ZeroRangeRequest } from '../schema/zero-range.ts';

/** What {@link zeroRange} did. */
export interface ZeroRangeResult {
  /** Bytes that are zeros now: all that was asked for. */
  readonly lengthWritten: bigint;
}

/**
 * Has the array fill a range of a file with zeros (`FSCTL_OFFLOAD_WRITE` with the well-known zero token), in as many
 * writes as the device makes of it. No zero passes this host.
 *
 * Like every offload write this neither extends a file nor begins beyond its valid data.
 *
 * @param file an OffloadFile, FileHandle, file descriptor or HANDLE with write access.
 * @param request offset and length in bytes, multiples of the logical sector; a length may end at the end of the file
 *   instead where that is known.
 * @returns how much is zeros now, which is always the whole length: where the device stops early this rejects.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel then.
 * @throws {Win32Error} when Windows refuses: ERROR_NOT_SUPPORTED, ERROR_HANDLE_EOF, ERROR_BEYOND_VDL and others.
 *   `offset` says from where the range is not zeros yet.
 * @throws {ProtocolError} when the device does nothing, or more than it was told to.
 * @throws {AbortError} when the signal fired; how much is zeros is not known then.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write
 * @example
 * await using file = await openFile('big.vhdx', 'r+');
 * await zeroRange(file, { fileOffset: 0, length: 1048576 });
 */
export async function zeroRange(file: FileSource, request: ZeroRangeRequest): Promise<ZeroRangeResult> {
  return zeroRangeWith(defaultKernel(), file, request);
}

export async function zeroRangeWith(
  kernel: Kernel,
  file: FileSource,
  request: ZeroRangeRequest,
): Promise<ZeroRangeResult> {
  const opened = openedSource(kernel, file);
  const order = checkZeroRange(request, opened?.sectorSize, opened?.size);
  const { fileOffset: start, wireLength, length, sectorSize, signal } = order;
  // Where there is nothing to write no call would tell that the file is none.
  handleOf(kernel, file);
  throwIfAborted(signal);
  const token = OffloadToken.zeroData();
  let done = 0n;
  while (done < wireLength) {
    const fileOffset = start + done;
    const where = { fileOffset, copyLength: wireLength - done, sectorSize, signal };
    const { lengthWritten } = await offloadWriteWith(kernel, file, { ...where, token });
    const whole = wholeUnits(lengthWritten, sectorSize);
    if (whole === 0n) throw nothingWritten(lengthWritten, opened?.path, fileOffset);
    done += whole;
  }
  return { lengthWritten: length };
}

function nothingWritten(lengthWritten: bigint, path: string | undefined, offset: bigint): ProtocolError {
  const what = `${lengthWritten} bytes were written, which is less than one sector.`;
  return new ProtocolError(what, { syscall: 'FSCTL_OFFLOAD_WRITE', path, offset });
}
