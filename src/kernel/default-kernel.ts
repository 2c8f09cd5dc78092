import type { Kernel } from './kernel.ts';
import { loadKernel32 } from './kernel32.ts';

/** Whether this is a 64-bit Node.js on Windows. Depends only on the build of Node.js, so that importing loads no DLL. */
export const isSupported: boolean = process.platform === 'win32' && process.arch !== 'ia32';

let loaded: Kernel | undefined;

/** The kernel of the functions that are not bound to another: kernel32.dll, loaded by the first call. */
export function defaultKernel(): Kernel {
  loaded ??= loadKernel32();
  return loaded;
}
