// Refuses to release what is not complete. Runs before `npm publish`, and in the release workflow with the tag:
//
//   node scripts/check-release.mjs [TAG]
import { readFileSync } from 'node:fs';

const [tag] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const { version } = manifest;
// The placeholder of the owner stands in the first; the others repeat it.
const OWNED = {
  'package.json': 'write the owner of the repository instead',
  'package-lock.json': 'run npm install',
  'src/version.ts': 'run npm run docs:update',
};
const problems = [
  ...ownerProblems(),
  ...repositoryProblems(manifest),
  ...versionProblems(),
  ...changelogProblems(),
];

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`${manifest.name} ${version} is ready.`);

function ownerProblems() {
  return Object.entries(OWNED)
    .filter(([path]) => /\bOWNER\b/.test(readFileSync(path, 'utf8')))
    .map(([path, advice]) => `${path} names OWNER; ${advice}.`);
}

/** All links lead to one repository. Provenance compares it with the one that publishes. */
function repositoryProblems({ repository, homepage, bugs, funding }) {
  const [, owner, name] =
    /^git\+https:\/\/github\.com\/([\w-]+)\/([\w.-]+)\.git$/.exec(repository?.url ?? '') ?? [];
  if (owner === undefined) {
    return ['package.json: repository.url must be git+https://github.com/<owner>/<name>.git.'];
  }
  const page = `https://github.com/${owner}/${name}`;
  const expected = { homepage: `${page}#readme`, 'bugs.url': `${page}/issues` };
  const actual = { homepage, 'bugs.url': bugs?.url };
  const wrong = Object.keys(expected).filter((field) => actual[field] !== expected[field]);
  return [
    ...wrong.map((field) => `package.json: ${field} must be ${expected[field]}, as in repository.url.`),
    ...(URL.canParse(funding?.url ?? '') ? [] : ['package.json: funding.url must be a URL.']),
  ];
}

function versionProblems() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const locked = [lock.version, lock.packages[''].version];
  const built = readFileSync('src/version.ts', 'utf8');
  return [
    ...(/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version) ? [] : [`package.json: ${version} is no version.`]),
    ...(locked.every((other) => other === version)
      ? []
      : ['package-lock.json has another version; run npm install.']),
    ...(built.includes(`'${version}'`)
      ? []
      : ['src/version.ts has another version; run npm run docs:update.']),
    ...(tag === undefined || tag === `v${version}`
      ? []
      : [`The tag is ${tag}, but package.json needs v${version}.`]),
  ];
}

/** The version has an entry of its own, with its date and at least one line. */
function changelogProblems() {
  const heading = `## [${version}] - `;
  const entries = readFileSync('CHANGELOG.md', 'utf8').split(/^(?=## )/m);
  const entry = entries.find((text) => text.startsWith(heading));
  if (entry === undefined) {
    return [`CHANGELOG.md: no entry for ${version}; rename "## [Unreleased]" to "${heading}<date>".`];
  }
  const [first = '', ...lines] = entry.split('\n');
  const date = first.slice(heading.length);
  return [
    ...(isDate(date) ? [] : [`CHANGELOG.md: "${date}" is no date; write it as 2026-01-31.`]),
    ...(lines.some((line) => /^- \S/.test(line)) ? [] : [`CHANGELOG.md: the entry for ${version} is empty.`]),
  ];
}

function isDate(text) {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text;
}
