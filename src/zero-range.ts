import { type ByteCount, roundDown } from './byte-count.ts';
import { ProtocolError } from './errors.ts';
import {
  aligned,
  alignedByteCount,
  alignedOrAtEndOfFile,
  byteCount,
  endsInReach,
  optional,
  sectorSize,
  signal,
} from './fields.ts';
import { type FileSource, resolveFile } from './file-source.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import type { ControlKernel } from './kernel/kernel.ts';
import { offloadWriteWith } from './offload-write.ts';
import { requestSchema } from './request.ts';
import { type Signal, throwIfAborted } from './signal.ts';
import { OffloadToken } from './token.ts';

/** The request of {@link zeroRange}. */
export interface ZeroRangeRequest {
  /** Where the zeros begin, in bytes from the start of the file; a multiple of the logical sector. */
  readonly fileOffset: ByteCount;
  /** Bytes to zero: a multiple of the logical sector, or a length that ends at the end of the file. 0 is legal. */
  readonly length: ByteCount;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the volume for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
  /** Size of the file in bytes; where it is known, a length that ends there need not be aligned. Default: known for an OffloadFile. */
  readonly endOfFile?: ByteCount | undefined;
  /** Cancels the write in flight (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

const request = requestSchema(
  'zeroRange',
  {
    fileOffset: alignedByteCount,
    length: alignedByteCount,
    sectorSize,
    endOfFile: optional(byteCount),
    signal,
  },
  { rules: [aligned('fileOffset'), alignedOrAtEndOfFile('length'), endsInReach('fileOffset', 'length')] },
);

/** The result of {@link zeroRange}. */
export interface ZeroRangeResult {
  /** Bytes that are zero now: the whole length of the request. */
  readonly lengthWritten: bigint;
}

/**
 * Fills a range of a file with zeros (`FSCTL_OFFLOAD_WRITE` with the well-known zero token), in as many writes as the
 * device needs. The array writes the zeros; no data passes through this host.
 *
 * Like every offload write, this cannot extend a file or begin beyond its valid data length.
 *
 * @param file an OffloadFile, FileHandle, file descriptor or HANDLE with write access.
 * @param request offset and length in bytes, multiples of the logical sector; where the end of the file is known, a
 *   length that ends there need not be aligned.
 * @returns the number of bytes that are zero now, always the whole length: the promise rejects if the device stops early.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel.
 * @throws {Win32Error} when Windows refuses: ERROR_NOT_SUPPORTED, ERROR_HANDLE_EOF, ERROR_BEYOND_VDL and others.
 *   `offset` is where the remaining part of the range begins.
 * @throws {ProtocolError} when the device reports no progress, or more than was requested.
 * @throws {AbortError} when the signal fired; it is then unknown how much is zero.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/ifs/fsctl-offload-write
 * @example
 * await using file = await openFile('big.vhdx', 'r+');
 * await zeroRange(file, { fileOffset: 0, length: 1048576 });
 */
export async function zeroRange(file: FileSource, request: ZeroRangeRequest): Promise<ZeroRangeResult> {
  return zeroRangeWith(defaultKernel(), file, request);
}

/** {@link zeroRange} on a kernel. */
export async function zeroRangeWith(
  kernel: ControlKernel,
  file: FileSource,
  given: ZeroRangeRequest,
): Promise<ZeroRangeResult> {
  const target = resolveFile(kernel, file);
  const args = request.check(given, target);
  const { sectorSize, endOfFile, signal } = args;
  const start = BigInt(args.fileOffset);
  const length = BigInt(args.length);
  throwIfAborted(signal);

  // An OffloadFile knows when it is closed; a borrowed file is resolved once.
  const destination = target.path === undefined ? target.handle : file;
  const token = OffloadToken.zeroData();
  let done = 0n;
  while (done < length) {
    const fileOffset = start + done;
    const copyLength = length - done;
    const { lengthWritten } = await offloadWriteWith(kernel, destination, {
      token,
      copyLength,
      fileOffset,
      sectorSize,
      endOfFile,
      signal,
    });
    const progress = lengthWritten === copyLength ? lengthWritten : roundDown(lengthWritten, sectorSize);
    if (progress === 0n) {
      throw new ProtocolError(`${lengthWritten} bytes were written, which is less than one sector.`, {
        syscall: 'FSCTL_OFFLOAD_WRITE',
        path: target.path,
        offset: fileOffset,
      });
    }
    done += progress;
  }
  return { lengthWritten: length };
}
