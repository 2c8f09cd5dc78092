import { describeValue } from '../describe.ts';
import { InvalidArgumentError } from '../errors.ts';

const EMPTY: object = {};

/** A caller's object, copied: each getter has run once, and nothing but own properties counts. */
export type Own = Record<string, unknown>;

/**
 * Copies the caller's request, so that what is checked is what is used, and a polluted prototype counts for nothing.
 * An exception thrown by a getter of the caller's passes through.
 */
export function ownProperties(request: unknown, of: string, keys: readonly string[]): Own {
  if (typeof request !== 'object' || request === null || isArray(request, of)) return refuse(of, request);
  return isPolluted(keys) ? Object.assign(Object.create(null), request) : { ...request };
}

function refuse(of: string, request: unknown): never {
  const message = `${of} takes an object, not ${Array.isArray(request) ? 'an array' : describeValue(request)}.`;
  throw new InvalidArgumentError([{ path: '', message }]);
}

// Array.isArray throws for one thing only, a proxy that was revoked.
function isArray(value: object, of: string): boolean {
  try {
    return Array.isArray(value);
  } catch (cause) {
    const message = `${of} takes an object, not a revoked proxy.`;
    throw new InvalidArgumentError([{ path: '', message }], { cause });
  }
}

// for-in sees what is enumerable; `in` also sees what was defined without that.
function isPolluted(keys: readonly string[]): boolean {
  for (const _ in EMPTY) return true;
  for (let at = 0; at < keys.length; at++) {
    if ((keys[at] as string) in EMPTY) return true;
  }
  return false;
}
