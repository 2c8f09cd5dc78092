import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './built.ts';
import { type Packed, pack } from './packed.ts';

interface Manifest {
  readonly type: string;
  readonly sideEffects: boolean;
  readonly exports: Record<string, string>;
  readonly bin: Record<string, string>;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly engines: Record<string, string>;
}

interface Lock {
  readonly packages: Record<string, { version?: string; integrity?: string }>;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
const manifest = read('package.json') as Manifest;
const lock = read('package-lock.json') as Lock;

// Windows Node under Wine has neither npm nor pipes for child processes.
describe.skipIf(process.platform === 'win32')('the packed package', () => {
  let folder: string;
  let packed: Packed;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'win-odx-packed-'));
    packed = pack(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds dist, README, LICENSE, CHANGELOG and package.json, and nothing else', () => {
    const outside = packed.files.filter((path) => !path.startsWith('dist/'));
    expect(outside).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  test('holds code and declarations only, of src and structs', () => {
    const inside = packed.files.filter((path) => path.startsWith('dist/'));
    expect(inside.length).toBeGreaterThan(100);
    expect(inside.filter((path) => !/^dist\/(src|structs)\/.+\.(js|d\.ts)$/.test(path))).toEqual([]);
  });

  test('holds one module for each entry and what they share, and a declaration beside each entry', () => {
    const entries = Object.values(manifest.exports).filter((path) => path.endsWith('.js'));
    const expected = [...entries, ...Object.values(manifest.bin)].map((path) => path.replace(/^\.\//, ''));
    const modules = packed.files.filter((path) => path.endsWith('.js'));
    const entered = modules.filter((path) => !path.startsWith('dist/src/shared/'));
    expect(entered.sort()).toEqual(expected.sort());
    for (const path of entries) expect(packed.files).toContain(path.replace(/^\.\/(.*)\.js$/, '$1.d.ts'));
  });

  test('holds what package.json points to', () => {
    for (const path of [...Object.values(manifest.exports), ...Object.values(manifest.bin)]) {
      expect(packed.files).toContain(path.replace(/^\.\//, ''));
    }
  });

  test.each([
    ['publint', ['run', '--strict']],
    ['attw', ['--profile', 'esm-only']],
  ])('is clean to %s', (tool, options) => {
    const command = join(root, 'node_modules', '.bin', tool);
    const [first = '', ...rest] =
      tool === 'publint' ? ['run', packed.tarball, ...options.slice(1)] : [packed.tarball, ...options];
    const { status, stdout } = spawnSync(command, [first, ...rest], { encoding: 'utf8', timeout: 60_000 });
    expect({ status, stdout: status === 0 ? '' : stdout }).toEqual({ status: 0, stdout: '' });
  });
});

describe('package.json', () => {
  test('has no script that runs when the package is installed', () => {
    const installing = [
      'preinstall',
      'install',
      'postinstall',
      'prepare',
      'preprepare',
      'postprepare',
      'prepublish',
    ];
    expect(Object.keys(manifest.scripts).filter((name) => installing.includes(name))).toEqual([]);
  });

  test('is an ES module without side effects', () => {
    expect([manifest.type, manifest.sideEffects]).toEqual(['module', false]);
  });

  test('depends on Koffi and Zod alone', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['koffi', 'zod']);
  });

  test('pins the versions of its tools', () => {
    for (const version of Object.values(manifest.devDependencies)) {
      expect(version).toMatch(/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/);
    }
  });

  test('knows each dependency in the lock file by one version, with its digest', () => {
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
      const entry = lock.packages[`node_modules/${name}`];
      expect(entry?.version, name).toMatch(/^\d+\.\d+\.\d+/);
      expect(entry?.integrity, name).toMatch(/^sha512-/);
    }
  });

  test('asks for the Node that its tests run on at least', () => {
    expect(manifest.engines).toEqual({ node: '>=20.19' });
  });
});
