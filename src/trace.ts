import { type TracingChannel, tracingChannel } from 'node:diagnostics_channel';
import { type DebugLogger, debuglog } from 'node:util';
import { hex32, ntstatusName, STATUS_PENDING } from '../structs/index.ts';
import type { ByteCount } from './byte-count.ts';
import type { Control, Target } from './control.ts';
import { type ControlKernel, KernelFailure } from './kernel/kernel.ts';
import type { OffloadToken } from './token.ts';

/**
 * A control code as it is published on the tracing channel `win-odx:control` of `node:diagnostics_channel`: one object
 * from start to end. It never leads to a token or to the bytes of a file.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel';
 *
 * tracingChannel('win-odx:control').subscribe({
 *   asyncEnd: (call) => console.log(call.name, call.offset, call.length, call.status),
 * });
 */
export interface ControlCall {
  /** How many control codes were published before this one. */
  readonly index: number;
  /** The control code, e.g. 0x94264. */
  readonly code: number;
  /** Its name, e.g. `FSCTL_OFFLOAD_READ`. */
  readonly name: string;
  /** The HANDLE that it is sent to. */
  readonly handle: bigint;
  /** The path given to openFile; undefined for a borrowed handle. */
  readonly path: string | undefined;
  /** Where it begins in the file, in bytes; undefined for a query. */
  readonly offset: bigint | undefined;
  /** Bytes that are to be read or written; undefined for a query. */
  readonly length: bigint | undefined;
  /** Size of the input structure, in bytes. */
  readonly inputLength: number;
  /** Room for the reply, in bytes. */
  readonly outputLength: number;
  /** The NTSTATUS: 0 for success, 0x103 (STATUS_PENDING) while it runs, undefined where it is not certain. */
  readonly status: number | undefined;
  /** The Win32 error of a call that failed, as GetLastError returns it. */
  readonly errno: number | undefined;
  /** Bytes of the reply; 0 for a call that failed. */
  readonly bytesReturned: number;
  /** Bytes that the token covers, or that were written: at the end of a call that succeeded. */
  readonly transferred: bigint | undefined;
  /** Identifies the token that was read (at the end) or that is written (from the start): see OffloadToken.fingerprint. */
  readonly fingerprint: string | undefined;
  /** What the caller gets instead of a result. */
  readonly error?: unknown;
}

/** What a control code adds to its trace. */
export interface TraceDetails {
  readonly length: ByteCount;
  readonly token?: OffloadToken | undefined;
  readonly transferred?: bigint | undefined;
}

// Written by util.debuglog where NODE_DEBUG names it, as Node's own modules do.
const debug: DebugLogger = debuglog('win-odx');
const isDebugging = debug.enabled;
const channel: TracingChannel<unknown, ControlCall> = tracingChannel<unknown, ControlCall>('win-odx:control');

/** Whether anyone wants to see control codes. Tracing costs nothing else while nobody does. */
export function isTraced(): boolean {
  return isDebugging || channel.hasSubscribers;
}

/** Publishes a control code from start to end. `send` sends it with the kernel that it is given. */
export async function trace<Arguments, Result>(
  kernel: ControlKernel,
  control: Control<Arguments, Result>,
  target: Target,
  args: Arguments,
  send: (kernel: ControlKernel) => Promise<Result>,
): Promise<Result> {
  const call = new TracedCall(control, target, args);
  let result!: Result;
  try {
    // Resolves without the result, which the channel would publish together with its token.
    await channel.tracePromise(async () => {
      try {
        result = await send(observed(kernel, call));
        call.complete(control.trace?.(args, result));
      } finally {
        call.end();
      }
    }, call);
  } finally {
    debug('%s', call);
  }
  return result;
}

/** {@link trace}, blocking. */
export function traceSync<Arguments, Result>(
  kernel: ControlKernel,
  control: Control<Arguments, Result>,
  target: Target,
  args: Arguments,
  send: (kernel: ControlKernel) => Result,
): Result {
  const call = new TracedCall(control, target, args);
  let result!: Result;
  try {
    channel.traceSync(() => {
      try {
        result = send(observed(kernel, call));
        call.complete(control.trace?.(args, result));
      } finally {
        call.end();
      }
    }, call);
  } finally {
    debug('%s', call);
  }
  return result;
}

let published = 0;

class TracedCall<Arguments, Result> implements ControlCall {
  readonly index = published++;
  readonly code: number;
  readonly name: string;
  readonly handle: bigint;
  readonly path: string | undefined;
  readonly offset: bigint | undefined;
  readonly length: bigint | undefined;
  readonly inputLength: number;
  readonly outputLength: number;
  status: number | undefined = STATUS_PENDING;
  errno: number | undefined;
  bytesReturned = 0;
  transferred: bigint | undefined;
  fingerprint: string | undefined;
  // Assigned by the channel.
  declare readonly error?: unknown;

  constructor(control: Control<Arguments, Result>, { handle, path }: Target, args: Arguments) {
    const details = control.trace?.(args);
    this.code = control.code;
    this.name = control.name;
    this.handle = handle;
    this.path = path;
    this.offset = optionalBigint(control.offset?.(args));
    this.length = optionalBigint(details?.length);
    this.inputLength = control.inputSize(args);
    this.outputLength = control.outputSize;
    this.fingerprint = details?.token?.fingerprint;
  }

  replied(bytesReturned: number): void {
    this.status = 0;
    this.bytesReturned = bytesReturned;
  }

  failed(error: unknown): void {
    if (!(error instanceof KernelFailure)) return;
    this.status = error.ntstatus;
    this.errno = error.errno;
  }

  complete(details: TraceDetails | undefined): void {
    this.transferred = details?.transferred;
    this.fingerprint ??= details?.token?.fingerprint;
  }

  /** A call that never got an answer has no status. */
  end(): void {
    if (this.status === STATUS_PENDING) this.status = undefined;
  }

  /** bigint as decimal strings, which JSON.stringify refuses otherwise. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(this).map(([key, value]) => [key, typeof value === 'bigint' ? `${value}` : value]),
    );
  }

  /** One line for NODE_DEBUG. */
  toString(): string {
    const { name, path, handle, offset, length, transferred, fingerprint } = this;
    const file = path === undefined ? `handle ${handle}` : `'${path}'`;
    const range = length === undefined ? '' : `, offset ${offset}, length ${length}`;
    const done = transferred === undefined ? '' : `, ${transferred} transferred`;
    const token = fingerprint === undefined ? '' : `, token ${fingerprint}`;
    return `${name} on ${file}${range}: ${this.#outcome()}, ${this.bytesReturned} bytes returned${done}${token}`;
  }

  #outcome(): string {
    const { status, errno } = this;
    if (status === 0) return 'success';
    const number = errno === undefined ? 'no answer' : `error ${errno}`;
    return status === undefined ? number : `${number} (${hex32(status)} ${ntstatusName(status)})`;
  }
}

type Observer = Pick<TracedCall<never, never>, 'replied' | 'failed'>;

/** A kernel that notes how one control code ends, before a failure is turned into the error of the caller. */
function observed(kernel: ControlKernel, call: Observer): ControlKernel {
  return {
    name: kernel.name,
    acquire: (...lengths) => kernel.acquire(...lengths),
    release: (buffers) => kernel.release(buffers),
    async control(...parameters) {
      try {
        const returned = await kernel.control(...parameters);
        call.replied(returned);
        return returned;
      } catch (error) {
        call.failed(error);
        throw error;
      }
    },
    controlSync(...parameters) {
      try {
        const returned = kernel.controlSync(...parameters);
        call.replied(returned);
        return returned;
      } catch (error) {
        call.failed(error);
        throw error;
      }
    },
    handleOf: (fd) => kernel.handleOf(fd),
  };
}

function optionalBigint(value: ByteCount | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
