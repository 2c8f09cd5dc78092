// Prints by how many MiB a million synchronous calls let the process grow. Arguments: read or write, library.
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { checked } from '../contenders/checked.ts';
import { MEGABYTES } from '../request.ts';

const CALLS = 1_000_000;
const MIB = 1_048_576;
const HANDLE = 0x8000_0004n;

const [, , kind = 'read', library = ''] = process.argv;
const odx = createOdx({ kernel: loadKernel32({ kernel32: library, ntdll: library }) });
const { token } = odx.offloadReadSync(HANDLE, { copyLength: MEGABYTES.length });
const contender = checked(odx, HANDLE, token, MEGABYTES).find(({ name }) => name.startsWith(kind));
if (contender === undefined) throw new Error(`There is no contender that begins with ${kind}.`);

contender.run(CALLS / 2);
const before = resident();
contender.run(CALLS);
console.log((resident() - before) / MIB);

function resident(): number {
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  return process.memoryUsage.rss();
}
