import { AbortError } from './errors.ts';

/** An AbortSignal, as far as this package uses it; spelt out so that its declarations need neither DOM nor Node types. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export function throwIfAborted(signal: Signal | undefined): void {
  if (signal?.aborted) throw new AbortError(signal.reason);
}
