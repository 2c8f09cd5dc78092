/**
 * Gives a report a `toJSON` method for JSON.stringify, in which a bigint is a decimal string. The method is not
 * enumerable, so it does not show where the report is inspected, spread or compared.
 */
export function withToJson<T extends object>(report: T): T {
  const toJSON = (): object => plainCopy(report);
  return Object.defineProperty(report, 'toJSON', { value: toJSON, writable: true, configurable: true });
}

function plainCopy(object: object): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, jsonValue(value)]));
}

function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(jsonValue);
  // An error has its own toJSON.
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  return plainCopy(value);
}
