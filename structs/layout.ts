import koffi from './koffi.ts';

/** One member of a structure. `type` is the Windows spelling; `offset` and `size` are in bytes. */
export interface Field {
  /** Its Windows name. A member of a union is named by its path, `Type.MiniFilter.Flags`. */
  readonly name: string;
  /** From the start of the structure, in bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  /** The Windows spelling of its type. */
  readonly type: string;
}

/**
 * The memory layout that a Windows compiler gives a structure: plain, frozen data.
 *
 * `offsetOf` repeats the offsets by field name, so that a misspelt field does not compile. It is not enumerable:
 * a layout prints, clones and serializes as `{ name, size, alignment, fields }`.
 */
export interface Layout<FieldName extends string = string> {
  /** The Windows name. */
  readonly name: string;
  /** In bytes, padding included. */
  readonly size: number;
  /** In bytes. */
  readonly alignment: number;
  /** In the order of their offsets. */
  readonly fields: readonly Field[];
  /** The offset of each field, in bytes. */
  readonly offsetOf: { readonly [K in FieldName]: number };
}

/** A Windows type as a fixed-width integer, repeated `count` times for arrays. */
export interface FieldType {
  readonly spelling: string;
  readonly primitive: 'uint8_t' | 'uint16_t' | 'uint32_t' | 'uint64_t' | 'int64_t';
  readonly count?: number;
}

/** Lays out a structure as a Windows compiler does. The fields keep the order of `types`. */
export function declare<FieldName extends string>(
  name: string,
  types: { readonly [K in FieldName]: FieldType },
): Layout<FieldName> {
  const names = Object.keys(types) as FieldName[];
  // Anonymous: Koffi rejects a second structure of the same name in one process, and two copies of a package in one
  // process are normal.
  const struct = koffi.struct(
    Object.fromEntries(names.map((field) => [koffiName(field), koffiType(types[field])])),
  );
  const { members = {} } = struct;
  const fields = names.map((field): Field => {
    const member = members[koffiName(field)];
    if (member === undefined) throw new Error(`Koffi lost the field ${field} of ${name}.`);
    return Object.freeze({
      name: field,
      offset: member.offset,
      size: member.type.size,
      type: types[field].spelling,
    });
  });
  const offsetOf = Object.fromEntries(fields.map((field) => [field.name, field.offset]));
  const layout = { name, size: struct.size, alignment: struct.alignment, fields: Object.freeze(fields) };
  Object.defineProperty(layout, 'offsetOf', { value: Object.freeze(offsetOf) });
  return Object.freeze(layout) as Layout<FieldName>;
}

// Fixed widths only: Koffi's `ulong` is 8 bytes on Linux, where the layouts must be the same as on Windows.
export const UCHAR: FieldType = { spelling: 'UCHAR', primitive: 'uint8_t' };
export const BYTE: FieldType = { spelling: 'BYTE', primitive: 'uint8_t' };
export const BOOLEAN: FieldType = { spelling: 'BOOLEAN', primitive: 'uint8_t' };
export const USHORT: FieldType = { spelling: 'USHORT', primitive: 'uint16_t' };
export const WCHAR: FieldType = { spelling: 'WCHAR', primitive: 'uint16_t' };
export const ULONG: FieldType = { spelling: 'ULONG', primitive: 'uint32_t' };
export const DWORD: FieldType = { spelling: 'DWORD', primitive: 'uint32_t' };
export const ULONGLONG: FieldType = { spelling: 'ULONGLONG', primitive: 'uint64_t' };
export const DWORDLONG: FieldType = { spelling: 'DWORDLONG', primitive: 'uint64_t' };
export const LONGLONG: FieldType = { spelling: 'LONGLONG', primitive: 'int64_t' };

/** A union of a 64-bit integer and its two halves; the integer decides size and alignment. */
export const LARGE_INTEGER: FieldType = { spelling: 'LARGE_INTEGER', primitive: 'int64_t' };

/** Two DWORDs, low half first: 8 bytes aligned to 4, unlike a LARGE_INTEGER. */
export const FILETIME: FieldType = { spelling: 'FILETIME', primitive: 'uint32_t', count: 2 };

/** `type[count]` as a member of a structure. */
export function array(type: FieldType, count: number): FieldType {
  return { spelling: `${type.spelling}[${count}]`, primitive: type.primitive, count };
}

/** An enumeration or typedef of the headers that has the layout of `type`. */
export function alias(spelling: string, type: FieldType): FieldType {
  return { ...type, spelling };
}

/** A field inside a union is named by its path, `Type.MiniFilter.Flags`, but Koffi accepts identifiers only. */
function koffiName(field: string): string {
  return field.replaceAll('.', '_');
}

function koffiType(type: FieldType) {
  return type.count === undefined ? type.primitive : koffi.array(type.primitive, type.count);
}
