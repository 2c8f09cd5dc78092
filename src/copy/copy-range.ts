import {
  type ByteCount,
  byteCountSentence,
  isMultiple,
  LARGEST,
  least,
  roundDown,
  roundUp,
} from '../byte-count.ts';
import { withCallContext } from '../call-context.ts';
import { describeValue } from '../describe.ts';
import { byteCount, callback, flag, oneOf, optional, positiveByteCount, signal } from '../fields.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import { filesOf, type Kernel } from '../kernel/kernel.ts';
import { isOffloadFile, type OffloadFile, openedFile } from '../offload-file.ts';
import { refuse, requestSchema } from '../request.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import { type CopyJob, copyBytes } from './copy-bytes.ts';
import { type CopyReport, emptyTally, type OnProgress, ProgressReporter, reportOf } from './progress.ts';
import { addDestination, type CopyEndpoint, checkUnchanged, isSameFile, refuseDecryption } from './source.ts';
import { reserveVolume } from './volume-lock.ts';

/** Options of {@link copyRange}. */
export interface CopyRangeOptions {
  /** Bytes to copy: a multiple of the larger sector, or a length that ends at the end of the source. 0 is legal. */
  readonly length: ByteCount;
  /** Where the range begins in the source, in bytes; a multiple of the larger sector. Default 0. */
  readonly sourceOffset?: ByteCount | undefined;
  /** Where the range begins in the destination, in bytes; a multiple of the larger sector. Default 0. */
  readonly destinationOffset?: ByteCount | undefined;
  /** `prefer`, the default, continues with ordinary reads and writes if offload fails; `require` rejects instead. */
  readonly mode?: 'prefer' | 'require' | undefined;
  /**
   * The most that one offload read or write requests, in bytes, at least 1; rounded down to the larger sector, but never
   * below one. Default: reads request all that remains, writes 256 MiB.
   */
  readonly chunkSize?: ByteCount | undefined;
  /** Reads both ranges after the copy and compares them byte by byte: from the disk where possible, which the report says. Default false. */
  readonly verify?: boolean | undefined;
  /**
   * Allows a copy of a file that is encrypted by EFS to one that is not. Otherwise it fails with ERROR_ENCRYPTION_FAILED.
   * Default false.
   */
  readonly allowDecrypted?: boolean | undefined;
  /** As for copyFile: called when the copy begins, at most twenty times a second, and when it is complete. */
  readonly onProgress?: OnProgress | undefined;
  /** Cancels the calls in flight (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

const copyRangeRequest = requestSchema(
  'copyRange',
  {
    length: byteCount,
    sourceOffset: byteCount,
    destinationOffset: byteCount,
    mode: oneOf('prefer', 'require'),
    chunkSize: optional(positiveByteCount),
    verify: flag,
    allowDecrypted: flag,
    onProgress: optional(callback<OnProgress>()),
    signal,
  },
  {
    defaults: { sourceOffset: 0, destinationOffset: 0, mode: 'prefer', verify: false, allowDecrypted: false },
  },
);
type Settings = ReturnType<typeof copyRangeRequest.check>;

/**
 * Copies a range of a file to a range of another or the same file by having the storage array copy it
 * (`FSCTL_OFFLOAD_READ` and `FSCTL_OFFLOAD_WRITE`), and by ordinary reads and writes if it will not.
 *
 * A destination that is too short is extended first. Nothing outside the range ever changes, and no file is ever
 * removed. After a failure or an abort the range may be copied in part, and the destination may have grown with zeros up
 * to its end; the same call again completes it. If the range begins beyond the data that was ever written to the
 * destination, the gap reads as zeros.
 *
 * If the range ends within a sector of a longer destination, `prefer` copies the bytes in this sector by ordinary means,
 * so that what follows them is preserved, and `require` rejects.
 *
 * Before the first write to a volume, `\\.\D:`, it is locked and dismounted as {@link copyFile} does, until the
 * destination is closed.
 *
 * Do not write to the ranges, or resize the files, until the promise is settled. Several copies to different ranges of a
 * file may run at the same time.
 *
 * @param source an OffloadFile with read access.
 * @param destination an OffloadFile with write access; with `verify`, or if it is a device, also with read access. It may
 *   be the source, or the same file opened again, if the ranges do not overlap.
 * @param options see {@link CopyRangeOptions}. Offsets are multiples of the larger of the two sectors.
 * @returns how many bytes were copied by which means, and why offload was given up if it was.
 * @throws {InvalidArgumentError} when an argument is not legal, the range ends beyond the source, or the ranges overlap;
 *   nothing was changed.
 * @throws {Win32Error} when the destination cannot be extended, or a file cannot be read or written. With `require`, also
 *   when Windows refuses an offload call.
 * @throws {ProtocolError} with `require`, when the reply of a device is impossible; with `verify`, when the ranges differ.
 * @throws {SourceChangedError} when the source was modified during the copy. Not detected within one file.
 * @throws {AbortError} when the signal fired.
 * @see https://learn.microsoft.com/windows-hardware/drivers/storage/offloaded-data-transfer
 * @example
 * await using child = await openFile('child.vhdx', 'r');
 * await using parent = await openFile('parent.vhdx', 'r+');
 * await copyRange(child, parent, { sourceOffset: 4194304, destinationOffset: 8388608, length: 2097152 });
 */
export async function copyRange(
  source: OffloadFile,
  destination: OffloadFile,
  options: CopyRangeOptions,
): Promise<CopyReport> {
  return copyRangeWith(defaultKernel(), source, destination, options);
}

/** {@link copyRange} on a kernel. */
export async function copyRangeWith(
  kernel: Kernel,
  source: OffloadFile,
  destination: OffloadFile,
  options: CopyRangeOptions,
): Promise<CopyReport> {
  const startedAt = performance.now();
  const settings = copyRangeRequest.check(options);
  checkFile('source', source);
  checkFile('destination', destination);
  throwIfAborted(settings.signal);
  try {
    const job = await prepareJob(kernel, source, destination, settings, startedAt);
    const fallback = await copyBytes(job);
    addDestination(fallback?.reason, destination.path);
    const report = reportOf(job.length, job.tally, startedAt, fallback);
    await job.progress.end();
    return report;
  } catch (error) {
    addDestination(error, destination.path);
    throw error;
  }
}

function checkFile(argument: string, file: unknown): void {
  if (isOffloadFile(file)) return;
  refuse(
    argument,
    `${argument} is ${describeValue(file)}; it must be an OffloadFile, as openFile returns it.`,
  );
}

/** Checks the range against both files, and extends the destination. */
async function prepareJob(
  kernel: Kernel,
  sourceFile: OffloadFile,
  destinationFile: OffloadFile,
  settings: Settings,
  startedAt: number,
): Promise<CopyJob> {
  const source = await endpointOf(kernel, sourceFile);
  const destination = await endpointOf(kernel, destinationFile);
  const unit = Math.max(source.info.sectorSize, destination.info.sectorSize);
  const isOneFile = isSameFile(source, destination);
  checkRange(settings, source, destination, unit, isOneFile);
  if (isOneFile) checkOverlap(settings);

  const { mode, chunkSize, verify, allowDecrypted, onProgress, signal } = settings;
  refuseDecryption(source, destination, allowDecrypted);
  const length = BigInt(settings.length);
  const destinationOffset = BigInt(settings.destinationOffset);
  const end = destinationOffset + length;
  throwIfAborted(signal);
  const sizeBefore = length === 0n ? destination.info.size : await extend(kernel, destination, end);
  const zeroedFrom = least(length, roundUp(sizeBefore, unit) - destinationOffset);
  const tally = emptyTally();
  const names = { source: sourceFile.path, destination: destinationFile.path };
  return {
    kernel,
    source,
    destination,
    sourceOffset: BigInt(settings.sourceOffset),
    destinationOffset,
    length,
    offloadLength: sizeBefore > end ? roundDown(length, unit) : length,
    unit,
    keepsTail: true,
    mode,
    chunkSize: chunkSize === undefined ? undefined : BigInt(chunkSize),
    verify,
    signal,
    tally,
    progress: new ProgressReporter(names, length, tally, onProgress, startedAt),
    async prepare() {
      throwIfAborted(signal);
      await reserveVolume(kernel, destination, length);
      return zeroedFrom;
    },
    checkSource: () => checkUnchanged(kernel, source, destination),
  };
}

/** An open file in its present state, which may not be that of its opening. */
async function endpointOf(kernel: Kernel, file: OffloadFile): Promise<CopyEndpoint> {
  const { files, handle, path } = openedFile(file, kernel);
  const info = await withCallContext({ syscall: 'GetFileInformationByHandle', path }, () =>
    files.info(handle, path),
  );
  return { path, absolutePath: path, handle, info, file };
}

function checkRange(
  { mode, sourceOffset, destinationOffset, length }: Settings,
  source: CopyEndpoint,
  destination: CopyEndpoint,
  unit: number,
  isOneFile: boolean,
): void {
  const { size } = source.info;
  if (!isMultiple(sourceOffset, unit)) refuseMisaligned('sourceOffset', sourceOffset, unit);
  if (!isMultiple(destinationOffset, unit)) refuseMisaligned('destinationOffset', destinationOffset, unit);
  const remaining = size - BigInt(sourceOffset);
  if (remaining < 0n) {
    const nearest = roundDown(size, unit);
    refuse(
      'sourceOffset',
      `sourceOffset is ${describeValue(sourceOffset)}, beyond the ${size} bytes of the source; the nearest legal value is ${nearest}n.`,
    );
  }
  if (BigInt(length) > remaining) {
    refuse(
      'length',
      `length is ${describeValue(length)}, which ends beyond the ${size} bytes of the source; the nearest legal value is ${remaining}n.`,
    );
  }
  const end = BigInt(destinationOffset) + BigInt(length);
  // A copy within one file that extended it and failed has moved the end of the source. It must be repeatable.
  const isRepetition = isOneFile && end === size;
  if (!isMultiple(length, unit) && !isRepetition) {
    checkTail(mode, length, remaining, destination.info.size > end, unit);
  }

  const limit = destination.info.isDevice ? destination.info.size : LARGEST;
  if (end > limit) {
    const where = destination.info.isDevice ? `the ${limit} bytes of the device` : '2^63-1';
    refuse(
      'destinationOffset',
      `destinationOffset is ${describeValue(destinationOffset)}, which with length ${describeValue(length)} ends beyond ${where}; use a smaller offset or length.`,
    );
  }
}

/** A length that is not a multiple of the sector is legal only at the end of the source. */
function checkTail(
  mode: Settings['mode'],
  length: ByteCount,
  remaining: bigint,
  endsInsideDestination: boolean,
  unit: number,
): void {
  if (BigInt(length) !== remaining) {
    const hasTail = !isMultiple(remaining, unit);
    refuseMisaligned('length', length, unit, hasTail ? remaining : undefined);
  }
  if (mode === 'require' && endsInsideDestination) {
    refuse(
      'length',
      `length is ${describeValue(length)}, which ends within a sector of the destination, whose rest an offload write would change; with mode 'require' it must be a multiple of ${unit}, the nearest legal value is ${roundDown(remaining, unit)}n.`,
    );
  }
}

function refuseMisaligned(path: string, value: ByteCount, unit: number, exception?: bigint): never {
  const unless = exception === undefined ? '' : `, or ${exception} to end exactly at the end of the source`;
  return refuse(
    path,
    byteCountSentence(path, value, unit, { unless, exception })((name) => name),
  );
}

function checkOverlap({ sourceOffset, destinationOffset, length }: Settings): void {
  const [from, to, count] = [BigInt(sourceOffset), BigInt(destinationOffset), BigInt(length)];
  const isOverlapping = from < to + count && to < from + count;
  if (!isOverlapping) return;
  refuse(
    'destinationOffset',
    `destinationOffset is ${describeValue(destinationOffset)}, and source and destination are the same file; the range of ${count} bytes from sourceOffset ${describeValue(sourceOffset)} must not overlap its destination.`,
  );
}

/**
 * The last extension of each file, as long as it is under way. Two copies that extend one file at the same time would
 * otherwise both read its size, and the second could cut off what the first has added.
 *
 * @internal Exported for its test.
 */
export const extensions: Map<string, Promise<unknown>> = new Map();

/** Extends a file that is too short. Returns its size before. */
async function extend(kernel: Kernel, destination: CopyEndpoint, end: bigint): Promise<bigint> {
  const { path, file, info } = destination;
  if (info.isDevice) return info.size;
  const key = info.identity ?? path;
  const previous = extensions.get(key);
  const extending = (async () => {
    await previous;
    const { size } = await withCallContext({ syscall: 'GetFileInformationByHandle', path }, () =>
      filesOf(kernel).info(file.handle, path),
    );
    if (size < end) await file.setSize(end);
    return size;
  })();
  const settled = extending.catch(() => {});
  extensions.set(key, settled);
  try {
    return await extending;
  } finally {
    if (extensions.get(key) === settled) extensions.delete(key);
  }
}
