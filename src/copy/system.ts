import { ERROR_FILE_EXISTS, ERROR_OPERATION_ABORTED } from '../../structs/index.ts';
import { least } from '../byte-count.ts';
import { AbortError, Win32Error } from '../errors.ts';
import { filesOf, type Kernel, KernelFailure } from '../kernel/kernel.ts';
import type { FixedPath } from '../path.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import type { ProgressReporter, Tally } from './progress.ts';

export interface CopyPaths {
  readonly source: FixedPath;
  readonly destination: FixedPath;
}

/** A copy that the operating system makes. */
export interface SystemCopy {
  readonly kernel: Kernel;
  readonly paths: CopyPaths;
  /** Of the source, in bytes. */
  readonly size: bigint;
  readonly failIfExists: boolean;
  readonly allowDecrypted: boolean;
  readonly signal: Signal | undefined;
  readonly tally: Tally;
  readonly progress: ProgressReporter;
  /** Removes what a failure has left of the destination. Not called where the system has not touched it. */
  discard(): Promise<void>;
}

/** Has the operating system copy a whole file by its names (CopyFileExW). */
export async function copyBySystem(copy: SystemCopy): Promise<void> {
  const { kernel, paths, size, failIfExists, allowDecrypted, signal, tally, progress } = copy;
  throwIfAborted(signal);
  let exception: { readonly thrown: unknown } | undefined;
  const onProgress = (done: bigint): boolean => {
    if (done > tally.systemBytes) tally.systemBytes = least(done, size);
    try {
      progress.tick();
    } catch (thrown) {
      exception = { thrown };
    }
    return exception === undefined;
  };
  progress.phase = 'system';
  try {
    const request = {
      failIfExists,
      allowDecrypted,
      onProgress: progress.isObserved ? onProgress : undefined,
    };
    await filesOf(kernel).copy(paths.source.absolute, paths.destination.absolute, request, signal);
  } catch (error) {
    const exists = error instanceof KernelFailure && error.errno === ERROR_FILE_EXISTS;
    const isWithdrawn = error instanceof KernelFailure && error.errno === ERROR_OPERATION_ABORTED;
    if (!exists && !isWithdrawn) await copy.discard();
    if (exception !== undefined) throw exception.thrown;
    if (!(error instanceof KernelFailure)) throw error;
    if (signal?.aborted) throw new AbortError(signal.reason);
    // The system does not say which file is at fault. The source is open already, or is checked afterwards.
    throw new Win32Error(error, { syscall: 'CopyFileExW', path: paths.destination.shown });
  }
  // An exception that came too late to cancel the copy is thrown by progress.settle.
  tally.systemBytes = size;
}
