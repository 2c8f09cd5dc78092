import { readFileSync } from 'node:fs';

interface Manifest {
  readonly version: string;
  readonly description: string;
}

/** What package.json says of this package. */
export function manifest(): Manifest {
  const file = new URL('../../../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}
