// npm run bench -- [--json] [--chart FILE.svg] [--quick] [--check] [SECTION ...]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './chart.ts';
import { type Section, verdict } from './figure.ts';
import { table, toDocument } from './report.ts';
import { calls } from './sections/calls.ts';
import { copyEngine, sparseSources } from './sections/copy-engine.ts';
import { importTime } from './sections/import-time.ts';
import { memory } from './sections/memory.ts';
import { pending } from './sections/pending.ts';
import { installedSize } from './sections/size.ts';
import { ROOT } from './workspace.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    chart: { type: 'string' },
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});

const fewer = values.quick ? 4 : 1;

const SECTIONS: Record<string, () => Section | Promise<Section>> = {
  // Short batches: one that another process interrupts is then an exception, which a median does not see.
  calls: () => calls({ rounds: 400 / fewer, batchMs: 2, warmUpMs: 400 }),
  pending: () => pending(16 / fewer),
  memory,
  import: () => importTime(20 / fewer),
  copy: () => copyEngine(24 / fewer),
  sparse: () => sparseSources(12 / fewer),
  size: installedSize,
};

const wanted = positionals.length === 0 ? Object.keys(SECTIONS) : positionals;
const sections: Section[] = [];
for (const name of wanted) {
  const run = SECTIONS[name];
  if (run === undefined) {
    throw new Error(`${name} is no section; there are ${Object.keys(SECTIONS).join(', ')}.`);
  }
  const section = await run();
  sections.push(section);
  if (name === 'calls') writeFileSync(values.chart ?? join(ROOT, 'bench', 'results.svg'), chart(section));
  if (!values.json) console.log(`${table([section])}\n`);
}

if (values.json) console.log(JSON.stringify(toDocument(sections), null, 2));
if (values.check && sections.some(({ figures }) => figures.some((figure) => verdict(figure) === 'OVER'))) {
  process.exitCode = 1;
}
