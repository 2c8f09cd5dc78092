import { numberFrom } from '../child.ts';
import type { Section } from '../figure.ts';
import { median } from '../measure.ts';

/** A cold import, each in a process of its own, beside the import of what it depends on. */
export function importTime(rounds: number): Section {
  // What is published, not what was compiled for the benchmarks.
  const ours = import.meta.resolve('win-odx');
  const theirs = ['koffi', 'zod'].map((name) => import.meta.resolve(name));
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.ours.push(numberFrom('import-time', ours));
    times.theirs.push(numberFrom('import-time', ...theirs));
  }
  return {
    title: 'A cold import',
    figures: [
      { name: 'win-odx', value: median(times.ours), unit: 'ms' },
      { name: 'koffi and zod', value: median(times.theirs), unit: 'ms' },
      {
        name: 'win-odx / koffi and zod',
        value: median(times.ours.map((time, at) => time / (times.theirs[at] ?? Number.NaN))),
        unit: 'times',
        atMost: 1.1,
      },
    ],
  };
}
