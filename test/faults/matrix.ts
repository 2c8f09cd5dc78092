import { inspect } from 'node:util';
import { type Result, runCell } from './cell.ts';
import { type Fault, faults } from './faults.ts';
import { type CallName, type Job, jobName, jobs } from './jobs.ts';
import { Random } from './random.ts';
import type { Storage } from './storage.ts';

/** One cell of the matrix: a job, the step at which something goes wrong, and what. */
export interface Cell {
  readonly name: string;
  run(storage: Storage, seed: number): Promise<Result>;
}

/** Runs every job once without a fault to find its steps, and returns a cell for every fault at every step. */
export async function cellsOf(storage: Storage, call: CallName): Promise<Cell[]> {
  const cells: Cell[] = [];
  for (const job of jobs) {
    if (job.call !== call) continue;
    const without = await runCell(storage, job, new Random(0), () => undefined);
    cells.push({ name: `${jobName(job)}: no fault`, run: async () => without });
    for (const step of without.steps) {
      for (const fault of faults) {
        if (fault.fits(step, without.scene)) cells.push(cellOf(job, step.name, fault));
      }
    }
  }
  return cells;
}

function cellOf(job: Job, stepName: string, fault: Fault): Cell {
  const choose = ({ name }: { name: string }) => (name === stepName ? fault : undefined);
  return {
    name: `${jobName(job)}: ${fault.name} at ${stepName}`,
    run: (storage, seed) => runCell(storage, job, new Random(seed), choose),
  };
}

export interface Failure {
  readonly cell: string;
  readonly problems: readonly string[];
}

export interface MatrixResult {
  readonly tried: number;
  readonly failures: readonly Failure[];
}

/** Runs cells one after the other until `deadline`, calls `after` after each, and returns those that failed. */
export async function runCells(
  cells: readonly Cell[],
  storage: Storage,
  seed: number,
  deadline: number = Number.POSITIVE_INFINITY,
  after: (result: MatrixResult) => void = () => {},
): Promise<MatrixResult> {
  const failures: Failure[] = [];
  let tried = 0;
  for (const cell of cells) {
    if (performance.now() > deadline) break;
    const problems = await problemsOf(cell, storage, seed);
    tried++;
    if (problems.length > 0) failures.push({ cell: cell.name, problems });
    after({ tried, failures });
  }
  return { tried, failures };
}

async function problemsOf(cell: Cell, storage: Storage, seed: number): Promise<readonly string[]> {
  try {
    return (await cell.run(storage, seed)).problems;
  } catch (error) {
    return [`the cell could not be tried: ${inspect(error)}`];
  }
}
