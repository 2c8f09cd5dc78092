import { OdxError } from '../errors.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { safeSignal } from '../signal.ts';
import { type CopyFilesOptions, copyFilesOptions } from './options.ts';
import { type CopyPair, checkPairs } from './pairs.ts';
import type { CopyReport } from './report.ts';
import { runCopy } from './run-copy.ts';

export type { CopyFilesOptions } from './options.ts';

/**
 * Copies many files as {@link copyFile} does (`FSCTL_OFFLOAD_READ` and `FSCTL_OFFLOAD_WRITE`), several at a time. One
 * failure does not stop the others unless asked.
 *
 * @param pairs `[source, destination]`, no destination twice. They are started in this order.
 * @param options see {@link CopyFilesOptions}. onProgress is called for each file and told which.
 * @returns one slot a pair, in their order: a CopyReport, or the OdxError that ended the copy. Where the signal fired,
 *   or with stopOnError something failed, the slots of what was not finished hold an AbortError.
 * @throws {InvalidArgumentError} when an argument is not legal; nothing was copied then. `path` of an issue says which:
 *   `pairs.3.1`.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/storage/offloaded-data-transfer
 * @example
 * const results = await copyFiles([['a.vhdx', 'b.vhdx'], ['c.iso', 'd.iso']], { concurrency: 2 });
 * const failures = results.filter((result) => result instanceof OdxError);
 */
export async function copyFiles(
  pairs: readonly (readonly [source: string, destination: string])[],
  options?: CopyFilesOptions,
): Promise<(CopyReport | OdxError)[]> {
  return copyFilesWith(defaultKernel(), pairs, options);
}

export async function copyFilesWith(
  kernel: Kernel,
  pairs: readonly (readonly [source: string, destination: string])[],
  options?: CopyFilesOptions,
): Promise<(CopyReport | OdxError)[]> {
  const waiting = checkPairs(pairs).entries();
  const { concurrency, stopOnError, ...order } = copyFilesOptions.check(options);
  const stop = new AbortController();
  const signal = safeSignal(stop.signal);
  const pass = (): void => stop.abort(order.signal?.reason);
  if (order.signal?.aborted) pass();
  order.signal?.addEventListener('abort', pass);

  const results: (CopyReport | OdxError)[] = [];
  const foreign: unknown[] = [];
  const copyOne = async ({ source, destination }: CopyPair): Promise<CopyReport | OdxError> => {
    try {
      return await runCopy(kernel, source, destination, { ...order, signal });
    } catch (error) {
      // An exception of the caller's own onProgress has no place among the results.
      if (!(error instanceof OdxError)) foreign.push(error);
      if (stopOnError || !(error instanceof OdxError)) stop.abort(error);
      if (error instanceof OdxError) return error;
      throw error;
    }
  };
  const work = async (): Promise<void> => {
    for (const [index, pair] of waiting) results[index] = await copyOne(pair);
  };
  try {
    await Promise.allSettled(Array.from({ length: concurrency }, work));
  } finally {
    order.signal?.removeEventListener('abort', pass);
  }
  if (foreign.length > 0) throw foreign[0];
  return results;
}
