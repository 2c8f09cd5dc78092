import type { Kernel } from './kernel.ts';
import { loadKernel32 } from './kernel32.ts';

/** Whether kernel32.dll can be loaded here. Decided by the platform alone, so that importing touches no DLL. */
export const isSupported: boolean = process.platform === 'win32';

let loaded: Kernel | undefined;

/** The kernel of the functions that are not bound to another: kernel32.dll, loaded when the first call needs it. */
export function defaultKernel(): Kernel {
  loaded ??= loadKernel32();
  return loaded;
}
