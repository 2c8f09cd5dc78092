import {
  FSCTL_OFFLOAD_READ_OUTPUT,
  FSCTL_OFFLOAD_WRITE,
  FSCTL_OFFLOAD_WRITE_INPUT,
  FSCTL_OFFLOAD_WRITE_OUTPUT,
} from '../structs/index.ts';
import type { ByteCount } from './byte-count.ts';
import { type Control, ImpossibleReply, perform, performSync } from './control.ts';
import {
  aligned,
  alignedByteCount,
  alignedOrAtEndOfFile,
  byteCount,
  endsInReach,
  offloadToken,
  optional,
  sectorSize,
  signal,
  wireLength,
} from './fields.ts';
import { type FileSource, resolveFile } from './file-source.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import type { ControlKernel } from './kernel/kernel.ts';
import { requestSchema } from './request.ts';
import type { Signal } from './signal.ts';
import { type OffloadToken, putToken } from './token.ts';
import { asBigint, getUint64, setUint64 } from './uint64.ts';

/** The request of {@link offloadWriteSync}. */
export interface OffloadWriteSyncRequest {
  /** A token from an offload read, or its 512 bytes. */
  readonly token: OffloadToken | Uint8Array;
  /** Bytes to write: a multiple of the logical sector, or a length that ends at the end of the file. 0 is legal. */
  readonly copyLength: ByteCount;
  /** Where to write, in bytes from the start of the file; a multiple of the logical sector. Default 0. */
  readonly fileOffset?: ByteCount | undefined;
  /** Where to begin in the data behind the token, in bytes; a multiple of the logical sector. Default 0. */
  readonly transferOffset?: ByteCount | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the volume for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
  /** Size of the file in bytes; where it is known, a copyLength that ends there need not be aligned. Default: known for an OffloadFile. */
  readonly endOfFile?: ByteCount | undefined;
}

/** The request of {@link offloadWrite}. */
export interface OffloadWriteRequest extends OffloadWriteSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** A checked request with its defaults filled in. */
export interface OffloadWriteArguments extends OffloadWriteSyncRequest {
  readonly token: OffloadToken;
  readonly fileOffset: ByteCount;
  readonly transferOffset: ByteCount;
  readonly sectorSize: number;
}

const fields = {
  token: offloadToken,
  copyLength: alignedByteCount,
  fileOffset: alignedByteCount,
  transferOffset: alignedByteCount,
  sectorSize,
  endOfFile: optional(byteCount),
};
const defaults = { fileOffset: 0, transferOffset: 0 };
const rules = [
  aligned('fileOffset'),
  aligned('transferOffset'),
  alignedOrAtEndOfFile('copyLength'),
  endsInReach('fileOffset', 'copyLength'),
  endsInReach('transferOffset', 'copyLength'),
];

const request = requestSchema('offloadWrite', { ...fields, signal }, { rules, defaults });
const syncRequest = requestSchema('offloadWriteSync', fields, { rules, defaults });

/** The result of an offload write. */
export interface OffloadWriteResult {
  /** Bytes written from fileOffset on. Less than copyLength is normal: continue from there with the same token. */
  readonly lengthWritten: bigint;
  /** Flags of FSCTL_OFFLOAD_WRITE_OUTPUT as the device returned them; none is defined. */
  readonly flags: number;
}

const INPUT = FSCTL_OFFLOAD_WRITE_INPUT;
const OUTPUT = FSCTL_OFFLOAD_WRITE_OUTPUT;
// The Windows NFSv4.1 client replies with the size of an offload read's reply.
const LONG_REPLY = FSCTL_OFFLOAD_READ_OUTPUT.size;

/** `FSCTL_OFFLOAD_WRITE`: encodes a checked request and decodes the reply. */
export const offloadWriteControl: Control<OffloadWriteArguments, OffloadWriteResult> = {
  name: 'FSCTL_OFFLOAD_WRITE',
  code: FSCTL_OFFLOAD_WRITE,
  outputSize: LONG_REPLY,
  inputSize: () => INPUT.size,
  offset: ({ fileOffset }) => fileOffset,
  trace: ({ copyLength: length, token }, result) => ({ length, token, transferred: result?.lengthWritten }),

  encode({ input, inputView }, args) {
    inputView.setUint32(INPUT.offsetOf.Size, INPUT.size, true);
    inputView.setUint32(INPUT.offsetOf.Flags, 0, true);
    setUint64(inputView, INPUT.offsetOf.FileOffset, args.fileOffset);
    setUint64(inputView, INPUT.offsetOf.CopyLength, wireLength(args));
    setUint64(inputView, INPUT.offsetOf.TransferOffset, args.transferOffset);
    putToken(args.token, input, INPUT.offsetOf.Token);
  },

  decode({ outputView }, returned, args) {
    const { copyLength } = args;
    // A reply without a structure is legal only where nothing was requested.
    if (returned === 0 && BigInt(copyLength) === 0n) return { lengthWritten: 0n, flags: 0 };
    const written = getUint64(outputView, OUTPUT.offsetOf.LengthWritten);
    checkReply(returned, written, args);
    const lengthWritten = asBigint(written > copyLength ? copyLength : written);
    return { lengthWritten, flags: outputView.getUint32(OUTPUT.offsetOf.Flags, true) };
  },
};

function checkReply(returned: number, written: ByteCount, args: OffloadWriteArguments): void {
  const { copyLength } = args;
  if (returned !== OUTPUT.size && returned !== LONG_REPLY) {
    throw new ImpossibleReply(`the reply holds ${returned} bytes instead of ${OUTPUT.size}.`);
  }
  if (written > copyLength && written > wireLength(args)) {
    throw new ImpossibleReply(`${written} bytes were written, but only ${copyLength} were requested.`);
  }
  if (written === 0 && copyLength > 0) {
    throw new ImpossibleReply(`none of the ${copyLength} requested bytes were written.`);
  }
}

/**
 * Writes the data behind a token to a file (`FSCTL_OFFLOAD_WRITE`). The array copies it; the data does not pass through this
 * host.
 *
 * Offload writes never extend a file: set its size first. They fail beyond the valid data length (ERROR_BEYOND_VDL), so
 * write in ascending order without gaps.
 *
 * @param file an OffloadFile, FileHandle, file descriptor or HANDLE with write access.
 * @param request offsets and lengths in bytes, multiples of the logical sector; transferOffset is the position in the token.
 *   The token is copied when the call begins.
 * @returns how much was written. A lengthWritten below copyLength is normal: call again with fileOffset and
 *   transferOffset increased by it.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel.
 * @throws {Win32Error} when Windows refuses: ERROR_INVALID_TOKEN (read a fresh token), ERROR_HANDLE_EOF (set the size
 *   first), ERROR_BEYOND_VDL, ERROR_NOT_SUPPORTED and others; `action` says what a program should do.
 * @throws {ProtocolError} when the reply is impossible: more than was requested, or nothing at all.
 * @throws {AbortError} when the signal fired; it is then unknown how much was written.
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
 * {@link offloadWrite}, blocking until the array has replied. There is no signal.
 *
 * @example
 * const { lengthWritten } = offloadWriteSync(fd, { token, copyLength: 1048576 });
 */
export function offloadWriteSync(file: FileSource, request: OffloadWriteSyncRequest): OffloadWriteResult {
  return offloadWriteSyncWith(defaultKernel(), file, request);
}

/** {@link offloadWrite} on a kernel. */
export async function offloadWriteWith(
  kernel: ControlKernel,
  file: FileSource,
  given: OffloadWriteRequest,
): Promise<OffloadWriteResult> {
  const target = resolveFile(kernel, file);
  const args = request.check(given, target);
  return perform(kernel, offloadWriteControl, target, args, args.signal);
}

/** {@link offloadWriteSync} on a kernel. */
export function offloadWriteSyncWith(
  kernel: ControlKernel,
  file: FileSource,
  given: OffloadWriteSyncRequest,
): OffloadWriteResult {
  const target = resolveFile(kernel, file);
  return performSync(kernel, offloadWriteControl, target, syncRequest.check(given, target));
}
