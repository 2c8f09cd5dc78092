import { AbortError } from './errors.ts';

/** The part of AbortSignal that this package uses, spelled out so that its declarations need neither DOM nor Node types. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export function throwIfAborted(signal: Signal | undefined): void {
  if (signal?.aborted) throw new AbortError(signal.reason);
}

const abortedOf = getterOf<boolean>('aborted');
const reasonOf = getterOf<unknown>('reason');
const { addEventListener, removeEventListener } = EventTarget.prototype;

// One listener per signal: Node warns of a leak above ten, and many calls may share a signal.
const listeners = new WeakMap<AbortSignal, { readonly all: Set<() => void>; readonly notify: () => void }>();

/** An AbortSignal that is read through the intrinsics, because replaced methods must not throw while a call is in flight. */
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
 * A signal in a form that is safe to use, however many listeners it gets.
 *
 * @internal Keeps AbortSignal out of the declarations, which need neither DOM nor Node types.
 */
export function safeSignal(signal: AbortSignal): Signal;
/** Anything but an AbortSignal is returned as it is. */
export function safeSignal(value: unknown): unknown;
export function safeSignal(value: unknown): unknown {
  return isAbortSignal(value) ? new SafeSignal(value) : value;
}

/** Whether a value is what {@link safeSignal} makes of an AbortSignal. */
export function isSafeSignal(value: unknown): value is Signal {
  return SafeSignal.is(value);
}

// An object that merely inherits from AbortSignal, or a proxy of one, throws as soon as it is used.
function isAbortSignal(value: unknown): value is AbortSignal {
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
