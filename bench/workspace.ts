import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the package: these files run from bench/.build/bench. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

const BUILT = join(ROOT, 'bench', '.build', 'native');

/** Builds the library that plays kernel32 and returns its path. */
export function buildStub(): string {
  const library = join(BUILT, 'kernel32.so');
  const flags = ['-shared', '-fPIC', '-O2', '-fvisibility=hidden', '-pthread'];
  return compile('cc', [...flags, join(ROOT, 'bench', 'stub', 'kernel32.c')], library);
}

/** Builds the addon against the headers of Node and returns its path. */
export function buildAddon(): string {
  const addon = join(BUILT, 'addon.node');
  const include = `-I${nodeHeaders()}`;
  const source = join(ROOT, 'bench', 'addon', 'addon.cc');
  return compile('c++', ['-shared', '-fPIC', '-O2', '-std=c++17', include, source, '-ldl'], addon);
}

function compile(compiler: string, flags: readonly string[], output: string): string {
  mkdirSync(BUILT, { recursive: true });
  execFileSync(compiler, [...flags, '-o', output], { stdio: 'inherit' });
  return output;
}

// The headers of Node-API are the same for every version, so they need not be those of this Node.
function nodeHeaders(): string {
  return dirname(fileURLToPath(import.meta.resolve('node-api-headers/include/node_api.h')));
}

/** Paths of what was compiled. */
export interface Natives {
  readonly stub: string;
  readonly addonPath: string;
}
