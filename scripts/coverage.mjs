// Prints which statements and branches of src and structs the tests reach: those of this operating system, those under Wine
// where it can be had, and those of the command, which runs in processes of its own.
//
//   npm run coverage
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import coverage from 'istanbul-lib-coverage';
import report from 'istanbul-lib-report';
import reports from 'istanbul-reports';

const FOLDER = 'coverage';
const LEAST = 95;

rmSync(FOLDER, { recursive: true, force: true });
run(
  'npx',
  'vitest',
  'run',
  '--exclude',
  'test/{cli,examples,package}',
  '--exclude',
  'test/site.test.ts',
  '--coverage',
);
// The command is what is built; source maps lead back to its source.
run('npx', 'rolldown', '-c', '-s', '--logLevel', 'silent');
run(
  'npx',
  'c8',
  '-r',
  'json',
  '-o',
  `${FOLDER}/command`,
  '--include',
  'dist/**',
  'vitest',
  'run',
  'test/cli',
);
run('npm', 'run', 'build', '--silent');
run('bash', 'test/wine/run.sh', '--optional', '--coverage');

const map = coverage.createCoverageMap({});
add(`${FOLDER}/coverage-final.json`, /^(src|structs)\//);
add(`${FOLDER}/command/coverage-final.json`, /^src\/cli\//);
add(`${FOLDER}/wine.json`, /^(src|structs)\//);
reports.create('text').execute(report.createContext({ coverageMap: map, dir: FOLDER }));

const { statements, branches, lines } = map.getCoverageSummary();
for (const [name, { pct }] of Object.entries({ statements, branches, lines }))
  if (pct < LEAST) {
    console.error(`${pct} % of the ${name} are covered, and ${LEAST} % is the least that should be.`);
    process.exitCode = 1;
  }

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: false });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

/** Adds the files of a report whose paths in the project match; a report that was left out, as that of Wine, adds nothing. */
function add(path, wanted) {
  if (!existsSync(path)) return;
  for (const [file, data] of Object.entries(JSON.parse(readFileSync(path, 'utf8')))) {
    // Under Wine, and in the maps of the command, the project is elsewhere.
    const [inProject] = file
      .replaceAll('\\', '/')
      .match(/(?<=\/)(src|structs)\/(?!.*\/(src|structs)\/).*/) ?? [''];
    if (wanted.test(inProject)) map.addFileCoverage({ ...data, path: resolve(inProject) });
  }
}
