import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEmulator } from '../src/emulator/index.ts';
import { createOdx } from '../src/index.ts';
import { builtModule, ROOT } from './built.ts';
import { codeBlocks, pages } from './docs/markdown.ts';
import { sourceFiles } from './package/source-files.ts';
import { buildStub, canBuildStub } from './stub/stub.ts';

// Every example of the README, the guides and the doc comments, run by Node as it stands, with the emulator in place of kernel32.

interface Example {
  readonly title: string;
  readonly code: string;
  /** Whether it declares and imports everything that it uses. */
  readonly isComplete: boolean;
}

interface Program extends Example {
  readonly text: string;
  /** The whole files that it reads or writes. */
  readonly files: readonly string[];
}

function inPages(): Example[] {
  return pages()
    .flatMap(codeBlocks)
    .filter(({ info }) => info === 'ts')
    .map(({ title, code }) => ({ title, code, isComplete: true }));
}

function inComments(): Example[] {
  return sourceFiles()
    .filter((file) => !file.startsWith('src/cli/'))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      return [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\//g)]
        .flatMap(([, comment = '']) =>
          comment
            .replaceAll(/^\s*\* ?/gm, '')
            .split('@example\n')
            .slice(1)
            .map((code) => code.split(/^@/m)[0]?.trim() ?? ''),
        )
        .map((code, at) => ({ title: `${file}: ${at + 1}`, code, isComplete: false }));
    });
}

// What an example may use without declaring it, because its function documents it as a parameter or an earlier result.
const GIVEN: Readonly<Record<string, string>> = {
  file: "const file = await openFile('big.vhdx', 'r+');",
  source: "const source = await openFile('big.vhdx', 'r');",
  disk: "const disk = await openFile('disk.img', 'r+');",
  fd: "const fd = (await import('node:fs')).openSync('disk.img', 'r+');",
  token: 'const token = OffloadToken.zeroData();',
  transferLength: 'const transferLength = source.size;',
  error:
    "const error = new InvalidArgumentError([{ path: 'fileOffset', message: (nameOf) => nameOf('fileOffset') }]);",
};

const EXPORTS = ['index.js', 'emulator.js', 'structs.js', 'kernel32.js'].map(
  (name) => `export * from '${pathToFileURL(builtModule(name))}';`,
);

/** The functions that need a kernel. */
const BOUND = Object.keys(createOdx({ kernel: createEmulator() })).filter((name) => name !== 'kernel');

/** All exports of the package in one module, its functions bound to an emulator. */
const MODULE = `${EXPORTS.join('\n')}
import * as all from '${pathToFileURL(builtModule('index.js'))}';
import { createEmulator } from '${pathToFileURL(builtModule('emulator.js'))}';
const odx = all.createOdx({ kernel: createEmulator() });
export const { ${BOUND.join(', ')} } = odx;
`;

const NAMES = [
  ...BOUND,
  ...['createOdx', 'createEmulator', 'loadKernel32', 'OffloadToken', 'OdxError', 'InvalidArgumentError'],
  ...['explainStatus', 'layoutOf', 'structs', 'constants'],
];

/** The example as a program: with the imports and the given values that it leaves out. */
async function programOf(example: Example): Promise<Program> {
  const { code, isComplete } = example;
  const statements = code.replaceAll(/\/\/.*$/gm, '');
  const uses = (name: string): boolean => new RegExp(`(?<![.\\w'])${name}\\b`).test(statements);
  const declares = (name: string): boolean =>
    new RegExp(`(?:const|let|using) (?:${name}\\b|\\{[^}]*\\b${name}\\b)`).test(code);
  const given = Object.keys(GIVEN).filter((name) => !isComplete && uses(name) && !declares(name));
  if (given.includes('transferLength') && !given.includes('source')) given.unshift('source');
  given.sort((a, b) => Object.keys(GIVEN).indexOf(a) - Object.keys(GIVEN).indexOf(b));
  const imports =
    isComplete || code.includes('import {')
      ? ''
      : `import { ${[...new Set(NAMES)].join(', ')} } from 'win-odx';\n`;
  const text = `${imports}${given.map((name) => `${GIVEN[name]}\n`).join('')}${code}`;
  // Node 20 does not know `using`.
  const { default: typescript } = await import('typescript-5.9');
  const { ES2022, ESNext } = { ES2022: typescript.ScriptTarget.ES2022, ESNext: typescript.ModuleKind.ESNext };
  const { outputText } = typescript.transpileModule(text, {
    compilerOptions: { target: ES2022, module: ESNext },
  });
  return {
    ...example,
    text: outputText.replaceAll(/(['"])win-odx(?:\/\w+)?\1/g, "'./win-odx.mjs'"),
    files: WHOLE_FILES.filter((name) => outputText.includes(name.replaceAll('\\', '\\\\'))),
  };
}

const SIZE = 11 * 1_048_576 + 777;
const PARENT = Buffer.alloc(SIZE, 0x63);
const WHOLE_FILES = ['big.vhdx', 'a.vhdx', 'c.iso', 'a.bin', 'child.vhdx', 'D:\\disks\\big.vhdx'];

const examples = await Promise.all([...inPages(), ...inComments()].map(programOf));

// Child processes have no pipes in Windows Node under Wine.
describe.skipIf(process.platform === 'win32')('An example [needs pipes]', () => {
  let folder = '';

  // A compiler on a busy machine takes longer than a hook may.
  beforeAll(() => void (canBuildStub() && buildStub()), 120_000);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-example-'));
    writeFileSync(join(folder, 'win-odx.mjs'), MODULE);
    writeFileSync(join(folder, 'disk.img'), Buffer.alloc(4 * 1_048_576, 0x62));
    writeFileSync(join(folder, 'parent.vhdx'), PARENT);
    mkdirSync(join(folder, 'D:\\'));
    if (canBuildStub()) copyFileSync(buildStub(), join(folder, 'shim.dll'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function run(
    { text, files }: Program,
    size: number,
  ): Promise<{ stdout: string; failure: string | undefined }> {
    for (const name of files) writeFileSync(join(folder, name), Buffer.alloc(size, 0x61));
    const program = join(folder, 'example.mjs');
    writeFileSync(program, text);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
      return { stdout, failure: undefined };
    } catch (error) {
      return { stdout: '', failure: String(error) };
    }
  }

  const needsShim = ({ code }: Example): boolean => code.includes('./shim.dll');

  test('exists for more than forty places', () => expect(examples.length).toBeGreaterThan(40));

  test.each(
    examples
      .filter((example) => canBuildStub() || !needsShim(example))
      .map((example) => [example.title, example] as const),
  )('runs as it stands: %s', async (_, example) => {
    const { stdout, failure } = await run(example, SIZE);
    expect(failure).toBeUndefined();
    // A literal in the comment after console.log must be printed.
    for (const [, comment] of example.code.matchAll(/console\.log\([^\n]*\); \/\/ ([^\n]*)/g)) {
      const literal = /^(\d+n?|true|'[A-Z_]+')$/.exec(comment ?? '')?.[1];
      if (literal !== undefined) expect(stdout).toContain(literal.replaceAll("'", ''));
    }
  });

  test.each(
    examples.filter(({ files }) => files.length > 0).map((example) => [example.title, example] as const),
  )(
    'works on empty files, or fails with an error of this package and loses nothing: %s',
    async (_, example) => {
      const { failure } = await run(example, 0);
      if (failure !== undefined) expect(failure).toMatch(/\b(?:InvalidArgumentError|Win32Error)\b/);
      for (const name of example.files) expect(readFileSync(join(folder, name)).length).toBe(0);
      expect(readFileSync(join(folder, 'parent.vhdx')).equals(PARENT)).toBe(true);
    },
  );
});
