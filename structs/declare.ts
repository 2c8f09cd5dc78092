import koffi from 'koffi';
import type { Field, Layout } from './layout.ts';

/** A Windows type as a fixed-width integer, repeated `count` times for arrays. */
export interface FieldType {
  readonly spelling: string;
  readonly primitive: 'uint8_t' | 'uint16_t' | 'uint32_t' | 'uint64_t' | 'int64_t';
  readonly count?: number;
}

/** Lays out a structure as the compiler of Windows does and returns the result. */
export function declare<FieldName extends string>(
  name: string,
  types: { readonly [K in FieldName]: FieldType },
): Layout<FieldName> {
  const names = Object.keys(types) as FieldName[];
  // Anonymous: Koffi refuses a second structure of the same name in one process, and two copies of a package in one
  // process are normal.
  const struct = koffi.struct(
    Object.fromEntries(names.map((field) => [koffiName(field), koffiType(types[field])])),
  );
  const fields = names.map((field): Field => {
    const member = struct.members?.[koffiName(field)];
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

/** A field inside a union is named with its path, `Type.MiniFilter.Flags`; Koffi takes identifiers only. */
function koffiName(field: string): string {
  return field.replaceAll('.', '_');
}

function koffiType(type: FieldType) {
  return type.count === undefined ? type.primitive : koffi.array(type.primitive, type.count);
}
