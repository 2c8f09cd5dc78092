import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { byteMap, fieldTable } from '../../src/cli/layout-drawing.ts';
import { layoutPicture } from '../../src/cli/layout-picture.ts';
import { layoutRows } from '../../src/cli/layout-rows.ts';
import { structs } from '../../src/structs.ts';
import { temporaryFolder } from './files.ts';
import { odx } from './odx-process.ts';

const folder = temporaryFolder();

afterAll(folder.remove);

describe.concurrent('odx layout', () => {
  it('shows a structure as a table and as a map', async ({ expect }) => {
    const { code, stdout } = await odx(['layout', 'DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS']);
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS  528 bytes, aligned to 8

        offset      size  type                   field
        0x000    0     4  ULONG                  Flags
        0x004    4     4  ULONG                  Reserved
        0x008    8     8  ULONGLONG              TokenOffset
        0x010   16   512  STORAGE_OFFLOAD_TOKEN  Token

              0        1        2        3        4        5        6        7
             +-----------------------------------+-----------------------------------+
       0x000 | Flags                             | Reserved                          |
             +-----------------------------------+-----------------------------------+
       0x008 | TokenOffset                                                           |
             +-----------------------------------------------------------------------+
       0x010 | Token                                                                 |
             |                                                                       |
       0x018 |                                                                       |
           : : 488 bytes more                                                        :
             |                                                                       |
       0x208 |                                                                       |
             +-----------------------------------------------------------------------+
      "
    `);
  });

  it('shows the padding of a structure', async ({ expect }) => {
    expect((await odx(['layout', 'DISK_GEOMETRY'])).stdout).toContain('0x008');
    expect((await odx(['layout', 'DEVICE_DSM_DEFINITION'])).stdout).toContain('(padding)');
  });

  it('lists every structure with its size', async () => {
    const { stdout } = await odx(['layout']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(Object.keys(structs).length);
    expect(stdout).toMatch(/^FSCTL_OFFLOAD_WRITE_INPUT +544 bytes, aligned to 8$/m);
  });

  it('prints whole layouts of every structure with --json', async () => {
    const { stdout } = await odx(['layout', '--json']);
    const printed = JSON.parse(stdout) as { name: string }[];
    expect(Object.fromEntries(printed.map((layout) => [layout.name, layout]))).toEqual(
      JSON.parse(JSON.stringify(structs)),
    );
  });

  it('accepts aliases and any letter case, and prints JSON', async () => {
    const { stdout } = await odx(['layout', 'device_dsm_input', '--json']);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(structs.DEVICE_MANAGE_DATA_SET_ATTRIBUTES)));
  });

  it('writes a picture with --svg', async () => {
    const { code } = await odx(['layout', 'STORAGE_OFFLOAD_TOKEN', '--svg', 'token.svg'], {
      cwd: folder.path,
    });
    expect(code).toBe(0);
    expect(readFileSync(join(folder.path, 'token.svg'), 'utf8')).toBe(
      layoutPicture(structs.STORAGE_OFFLOAD_TOKEN),
    );
  });

  it('replaces an existing file with a picture only with --force', async () => {
    const picture = join(folder.path, 'taken.svg');
    writeFileSync(picture, 'precious');
    const args = ['layout', 'STORAGE_OFFLOAD_TOKEN', '--svg', picture];
    const { code, stderr } = await odx(args);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `odx: ${picture} already exists.\nnext: Choose another name, or add --force to replace it.\n`,
    );
    expect(readFileSync(picture, 'utf8')).toBe('precious');
    expect((await odx([...args, '--force'])).code).toBe(0);
    expect(readFileSync(picture, 'utf8')).toBe(layoutPicture(structs.STORAGE_OFFLOAD_TOKEN));
  });

  it.each([
    [
      'an unknown structure',
      ['layout', 'FSCTL_OFFLOAD_WRITE_INPUTS'],
      'odx: Unknown structure FSCTL_OFFLOAD_WRITE_INPUTS; did you mean FSCTL_OFFLOAD_WRITE_INPUT?\nnext: odx layout lists every structure.\n',
    ],
    ['a name like no other', ['layout', 'nope'], 'odx: Unknown structure nope.\nnext: odx layout lists'],
    ['a picture without a structure', ['layout', '--svg', 'all.svg'], '--svg draws one structure; name it.'],
  ])('refuses %s', async (_what, args, sentence) => {
    const { code, stderr } = await odx(args);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});

describe('the drawing of a row of padding', () => {
  it('has a box of its own, without a name', () => {
    const field = { name: 'Flags', offset: 0, size: 4, type: 'ULONG' } as const;
    const layout = { ...structs.DISK_GEOMETRY, name: 'PADDED', size: 16, fields: [field] };
    const padding = { name: undefined, begins: false, ends: true };
    expect(layoutRows(layout)).toEqual([
      {
        offset: 0,
        cells: [
          { name: 'Flags', from: 0, length: 4, begins: true, ends: true },
          { ...padding, from: 4, length: 4, ends: false },
        ],
        omitted: 0,
      },
      { offset: 8, cells: [{ ...padding, from: 8, length: 8 }], omitted: 0 },
    ]);
    expect(byteMap(layout)).toContain('(padding)');
    expect(layoutPicture(layout)).toContain('>padding<');
  });
});

describe('the table of a structure', () => {
  const heads = (columns: number): string | undefined =>
    fieldTable(structs.DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS, columns).split('\n')[3];

  it.each([
    [80, '  0x008    8     8  ULONGLONG              TokenOffset'],
    [50, '  0x008      8  ULONGLONG              TokenOffset'],
    [30, '  0x008      8  TokenOffset'],
    [10, '  0x008      8  TokenOffset'],
  ])('leaves out columns that do not fit %d columns', (columns, row) => {
    expect(heads(columns)).toBe(row);
  });
});

describe.each(Object.values(structs).map((layout) => [layout.name, layout] as const))(
  'the drawing of %s',
  (_name, layout) => {
    it('contains every byte once', () => {
      let at = 0;
      for (const { offset, cells, omitted } of layoutRows(layout)) {
        expect(offset).toBe(at);
        for (const cell of cells) {
          expect(cell.from).toBe(at);
          at += cell.length;
        }
        at += omitted * 8;
      }
      expect(at).toBe(layout.size);
    });

    it('names every field, and fits 80 and 50 columns', () => {
      const names = layoutRows(layout).flatMap(({ cells }) =>
        cells.filter(({ begins }) => begins).map(({ name }) => name),
      );
      expect(names).toEqual(layout.fields.map(({ name }) => name));
      for (const line of byteMap(layout).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
      for (const line of byteMap(layout, 50).split('\n')) expect(line.length).toBeLessThanOrEqual(50);
    });

    it('is a well-formed picture', () => {
      const picture = layoutPicture(layout);
      const opened = picture.match(/<(?:svg|title|style|text)\b/g) ?? [];
      const closed = picture.match(/<\/(?:svg|title|style|text)>/g) ?? [];
      expect(closed).toHaveLength(opened.length);
      for (const { name } of layout.fields) expect(picture).toContain(name.slice(name.lastIndexOf('.') + 1));
    });
  },
);
