import { types } from 'node:util';
import { AbortError } from './errors.ts';

/** The part of AbortSignal that this package uses. Declared here so that users need neither the DOM nor the Node types. */
export interface Signal {
  /** Whether it has fired. */
  readonly aborted: boolean;
  /** Why it has fired. */
  readonly reason?: unknown;
  /** Adds a listener. */
  addEventListener(type: 'abort', listener: () => void): void;
  /** Removes a listener. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

export function throwIfAborted(signal: Signal | undefined): void {
  if (signal?.aborted) throw new AbortError(signal.reason);
}

const abortedOf = getterOf<boolean>('aborted');
const reasonOf = getterOf<unknown>('reason');
const { addEventListener, removeEventListener } = EventTarget.prototype;

// One listener per signal, because many calls may share one and Node.js warns about a leak above ten listeners.
const listeners = new WeakMap<AbortSignal, { readonly all: Set<() => void>; readonly notify: () => void }>();

/** An AbortSignal read through the built-in methods, because replaced methods must not throw while a call is in flight. */
class SafeSignal implements Signal {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  static is(value: unknown): value is SafeSignal {
    return typeof value === 'object' && value !== null && #signal in value;
  }

  get aborted(): boolean {
    return abortedOf(this.#signal);
  }

  get reason(): unknown {
    return reasonOf(this.#signal);
  }

  addEventListener(type: 'abort', listener: () => void): void {
    const registered = listeners.get(this.#signal);
    if (registered !== undefined) {
      registered.all.add(listener);
      return;
    }
    const all = new Set([listener]);
    const notify = (): void => {
      for (const each of all) each();
    };
    listeners.set(this.#signal, { all, notify });
    addEventListener.call(this.#signal, type, notify);
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    const registered = listeners.get(this.#signal);
    registered?.all.delete(listener);
    if (registered?.all.size !== 0) return;
    listeners.delete(this.#signal);
    removeEventListener.call(this.#signal, type, registered.notify);
  }
}

/**
 * Wraps an AbortSignal so that it is safe to use with any number of listeners.
 *
 * @internal Keeps AbortSignal out of the public declarations, so that users need neither the DOM nor the Node types.
 */
export function safeSignal(signal: AbortSignal): Signal;
/** Any other value is returned unchanged. */
export function safeSignal(value: unknown): unknown;
export function safeSignal(value: unknown): unknown {
  return isAbortSignal(value) ? new SafeSignal(value) : value;
}

/** Whether a value is the result of {@link safeSignal} for an AbortSignal. */
export function isSafeSignal(value: unknown): value is Signal {
  return SafeSignal.is(value);
}

// A proxy could run code of the caller while a call is in flight. An object that only inherits from AbortSignal throws on
// the first use.
function isAbortSignal(value: unknown): value is AbortSignal {
  if (types.isProxy(value)) return false;
  try {
    return typeof value === 'object' && value !== null && typeof abortedOf(value) === 'boolean';
  } catch {
    return false;
  }
}

function getterOf<T>(name: 'aborted' | 'reason'): (signal: object) => T {
  const get = Object.getOwnPropertyDescriptor(AbortSignal.prototype, name)?.get;
  return (signal) => get?.call(signal) as T;
}
