import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SYMBOLS } from '../../src/kernel/win32/symbols.ts';
import { root } from './built.ts';
import { type Import, importsOf, sourceFiles } from './imports.ts';

// What a file of each layer may import besides its own layer. The arrows run one way:
// structs -> codec -> schema -> kernel -> api -> cli, the emulator beside the kernel.
const BASE = ['structs', 'root'];
const ALLOWED: Record<string, readonly string[]> = {
  structs: [],
  root: ['structs'],
  codec: BASE,
  schema: [...BASE, 'codec'],
  kernel: [...BASE, 'codec', 'schema'],
  emulator: [...BASE, 'codec', 'schema', 'kernel'],
  api: [...BASE, 'codec', 'schema', 'kernel'],
  entry: [...BASE, 'schema', 'kernel', 'api'],
  cli: ['entry'],
};

// Of the kernel, others may know the seam and the way to the default one. kernel32.ts is a public entry point too.
const ENTRIES = ['src/index.ts', 'src/structs.ts', 'src/emulator/index.ts', 'src/kernel/kernel32.ts'];
const SEAM = ['src/kernel/kernel.ts', 'src/kernel/default.ts', 'src/kernel/supported.ts'];

// Modules on the top level of src that any layer but structs/ may use, and that use no layer but structs/.
const ROOT_MODULES = ['abort', 'describe', 'device-path', 'errors', 'token', 'token-bytes'].map(
  (name) => `src/${name}.ts`,
);

function layerOf(file: string): string {
  if (file.startsWith('structs/')) return 'structs';
  if (['src/index.ts', 'src/structs.ts', 'src/explain-status.ts'].includes(file)) return 'entry';
  if (ROOT_MODULES.includes(file)) return 'root';
  return file.split('/')[1] ?? '';
}

/** What is wrong with an import, if anything. */
function fault({ from, to }: Import): string | undefined {
  if (!to.includes('/') || to.startsWith('node:')) return undefined;
  const [source, target] = [layerOf(from), layerOf(to)];
  if (!(source in ALLOWED)) return `${from} is in no known layer`;
  if (source === 'cli' && target !== 'cli') {
    return ENTRIES.includes(to) ? undefined : `${from} imports ${to}, which is no public entry point`;
  }
  if (source === target) return undefined;
  if (!ALLOWED[source]?.includes(target)) return `${from} (${source}) imports ${to} (${target})`;
  if (target === 'kernel' && source !== 'entry' && !SEAM.includes(to)) {
    return `${from} imports ${to}, which lies behind the seam`;
  }
  return undefined;
}

const imports = sourceFiles().flatMap((file) => importsOf(file));

describe('imports run one way', () => {
  test('in every source file', () => {
    expect(imports.length).toBeGreaterThan(150);
    expect(imports.map(fault).filter((found) => found !== undefined)).toEqual([]);
  });

  test('and every file belongs to a layer', () => {
    expect(sourceFiles().filter((file) => !(layerOf(file) in ALLOWED))).toEqual([]);
  });

  test('and name files that are there, with their extension', () => {
    const files = sourceFiles();
    const missing = imports.filter(({ to }) => /^(src|structs)\//.test(to) && !files.includes(to));
    expect(missing).toEqual([]);
  });

  test.each<[string, string, boolean]>([
    ['structs/dsm.ts', 'src/errors.ts', true],
    ['src/errors.ts', 'src/schema/own.ts', true],
    ['src/token.ts', 'src/codec/dsm.ts', true],
    ['src/codec/dsm.ts', 'src/schema/own.ts', true],
    ['src/codec/dsm.ts', 'src/kernel/kernel.ts', true],
    ['src/schema/own.ts', 'src/api/odx.ts', true],
    ['src/kernel/kernel32.ts', 'src/api/odx.ts', true],
    ['src/kernel/kernel.ts', 'src/emulator/index.ts', true],
    ['src/api/odx.ts', 'src/emulator/index.ts', true],
    ['src/api/odx.ts', 'src/kernel/win32/files.ts', true],
    ['src/emulator/index.ts', 'src/api/odx.ts', true],
    ['src/emulator/index.ts', 'src/kernel/kernel32.ts', true],
    ['src/api/odx.ts', 'src/cli/main.ts', true],
    ['src/cli/main.ts', 'src/errors.ts', true],
    ['src/cli/main.ts', 'structs/index.ts', true],
    ['src/cli/main.ts', 'src/api/odx.ts', true],
    ['src/somewhere/new.ts', 'src/errors.ts', true],
    ['src/cli/main.ts', 'src/index.ts', false],
    ['src/cli/main.ts', 'src/cli/help.ts', false],
    ['src/api/odx.ts', 'src/kernel/kernel.ts', false],
    ['src/codec/dsm.ts', 'structs/index.ts', false],
    ['src/api/odx.ts', 'node:fs', false],
  ])('this check objects to %s importing %s: %s', (from, to, objects) => {
    expect(fault({ from, to }) !== undefined).toBe(objects);
  });

  test.each<[string, string[]]>([
    ["import { a } from './a.ts';", ['src/api/a.ts']],
    ["import type { A } from '../a.ts';", ['src/a.ts']],
    ["import './effect.ts';", ['src/api/effect.ts']],
    ["import {\n  a,\n  type B,\n} from '../../structs/index.ts';", ['structs/index.ts']],
    ["export * from './a.ts';\nexport { b } from './b.ts';", ['src/api/a.ts', 'src/api/b.ts']],
    ["const a = await import('./a.ts');", ['src/api/a.ts']],
    ['/**\n * import { a } from "a"\n */', []],
    ["import koffi, { type X } from 'koffi';", ['koffi']],
  ])('and reads the imports of %o', (text, expected) => {
    expect(importsOf('src/api/x.ts', text).map(({ to }) => to)).toEqual(expected);
  });
});

describe('packages', () => {
  const outside = (name: string): string[] => [
    ...new Set(imports.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => from)),
  ];

  test('only these two import Koffi', () => {
    expect(outside('koffi')).toEqual(['src/kernel/kernel32.ts', 'structs/layout.ts']);
  });

  test('only schema/ and the options of the emulator import Zod', () => {
    for (const file of outside('zod')) expect(file).toMatch(/^src\/(schema|emulator)\//);
  });

  test('nothing else is imported but Node', () => {
    const names = new Set(imports.map(({ to }) => to).filter((to) => !/^(src|structs|node:)/.test(to)));
    expect([...names].sort()).toEqual(['koffi', 'zod']);
  });
});

describe('native functions', () => {
  // What sources call, native.X(...), and what they name to have it called on a thread of the pool.
  const used = new Set(
    sourceFiles()
      .filter((file) => file.startsWith('src/kernel/'))
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .flatMap((text) => [
        ...[...text.matchAll(/\bnative\.(?!ts\b)(\w+)/gi)].map(([, name = '']) => name),
        ...[...text.matchAll(/(?:background|inBackground|#transfer)\(\s*'(\w+)'/g)].map(
          ([, name = '']) => name,
        ),
      ]),
  );
  const helpers = ['background', 'addressOf'];

  test('are listed exactly as they are used', () => {
    const names = [...used].filter((name) => !helpers.includes(name));
    expect(names.sort()).toEqual(Object.keys(SYMBOLS).sort());
  });
});
