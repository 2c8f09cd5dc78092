import { AbortError, ProtocolError, Win32Error } from '../errors.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import type { Side } from './job.ts';
import { least, upToUnit } from './units.ts';

/** What is read at a time, in bytes: a multiple of every sector. */
export const BLOCK = 1_048_576;

/** Memory for up to `remaining` bytes of a copy, with room to round up to a sector. */
export function blockFor(remaining: bigint, unit: number): Uint8Array {
  return new Uint8Array(Number(least(BigInt(BLOCK), upToUnit(remaining, unit))));
}

/** Reads `wanted` bytes at an offset; fewer only where the file ends before that. */
export async function readFully(
  kernel: Kernel,
  side: Side,
  into: Uint8Array,
  wanted: number,
  offset: bigint,
  signal: Signal | undefined,
): Promise<number> {
  const end = roundedForDevice(side, wanted);
  let done = 0;
  while (done < wanted) {
    const at = offset + BigInt(done);
    const part = into.subarray(done, end);
    const count = await ordinary(filesOf(kernel).read, 'ReadFile', side, part, at, signal);
    if (count === 0) break;
    done += count;
  }
  return Math.min(done, wanted);
}

/** Writes the first `length` bytes at an offset. A device takes whole sectors: its last one is filled up with zeros. */
export async function writeFully(
  kernel: Kernel,
  side: Side,
  from: Uint8Array,
  length: number,
  offset: bigint,
  signal: Signal | undefined,
): Promise<void> {
  const end = roundedForDevice(side, length);
  from.fill(0, length, end);
  let done = 0;
  while (done < end) {
    const at = offset + BigInt(done);
    const part = from.subarray(done, end);
    const count = await ordinary(filesOf(kernel).write, 'WriteFile', side, part, at, signal);
    if (count === 0) {
      const what = `nothing was written of the ${part.length} bytes asked for.`;
      throw new ProtocolError(what, { syscall: 'WriteFile', path: side.path, offset: at });
    }
    done += count;
  }
}

function roundedForDevice(side: Side, length: number): number {
  return side.info.isDevice ? Number(upToUnit(BigInt(length), side.info.sectorSize)) : length;
}

async function ordinary(
  call: FileKernel['read'],
  syscall: string,
  side: Side,
  bytes: Uint8Array,
  offset: bigint,
  signal: Signal | undefined,
): Promise<number> {
  throwIfAborted(signal);
  try {
    return await call(side.handle, bytes, offset, signal);
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    if (signal?.aborted) throw new AbortError(signal.reason);
    throw new Win32Error(error, { syscall, path: side.path, offset });
  }
}
