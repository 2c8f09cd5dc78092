import type { ByteCount } from '../byte-count.ts';
import { describeValue } from '../describe.ts';
import { byteCount, milliseconds, ntstatus, optional } from '../fields.ts';
import { refuse, requestSchema } from '../request.ts';
import type { Signal } from '../signal.ts';
import { type Work, waitFor } from './work.ts';

/** A control code that is about to run. */
export interface InterceptedCall {
  /** How many control codes came before this one. */
  readonly index: number;
  /** The control code, e.g. 0x94264. */
  readonly code: number;
  /** Its name, e.g. `FSCTL_OFFLOAD_READ`; the hexadecimal number where it has none. */
  readonly name: string;
  /** A copy of the input. */
  readonly input: Uint8Array;
  readonly handle: bigint;
}

/** What is to become of a control code. */
export interface Interception {
  /** An NTSTATUS to fail with; 0 stands for nothing. */
  readonly status?: number | undefined;
  /** Most bytes to do, rounded down to the sector; 0n makes a success without progress. */
  readonly truncate?: ByteCount | undefined;
  /** How long to hold the control code back before it runs, in milliseconds. The latency comes on top. */
  readonly delay?: number | undefined;
}

/**
 * Sees a control code before it runs. It may return a promise, except in a Sync call. What it throws reaches the caller
 * as it is.
 */
export type Intercept = (
  call: InterceptedCall,
  // biome-ignore lint/suspicious/noConfusingVoidType: most functions that only watch are typed to return void.
) => Interception | undefined | null | void | Promise<Interception | undefined | null | void>;

/** The checked interception. */
export interface Verdict {
  readonly status: number;
  readonly truncate: number;
  readonly delay: number;
}

export const UNTOUCHED: Verdict = { status: 0, truncate: Number.POSITIVE_INFINITY, delay: 0 };

export function askIntercept(intercept: Intercept, call: InterceptedCall): Work<Verdict> {
  return waitFor(
    () => checkVerdict(refusePromise(intercept(call))),
    async (signal) => checkVerdict(await unlessAborted(intercept(call), signal)),
  );
}

function checkVerdict(returned: unknown): Verdict {
  if (returned === undefined || returned === null) return UNTOUCHED;
  if (typeof returned !== 'object') {
    refuse(
      'intercept',
      `intercept returned ${describeValue(returned)}; it must return nothing or an object, such as { status: 0xC0000465 }.`,
    );
  }
  const checked = interception.check(returned);
  return {
    // Signed, as a language without unsigned integers writes it, it is the same 32 bits.
    status: (checked.status ?? 0) >>> 0,
    truncate: checked.truncate === undefined ? Number.POSITIVE_INFINITY : Number(checked.truncate),
    delay: checked.delay ?? 0,
  };
}

const interception = requestSchema('the answer of intercept', {
  status: optional(ntstatus),
  truncate: optional(byteCount),
  delay: optional(milliseconds),
});

function refusePromise(returned: unknown): unknown {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return returned;
  // Nobody else will hear of it if it rejects.
  Promise.resolve(returned).catch(() => {});
  refuse(
    'intercept',
    'intercept returned a promise, which a Sync call cannot wait for; return the verdict itself.',
  );
}

// The promise of an intercept may never settle, and an abort must not wait for it.
function unlessAborted(returned: unknown, signal: Signal | undefined): Promise<unknown> {
  const verdict = Promise.resolve(returned);
  if (signal === undefined) return verdict;
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort);
    verdict.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
