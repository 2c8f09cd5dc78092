import { type ByteCount, LARGEST } from '../byte-count.ts';
import { describeValue } from '../describe.ts';
import { byteCount, milliseconds, ntstatus, optional } from '../fields.ts';
import { refuse, requestSchema } from '../request.ts';
import type { Signal } from '../signal.ts';
import { type Task, waitFor } from './task.ts';

/** A control code that is about to run. */
export interface InterceptedCall {
  /** Number of control codes that came before this one. */
  readonly index: number;
  /** The control code, e.g. 0x94264. */
  readonly code: number;
  /** Its name, e.g. `FSCTL_OFFLOAD_READ`; the hexadecimal number where it has none. */
  readonly name: string;
  /** A copy of the input. */
  readonly input: Uint8Array;
  /** The handle of the file. */
  readonly handle: bigint;
}

/** What happens to a control code. */
export interface Interception {
  /** An NTSTATUS to fail with; 0 means none. */
  readonly status?: number | undefined;
  /** Most bytes to do, rounded down to the sector; 0n makes the call succeed without progress. */
  readonly truncate?: ByteCount | undefined;
  /** How long to delay the control code before it runs, in milliseconds. The latency is added to it. */
  readonly delay?: number | undefined;
}

/**
 * Is called before a control code runs. It may return a promise, except in a Sync call. An exception reaches the caller
 * of the control code unchanged.
 */
export type Intercept = (
  call: InterceptedCall,
  // biome-ignore lint/suspicious/noConfusingVoidType: most functions that only watch are typed to return void.
) => Interception | undefined | null | void | Promise<Interception | undefined | null | void>;

/** A checked {@link Interception}. */
export interface Verdict {
  readonly status: number;
  readonly truncate: bigint;
  readonly delay: number;
}

const NO_CHANGE: Verdict = { status: 0, truncate: LARGEST, delay: 0 };

const interception = requestSchema('the result of intercept', {
  status: optional(ntstatus),
  truncate: optional(byteCount),
  delay: optional(milliseconds),
});

/** Calls an intercept and checks its result. */
export function* callIntercept(intercept: Intercept | undefined, call: InterceptedCall): Task<Verdict> {
  if (intercept === undefined) return NO_CHANGE;
  return yield* waitFor(
    () => checkVerdict(refusePromise(intercept(call))),
    async (signal) => checkVerdict(await untilAborted(intercept(call), signal)),
  );
}

function checkVerdict(returned: unknown): Verdict {
  if (returned === undefined || returned === null) return NO_CHANGE;
  if (typeof returned !== 'object') {
    refuse(
      'intercept',
      `intercept returned ${describeValue(returned)}; it must return nothing or an object, such as { status: 0xC0000465 }.`,
    );
  }
  const { status = 0, truncate = LARGEST, delay = 0 } = interception.check(returned);
  // A program without unsigned integers may write an NTSTATUS as a negative number.
  return { status: status >>> 0, truncate: BigInt(truncate), delay };
}

function refusePromise(returned: unknown): unknown {
  if (typeof returned !== 'object' || returned === null || !('then' in returned)) return returned;
  // Its rejection would otherwise be unhandled.
  Promise.resolve(returned).catch(() => {});
  refuse(
    'intercept',
    'intercept returned a promise, which a Sync call cannot wait for; return the object itself.',
  );
}

// The promise of an intercept may never settle, and an abort must not wait for it.
function untilAborted(returned: unknown, signal: Signal | undefined): Promise<unknown> {
  const verdict = Promise.resolve(returned);
  if (signal === undefined) return verdict;
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort);
    verdict.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
