import { AbortError } from './errors.ts';

/** An AbortSignal, as far as this package uses it; spelt out so that its declarations need neither DOM nor Node types. */
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

// Of each signal one alone: Node warns of a leak where there are more than ten, and many calls may share a signal.
const listeners = new WeakMap<AbortSignal, { readonly all: Set<() => void>; readonly tell: () => void }>();

/** An AbortSignal asked in its own words: what the caller may have put in their place must not throw while a call is in flight. */
class OwnSignal implements Signal {
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  static is(value: object): boolean {
    return #signal in value;
  }

  get aborted(): boolean {
    return abortedOf(this.#signal);
  }

  get reason(): unknown {
    return reasonOf(this.#signal);
  }

  addEventListener(type: 'abort', listener: () => void): void {
    const known = listeners.get(this.#signal);
    if (known !== undefined) {
      known.all.add(listener);
      return;
    }
    const all = new Set([listener]);
    const tell = (): void => {
      for (const each of all) each();
    };
    listeners.set(this.#signal, { all, tell });
    addEventListener.call(this.#signal, type, tell);
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    const known = listeners.get(this.#signal);
    known?.all.delete(listener);
    if (known?.all.size !== 0) return;
    listeners.delete(this.#signal);
    removeEventListener.call(this.#signal, type, known.tell);
  }
}

/**
 * A signal in a form that is safe to use, however many listeners it gets.
 *
 * @internal Keeps AbortSignal out of the declarations, which need neither DOM nor Node types.
 */
export function safeSignal(signal: AbortSignal): Signal {
  return new OwnSignal(signal);
}

/** A genuine signal in a form that is safe to use; anything else as it is, to be refused. */
export function ownSignal(value: unknown): unknown {
  return isAbortSignal(value) ? new OwnSignal(value) : value;
}

/** For what {@link ownSignal} gave. */
export function isOwnSignal(value: unknown): value is Signal {
  return typeof value === 'object' && value !== null && OwnSignal.is(value);
}

// What merely inherits from AbortSignal, as a proxy of one does, throws as soon as it is used.
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
