import type { Kernel } from './kernel.ts';
import { loadKernel32 } from './kernel32.ts';

let loaded: Kernel | undefined;

/** kernel32.dll, loaded when the first call needs it. */
export function defaultKernel(): Kernel {
  loaded ??= loadKernel32();
  return loaded;
}
