import { least } from '../byte-count.ts';
import { ProtocolError } from '../errors.ts';
import type { CopyJob } from './copy-bytes.ts';
import { allocateBlock, BLOCK_SIZE, readFully } from './ordinary.ts';

/** Reads both ranges and compares them byte by byte. Throws if they differ. */
export async function verifyCopy(job: CopyJob): Promise<void> {
  const { kernel, source, destination, sourceOffset, destinationOffset, length } = job;
  const { signal, tally, progress, unit } = job;
  const expected = allocateBlock(kernel, length, unit);
  const actual = allocateBlock(kernel, length, unit);
  while (tally.verifiedBytes < length) {
    const position = tally.verifiedBytes;
    const wanted = Number(least(length - position, BigInt(BLOCK_SIZE)));
    const [expectedCount, actualCount] = await both(
      readFully(kernel, source, expected, wanted, sourceOffset + position, signal),
      readFully(kernel, destination, actual, wanted, destinationOffset + position, signal),
    );
    const isEqual =
      expectedCount === wanted &&
      actualCount === wanted &&
      Buffer.compare(expected.subarray(0, wanted), actual.subarray(0, wanted)) === 0;
    if (!isEqual) {
      await job.checkSource();
      throw mismatch(job, position, expected.subarray(0, expectedCount), actual.subarray(0, actualCount));
    }
    tally.verifiedBytes += BigInt(wanted);
    progress.tick();
  }
}

// Both settle before anything is thrown, so that no read is in flight when the files are closed.
async function both(a: Promise<number>, b: Promise<number>): Promise<[number, number]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

function mismatch(job: CopyJob, position: bigint, expected: Uint8Array, actual: Uint8Array): ProtocolError {
  const { source, destination, destinationOffset } = job;
  const first = expected.findIndex((byte, index) => byte !== actual[index]);
  const offset = destinationOffset + position + BigInt(Math.max(first, 0));
  const problem = `the copy differs from '${source.path}': the storage did not write what it was asked to write.`;
  return new ProtocolError(problem, { syscall: 'verify', path: destination.path, offset });
}
