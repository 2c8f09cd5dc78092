import type { Parameters } from 'fast-check';

const FIRST_SEED = 20_261_127;

// A longer search: WIN_ODX_RUNS=100 WIN_ODX_SEED=1 npx vitest run test/properties
const factor = Number(process.env['WIN_ODX_RUNS'] ?? 1);
const seed = Number(process.env['WIN_ODX_SEED'] ?? FIRST_SEED);

/** How often to run a property. The seed is fixed, so that a failure can be repeated; fast-check prints it. */
export function runs<T>(count: number): Parameters<T> {
  return { numRuns: count * factor, seed };
}

/** Time for the tests of a file, which a longer search needs. */
export const TIMEOUT: number = 60_000 * factor;
