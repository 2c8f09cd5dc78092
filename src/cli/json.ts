import { errorDocument } from './errors.ts';

/** A JSON document in which bigints are decimal strings and errors are plain objects. */
export function toJson(data: unknown): string {
  return JSON.stringify(
    data,
    (_, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      return value instanceof Error ? errorDocument(value) : value;
    },
    2,
  );
}
