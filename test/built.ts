import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

/** A file of the built package. test/global-setup.ts has seen to it that it is there. */
export function builtModule(path: string): string {
  return join(ROOT, 'dist', path);
}
