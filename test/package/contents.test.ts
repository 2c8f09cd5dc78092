import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { type Packed, pack } from './packed.ts';

interface Manifest {
  readonly type: string;
  readonly sideEffects: boolean;
  readonly main: string;
  readonly types: string;
  readonly typesVersions: Record<string, Record<string, readonly string[]>>;
  readonly exports: Record<string, string>;
  readonly bin: Record<string, string>;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly engines: Record<string, string>;
}

const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
const manifest = read('package.json') as Manifest;

const inPackage = (path: string): string => path.replace(/^\.\//, '');
const declarationOf = (path: string): string => path.replace(/\.js$/, '.d.ts');
const entries = Object.values(manifest.exports)
  .filter((path) => path.endsWith('.js'))
  .map(inPackage);
const commands = [...new Set(Object.values(manifest.bin))];

// Windows Node under Wine has neither npm nor pipes for child processes.
describe.skipIf(process.platform === 'win32')('The packed package', () => {
  let folder: string;
  let packed: Packed;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'win-odx-packed-'));
    packed = pack(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('contains dist, README, LICENSE, CHANGELOG and package.json, and nothing else', () => {
    const outside = packed.files.filter((path) => !path.startsWith('dist/'));
    expect(outside).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  test('contains only code and declarations in dist', () => {
    const inside = packed.files.filter((path) => path.startsWith('dist/'));
    expect(inside.length).toBeGreaterThan(10);
    expect(inside.filter((path) => !/^dist\/(shared\/)?[\w-]+\.(js|d\.ts)$/.test(path))).toEqual([]);
  });

  test('contains one module for each entry point and command, and shared modules in a folder of their own', () => {
    const modules = packed.files.filter((path) => /^dist\/[^/]+\.js$/.test(path));
    expect(modules).toEqual([...entries, ...commands].sort());
  });

  test('contains one declaration file for each entry point, and shared ones in a folder of their own', () => {
    const declarations = packed.files.filter((path) => /^dist\/[^/]+\.d\.ts$/.test(path));
    expect(declarations).toEqual(entries.map(declarationOf).sort());
  });

  test('contains every file that package.json points to', () => {
    const { main, types, typesVersions, exports, bin } = manifest;
    const older = Object.values(typesVersions).flatMap((paths) => Object.values(paths).flat());
    for (const path of [main, types, ...older, ...Object.values(exports), ...Object.values(bin)]) {
      expect(packed.files).toContain(inPackage(path));
    }
  });

  test('takes at most 600 kB', () => {
    expect(packed.unpackedBytes).toBeLessThanOrEqual(600_000);
  });

  test.each([
    ['publint', (tarball: string) => ['run', tarball, '--strict']],
    // A package of ES modules: CommonJS can require it in Node.js, and TypeScript cannot know that.
    ['attw', (tarball: string) => [tarball, '--ignore-rules', 'cjs-resolves-to-esm']],
  ])('passes %s', (tool, argumentsFor) => {
    const command = join(ROOT, 'node_modules', '.bin', tool);
    const options = { encoding: 'utf8', timeout: 60_000 } as const;
    const { status, stdout } = spawnSync(command, argumentsFor(packed.tarball), options);
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

  test('declares an ES module without side effects', () => {
    expect([manifest.type, manifest.sideEffects]).toEqual(['module', false]);
  });

  test('installs the command under the names odx and win-odx', () => {
    expect(manifest.bin).toEqual({ odx: 'dist/odx.js', 'win-odx': 'dist/odx.js' });
  });

  test('leads older module resolution to the same declarations as its exports', () => {
    const { '.': root = '', './package.json': _, ...subpaths } = manifest.exports;
    expect([manifest.main, manifest.types]).toEqual([root, declarationOf(root)]);
    const older = Object.entries(subpaths).map(([name, path]) => [inPackage(name), [declarationOf(path)]]);
    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(older) });
  });

  test('depends on Koffi and Zod only', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['koffi', 'zod']);
  });

  test('pins the exact versions of the development tools', () => {
    for (const version of Object.values(manifest.devDependencies)) {
      expect(version).toMatch(/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/);
    }
  });

  test('requires at least the oldest Node.js that the tests run on', () => {
    expect(manifest.engines).toEqual({ node: '>=20.19' });
  });
});
