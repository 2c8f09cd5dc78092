import { afterAll, expect, test } from 'vitest';
import { available } from '../wine/driver.ts';
import { CALLS } from './jobs.ts';
import { cellsOf, runCells } from './matrix.ts';
import { newSeed, Random } from './random.ts';
import { driverStorage, emulatorStorage, LIMITS } from './storage.ts';

const SAMPLE_MS = 1500;

const storage = available() ? driverStorage(LIMITS) : emulatorStorage(LIMITS);
const seed = newSeed();
const script = storage.name === 'driver' ? 'test:faults:wine' : 'test:faults';
afterAll(() => storage.remove());

// The whole matrix takes minutes: npm run test:faults.
test.each(CALLS)('%s keeps every invariant in a random sample of the fault matrix', async (call) => {
  const cells = new Random(seed).shuffled(await cellsOf(storage, call));
  const { tried, failures } = await runCells(cells, storage, seed, performance.now() + SAMPLE_MS);
  console.log(`${call}: ${tried} of ${cells.length} cells on the ${storage.name}, seed ${seed}`);
  expect(failures, `repeat: npm run ${script} -- --seed ${seed} --only 'NAME OF THE CELL'`).toEqual([]);
  expect(tried).toBeGreaterThan(0);
});
