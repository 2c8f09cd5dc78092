import { createRequire } from 'node:module';
import { NativeModuleError } from './errors.ts';

// Loads Koffi's binary, so that one that is missing or forbidden is reported by a NativeModuleError: what Koffi throws when
// it is imported cannot be caught. Koffi then gets the binary from the cache of Node.js.
//
// The module exports nothing, so that bundlers drop it. Where one does not, there may be no 'koffi' to be found from here.
try {
  findKoffi()?.();
} catch (cause) {
  throw new NativeModuleError({ cause });
}

function findKoffi(): (() => unknown) | undefined {
  try {
    const require = createRequire(import.meta.url);
    require.resolve('koffi');
    return () => require('koffi');
  } catch {
    return undefined;
  }
}
