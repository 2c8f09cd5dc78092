import type { Kernel } from './kernel.ts';
import { loadKernel32 } from './kernel32.ts';

/** Whether kernel32.dll can be loaded here. Depends only on the platform, so that importing loads no DLL. */
export const isSupported: boolean = process.platform === 'win32';

let loaded: Kernel | undefined;

/** The kernel of the functions that are not bound to another: kernel32.dll, loaded by the first call. */
export function defaultKernel(): Kernel {
  loaded ??= loadKernel32();
  return loaded;
}
