import { resolve } from 'node:path';
import { describeValue } from '../describe.ts';
import { type ArgumentIssue, InvalidArgumentError, OdxError } from '../errors.ts';
import { defaultKernel } from '../kernel/default-kernel.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { checkNewPath, checkPath, type FilePath, fixPath } from '../path.ts';
import { isArray, isPlainObject, lengthOf, MOST_ISSUES, refusalOf, refuse } from '../request.ts';
import { safeSignal } from '../signal.ts';
import { copyFromTo } from './copy-file.ts';
import { type CopyFilesOptions, copyFilesOptions } from './options.ts';
import type { CopyReport } from './progress.ts';
import type { CopyPaths } from './system.ts';

/** A copy of {@link copyFiles}: the path of the source and the path of the destination. */
export type CopyPair =
  | readonly [source: FilePath, destination: FilePath]
  | {
      /** The path of the file to copy. */
      readonly source: FilePath;
      /** The path of the copy. */
      readonly destination: FilePath;
    };

/**
 * Copies many files as {@link copyFile} does (`FSCTL_OFFLOAD_READ` and `FSCTL_OFFLOAD_WRITE`), several at a time. A
 * failure does not stop the other copies, unless `stopOnError` is set.
 *
 * @param pairs `[source, destination]` or `{ source, destination }`, no destination twice. They are started in this order.
 * @param options see {@link CopyFilesOptions}. onProgress is called for each file; the progress names it.
 * @returns one slot per pair, in their order: a CopyReport, or the OdxError that ended the copy. After an abort, or a
 *   failure with stopOnError, the slots of unfinished copies hold an AbortError.
 * @throws {InvalidArgumentError} when an argument is not legal; nothing was copied then. `path` of an issue says which:
 *   `pairs.3.1`, or `pairs.3.destination`.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows-hardware/drivers/storage/offloaded-data-transfer
 * @example
 * const results = await copyFiles([['a.vhdx', 'b.vhdx'], ['c.iso', 'd.iso']], { concurrency: 2 });
 * const failures = results.filter((result) => result instanceof OdxError);
 */
export async function copyFiles(
  pairs: readonly CopyPair[],
  options?: CopyFilesOptions,
): Promise<(CopyReport | OdxError)[]> {
  return copyFilesWith(defaultKernel(), pairs, options);
}

/** {@link copyFiles} on a kernel. */
export async function copyFilesWith(
  kernel: Kernel,
  pairs: readonly CopyPair[],
  options?: CopyFilesOptions,
): Promise<(CopyReport | OdxError)[]> {
  const queue = checkPairs(pairs).entries();
  const { concurrency, stopOnError, ...settings } = copyFilesOptions.check(options);
  const stop = new AbortController();
  const signal = safeSignal(stop.signal);
  const forwardAbort = (): void => stop.abort(settings.signal?.reason);
  if (settings.signal?.aborted) forwardAbort();
  settings.signal?.addEventListener('abort', forwardAbort);

  const results: (CopyReport | OdxError)[] = [];
  const exceptions: unknown[] = [];
  const copyNext = async (): Promise<void> => {
    for (const [index, paths] of queue) {
      try {
        results[index] = await copyFromTo(kernel, paths, { ...settings, signal });
      } catch (error) {
        if (stopOnError || !(error instanceof OdxError)) stop.abort(error);
        if (!(error instanceof OdxError)) {
          // An exception of the caller's onProgress is not the result of a copy.
          exceptions.push(error);
          return;
        }
        results[index] = error;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, copyNext));
  } finally {
    settings.signal?.removeEventListener('abort', forwardAbort);
  }
  if (exceptions.length > 0) throw exceptions[0];
  return results;
}

interface CheckedPair {
  readonly index: number;
  readonly paths: CopyPaths;
  /** Paths of the two values in an issue: `pairs.3.0` or `pairs.3.source`. */
  readonly sourceIssue: string;
  readonly destinationIssue: string;
}

/** Checks all pairs before the first copy, so that nothing is copied if one of them is not legal. */
function checkPairs(pairs: unknown): CopyPaths[] {
  if (!isArray(pairs)) {
    refuse('pairs', `pairs is ${describeValue(pairs)}; it must be an array of [source, destination].`);
  }
  const issues: ArgumentIssue[] = [];
  // Destinations that were seen, and the index of their pair.
  const destinations = new Map<string, number>();
  const checked: CheckedPair[] = [];
  const length = lengthOf(pairs);
  // Read by index, so a custom iterator never runs, and a hole is refused.
  for (let index = 0; index < length && issues.length < MOST_ISSUES; index++) {
    try {
      const pair = checkPair(pairs[index], index);
      claimDestination(pair, destinations);
      checked.push(pair);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      issues.push(...error.issues);
    }
  }
  for (const { index, paths, sourceIssue: path } of checked) {
    const writer = destinations.get(keyOf(paths.source.absolute));
    if (writer === undefined) continue;
    const shown = describeValue(paths.source.shown);
    const message =
      writer === index
        ? `${path} is ${shown}, which is also the destination; copy to another file.`
        : `${path} is ${shown}, which is the destination of pairs.${writer}; copy it in a second call, after this one.`;
    issues.push({ path, message });
  }
  if (issues.length > 0) throw refusalOf(issues);
  return checked.map(({ paths }) => paths);
}

function checkPair(pair: unknown, index: number): CheckedPair {
  const path = `pairs.${index}`;
  const [source, destination, keys] = isArray(pair)
    ? [...valuesOfArray(pair, path), ['0', '1'] as const]
    : [...valuesOfObject(pair, path), ['source', 'destination'] as const];
  const sourceIssue = `${path}.${keys[0]}`;
  const destinationIssue = `${path}.${keys[1]}`;
  const paths = {
    source: fixPath(checkPath(sourceIssue, source)),
    destination: fixPath(checkNewPath(destinationIssue, destination)),
  };
  return { index, paths, sourceIssue, destinationIssue };
}

function valuesOfArray(pair: readonly unknown[], path: string): [unknown, unknown] {
  if (pair.length === 2) return [pair[0], pair[1]];
  return refuse(path, `${path} is an array of ${pair.length}; it must be [source, destination].`);
}

function valuesOfObject(pair: unknown, path: string): [unknown, unknown] {
  if (!isPlainObject(pair)) {
    return refuse(
      path,
      `${path} is ${describeValue(pair)}; it must be [source, destination] or { source, destination }.`,
    );
  }
  // A copy of its own properties, because a getter may return something else the next time.
  const values = new Map<string, unknown>(Object.entries(pair));
  const unknownKey = [...values.keys()].find((key) => key !== 'source' && key !== 'destination');
  if (unknownKey !== undefined) {
    const shown = describeValue(unknownKey);
    refuse(`${path}.${unknownKey}`, `Unknown key ${shown} in ${path}; the keys are source, destination.`);
  }
  return [values.get('source'), values.get('destination')];
}

function claimDestination(pair: CheckedPair, destinations: Map<string, number>): void {
  const { index, paths, destinationIssue } = pair;
  const key = keyOf(paths.destination.absolute);
  const other = destinations.get(key);
  if (other !== undefined) {
    const shown = describeValue(paths.destination.shown);
    refuse(
      destinationIssue,
      `${destinationIssue} is ${shown}, which is also the destination of pairs.${other}; two copies cannot share one.`,
    );
  }
  destinations.set(key, index);
}

// File names of Windows are not case-sensitive.
function keyOf(path: string): string {
  const normal = resolve(path);
  return process.platform === 'win32' ? normal.toLowerCase() : normal;
}
