import {
  ERROR_ACCESS_DENIED,
  ERROR_INVALID_FUNCTION,
  ERROR_INVALID_PARAMETER,
  ERROR_NOT_SUPPORTED,
} from '../../structs/index.ts';
import { least } from '../byte-count.ts';
import { ignoreErrors, withCallContext } from '../call-context.ts';
import { ProtocolError } from '../errors.ts';
import { filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import { offloadFile } from '../open-file.ts';
import { throwIfAborted } from '../signal.ts';
import type { CopyJob } from './copy-bytes.ts';
import { allocateBlock, BLOCK_SIZE, readFully } from './ordinary.ts';
import type { VerifiedFrom } from './progress.ts';
import { type CopyEndpoint, isErrno } from './source.ts';

/**
 * Flushes the destination, reads both ranges and compares them byte by byte: from the disk where possible, because the
 * cache repeats what has just been written even if the disk did not store it. Throws if they differ.
 */
export async function verifyCopy(job: CopyJob): Promise<VerifiedFrom> {
  const { kernel, source, destination, signal } = job;
  const isFlushed = await flush(kernel, destination);
  throwIfAborted(signal);
  const opened = isFlushed ? await openUnbuffered(kernel, [source, destination]) : undefined;
  if (opened !== undefined) {
    const [from, to] = opened;
    try {
      await compare(job, from, to);
      return 'disk';
    } catch (error) {
      // The volume takes larger sectors than it has reported. The comparison continues where it stopped.
      if (!isErrno(error, ERROR_INVALID_PARAMETER)) throw error;
    } finally {
      await closeUnbuffered(opened);
    }
  }
  await compare(job, source, destination);
  return 'cache';
}

/** Whether the disk has confirmed that it stores everything. */
async function flush(kernel: Kernel, { file, path }: CopyEndpoint): Promise<boolean> {
  try {
    await withCallContext({ syscall: 'FlushFileBuffers', path }, () => filesOf(kernel).flush(file.handle));
    return true;
  } catch (error) {
    // A handle that was opened for reading alone cannot flush.
    if (!isErrno(error, ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED, ERROR_ACCESS_DENIED)) throw error;
    return false;
  }
}

type Endpoints = readonly [source: CopyEndpoint, destination: CopyEndpoint];

/** Opens both files for reading past the cache. Undefined where the system refuses that for one of them. */
async function openUnbuffered(
  kernel: Kernel,
  [source, destination]: Endpoints,
): Promise<Endpoints | undefined> {
  const from = await unbuffered(kernel, source);
  if (from === undefined) return undefined;
  let to: CopyEndpoint | undefined;
  try {
    to = await unbuffered(kernel, destination);
  } finally {
    if (to === undefined) await closeUnbuffered([from]);
  }
  return to && [from, to];
}

async function unbuffered(kernel: Kernel, endpoint: CopyEndpoint): Promise<CopyEndpoint | undefined> {
  const { file, path, info } = endpoint;
  // Windows does not cache reads of a device.
  if (info.isDevice) return endpoint;
  const files = filesOf(kernel);
  try {
    const handle = await files.openUnbuffered(file.handle);
    const again = offloadFile(kernel, files, path, handle, info);
    return { ...endpoint, handle, file: again, isUnbuffered: true };
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}

async function closeUnbuffered(endpoints: readonly CopyEndpoint[]): Promise<void> {
  for (const { file, isUnbuffered } of endpoints) if (isUnbuffered) await ignoreErrors(() => file.close());
}

async function compare(job: CopyJob, source: CopyEndpoint, destination: CopyEndpoint): Promise<void> {
  const { kernel, sourceOffset, destinationOffset, length } = job;
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
  // Where no byte differs, the source ended early.
  const offset = destinationOffset + position + BigInt(first === -1 ? expected.length : first);
  const problem = `the copy differs from '${source.path}': the storage did not write what it was asked to write.`;
  return new ProtocolError(problem, { syscall: 'verify', path: destination.path, offset });
}
