import { type CallContext, Win32Error } from '../errors.ts';
import { KernelFailure } from '../kernel/kernel.ts';

/** Runs a call of the kernel; what it refuses is thrown as a Win32Error that names the call and the file. */
export function callingSync<T>(context: CallContext, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof KernelFailure ? new Win32Error(error, context) : error;
  }
}

export async function calling<T>(context: CallContext, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof KernelFailure ? new Win32Error(error, context) : error;
  }
}
