import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

const LOCK_FILES = ['package-lock.json', 'docs/package-lock.json', 'test/mutation/package-lock.json'];

describe.each(LOCK_FILES)('The lock file %s', (name) => {
  const { text, entries, namesWhere } = read(name);

  test('has an exact version and a digest for every package', () => {
    expect(entries.length).toBeGreaterThan(10);
    expect(namesWhere(({ version = '' }) => !/^\d+\.\d+\.\d+(-[\w.]+)?(\+[\w.]+)?$/.test(version))).toEqual(
      [],
    );
    expect(namesWhere(({ integrity = '' }) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([]);
  });

  test('names no host, folder or link to take a package from', () => {
    expect(namesWhere(({ resolved, link }) => resolved !== undefined || link === true)).toEqual([]);
    expect(text).not.toMatch(/"(?:git\+|file:|https?:[^"]*\.tgz)/);
  });
});

describe('The lock file of the package', () => {
  const { namesWhere } = read('package-lock.json');

  test('holds only packages with install scripts that nobody needs: everything here works without them', () => {
    const withScript = namesWhere(({ hasInstallScript = false }) => hasInstallScript);
    expect(withScript.sort()).toEqual([
      'node_modules/@parcel/watcher',
      'node_modules/esbuild',
      'node_modules/koffi',
      'node_modules/msgpackr-extract',
    ]);
  });

  test('installs Koffi, its binaries and Zod for users, and nothing else', () => {
    const installed = namesWhere(({ dev, devOptional }) => dev !== true && devOptional !== true);
    expect(installed.filter((path) => !path.startsWith('node_modules/@koromix/koffi-'))).toEqual([
      'node_modules/koffi',
      'node_modules/zod',
    ]);
    expect(installed.length).toBeGreaterThan(15);
  });
});

function read(name: string) {
  const text = readFileSync(join(ROOT, name), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, Entry> };
  const entries = Object.entries(packages).filter(([path]) => path !== '');
  const namesWhere = (isWrong: (entry: Entry) => boolean): string[] =>
    entries.filter(([, entry]) => isWrong(entry)).map(([path]) => path);
  return { text, entries, namesWhere };
}
