import { createRequire } from 'node:module';

interface Manifest {
  readonly version: string;
  readonly description: string;
}

/** The package.json of this package, found by name because the bundled file lies in another folder than this one. */
export function manifest(): Manifest {
  return createRequire(import.meta.url)('win-odx/package.json') as Manifest;
}
