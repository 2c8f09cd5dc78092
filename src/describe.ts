import { types } from 'node:util';

const LONGEST = 60;

// A token is 684 characters of base64, or 1024 of hexadecimal.
const MAY_BE_TOKEN = 512;
const BASE64 = /^[\w+/=-]*$/;

/** Describes a value for an error message. Runs no code of the caller: no getter, no toString and no proxy trap. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return describeString(value);
    case 'bigint':
      return shorten(`${value}n`);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    default:
      return value === null ? 'null' : describeObject(value as object);
  }
}

// A string that may be a token, passed in the wrong place, is secret.
function describeString(text: string): string {
  if (text.length <= LONGEST) return JSON.stringify(text);
  const start = text.slice(0, LONGEST);
  const isSecret = text.length >= MAY_BE_TOKEN && BASE64.test(start);
  return isSecret ? `a string of ${text.length} characters` : JSON.stringify(`${start}...`);
}

/** Any operation on a revoked proxy throws. */
export function isRevokedProxy(value: object): boolean {
  return describeObject(value) === REVOKED;
}

/** The text of a URL object; undefined for anything else. */
export function hrefOf(value: unknown): string | undefined {
  try {
    return hrefGetter?.call(value);
  } catch {
    return undefined;
  }
}

// The getter of the class, which throws for anything but a URL.
const hrefGetter: ((this: unknown) => string) | undefined = Object.getOwnPropertyDescriptor(
  URL.prototype,
  'href',
)?.get;

const REVOKED = 'a revoked proxy';

// The kinds that are often passed by mistake are named.
function describeObject(value: object): string {
  if (types.isPromise(value)) return 'a Promise';
  if (types.isUint8Array(value))
    return Object.getPrototypeOf(value) === Buffer.prototype ? 'a Buffer' : 'a Uint8Array';
  if (hrefOf(value) !== undefined) return 'a URL';
  // Array.isArray throws only for a revoked proxy. The result must be used, or a bundler would drop the call.
  try {
    return Array.isArray(value) ? 'an array' : 'an object';
  } catch {
    return REVOKED;
  }
}

/** The entry of `known` that is most similar to `name`, if any is similar enough to suggest. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase(), limit);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
}

// Levenshtein distance. Stops early beyond `limit`, so that a key of a megabyte costs nothing.
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let distance = b.length;
  let previous = Array.from({ length: b.length }, (_, column) => column + 1);
  for (let row = 0; row < a.length; row++) {
    let diagonal = row;
    distance = row + 1;
    previous = previous.map((above, column) => {
      const substituted = diagonal + (a[row] === b[column] ? 0 : 1);
      diagonal = above;
      distance = Math.min(substituted, above + 1, distance + 1);
      return distance;
    });
  }
  return distance;
}
