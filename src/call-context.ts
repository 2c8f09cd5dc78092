import { type CallContext, Win32Error } from './errors.ts';
import { KernelFailure } from './kernel/kernel.ts';

/** Runs a kernel call. Converts a KernelFailure into a Win32Error that names the call and the file. */
export async function withCallContext<T>(context: CallContext, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof KernelFailure ? new Win32Error(error, context) : error;
  }
}

/** {@link withCallContext}, blocking. */
export function withCallContextSync<T>(context: CallContext, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof KernelFailure ? new Win32Error(error, context) : error;
  }
}

/** Cleans up after a failure. A second failure must not hide the first, which the caller is about to get. */
export async function ignoreErrors(cleanUp: () => Promise<void>): Promise<void> {
  try {
    await cleanUp();
  } catch {
    return;
  }
}

/** {@link ignoreErrors}, blocking. */
export function ignoreErrorsSync(cleanUp: () => void): void {
  try {
    cleanUp();
  } catch {
    return;
  }
}
