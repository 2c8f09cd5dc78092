import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as codes from '../../structs/codes.ts';
import { type Field, type Layout, structs } from '../../structs/index.ts';
import { assertions, compile, compilers, whyNot } from './compiler.ts';

const declarations = fileURLToPath(new URL('layouts.c', import.meta.url));
const headers = fileURLToPath(new URL('headers.c', import.meta.url));

const driverHeaders = fileURLToPath(new URL('driver-headers.c', import.meta.url));

// What the headers of mingw-w64 10 have; the FSCTL_OFFLOAD_ structures are in none of them.
const inDriverHeaders: readonly (keyof typeof structs)[] = [
  'DEVICE_DSM_OFFLOAD_READ_PARAMETERS',
  'DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS',
  'STORAGE_OFFLOAD_READ_OUTPUT',
  'STORAGE_OFFLOAD_TOKEN',
  'STORAGE_OFFLOAD_WRITE_OUTPUT',
];
const inHeaders: readonly (keyof typeof structs)[] = [
  'BY_HANDLE_FILE_INFORMATION',
  'DEVICE_COPY_OFFLOAD_DESCRIPTOR',
  'DEVICE_DATA_SET_RANGE',
  'DEVICE_MANAGE_DATA_SET_ATTRIBUTES',
  'DISK_GEOMETRY',
  'FILE_BASIC_INFO',
  'FILE_DISPOSITION_INFO',
  'FILE_END_OF_FILE_INFO',
  'FILE_ID_INFO',
  'FILE_STORAGE_INFO',
  'GET_LENGTH_INFORMATION',
  'INSTANCE_AGGREGATE_STANDARD_INFORMATION',
  'OVERLAPPED',
  'OVERLAPPED32',
  'OVERLAPPED_ENTRY',
  'STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR',
  'STORAGE_DESCRIPTOR_HEADER',
  'STORAGE_PROPERTY_QUERY',
];

for (const compiler of compilers) {
  const reason = whyNot(compiler);
  const title = `the compiler for ${compiler.target}${reason === undefined ? '' : ` (skipped: ${reason})`}`;
  const layouts = Object.values(structs).filter(({ name }) => !compiler.others.includes(name));
  const complaints = (changed: readonly Layout[]) => compile(compiler, declarations, assertions(changed));

  describe.skipIf(reason !== undefined)(title, () => {
    test('agrees with Koffi on every structure as the headers of Windows declare it', () => {
      expect(complaints(layouts)).toEqual([]);
    });

    test.each([
      ['the headers of programs', headers, inHeaders],
      ['the headers of drivers', driverHeaders, inDriverHeaders],
    ])('agrees with Koffi on the structures in %s that come with it', (_, source, known) => {
      const own = layouts.filter(({ name }) => known.some((member) => member === name));
      expect(compile(compiler, source, assertions(own))).toEqual([]);
    });

    test('agrees on the number of every Win32 error that this package acts on', () => {
      const numbers = Object.entries(codes).filter(([name]) => name.startsWith('ERROR_'));
      const claims = numbers.map(([name, value]) => `_Static_assert(${name} == ${value}, "${name}");`);
      expect(claims.length).toBeGreaterThan(10);
      expect(compile(compiler, headers, claims.join('\n'))).toEqual([]);
    });

    test('refuses every size, alignment and offset that is off by one', () => {
      const off = layouts.map((layout) => ({
        ...layout,
        size: layout.size + 1,
        alignment: layout.alignment + 1,
        fields: layout.fields.map((field) => ({ ...field, offset: field.offset + 1, size: field.size + 1 })),
      }));
      const claims = assertions(layouts).match(/_Static_assert/g)?.length ?? 0;
      expect(complaints(off as unknown as Layout[])).toHaveLength(claims);
      expect(claims).toBeGreaterThan(300);
    });

    // C takes an initializer without any value for any structure, so those with one field have none to spare.
    test.each(
      layouts.filter(({ fields }) => fields.length > 1).map((layout) => [layout.name, layout] as const),
    )('notices a field of %s that Koffi lacks', (_, layout) => {
      const short = withFields(layout, layout.fields.slice(0, -1));
      expect(complaints([short]).join('\n')).toMatch(/missing initializer|empty scalar|expected expression/);
    });

    test.each<[string, RegExp, (fields: readonly Field[]) => Field[]]>([
      [
        'a field at a wrong offset',
        /offsetof\(.*TransferLength\) == 12/,
        (f) => change(f, 2, { offset: 12 }),
      ],
      ['a field of a wrong size', /->TransferLength\) == 4/, (f) => change(f, 2, { size: 4 })],
      ['a field of another name', /no member named 'Length'/, (f) => change(f, 2, { name: 'Length' })],
      ['a field in the middle that Koffi lacks', /initializer/, (f) => f.toSpliced(1, 1)],
      [
        'a field that C lacks',
        /excess elements/,
        (f) => [...f, ...change(f, 1, { name: 'Extra' }).slice(1, 2)],
      ],
    ])('notices %s', (_, complaint, mutate) => {
      const layout = structs.FSCTL_OFFLOAD_READ_OUTPUT;
      expect(complaints([withFields(layout, mutate(layout.fields))]).join('\n')).toMatch(complaint);
    });
  });
}

function withFields(layout: Layout, fields: readonly Field[]): Layout {
  return { ...layout, fields } as Layout;
}

function change(fields: readonly Field[], index: number, changed: Partial<Field>): Field[] {
  return fields.map((field, at) => (at === index ? { ...field, ...changed } : field));
}
