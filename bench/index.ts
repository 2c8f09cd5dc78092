// npm run bench -- [--json] [--quick] [--check] [--update] [SECTION ...]
// --quick measures less, --check fails when a figure is over budget, --update writes the results of the section calls, and the chart of the README.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../test/stub/stub.ts';
import { blocking } from './blocking.ts';
import { asyncCalls, driverCalls, syncCalls } from './calls.ts';
import { chart } from './chart.ts';
import { copyEngine, sparseCopies, systemCopies } from './copy.ts';
import { importTime, installedSize, memory } from './footprint.ts';
import { isOverBudget, type Section, table, toDocument } from './report.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
  },
});

const fewer = options.quick ? 4 : 1;

const SECTIONS: Record<string, () => Section | Promise<Section | Section[]>> = {
  // Batches are short, so that an interruption by another process spoils few of them, which the median ignores.
  calls: () => syncCalls({ rounds: 400 / fewer, batchMs: 2, warmUpMs: 400 }),
  async: () => asyncCalls(16 / fewer),
  blocking: () => blocking(8 / fewer),
  memory,
  import: () => importTime(20 / fewer),
  copy: async () => [await copyEngine(12 / fewer), await systemCopies(8 / fewer)],
  sparse: () => sparseCopies(12 / fewer),
  size: installedSize,
  // For npm run bench:wine, which has the driver that the second one needs.
  system: () => systemCopies(8 / fewer),
  driver: () => driverCalls({ rounds: 40 / fewer, batchMs: 50, warmUpMs: 500 }),
};

const everywhere = Object.keys(SECTIONS).filter((name) => name !== 'driver' && name !== 'system');
const sections: Section[] = [];
for (const name of positionals.length === 0 ? everywhere : positionals) {
  const measure = SECTIONS[name];
  if (measure === undefined) {
    throw new Error(`Unknown section ${name}. The sections are ${Object.keys(SECTIONS).join(', ')}.`);
  }
  for (const section of [await measure()].flat()) {
    sections.push(section);
    if (name === 'calls' && options.update) {
      writeFileSync(
        join(ROOT, 'bench', 'results.json'),
        `${JSON.stringify(toDocument([section]), null, 2)}\n`,
      );
      writeFileSync(join(ROOT, 'bench', 'results.svg'), chart(section));
    }
    if (!options.json) console.log(`${table(section)}\n`);
  }
}

if (options.json) console.log(JSON.stringify(toDocument(sections), null, 2));
if (options.check && sections.some(({ figures }) => figures.some(isOverBudget))) process.exitCode = 1;
