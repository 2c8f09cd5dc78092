// npm run test:faults -- [--seed N] [--only TEXT] [--minutes N]
// --only runs the cells whose name contains the text. --minutes takes the cells of each function in random order for that long.
import { parseArgs } from 'node:util';
import { available } from '../wine/driver.ts';
import { CALLS } from './jobs.ts';
import { cellsOf, type MatrixResult, runCells } from './matrix.ts';
import { newSeed, Random } from './random.ts';
import { driverStorage, emulatorStorage, LIMITS } from './storage.ts';

const TELL_EVERY_MS = 60_000;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
    minutes: { type: 'string', default: 'Infinity' },
  },
});
const seed = values.seed === undefined ? newSeed() : Number(values.seed);
const milliseconds = Number(values.minutes) * 60_000;
const storage = available() ? driverStorage(LIMITS) : emulatorStorage(LIMITS);

console.log(`Fault matrix on the ${storage.name}, seed ${seed}`);
console.log('function        cells     tried    failed   seconds');
let tried = 0;
for (const call of CALLS) {
  const startedAt = performance.now();
  const all = (await cellsOf(storage, call)).filter(({ name }) => name.includes(values.only));
  const cells = new Random(seed).shuffled(all);
  let told = startedAt;
  // On stderr, for the table is on stdout. Not by a timer, because the cells look for timers that were left.
  const tell = ({ tried, failures }: MatrixResult): void => {
    if (performance.now() - told < TELL_EVERY_MS) return;
    told = performance.now();
    console.error(`${call}: ${tried} of ${cells.length} cells tried, ${failures.length} failed`);
  };
  const result = await runCells(cells, storage, seed, startedAt + milliseconds, tell);
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const figures = [cells.length, result.tried, result.failures.length, seconds];
  console.log(call.padEnd(11) + figures.map((figure) => String(figure).padStart(10)).join(''));
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
