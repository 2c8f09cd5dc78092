import { errorDocument } from './errors.ts';

/** A JSON document in which bigints are decimal strings and errors are plain objects. */
export function toJson(data: unknown): string {
  return JSON.stringify(
    data,
    // What is there itself, and not what its toJSON makes of it: the command knows next steps that the error does not.
    function (this: Record<string, unknown>, key, value: unknown) {
      const original = this[key];
      if (original instanceof Error) return errorDocument(original);
      return typeof value === 'bigint' ? value.toString() : value;
    },
    2,
  );
}
