import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { install, pack } from './packed.ts';

// Windows Node under Wine has neither npm nor pipes for child processes.
describe.skipIf(process.platform === 'win32')('A project with the package installed', () => {
  let project: string;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'win-odx-consumer-'));
    install(pack(project), project);
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
    cpSync(join(ROOT, 'test', 'package', 'consumer.mts'), join(project, 'consumer.mts'));
  }, 60_000);
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  // The oldest TypeScript that the README promises, the last one written in JavaScript, and the current one.
  const COMPILERS = [
    ['5.7', 'typescript-5.7'],
    ['5.9', 'typescript-5.9'],
    ['7', 'typescript'],
  ];
  const MODULES = [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
    ['esnext', 'node10'],
    ['commonjs', 'node10'],
  ];
  const COMBINATIONS = COMPILERS.flatMap(([version = '', name = '']) =>
    MODULES.filter(([, resolution]) => version !== '7' || resolution !== 'node10').map(
      ([module = '', resolution = '']) => [version, name, module, resolution] as const,
    ),
  );

  function check(name: string, options: object): { status: number | null; stdout: string } {
    const config = {
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        ...options,
      },
      files: ['consumer.mts'],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules', name, 'bin', 'tsc');
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    return { status, stdout };
  }

  test.each(COMPILERS)('is checked by the TypeScript %s that the test names', (version, name) => {
    const manifest = readFileSync(join(ROOT, 'node_modules', name ?? '', 'package.json'), 'utf8');
    expect((JSON.parse(manifest) as { version: string }).version).toMatch(
      new RegExp(`^${version?.replace('.', '\\.')}\\.`),
    );
  });

  test.each(COMBINATIONS)(
    'compiles with TypeScript %s (%s), module %s, moduleResolution %s, without the types of Node or the DOM',
    (_, name, module, moduleResolution) => {
      const options = { target: 'es2022', lib: ['es2022'], types: [], module, moduleResolution };
      expect(check(name, options)).toEqual({ status: 0, stdout: '' });
    },
  );

  test('does not compile when the configuration lacks what the package needs', () => {
    const options = {
      target: 'es2022',
      lib: ['es5'],
      types: [],
      module: 'nodenext',
      moduleResolution: 'nodenext',
    };
    expect(check('typescript', options).status).not.toBe(0);
  });

  test('finds no type of Koffi, Zod, Node or the DOM in any public declaration', () => {
    const folder = join(project, 'node_modules', 'win-odx');
    const seen = new Map<string, string>();
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      exports: Record<string, string>;
    };
    const entries = Object.values(manifest.exports)
      .filter((path) => path.endsWith('.js'))
      .map((path) => join(folder, path.replace(/\.js$/, '.d.ts')));
    const open = [...entries];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      if (seen.has(path)) continue;
      const text = readFileSync(path, 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
      seen.set(path, text);
      for (const [, specifier = ''] of text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
        expect(specifier, path).toMatch(/^\.{1,2}\//);
        open.push(join(dirname(path), specifier.replace(/\.(?:ts|js)$/, '.d.ts')));
      }
    }
    expect([...seen.keys()]).toEqual(expect.arrayContaining(entries));
    expect([...seen.values()].join('').length).toBeGreaterThan(20_000);
    for (const [path, text] of seen) {
      expect(text, path).not.toMatch(/reference (?:types|lib)="(?:node|dom)/);
      expect(text, path).not.toMatch(
        /\b(?:Buffer|NodeJS|AbortSignal|AbortController|FileHandle|EventTarget|Zod\w*|IKoffi\w*)\b/,
      );
    }
  });
});
