import koffi from 'koffi';

/** One member of a structure. `type` is the Windows spelling; `offset` and `size` are bytes. */
export interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly type: string;
}

/**
 * What the compiler of Windows makes of a structure: plain, frozen data.
 *
 * `offsetOf` says the same as `fields`, by name, so that a misspelt field does not compile. It is not
 * enumerable: a layout prints, clones and serializes as `{ name, size, alignment, fields }`.
 */
export interface Layout<FieldName extends string = string> {
  readonly name: string;
  readonly size: number;
  readonly alignment: number;
  readonly fields: readonly Field[];
  readonly offsetOf: { readonly [K in FieldName]: number };
}

/** A Windows type in the terms of Koffi: a fixed-width name, repeated `count` times for arrays. */
export interface FieldType {
  readonly spelling: string;
  readonly koffi: string;
  readonly count?: number;
}

/**
 * Lays out a structure as the Microsoft ABI does and returns the result.
 *
 * The Koffi structure stays anonymous: Koffi refuses a second structure of the same name in one process,
 * and two copies of a package in one process are normal.
 */
export function declare<FieldName extends string>(
  name: string,
  types: { readonly [K in FieldName]: FieldType },
): Layout<FieldName> {
  const names = Object.keys(types) as FieldName[];
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
  return type.count === undefined ? type.koffi : koffi.array(type.koffi, type.count);
}
