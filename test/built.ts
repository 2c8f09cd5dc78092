import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('..', import.meta.url));

/** The path of a file in dist, such as 'index.js'. test/global-setup.ts builds dist before any test runs. */
export function builtModule(path: string): string {
  return join(ROOT, 'dist', path);
}
