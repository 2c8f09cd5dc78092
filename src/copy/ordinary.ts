import { ERROR_ACCESS_DENIED } from '../../structs/index.ts';
import { least, roundUp } from '../byte-count.ts';
import { AbortError, ProtocolError, SourceChangedError, Win32Error } from '../errors.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import type { CopyJob } from './copy-bytes.ts';
import type { CopyEndpoint } from './source.ts';

const PROTECTED_DEVICE = {
  meaning:
    'Windows protects the sectors of every mounted volume, also when they are written through the disk.',
  advice:
    'To write to a disk, take it offline first ("Set-Disk -Number N -IsOffline $true" as an administrator) or remove its volumes; to write to one volume, name the volume, and close every file on it.',
};

/** Bytes per ordinary read: a multiple of every sector. */
export const BLOCK_SIZE = 1_048_576;

interface Block {
  readonly bytes: Uint8Array;
  /** The number of bytes read, or the error. Never rejects, because nobody may be waiting for it when it fails. */
  readonly filled: Promise<number | { readonly error: unknown }>;
}

/** Copies from a position to the end of the range by ordinary reads and writes: while one block is written, the next is read. */
export async function copyBuffered(job: CopyJob, from: bigint): Promise<void> {
  const { kernel, destination, destinationOffset, length, signal, tally, progress, unit } = job;
  let position = from;
  let block =
    position < length ? readBlock(job, allocateBlock(kernel, length - position, unit), position) : undefined;
  let spare: Uint8Array | undefined;
  try {
    while (block !== undefined) {
      const { bytes, filled }: Block = block;
      const count = await filled;
      if (typeof count !== 'number') throw count.error;
      if (count === 0) throw endedEarly(job, position);
      const next = position + BigInt(count);
      block =
        next < length ? readBlock(job, spare ?? allocateBlock(kernel, length - next, unit), next) : undefined;
      const padded = await padToSector(job, bytes, count, position);
      await writeFully(kernel, destination, bytes, padded, destinationOffset + position, signal);
      spare = bytes;
      position = next;
      tally.bufferedBytes += BigInt(count);
      progress.tick();
    }
  } finally {
    await block?.filled;
  }
}

// The range was within the source when the copy began. A file was cut since then; a device never has another size.
function endedEarly({ source, sourceOffset }: CopyJob, position: bigint): Error {
  if (!source.info.isDevice) return new SourceChangedError(source.path);
  return deviceEnds(source, sourceOffset + position);
}

function deviceEnds({ path, info }: CopyEndpoint, offset: bigint): ProtocolError {
  const problem = `the device ends here, but it reported a size of ${info.size} bytes.`;
  return new ProtocolError(problem, { syscall: 'ReadFile', path, offset });
}

function readBlock(job: CopyJob, bytes: Uint8Array, position: bigint): Block {
  const { kernel, source, sourceOffset, length, signal } = job;
  const wanted = Number(least(length - position, BigInt(BLOCK_SIZE), BigInt(bytes.length)));
  const filled = readFully(kernel, source, bytes, wanted, sourceOffset + position, signal).catch(
    (error: unknown) => ({ error }),
  );
  return { bytes, filled };
}

/**
 * A device takes whole sectors. Fills up the last one: with what the device holds there if that must be preserved, else
 * with zeros.
 *
 * @returns the number of bytes to write.
 */
async function padToSector(
  job: CopyJob,
  bytes: Uint8Array,
  count: number,
  position: bigint,
): Promise<number> {
  const { kernel, destination, destinationOffset, keepsTail, signal } = job;
  const { sectorSize } = destination.info;
  const end = roundedToSector(destination, count);
  if (end > count && keepsTail) {
    const sector = allocateBlock(kernel, BigInt(sectorSize), sectorSize);
    const offset = destinationOffset + position + BigInt(end - sectorSize);
    const held = await readFully(kernel, destination, sector, sectorSize, offset, signal);
    if (held < sectorSize) throw deviceEnds(destination, offset + BigInt(held));
    bytes.set(sector.subarray(sectorSize - (end - count)), count);
  } else {
    bytes.fill(0, count, end);
  }
  return end;
}

/** A buffer for up to `remaining` bytes of a copy, rounded up to a sector. */
export function allocateBlock(kernel: Kernel, remaining: bigint, unit: number): Uint8Array {
  const size = Number(least(BigInt(BLOCK_SIZE), roundUp(remaining, unit)));
  return filesOf(kernel).allocate?.(size) ?? new Uint8Array(size);
}

/** Reads `wanted` bytes at an offset of a file; fewer only if the file ends before that. */
export async function readFully(
  kernel: Kernel,
  endpoint: CopyEndpoint,
  into: Uint8Array,
  wanted: number,
  offset: bigint,
  signal: Signal | undefined,
): Promise<number> {
  const end = roundedToSector(endpoint, wanted);
  let done = 0;
  while (done < wanted) {
    const at = offset + BigInt(done);
    const part = into.subarray(done, end);
    const count = await transfer(filesOf(kernel).read, 'ReadFile', endpoint, part, at, signal);
    done += count;
    // Part of a sector is read only where the file ends, and no read could continue from there.
    if (count === 0 || done !== roundedToSector(endpoint, done)) break;
  }
  return Math.min(done, wanted);
}

/** Writes the first `length` bytes at an offset of a file. */
export async function writeFully(
  kernel: Kernel,
  endpoint: CopyEndpoint,
  from: Uint8Array,
  length: number,
  offset: bigint,
  signal: Signal | undefined,
): Promise<void> {
  let done = 0;
  while (done < length) {
    const at = offset + BigInt(done);
    const part = from.subarray(done, length);
    const count = await transfer(filesOf(kernel).write, 'WriteFile', endpoint, part, at, signal);
    if (count === 0) {
      const problem = `nothing was written of the ${part.length} bytes requested.`;
      throw new ProtocolError(problem, { syscall: 'WriteFile', path: endpoint.path, offset: at });
    }
    done += count;
  }
}

/** A device, and a handle that reads past the cache, take whole sectors. */
function roundedToSector({ info, isUnbuffered }: CopyEndpoint, length: number): number {
  return info.isDevice || isUnbuffered ? Number(roundUp(length, info.sectorSize)) : length;
}

async function transfer(
  call: FileKernel['read'],
  syscall: string,
  { file, path, info }: CopyEndpoint,
  bytes: Uint8Array,
  offset: bigint,
  signal: Signal | undefined,
): Promise<number> {
  throwIfAborted(signal);
  try {
    // The handle of a file that was closed may belong to another file; this getter throws instead.
    return await call(file.handle, bytes, offset, signal);
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    if (signal?.aborted) throw new AbortError(signal.reason);
    const isProtected = syscall === 'WriteFile' && info.isDevice && error.errno === ERROR_ACCESS_DENIED;
    throw new Win32Error(error, {
      syscall,
      path,
      offset,
      explanation: isProtected ? PROTECTED_DEVICE : undefined,
    });
  }
}
