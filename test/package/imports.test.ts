import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SYMBOLS } from '../../src/kernel/win32/native.ts';
import { ROOT } from '../built.ts';
import { type Import, importsOf, sourceFiles } from './source-files.ts';

// The layers from bottom to top. A file imports from its own layer and from those above it in this list, never from one below.
const LAYERS: readonly (readonly [layer: string, files: RegExp])[] = [
  ['structs', /^structs\//],
  ['values', /^src\/(byte-count|describe|errors|help|json|native-module|signal|token|uint64|version)\.ts$/],
  ['requests', /^src\/(fields|path|request)\.ts$/],
  ['seam', /^src\/(kernel\/kernel|call-context|control|trace)\.ts$/],
  ['kernel', /^src\/kernel\//],
  ['emulator', /^src\/emulator\//],
  ['files', /^src\/(file-source|offload-file)\.ts$/],
  [
    'calls',
    /^src\/(copy-offload|dsm|dsm-offload-read|dsm-offload-write|explain-status|offload-read|offload-write|open-file|zero-range)\.ts$/,
  ],
  ['jobs', /^src\/(copy|probe)\//],
  ['entry', /^src\/(index|odx|structs)\.ts$/],
  ['cli', /^src\/cli\//],
];

// The command line is a shell over the public entry points.
// Beyond them it needs a few functions: nearestName, searchStatuses and the addresses of help.
const ENTRIES = [
  'src/index.ts',
  'src/structs.ts',
  'src/emulator/index.ts',
  'src/kernel/kernel32.ts',
  'src/explain-status.ts',
  'src/describe.ts',
  'src/help.ts',
];
// All that the layers above the kernel may know of it. How kernel32 is called lies behind it.
const KERNEL = ['src/kernel/default-kernel.ts', 'src/kernel/device-queries.ts'];
// A call is built on another one only where that is its purpose.
const BUILT_ON: Readonly<Record<string, readonly string[]>> = {
  'src/dsm-offload-read.ts': ['src/dsm.ts'],
  'src/dsm-offload-write.ts': ['src/dsm.ts'],
  'src/zero-range.ts': ['src/offload-write.ts'],
};

// The one import upwards: a missing binary of Koffi is reported by an error of this package, and before Koffi is imported.
const UPWARDS = { from: 'structs/koffi.ts', to: 'src/native-module.ts' };

function levelOf(file: string): number {
  return LAYERS.findIndex(([, files]) => files.test(file));
}

function layerOf(file: string): string {
  return LAYERS[levelOf(file)]?.[0] ?? 'none';
}

/** What is wrong with an import, if anything. */
function fault({ from, to }: Import): string | undefined {
  if (!to.includes('/') || to.startsWith('node:')) return undefined;
  if (from === UPWARDS.from && to === UPWARDS.to) return undefined;
  const [source, target] = [layerOf(from), layerOf(to)];
  const complaint = `${from} (${source}) imports ${to} (${target})`;
  if (source === 'none' || target === 'none' || levelOf(to) > levelOf(from)) return complaint;
  if (source === 'cli' && target !== 'cli') return ENTRIES.includes(to) ? undefined : complaint;
  if (source === 'calls' && target === 'calls') return BUILT_ON[from]?.includes(to) ? undefined : complaint;
  if (source === target) return undefined;
  if (target === 'kernel') return KERNEL.includes(to) ? undefined : complaint;
  return target === 'emulator' ? complaint : undefined;
}

const imports = sourceFiles().flatMap((file) => importsOf(file));

describe('imports run one way', () => {
  test('no source file imports from a layer above its own', () => {
    expect(imports.length).toBeGreaterThan(150);
    expect(imports.map(fault).filter((found) => found !== undefined)).toEqual([]);
  });

  test('every source file belongs to a layer', () => {
    expect(sourceFiles().filter((file) => layerOf(file) === 'none')).toEqual([]);
  });

  test('imports name files that exist, with their extension', () => {
    const files = sourceFiles();
    const missing = imports.filter(({ to }) => /^(src|structs)\//.test(to) && !files.includes(to));
    expect(missing).toEqual([]);
  });

  test.each<[string, string, boolean]>([
    ['structs/dsm.ts', 'src/errors.ts', true],
    ['structs/dsm.ts', 'src/native-module.ts', true],
    ['structs/koffi.ts', 'src/errors.ts', true],
    ['structs/koffi.ts', 'src/native-module.ts', false],
    ['src/errors.ts', 'src/request.ts', true],
    ['src/request.ts', 'src/kernel/kernel.ts', true],
    ['src/control.ts', 'src/offload-read.ts', true],
    ['src/kernel/kernel32.ts', 'src/odx.ts', true],
    ['src/kernel/kernel.ts', 'src/emulator/index.ts', true],
    ['src/odx.ts', 'src/emulator/index.ts', true],
    ['src/odx.ts', 'src/kernel/win32/file-info.ts', true],
    ['src/offload-read.ts', 'src/offload-write.ts', true],
    ['src/offload-write.ts', 'src/kernel/kernel32.ts', true],
    ['src/emulator/index.ts', 'src/odx.ts', true],
    ['src/emulator/index.ts', 'src/kernel/kernel32.ts', true],
    ['src/odx.ts', 'src/cli/main.ts', true],
    ['src/cli/main.ts', 'src/errors.ts', true],
    ['src/cli/main.ts', 'structs/index.ts', true],
    ['src/cli/main.ts', 'src/odx.ts', true],
    ['src/somewhere/new.ts', 'src/errors.ts', true],
    ['src/errors.ts', 'src/somewhere/new.ts', true],
    ['src/cli/main.ts', 'src/index.ts', false],
    ['src/cli/main.ts', 'src/cli/help.ts', false],
    ['src/odx.ts', 'src/kernel/kernel.ts', false],
    ['src/zero-range.ts', 'src/offload-write.ts', false],
    ['src/copy/copy-file.ts', 'src/offload-write.ts', false],
    ['src/dsm.ts', 'structs/index.ts', false],
    ['src/odx.ts', 'node:fs', false],
  ])('this check objects to %s importing %s: %s', (from, to, objects) => {
    expect(fault({ from, to }) !== undefined).toBe(objects);
  });

  test.each<[string, string[]]>([
    ["import { a } from './a.ts';", ['src/copy/a.ts']],
    ["import type { A } from '../a.ts';", ['src/a.ts']],
    ["import './effect.ts';", ['src/copy/effect.ts']],
    ["import {\n  a,\n  type B,\n} from '../../structs/index.ts';", ['structs/index.ts']],
    ["export * from './a.ts';\nexport { b } from './b.ts';", ['src/copy/a.ts', 'src/copy/b.ts']],
    ["const a = await import('./a.ts');", ['src/copy/a.ts']],
    ['/**\n * import { a } from "a"\n */', []],
    ["import koffi, { type X } from 'koffi';", ['koffi']],
  ])('this check reads the imports of %o', (text, expected) => {
    expect(importsOf('src/copy/x.ts', text).map(({ to }) => to)).toEqual(expected);
  });
});

describe('packages', () => {
  const outside = (name: string): string[] => [
    ...new Set(imports.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => from)),
  ];

  test('only two files import Koffi', () => {
    expect(outside('koffi')).toEqual(['src/kernel/kernel32.ts', 'structs/koffi.ts']);
  });

  test('Zod is imported for the requests, and for the ranges within them', () => {
    expect(outside('zod')).toEqual(['src/dsm.ts', 'src/fields.ts', 'src/request.ts']);
  });

  test('nothing is imported but Node, Koffi and Zod', () => {
    const names = new Set(imports.map(({ to }) => to).filter((to) => !/^(src|structs|node:)/.test(to)));
    expect([...names].sort()).toEqual(['koffi', 'zod']);
  });
});

describe('native functions', () => {
  // What sources call, native.X(...), and what they name to have it called on a thread of the pool.
  const used = new Set(
    sourceFiles()
      .filter((file) => file.startsWith('src/kernel/'))
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .flatMap((text) => [
        ...[...text.matchAll(/\bnative\.(?!ts\b)(\w+)/gi)].map(([, name = '']) => name),
        ...[...text.matchAll(/(?:background|call|transfer|func)\(\s*'(?!__)(\w+)'/g)].map(
          ([, name = '']) => name,
        ),
      ]),
  );
  const helpers = ['background', 'allocate', 'addressOf', 'addressOfFunction', 'progressRoutine'];

  test('native functions are listed exactly as they are used', () => {
    const names = [...used].filter((name) => !helpers.includes(name));
    expect(names.sort()).toEqual(Object.keys(SYMBOLS).sort());
  });
});
