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
