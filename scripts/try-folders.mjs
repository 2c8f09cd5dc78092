// Runs `odx try` in folders of several kinds, and `odx copy --verify` on the sample.bin in each, and compares the results
// with what is expected there. The reports are kept as NAME.try.json and NAME.copy.json:
//
//   node scripts/try-folders.mjs EXPECTED FOLDERS REPORTS [OPTION OF ODX...]
//
// EXPECTED, such as storage-trials.json, names every refusal that is no surprise: those of any folder (`anywhere`), and
// for each folder its own. FOLDERS, as make-test-folders.ps1 writes it, says where they are:
// [{ "name": "ntfs", "path": "C:\\odx" }, { "name": "refs", "missing": "why it could not be made" }, ...]
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ODX = fileURLToPath(new URL('../dist/odx.js', import.meta.url));
const SIZE = '1MiB';

const [expectation, list, reports, ...options] = process.argv.slice(2);
if (expectation === undefined || list === undefined || reports === undefined) {
  console.error('Usage: node try-folders.mjs EXPECTED FOLDERS REPORTS [OPTION OF ODX...]');
  process.exit(2);
}
const { anywhere, folders: expectations } = readJson(expectation);
mkdirSync(reports, { recursive: true });
const folders = new Map(readJson(list).map((folder) => [folder.name, folder]));

for (const [name, expected] of Object.entries(expectations)) {
  const problems = problemsOf(folders.get(name) ?? { name, missing: 'It is not in the list.' }, expected);
  for (const problem of problems) console.error(`${name}: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
for (const name of folders.keys()) {
  if (name in expectations) continue;
  console.error(`${name}: Nothing says what to expect here.`);
  process.exitCode = 1;
}

function problemsOf({ name, path, missing }, expected) {
  if (missing !== undefined) {
    console.log(`${name}: not tried. ${missing}`);
    return expected.mayBeMissing ? [] : ['This folder is required.'];
  }
  const refusals = [...anywhere, ...expected.refusals];
  const sample = join(path, 'sample.bin');
  const copy = join(path, 'sample.copy.bin');
  const trial = odx(name, ['try', path, '--size', SIZE]);
  const copied = odx(name, ['copy', sample, copy, '--verify']);
  const same = copied.status === 0 && readFileSync(sample).equals(readFileSync(copy));
  rmSync(copy, { force: true });
  const verdict = trial.report?.verdict ?? `exit code ${trial.status}`;
  console.log(`${name}: ${verdict}; the copy is ${same ? 'identical' : 'NOT identical'}.`);
  return [
    ...trialProblems(trial, expected, refusals),
    ...(same ? [] : [`odx copy ended with exit code ${copied.status}: ${copied.stderr}${copied.stdout}`]),
    ...refusalProblem('odx copy', copied.report?.fallback?.reason.code, refusals),
  ];
}

function trialProblems({ status, report, stdout, stderr }, expected, refusals) {
  // An error is a JSON document too.
  if (report?.verdict === undefined) return [`odx try ended with exit code ${status}: ${stderr}${stdout}`];
  const { verdict, steps, source } = report;
  const wrong = ['fileSystem', 'sectorSize'].filter(
    (fact) => expected[fact] !== undefined && source[fact] !== expected[fact],
  );
  return [
    ...wrong.map((fact) => `${fact} is ${source[fact]} instead of ${expected[fact]}.`),
    ...(verdict === 'broken' ? [`The storage answered wrongly: ${JSON.stringify(steps)}`] : []),
    ...steps
      .filter(({ outcome }) => outcome === 'refused')
      .flatMap((step) => refusalProblem(`The step ${step.name}`, step.status, refusals)),
  ];
}

function refusalProblem(what, code, refusals) {
  return code === undefined || refusals.includes(code)
    ? []
    : [`${what} was refused with ${code}, which is not listed.`];
}

/** Runs the command and keeps its report. */
function odx(name, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ODX, ...args, '--json', ...options], {
    encoding: 'utf8',
  });
  writeFileSync(join(reports, `${name}.${args[0]}.json`), stdout);
  return { status, stdout, stderr, report: stdout === '' ? undefined : JSON.parse(stdout) };
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
