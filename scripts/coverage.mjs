// Prints which statements and branches of src and structs the tests reach: those on this operating system, in Vitest and in
// the processes of the command that they start, and those under Wine where it can be had.
//
//   npm run coverage
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { mergeProcessCovs } from '@bcoe/v8-coverage';
import { convert } from 'ast-v8-to-istanbul';
import coverage from 'istanbul-lib-coverage';
import report from 'istanbul-lib-report';
import reports from 'istanbul-reports';
import { parseAst } from 'rolldown/parseAst';

const LEAST = 95;
const FOLDER = 'coverage';
// Node.js writes a file for each process there.
const PROCESSES = resolve(FOLDER, 'processes');

rmSync(FOLDER, { recursive: true, force: true });
run('npx', ['rolldown', '-c', '--sourcemap', '--logLevel', 'silent']);
// What is published holds no source maps, which contents.test.ts checks.
const inVitest = ['vitest', 'run', '--exclude', 'test/{site,package/contents}.test.ts', '--coverage'];
run('npx', inVitest, { ...process.env, NODE_V8_COVERAGE: PROCESSES });
run('bash', ['test/wine/run.sh', '--optional', '--coverage']);

const map = coverage.createCoverageMap({});
add(read('coverage-final.json'));
add(read('wine.json'));
add(await ofCommand());
run('npm', ['run', 'build', '--silent']);
reports.create('text').execute(report.createContext({ coverageMap: map, dir: FOLDER }));

const { lines, branches } = map.getCoverageSummary();
for (const [name, { pct }] of Object.entries({ lines, branches })) {
  if (pct >= LEAST) continue;
  console.error(`${pct} % of the ${name} are reached; it should be ${LEAST} %.`);
  process.exitCode = 1;
}

function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`, { cause: error });
}

/** A report of Vitest, or nothing where its tests were left out. */
function read(name) {
  const path = resolve(FOLDER, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** What the processes of the built command have reached. The source maps lead back to its source. */
async function ofCommand() {
  const dist = pathToFileURL(resolve('dist')).href;
  const files = readdirSync(PROCESSES).map((name) =>
    JSON.parse(readFileSync(resolve(PROCESSES, name), 'utf8')),
  );
  const { result } = mergeProcessCovs(
    files.map(({ result }) => ({ result: result.filter(({ url }) => url.startsWith(dist)) })),
  );
  const command = coverage.createCoverageMap({});
  for (const script of result) {
    const path = fileURLToPath(script.url);
    if (!existsSync(`${path}.map`)) continue;
    const code = readFileSync(path, 'utf8');
    const sourceMap = JSON.parse(readFileSync(`${path}.map`, 'utf8'));
    command.merge(await convert({ code, sourceMap, ast: parseAst(code), coverage: script }));
  }
  return command.toJSON();
}

function add(files) {
  for (const [file, given] of Object.entries(files)) {
    // Under Wine the project is elsewhere.
    const [inProject] = /(?<=[/\\])(src|structs)[/\\](?!.*[/\\](src|structs)[/\\]).*/.exec(file) ?? [];
    if (inProject === undefined) continue;
    const path = resolve(inProject.replaceAll('\\', '/'));
    const data = { ...JSON.parse(JSON.stringify(given)), path };
    // Source maps differ in where a branch ends, but not in the branches.
    const known = map.data[path]?.data;
    if (known !== undefined) Object.assign(data, { branchMap: known.branchMap, fnMap: known.fnMap });
    map.addFileCoverage(data);
  }
}
