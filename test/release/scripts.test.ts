import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { type Folder, patternBytes, temporaryFolder } from '../kit.ts';

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(folder: Folder, script: string, ...args: string[]): Ended {
  const [cwd, path] = [folder.path('.'), join(ROOT, script)];
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { cwd, encoding: 'utf8' });
  return { status, stdout, stderr };
}

// Windows Node.js under Wine has no pipes for child processes.
const hasPipes = process.platform !== 'win32';

describe.skipIf(!hasPipes)('check-release.mjs [needs pipes]', () => {
  const script = 'scripts/check-release.mjs';

  /** A folder with this package as it would be released, but for the changes. */
  function release(
    change: { manifest?: object; changelog?: string; lock?: string; module?: string } = {},
  ): Folder {
    const folder = temporaryFolder();
    const manifest = JSON.parse(textOf('package.json').replaceAll('OWNER', 'example')) as object;
    const lock = change.lock ?? '1.2.3';
    const changelog =
      change.changelog ?? '# Changelog\n\n## [1.2.3] - 2026-12-24\n\n### Added\n\n- Everything.\n';
    folder.file(
      'package.json',
      Buffer.from(JSON.stringify({ ...manifest, version: '1.2.3', ...change.manifest })),
    );
    folder.file(
      'package-lock.json',
      Buffer.from(JSON.stringify({ version: lock, packages: { '': { version: lock } } })),
    );
    mkdirSync(folder.path('src'));
    folder.file('src/version.ts', Buffer.from(change.module ?? "export const VERSION = '1.2.3';\n"));
    folder.file('CHANGELOG.md', Buffer.from(changelog));
    return folder;
  }

  test.each([[[]], [['v1.2.3']]])('accepts a complete release, with the arguments %j', (args) => {
    const expected = { status: 0, stdout: 'win-odx 1.2.3 is ready.\n', stderr: '' };
    expect(run(release(), script, ...args)).toEqual(expected);
  });

  test.each([
    [
      'a placeholder',
      { manifest: { funding: { url: 'https://github.com/sponsors/OWNER' } } },
      /package\.json names OWNER; write/,
    ],
    ['no repository', { manifest: { repository: undefined } }, /repository\.url must be/],
    [
      'a foreign homepage',
      { manifest: { homepage: 'https://example.com' } },
      /homepage must be https:\/\/github\.com/,
    ],
    ['no place for bugs', { manifest: { bugs: undefined } }, /bugs\.url must be/],
    ['no funding', { manifest: { funding: undefined } }, /funding\.url must be a URL/],
    ['a version that is none', { manifest: { version: '1.2' } }, /1\.2 is no version/],
    ['another version in the lock file', { lock: '1.2.2' }, /package-lock\.json has another version/],
    [
      'no entry in the changelog',
      { changelog: '# Changelog\n\n## [Unreleased]\n\n- New.\n' },
      /no entry for 1\.2\.3/,
    ],
    [
      'an entry without a date',
      { changelog: '## [1.2.3] - unreleased\n\n- New.\n' },
      /"unreleased" is no date/,
    ],
    [
      'an entry with a date that does not exist',
      { changelog: '## [1.2.3] - 2026-02-30\n\n- New.\n' },
      /is no date/,
    ],
    [
      'an empty entry',
      { changelog: '## [1.2.3] - 2026-12-24\n\n## [1.2.2] - 2026-12-23\n\n- Old.\n' },
      /entry for 1\.2\.3 is empty/,
    ],
  ])('refuses %s', (_, change, message) => {
    const { status, stderr } = run(release(change), script);
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });

  test.each(['1.2.3', 'v1.2.4', 'v1.2.3-rc.1'])('refuses the tag %s for version 1.2.3', (tag) => {
    const { status, stderr } = run(release(), script, tag);
    expect(stderr).toBe(`The tag is ${tag}, but package.json needs v1.2.3.\n`);
    expect(status).toBe(1);
  });

  test('runs before npm publishes', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    expect(scripts['prepublishOnly']).toBe(`node ${script}`);
  });

  test.runIf(textOf('package.json').includes('OWNER'))(
    'refuses this repository while its owner is not named',
    () => {
      const command = [join(ROOT, script)];
      const { status, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
      expect(stderr).toContain('package.json names OWNER');
      expect(status).toBe(1);
    },
  );
});

describe.skipIf(!hasPipes)('try-folders.mjs [needs pipes]', () => {
  const script = 'scripts/try-folders.mjs';

  function trial(
    expected: object,
    folders: readonly object[],
    ...options: string[]
  ): Ended & { folder: Folder } {
    const folder = temporaryFolder();
    for (const name of ['one', 'two']) {
      mkdirSync(folder.path(name));
      folder.file(join(name, 'sample.bin'), patternBytes(300_000));
    }
    folder.file('expected.json', Buffer.from(JSON.stringify(expected)));
    folder.file('folders.json', Buffer.from(JSON.stringify(folders)));
    return { folder, ...run(folder, script, 'expected.json', 'folders.json', 'reports', ...options) };
  }

  const one = { name: 'one', path: 'one' };
  const listed = { fileSystem: 'emulated', sectorSize: 512, refusals: [] };
  const NONE: string[] = [];

  test('accepts folders that offload, and keeps their reports', () => {
    const expected = { anywhere: NONE, folders: { one: listed, two: listed } };
    const { folder, status, stdout, stderr } = trial(expected, [one, { name: 'two', path: 'two' }]);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'one: offloads; the copy is identical.\ntwo: offloads; the copy is identical.\n',
      stderr: '',
    });
    const report = (name: string): unknown =>
      JSON.parse(readFileSync(folder.path(`reports/${name}.json`), 'utf8'));
    expect(report('two.try')).toMatchObject({ verdict: 'offloads', size: `${1_048_576}` });
    expect(report('two.copy')).toMatchObject({ verified: 'cache', offloadedBytes: '300000' });
  });

  test.each([
    ['anywhere', { anywhere: ['ERROR_NOT_SUPPORTED'], folders: { one: listed } }],
    [
      'for the folder',
      { anywhere: NONE, folders: { one: { ...listed, refusals: ['ERROR_NOT_SUPPORTED'] } } },
    ],
  ])('accepts a refusal that is listed %s', (_, expected) => {
    const { status, stdout, stderr } = trial(expected, [one], '--incapable', '--emulate');
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'one: incapable; the copy is identical.\n',
      stderr: '',
    });
  });

  test.each([
    [
      'a refusal that is not listed',
      listed,
      ['--incapable'],
      /one: The step whole-file was refused with ERROR_NOT_SUPPORTED/,
    ],
    [
      'a refused copy that is not listed',
      listed,
      ['--incapable'],
      /one: odx copy was refused with ERROR_NOT_SUPPORTED/,
    ],
    [
      'another file system',
      { ...listed, fileSystem: 'NTFS' },
      [],
      /one: fileSystem is emulated instead of NTFS/,
    ],
    ['another sector size', { ...listed, sectorSize: 4096 }, [], /one: sectorSize is 512 instead of 4096/],
    [
      'a wrong answer',
      listed,
      ['--token-lifetime', '0'],
      /one: The storage answered wrongly: .*ERROR_INVALID_TOKEN/,
    ],
    [
      'a command that fails',
      listed,
      ['--no-such-option'],
      /one: odx try ended with exit code 2: .*no-such-option/s,
    ],
  ])('objects to %s', (_, expectation, options, message) => {
    const expected = { anywhere: NONE, folders: { one: expectation } };
    const { status, stderr } = trial(expected, [one], ...options, '--emulate');
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });

  test('objects to a folder that is missing, unless it may be', () => {
    const missing = [{ name: 'one', missing: 'No ReFS here.' }];
    const strict = trial({ anywhere: NONE, folders: { one: listed } }, missing);
    expect([strict.status, strict.stderr]).toEqual([1, 'one: This folder is required.\n']);
    const lenient = trial({ anywhere: NONE, folders: { one: { ...listed, mayBeMissing: true } } }, missing);
    expect(lenient).toMatchObject({ status: 0, stdout: 'one: not tried. No ReFS here.\n', stderr: '' });
  });

  test('objects to a folder that is only in one of the two lists', () => {
    const { status, stderr } = trial({ anywhere: NONE, folders: { two: listed } }, [one]);
    expect(stderr).toBe('two: This folder is required.\none: Nothing says what to expect here.\n');
    expect(status).toBe(1);
  });
});

describe('storage-trials.json', () => {
  const { anywhere, folders } = JSON.parse(textOf('scripts/storage-trials.json')) as {
    anywhere: string[];
    folders: Record<string, { refusals: string[] }>;
  };
  const refusals = [...anywhere, ...Object.values(folders).flatMap((folder) => folder.refusals)];

  test('lists the folders that make-test-folders.ps1 makes', () => {
    const made = [...textOf('scripts/make-test-folders.ps1').matchAll(/^Add-Folder '([\w-]+)'/gm)];
    expect(made.map(([, name]) => name)).toEqual(Object.keys(folders));
  });

  test('names refusals that the conformance suite accepts as well', async () => {
    const { onWindows } = await import('../conformance/on-windows.ts');
    expect(refusals.filter((name) => !onWindows.acceptableRefusals.includes(name))).toEqual([]);
  });
});

describe.skipIf(!hasPipes)('licenses.mjs [needs pipes]', () => {
  const script = 'scripts/licenses.mjs';

  const lock = (packages: object): Folder => {
    const folder = temporaryFolder();
    folder.file('package-lock.json', Buffer.from(JSON.stringify({ packages })));
    return folder;
  };

  test('knows the license of everything that users install, on each platform', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, script)], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const names = stdout.match(/^\S+/gm) ?? [];
    expect(names).toEqual(
      expect.arrayContaining(['koffi', 'zod', '@koromix/koffi-win32-x64', '@koromix/koffi-win32-arm64']),
    );
    // Nothing else but Koffi's binaries.
    expect(names.filter((name) => !name.startsWith('@koromix/koffi-'))).toEqual(['koffi', 'zod']);
  });

  test('follows dependencies of dependencies, the nearest first, and leaves development tools out', () => {
    const folder = lock({
      '': { dependencies: { a: '1' }, devDependencies: { tool: '1' } },
      'node_modules/a': {
        version: '1.0.0',
        license: 'MIT',
        dependencies: { b: '1' },
        optionalDependencies: { c: '1' },
      },
      'node_modules/a/node_modules/b': { version: '1.0.1', license: 'ISC' },
      'node_modules/b': { version: '2.0.0', license: 'Unlicense' },
      'node_modules/c': { version: '1.0.2', license: '0BSD' },
      'node_modules/tool': { version: '1.0.0', license: 'GPL-3.0' },
    });
    const stdout = 'a  1.0.0     MIT\nb  1.0.1     ISC\nc  1.0.2     0BSD\n';
    expect(run(folder, script)).toEqual({ status: 0, stdout, stderr: '' });
  });

  test.each([
    ['GPL-3.0', 'GPL-3.0'],
    [undefined, 'none'],
  ])('fails on the license %s', (license, shown) => {
    const folder = lock({
      '': { dependencies: { a: '1' } },
      'node_modules/a': { version: '1.0.0', ...(license !== undefined && { license }) },
    });
    const { status, stderr } = run(folder, script);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `a has the license "${shown}", which nobody has checked.\n`,
    });
  });
});

describe.skipIf(!hasPipes)('install-debian-packages.sh [needs pipes]', () => {
  const script = 'scripts/install-debian-packages.sh';

  /** Runs the script where dpkg-query and apt-get only write down their arguments. */
  function install(...missing: string[]): { status: number | null; calls: string[] } {
    const folder = temporaryFolder();
    const program = (name: string, text: string): void => {
      folder.file(name, Buffer.from(`#!/bin/sh\n${text}\n`));
      chmodSync(folder.path(name), 0o755);
    };
    const isMissing = missing.map((name) => `[ "$4" = ${name} ] && exit 1`);
    program('dpkg-query', [...isMissing, 'echo install ok installed'].join('\n'));
    program('apt-get', `echo "$@" >> ${folder.path('calls')}`);
    program('sudo', 'exec "$@"');
    writeFileSync(folder.path('calls'), '');
    const path = `${folder.path('.')}:${process.env['PATH']}`;
    const { status } = spawnSync('bash', [join(ROOT, script)], { env: { ...process.env, PATH: path } });
    return {
      status,
      calls: readFileSync(folder.path('calls'), 'utf8')
        .split('\n')
        .filter((line) => line !== ''),
    };
  }

  test('installs what is missing', () => {
    const { status, calls } = install('redis-server', 'tmux');
    expect(status).toBe(0);
    expect(calls).toEqual(['update -qq', 'install -y -qq --no-install-recommends redis-server tmux']);
  });

  test('does nothing where all is installed', () => {
    expect(install()).toEqual({ status: 0, calls: [] });
  });

  test('is the one list of packages, for CI and for the dev container', () => {
    expect(textOf(script)).toMatch(/^ {2}wine wine64/m);
    for (const caller of ['.ci/run', '.devcontainer/devcontainer.json']) {
      expect(textOf(caller)).toContain(script);
      expect(textOf(caller)).not.toMatch(/apt-get|mingw/);
    }
  });
});
