import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { structs } from '../structs/index.ts';

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
