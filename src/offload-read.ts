import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
  OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE,
} from '../structs/index.ts';
import type { ByteCount } from './byte-count.ts';
import { type Control, ImpossibleReply, perform, performSync } from './control.ts';
import {
  aligned,
  alignedByteCount,
  alignedOrAtEndOfFile,
  byteCount,
  endsInReach,
  optional,
  sectorSize,
  signal,
  u32,
  wireLength,
} from './fields.ts';
import { type FileSource, resolveFile } from './file-source.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import type { ControlKernel } from './kernel/kernel.ts';
import { requestSchema } from './request.ts';
import type { Signal } from './signal.ts';
import { copyToken, type OffloadToken } from './token.ts';
import { asBigint, getUint64, setUint64 } from './uint64.ts';

/** The request of {@link offloadReadSync}. */
export interface OffloadReadSyncRequest {
  /** Bytes to cover: a multiple of the logical sector, or a length that ends at the end of the file. 0 is legal. */
  readonly copyLength: ByteCount;
  /** Where the range begins, in bytes from the start of the file; a multiple of the logical sector. Default 0. */
  readonly fileOffset?: ByteCount | undefined;
  /** How long the array should keep the token, in milliseconds, 0 to 2^32-1. Default 0: as long as the array decides. */
  readonly tokenTimeToLive?: number | undefined;
  /** Logical sector in bytes, a power of two from 512 to 65,536. Default: that of the volume for an OffloadFile, else 512. */
  readonly sectorSize?: number | undefined;
  /** Size of the file in bytes; where it is known, a copyLength that ends there need not be aligned. Default: known for an OffloadFile. */
  readonly endOfFile?: ByteCount | undefined;
}

/** The request of {@link offloadRead}. */
export interface OffloadReadRequest extends OffloadReadSyncRequest {
  /** Cancels the call (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** A checked request with its defaults filled in. */
export interface OffloadReadArguments extends OffloadReadSyncRequest {
  readonly fileOffset: ByteCount;
  readonly tokenTimeToLive: number;
  readonly sectorSize: number;
}

const fields = {
  copyLength: alignedByteCount,
  fileOffset: alignedByteCount,
  tokenTimeToLive: u32('milliseconds'),
  sectorSize,
  endOfFile: optional(byteCount),
};
const defaults = { fileOffset: 0, tokenTimeToLive: 0 };
const rules = [
  aligned('fileOffset'),
  alignedOrAtEndOfFile('copyLength'),
  endsInReach('fileOffset', 'copyLength'),
];

const request = requestSchema('offloadRead', { ...fields, signal }, { rules, defaults });
const syncRequest = requestSchema('offloadReadSync', fields, { rules, defaults });

/** The result of an offload read. */
export interface OffloadReadResult {
  /** Represents the first transferLength bytes of the range, as they are now. */
  readonly token: OffloadToken;
  /** Bytes that the token covers, from fileOffset. Less than copyLength is normal: continue from there. */
  readonly transferLength: bigint;
  /** Whether everything after those bytes, up to the end of the file, is zeros (OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE). */
  readonly allZeroBeyondRange: boolean;
  /** Flags of FSCTL_OFFLOAD_READ_OUTPUT as the device returned them. */
  readonly flags: number;
}

const INPUT = FSCTL_OFFLOAD_READ_INPUT;
const OUTPUT = FSCTL_OFFLOAD_READ_OUTPUT;

/** `FSCTL_OFFLOAD_READ`: encodes a checked request and decodes the reply. */
export const offloadReadControl: Control<OffloadReadArguments, OffloadReadResult> = {
  name: 'FSCTL_OFFLOAD_READ',
  code: FSCTL_OFFLOAD_READ,
  outputSize: OUTPUT.size,
  inputSize: () => INPUT.size,
  offset: ({ fileOffset }) => fileOffset,
  trace: ({ copyLength: length }, result) => ({
    length,
    token: result?.token,
    transferred: result?.transferLength,
  }),

  encode({ inputView }, args) {
    inputView.setUint32(INPUT.offsetOf.Size, INPUT.size, true);
    inputView.setUint32(INPUT.offsetOf.Flags, 0, true);
    inputView.setUint32(INPUT.offsetOf.TokenTimeToLive, args.tokenTimeToLive, true);
    inputView.setUint32(INPUT.offsetOf.Reserved, 0, true);
    setUint64(inputView, INPUT.offsetOf.FileOffset, args.fileOffset);
    setUint64(inputView, INPUT.offsetOf.CopyLength, wireLength(args));
  },

  // Size is ignored: the specification never assigns it, and some servers leave it 0.
  decode({ output, outputView }, returned, args) {
    const { copyLength } = args;
    const flags = outputView.getUint32(OUTPUT.offsetOf.Flags, true);
    const allZeroBeyondRange = (flags & OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE) !== 0;
    const covered = getUint64(outputView, OUTPUT.offsetOf.TransferLength);
    checkReply(returned, covered, allZeroBeyondRange, args);
    const transferLength = asBigint(covered > copyLength ? copyLength : covered);
    return { token: copyToken(output, OUTPUT.offsetOf.Token), transferLength, allZeroBeyondRange, flags };
  },
};

function checkReply(
  returned: number,
  covered: ByteCount,
  allZeroBeyondRange: boolean,
  args: OffloadReadArguments,
): void {
  const { copyLength } = args;
  if (returned !== OUTPUT.size) {
    throw new ImpossibleReply(`the reply holds ${returned} bytes instead of ${OUTPUT.size}.`);
  }
  if (covered > copyLength && covered > wireLength(args)) {
    throw new ImpossibleReply(`the token covers ${covered} bytes, but only ${copyLength} were requested.`);
  }
  if (covered === 0 && copyLength > 0 && !allZeroBeyondRange) {
    throw new ImpossibleReply(`the token covers none of the ${copyLength} requested bytes.`);
  }
}

/**
 * Creates a token that represents a range of a file (`FSCTL_OFFLOAD_READ`). The data does not pass through this host.
 *
 * @param file an OffloadFile, FileHandle, file descriptor or HANDLE with read access. Keep it open until the last write
 *   with the token: some servers forget the token when the source is closed.
 * @param request offsets and lengths in bytes, multiples of the logical sector.
 * @returns the token and how much it covers. A transferLength below copyLength is normal: the array decides how much
 *   one token covers, so read the rest with another call at fileOffset + transferLength.
 * @throws {InvalidArgumentError} when the request is not legal; nothing has reached the kernel.
 * @throws {Win32Error} when Windows refuses: ERROR_NOT_SUPPORTED, ERROR_OFFLOAD_READ_FLT_NOT_SUPPORTED,
 *   ERROR_OFFLOAD_READ_FILE_NOT_SUPPORTED, ERROR_HANDLE_EOF and others; `action` says what a program should do.
 * @throws {ProtocolError} when the reply is impossible: more than was requested, or nothing at all.
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
 * {@link offloadRead}, blocking until the array has replied. There is no signal.
 *
 * @example
 * const { token, transferLength } = offloadReadSync(fd, { copyLength: 1048576 });
 */
export function offloadReadSync(file: FileSource, request: OffloadReadSyncRequest): OffloadReadResult {
  return offloadReadSyncWith(defaultKernel(), file, request);
}

/** {@link offloadRead} on a kernel. */
export async function offloadReadWith(
  kernel: ControlKernel,
  file: FileSource,
  given: OffloadReadRequest,
): Promise<OffloadReadResult> {
  const target = resolveFile(kernel, file);
  const args = request.check(given, target);
  return perform(kernel, offloadReadControl, target, args, args.signal);
}

/** {@link offloadReadSync} on a kernel. */
export function offloadReadSyncWith(
  kernel: ControlKernel,
  file: FileSource,
  given: OffloadReadSyncRequest,
): OffloadReadResult {
  const target = resolveFile(kernel, file);
  return performSync(kernel, offloadReadControl, target, syncRequest.check(given, target));
}
