import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { structs } from '../structs/index.ts';
import { builtModule } from './built.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const text = readFileSync(README, 'utf8');
const BEGIN = /<!-- layouts: .* -->\n/;
const END = '<!-- /layouts -->';
const SHOWN = [
  'FSCTL_OFFLOAD_READ_INPUT',
  'FSCTL_OFFLOAD_READ_OUTPUT',
  'FSCTL_OFFLOAD_WRITE_INPUT',
  'FSCTL_OFFLOAD_WRITE_OUTPUT',
  'STORAGE_OFFLOAD_TOKEN',
] as const;

it('The README shows the layouts that structs/ declares', () => {
  const table = [
    '| Structure | Bytes | Fields at their offsets |',
    '| --- | --- | --- |',
    ...SHOWN.map((name) => {
      const { size, fields } = structs[name];
      const cells = fields.map(({ name: field, offset, size: bytes }) => `${field} ${offset}+${bytes}`);
      return `| \`${name}\` | ${size} | ${cells.join(', ')} |`;
    }),
  ].join('\n');
  const before = BEGIN.exec(text);
  expect(before).not.toBeNull();
  const from = (before?.index ?? 0) + (before?.[0].length ?? 0);
  const until = text.indexOf(END);
  if (process.env['UPDATE_README'] === '1') {
    writeFileSync(README, `${text.slice(0, from)}${table}\n${text.slice(until)}`);
    return;
  }
  expect(text.slice(from, until)).toBe(`${table}\n`);
});

// Child processes have no pipes in Windows Node under Wine.
describe.skipIf(process.platform === 'win32')('An example in the README [needs pipes]', () => {
  const examples = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-readme-'));
    // The built package on the emulator instead of kernel32.
    const index = pathToFileURL(builtModule('index.js'));
    const emulator = pathToFileURL(builtModule('emulator.js'));
    writeFileSync(
      join(folder, 'win-odx.mjs'),
      [
        `import { createOdx } from '${index}';`,
        `import { createEmulator } from '${emulator}';`,
        `export * from '${index}';`,
        'export const { offloadRead, offloadWrite, openFile, copyFile, zeroRange, probe, tryOffload, queryCopyOffload } =',
        '  createOdx({ kernel: createEmulator() });',
      ].join('\n'),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('exists more than five times', () => expect(examples.length).toBeGreaterThan(5));

  it.each(examples.map((code) => [code.match(/(?:await |console\.log\()(\w+)/)?.[1] ?? '', code]))(
    'runs on the emulator: %s ...',
    async (_, code) => {
      writeFileSync(join(folder, 'big.vhdx'), Buffer.alloc(3 * 1_048_576 + 777, 0x61));
      rmSync(join(folder, 'copy.vhdx'), { force: true });
      const program = join(folder, 'example.mjs');
      const resolved = code
        .replaceAll("'win-odx/emulator'", `'${pathToFileURL(builtModule('emulator.js'))}'`)
        .replaceAll("'win-odx/structs'", `'${pathToFileURL(builtModule('structs.js'))}'`)
        .replaceAll("'win-odx'", "'./win-odx.mjs'");
      writeFileSync(program, resolved);
      const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
      // A literal in the comment after console.log must be printed.
      for (const [, comment] of code.matchAll(/console\.log\([^\n]*\); \/\/ ([^\n]*)/g)) {
        const literal = /^(\d+n?|true|'[A-Z_]+')$/.exec(comment ?? '')?.[1];
        if (literal !== undefined) expect(stdout).toContain(literal.replaceAll("'", ''));
      }
    },
  );
});
