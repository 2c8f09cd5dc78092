import { ProtocolError } from '../errors.ts';
import type { CopyJob } from './job.ts';
import { checkUnchanged } from './source.ts';
import { BLOCK, blockFor, readFully } from './transfer.ts';
import { least } from './units.ts';

/**
 * Reads both files and compares them byte by byte, which says at least as much as comparing hashes would. Throws where
 * they differ.
 */
export async function verify(job: CopyJob): Promise<void> {
  const { kernel, source, destination, size, signal, tally, progress, unit } = job;
  const ours = blockFor(size, unit);
  const theirs = blockFor(size, unit);
  while (tally.verifiedBytes < size) {
    const offset = tally.verifiedBytes;
    const wanted = Number(least(size - offset, BigInt(BLOCK)));
    const [expected, found] = await both(
      readFully(kernel, source, ours, wanted, offset, signal),
      readFully(kernel, destination, theirs, wanted, offset, signal),
    );
    const isEqual =
      expected === wanted &&
      found === wanted &&
      Buffer.compare(ours.subarray(0, wanted), theirs.subarray(0, wanted)) === 0;
    if (!isEqual) {
      await checkUnchanged(kernel, source);
      throw mismatch(job, offset, ours.subarray(0, expected), theirs.subarray(0, found));
    }
    tally.verifiedBytes += BigInt(wanted);
    progress.tick();
  }
}

// Both end before anything is thrown, so that no read is in flight when the files are closed.
async function both(a: Promise<number>, b: Promise<number>): Promise<[number, number]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

function mismatch(job: CopyJob, offset: bigint, ours: Uint8Array, theirs: Uint8Array): ProtocolError {
  const first = ours.findIndex((byte, index) => byte !== theirs[index]);
  const at = offset + BigInt(Math.max(first, 0));
  const what = `the copy differs from '${job.source.path}', so the storage did not write what it was told to.`;
  return new ProtocolError(what, { syscall: 'verify', path: job.destination.path, offset: at });
}
