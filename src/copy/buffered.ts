import { SourceChangedError } from '../errors.ts';
import type { CopyJob } from './job.ts';
import { BLOCK, blockFor, readFully, writeFully } from './transfer.ts';
import { least } from './units.ts';

interface Block {
  readonly bytes: Uint8Array;
  /** Settles with the number of bytes read, or with what went wrong: nobody may be waiting for it when it fails. */
  readonly filled: Promise<number | { readonly error: unknown }>;
}

/** Copies from an offset to the end by ordinary reads and writes: while one block is written, the next is read. */
export async function copyBuffered(job: CopyJob, from: bigint): Promise<void> {
  const { kernel, source, destination, size, signal, tally, progress, unit } = job;
  let position = from;
  let block = position < size ? fill(job, blockFor(size - position, unit), position) : undefined;
  let spare: Uint8Array | undefined;
  try {
    while (block !== undefined) {
      const { bytes, filled }: Block = block;
      const count = await filled;
      if (typeof count !== 'number') throw count.error;
      // The size was fixed at the beginning, so an early end means that the file was cut.
      if (count === 0) throw new SourceChangedError(source.path);
      const next = position + BigInt(count);
      block = next < size ? fill(job, spare ?? blockFor(size - next, unit), next) : undefined;
      await writeFully(kernel, destination, bytes, count, position, signal);
      spare = bytes;
      position = next;
      tally.bufferedBytes += BigInt(count);
      progress.tick();
    }
  } finally {
    await block?.filled;
  }
}

function fill(job: CopyJob, bytes: Uint8Array, offset: bigint): Block {
  const { kernel, source, size, signal } = job;
  const wanted = Number(least(size - offset, BigInt(BLOCK), BigInt(bytes.length)));
  const filled = readFully(kernel, source, bytes, wanted, offset, signal).catch((error: unknown) => ({
    error,
  }));
  return { bytes, filled };
}
