// npm run test:faults -- [--seed N] [--only TEXT]
// --only runs the cells whose name contains the text.
import { parseArgs } from 'node:util';
import { available } from '../wine/driver.ts';
import { CALLS } from './jobs.ts';
import { cellsOf, runCells } from './matrix.ts';
import { newSeed } from './random.ts';
import { driverStorage, emulatorStorage, LIMITS } from './storage.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string' }, only: { type: 'string', default: '' } },
});
const seed = values.seed === undefined ? newSeed() : Number(values.seed);
const storage = available() ? driverStorage(LIMITS) : emulatorStorage(LIMITS);

console.log(`Fault matrix on the ${storage.name}, seed ${seed}`);
console.log('function         cells  failed  seconds');
let tried = 0;
for (const call of CALLS) {
  const startedAt = performance.now();
  const cells = (await cellsOf(storage, call)).filter(({ name }) => name.includes(values.only));
  const result = await runCells(cells, storage, seed);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const { length: failed } = result.failures;
  console.log(
    `${call.padEnd(12)}${String(result.tried).padStart(10)}${String(failed).padStart(8)}${seconds.padStart(9)}`,
  );
  for (const { cell, problems } of result.failures) {
    console.error(`FAILED ${cell}\n  ${problems.join('\n  ')}`);
    process.exitCode = 1;
  }
  tried += result.tried;
}
storage.remove();
if (tried === 0) {
  console.error(`No cell has '${values.only}' in its name.`);
  process.exitCode = 1;
}
