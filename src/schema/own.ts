import { describeValue, isRevokedProxy } from '../describe.ts';
import { refuse } from './refuse.ts';

const EMPTY: object = {};

/** A caller's object, copied: each getter has run once, and nothing but own properties counts. */
export type Own = Record<string, unknown>;

/**
 * Copies the caller's request, so that what is checked is what is used, and a polluted prototype counts for nothing.
 * An exception thrown by a getter of the caller's passes through.
 */
export function ownProperties(request: unknown, of: string, keys: readonly string[]): Own {
  return copyOwn(objectOf(request, of), isPolluted(keys));
}

/** The request, if it is an object that can have keys at all. */
export function objectOf(request: unknown, of: string): object {
  return isObject(request) ? request : refuse('', `${of} takes an object, not ${sayObject(request)}.`);
}

/** The same for options that may be left out. */
export function ownOptions(options: unknown, of: string, keys: readonly string[]): Own {
  const given = options === undefined ? EMPTY : options;
  if (isObject(given)) return ownProperties(given, of, keys);
  return refuse('', `${of} takes its options as an object, not ${sayObject(options)}.`);
}

/** The same for an object within the request. */
export function ownPropertiesAt(path: string, value: unknown, keys: readonly string[]): Own {
  if (!isObject(value)) {
    refuse(path, `${path} is ${describeValue(value)}; it must be an object with ${keys.join(' and ')}.`);
  }
  return copyOwn(value, isPolluted(keys));
}

/** False for what only looks like an array, and for a proxy that was revoked. */
export function isArray(value: unknown): value is readonly unknown[] {
  return typeof value === 'object' && value !== null && !isRevokedProxy(value) && Array.isArray(value);
}

// A string may be a token in base64, which is for nobody to read.
function sayObject(value: unknown): string {
  return typeof value === 'string' ? 'a string' : describeValue(value);
}

function copyOwn(request: object, isPrototypePolluted: boolean): Own {
  return isPrototypePolluted ? Object.assign(Object.create(null), request) : { ...request };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && isNoArray(value);
}

// Array.isArray throws for a proxy that was revoked, which is no object to work with either.
function isNoArray(value: object): boolean {
  try {
    return !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Whether {@link ownProperties} had to keep a polluted prototype away. */
export function isBare(own: unknown): boolean {
  return Object.getPrototypeOf(own) === null;
}

// for-in sees what is enumerable; `in` also sees what was defined without that.
function isPolluted(keys: readonly string[]): boolean {
  for (const _ in EMPTY) return true;
  for (let at = 0; at < keys.length; at++) {
    if ((keys[at] as string) in EMPTY) return true;
  }
  return false;
}
