// Breaks the calls and the copy engine on purpose, one place at a time, and runs the tests that reach it. Each break that no
// test notices must stand in survivors.json, with the reason why none has to.
//
//   npm run test:mutation [calls | copy] [options of Stryker]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PARTS = {
  calls: ['src/*.ts', '!src/index.ts', '!src/structs.ts', '!src/version.ts'],
  copy: ['src/copy/*.ts'],
};
const STRYKER = fileURLToPath(new URL('node_modules/@stryker-mutator/core/bin/stryker.js', import.meta.url));
const CONFIGURATION = 'test/mutation/stryker.json';
const REPORT = '.mutation/report.json';
// Longer code is known by its beginning.
const LONGEST = 100;

const judged = JSON.parse(readFileSync(new URL('survivors.json', import.meta.url), 'utf8'));
const given = process.argv.slice(2);
const [chosen] = given;
const isPart = chosen !== undefined && Object.hasOwn(PARTS, chosen);
for (const part of isPart ? [chosen] : Object.keys(PARTS))
  report(part, breakAndTest(part, given.slice(isPart ? 1 : 0)));

function breakAndTest(part, options) {
  const parameters = ['run', CONFIGURATION, '--mutate', PARTS[part].join(','), ...options];
  const env = { ...process.env, WIN_ODX_MUTATE: part };
  const { status } = spawnSync(process.execPath, [STRYKER, ...parameters], { stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(readFileSync(REPORT, 'utf8')).files;
}

function report(part, files) {
  const counts = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0, Ignored: 0 };
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const reasons = Object.entries(judged[file] ?? {});
    const known = new Map(reasons.flatMap(([why, changes]) => changes.map((change) => [change, why])));
    const survivors = new Map();
    for (const mutant of mutants) {
      counts[mutant.status] += 1;
      if (mutant.status === 'Survived' || mutant.status === 'NoCoverage')
        survivors.set(changeOf(mutant, source.split('\n')), mutant.location.start.line);
    }
    for (const [change, line] of survivors) {
      if (known.has(change)) continue;
      console.error(`No test notices, and nobody has judged: ${file}:${line} ${change}`);
      process.exitCode = 1;
    }
    for (const change of known.keys())
      if (!survivors.has(change)) console.log(`A test notices by now: ${file} ${change}`);
  }
  const noticed = counts.Killed + counts.Timeout;
  const tried = noticed + counts.Survived + counts.NoCoverage;
  console.log(
    `${part}: tests noticed ${noticed} of ${tried} breaks (${((100 * noticed) / tried).toFixed(1)} %), ${counts.Timeout} of them because something waited forever.
${part}: ${counts.Survived} were not noticed, and ${counts.NoCoverage} are in code that these tests do not reach.
${part}: ${counts.Ignored} are in code that runs when a module is loaded, and were not tried.`,
  );
}

/** A break as text that stays the same when the code around it moves: `code → what takes its place`. */
function changeOf({ location: { start, end }, replacement }, lines) {
  const code = lines.slice(start.line - 1, end.line);
  code[code.length - 1] = code.at(-1).slice(0, end.column - 1);
  code[0] = code[0].slice(start.column - 1);
  return `${short(code.join(' '))} → ${short(replacement)}`;
}

function short(code) {
  const line = code.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
