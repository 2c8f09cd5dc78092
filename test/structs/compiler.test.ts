import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as codes from '../../structs/codes.ts';
import {
  controlCodes,
  type Field,
  INSTANCE_AGGREGATE_LEGACY_INFORMATION,
  type Layout,
  type NamedCode,
  statuses,
  structs,
  win32Statuses,
} from '../../structs/index.ts';
import { assertions, compile, compilers, missingReason, numberAssertions } from './compiler.ts';

const declarations = fileURLToPath(new URL('layouts.c', import.meta.url));
const headers = fileURLToPath(new URL('headers.c', import.meta.url));
const driverHeaders = fileURLToPath(new URL('driver-headers.c', import.meta.url));

// The structures in the headers of mingw-w64 10. The FSCTL_OFFLOAD_ structures are in none of them.
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
  'FILE_ATTRIBUTE_TAG_INFO',
  'FILE_BASIC_INFO',
  'FILE_DISPOSITION_INFO',
  'FILE_END_OF_FILE_INFO',
  'FILE_ID_INFO',
  'FILE_STANDARD_INFO',
  'FILE_STORAGE_INFO',
  'FILE_STREAM_INFO',
  'GET_LENGTH_INFORMATION',
  'INSTANCE_AGGREGATE_STANDARD_INFORMATION',
  'OVERLAPPED',
  'OVERLAPPED32',
  'OVERLAPPED_ENTRY',
  'STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR',
  'STORAGE_DESCRIPTOR_HEADER',
  'STORAGE_DEVICE_NUMBER',
  'STORAGE_PROPERTY_QUERY',
  'WIN32_FILE_ATTRIBUTE_DATA',
  'WIN32_FIND_STREAM_DATA',
];

// The numbers that the headers of mingw-w64 10 lack, besides OFFLOAD and CLOUD. statuses.test.ts checks them against
// the Windows SDK; newer headers that define them must agree.
const notInHeaders: readonly string[] = [
  'STATUS_DEVICE_FEATURE_NOT_SUPPORTED',
  'STATUS_DEVICE_HARDWARE_ERROR',
  'STATUS_DEVICE_INSUFFICIENT_RESOURCES',
  'STATUS_DEVICE_UNREACHABLE',
  'STATUS_INVALID_FIELD_IN_PARAMETER_LIST',
  'STATUS_INVALID_INITIATOR_TARGET_PATH',
  'STATUS_INVALID_OFFSET_ALIGNMENT',
  'STATUS_INVALID_TOKEN',
  'STATUS_IO_OPERATION_TIMEOUT',
  'STATUS_OPERATION_IN_PROGRESS',
  'STATUS_TOO_MANY_SEGMENT_DESCRIPTORS',
  'ERROR_BAD_DEVICE_PATH',
  'ERROR_BEYOND_VDL',
  'ERROR_DEVICE_FEATURE_NOT_SUPPORTED',
  'ERROR_DEVICE_HARDWARE_ERROR',
  'ERROR_DEVICE_NO_RESOURCES',
  'ERROR_DEVICE_UNREACHABLE',
  'ERROR_DISK_QUOTA_EXCEEDED',
  'ERROR_FILE_SYSTEM_LIMITATION',
  'ERROR_INVALID_FIELD_IN_PARAMETER_LIST',
  'ERROR_NO_SUCH_DEVICE',
  'ERROR_OFFSET_ALIGNMENT_VIOLATION',
  'ERROR_OPERATION_IN_PROGRESS',
  'ERROR_RANGE_NOT_FOUND',
  'ERROR_TOO_MANY_DESCRIPTORS',
  'ERROR_VIRUS_INFECTED',
];

const MISSING_FIELD = /missing initializer|empty scalar|expected expression/;

function isInHeaders(name: string): boolean {
  return !/_OFFLOAD_|CLOUD/.test(name) && !notInHeaders.includes(name);
}

for (const compiler of compilers) {
  const reason = missingReason(compiler);
  const title = `the compiler for ${compiler.target}${reason === undefined ? '' : ` (skipped: ${reason})`}`;
  const layouts = Object.values(structs).filter(({ name }) => !compiler.others.includes(name));
  const errorsFor = (changed: readonly Layout[]) => compile(compiler, declarations, assertions(changed));

  describe.skipIf(reason !== undefined)(title, () => {
    test('agrees with Koffi on every structure as the Windows headers declare it', () => {
      expect(errorsFor(layouts)).toEqual([]);
    });

    test.each([
      ['program headers', headers, inHeaders],
      ['driver headers', driverHeaders, inDriverHeaders],
    ])('agrees with Koffi on the structures in its %s', (_, source, known) => {
      const contained = layouts.filter(({ name }) => known.some((member) => member === name));
      expect(compile(compiler, source, assertions(contained))).toEqual([]);
    });

    test('agrees with Koffi on the other half of the union for a legacy filter', () => {
      const { name, fields } = INSTANCE_AGGREGATE_LEGACY_INFORMATION;
      const claims = fields.flatMap((field) => [
        { name: `offsetof(${name}, ${field.name})`, value: field.offset },
        { name: `sizeof(((${name} *)0)->${field.name})`, value: field.size },
      ]);
      for (const source of [declarations, headers]) {
        expect(compile(compiler, source, numberAssertions(claims))).toEqual([]);
      }
    });

    test('agrees on the number of every NTSTATUS, Win32 error and control code', () => {
      const claims = [statuses, win32Statuses, controlCodes].flatMap((rows: readonly NamedCode[]) => {
        const required = rows.filter(({ name }) => isInHeaders(name));
        expect(required.length).toBeGreaterThan(8);
        return [numberAssertions(required), numberAssertions(rows, { ifDefined: true })];
      });
      // Those that this package acts on are all in the headers.
      const errors = Object.entries(codes).flatMap(([name, value]) =>
        name.startsWith('ERROR_') ? [{ name, value: Number(value) }] : [],
      );
      expect(errors.length).toBeGreaterThan(10);
      expect(compile(compiler, headers, [...claims, numberAssertions(errors)].join('\n'))).toEqual([]);
    });

    test('rejects a status whose number is off by one', () => {
      const wrong = numberAssertions([
        { name: 'STATUS_IO_TIMEOUT', value: 0xc000_00b6 },
        { name: 'ERROR_SEM_TIMEOUT', value: 122 },
      ]);
      expect(compile(compiler, headers, wrong)).toHaveLength(2);
    });

    test('rejects every size, alignment and offset that is off by one', () => {
      const off = layouts.map((layout) => ({
        ...layout,
        size: layout.size + 1,
        alignment: layout.alignment + 1,
        fields: layout.fields.map((field) => ({ ...field, offset: field.offset + 1, size: field.size + 1 })),
      }));
      const claims = assertions(layouts).match(/_Static_assert/g)?.length ?? 0;
      expect(errorsFor(off as unknown as Layout[])).toHaveLength(claims);
      expect(claims).toBeGreaterThan(300);
    });

    // C accepts an empty initializer for any structure, so a structure with one field cannot be tested without it.
    test('detects a missing field of every structure', () => {
      const long = layouts.filter(({ fields }) => fields.length > 1);
      const short = long.map((layout) => withFields(layout, layout.fields.slice(0, -1)));
      const header = short.map((layout) => `#line 1 "${layout.name}"\n${assertions([layout])}`).join('\n');
      const errors = compile(compiler, declarations, header);
      const missed = long.filter(
        ({ name }) => !errors.some((line) => MISSING_FIELD.test(line) && line.startsWith(`${name}:`)),
      );
      expect(long.length).toBeGreaterThan(20);
      expect(missed.map(({ name }) => name)).toEqual([]);
    });

    test.each<[string, RegExp, (fields: readonly Field[]) => Field[]]>([
      [
        'a field at a wrong offset',
        /offsetof\(.*TransferLength\) == 12/,
        (f) => change(f, 2, { offset: 12 }),
      ],
      ['a field of a wrong size', /->TransferLength\) == 4/, (f) => change(f, 2, { size: 4 })],
      ['a field with a wrong name', /no member named 'Length'/, (f) => change(f, 2, { name: 'Length' })],
      ['a missing field in the middle', /initializer/, (f) => f.toSpliced(1, 1)],
      [
        'a field that C does not have',
        /excess elements/,
        (f) => [...f, ...change(f, 1, { name: 'Extra' }).slice(1, 2)],
      ],
    ])('detects %s', (_, message, mutate) => {
      const layout = structs.FSCTL_OFFLOAD_READ_OUTPUT;
      expect(errorsFor([withFields(layout, mutate(layout.fields))]).join('\n')).toMatch(message);
    });
  });
}

function withFields(layout: Layout, fields: readonly Field[]): Layout {
  return { ...layout, fields } as Layout;
}

function change(fields: readonly Field[], index: number, changed: Partial<Field>): Field[] {
  return fields.map((field, at) => (at === index ? { ...field, ...changed } : field));
}
