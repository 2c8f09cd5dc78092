import type { ByteCount } from './byte-count.ts';
import { AbortError, type CallContext, ProtocolError, Win32Error } from './errors.ts';
import { type ControlKernel, type IoBuffers, KernelFailure } from './kernel/kernel.ts';
import { type Signal, throwIfAborted } from './signal.ts';
import { isTraced, type TraceDetails, trace, traceSync } from './trace.ts';

/** A control code as a value: its name and number, how to encode its input, how to decode its reply. */
export interface Control<Arguments, Result> {
  readonly name: string;
  readonly code: number;
  /** Size of the output buffer, in bytes. */
  readonly outputSize: number;
  /** Size of the input, in bytes. */
  inputSize(args: Arguments): number;
  /** Writes every byte of the input. */
  encode(buffers: IoBuffers, args: Arguments): void;
  /** Reads a reply of `returned` bytes. Throws {@link ImpossibleReply} when no correct device can send it. */
  decode(buffers: IoBuffers, returned: number, args: Arguments): Result;
  /** Offset in the file, for errors. */
  offset?(args: Arguments): ByteCount | undefined;
  /** For those who trace calls: what is to be done, and once there is a result what was done. */
  trace?(args: Arguments, result?: Result): TraceDetails;
}

/** Thrown by a decoder, which does not know the file. {@link perform} converts it into a ProtocolError. */
export class ImpossibleReply {
  readonly problem: string;

  constructor(problem: string) {
    this.problem = problem;
  }
}

/** The file or device that a control code is sent to. */
export interface Target {
  readonly handle: bigint;
  readonly path?: string | undefined;
  /** Throws when the file has been closed since: a getter of the request or a subscriber may have done so. */
  checkOpen?(): void;
}

/** Sends a control code and reads its reply (DeviceIoControl). */
export function perform<Arguments, Result>(
  kernel: ControlKernel,
  control: Control<Arguments, Result>,
  target: Target,
  args: Arguments,
  signal?: Signal,
): Promise<Result> {
  // A call that is aborted before it begins reaches no kernel.
  if (!isTraced() || signal?.aborted) return send(kernel, control, target, args, signal);
  return trace(kernel, control, target, args, (observed) => send(observed, control, target, args, signal));
}

/** {@link perform}, blocking. */
export function performSync<Arguments, Result>(
  kernel: ControlKernel,
  control: Control<Arguments, Result>,
  target: Target,
  args: Arguments,
): Result {
  if (!isTraced()) return sendSync(kernel, control, target, args);
  return traceSync(kernel, control, target, args, (observed) => sendSync(observed, control, target, args));
}

async function send<Arguments, Result>(
  kernel: ControlKernel,
  control: Control<Arguments, Result>,
  target: Target,
  args: Arguments,
  signal: Signal | undefined,
): Promise<Result> {
  throwIfAborted(signal);
  target.checkOpen?.();
  const inputSize = control.inputSize(args);
  const buffers = acquire(kernel, control, target, args, inputSize);
  try {
    control.encode(buffers, args);
    const { code, outputSize } = control;
    const returned = await kernel.control(target.handle, code, buffers, inputSize, outputSize, signal);
    return decode(control, buffers, returned, args);
  } catch (error) {
    if (signal?.aborted && error instanceof KernelFailure) throw new AbortError(signal.reason);
    throw inContext(error, control, target, args);
  } finally {
    kernel.release(buffers);
  }
}

function sendSync<Arguments, Result>(
  kernel: ControlKernel,
  control: Control<Arguments, Result>,
  target: Target,
  args: Arguments,
): Result {
  target.checkOpen?.();
  const inputSize = control.inputSize(args);
  const buffers = acquire(kernel, control, target, args, inputSize);
  try {
    control.encode(buffers, args);
    const { code, outputSize } = control;
    const returned = kernel.controlSync(target.handle, code, buffers, inputSize, outputSize);
    return decode(control, buffers, returned, args);
  } catch (error) {
    throw inContext(error, control, target, args);
  } finally {
    kernel.release(buffers);
  }
}

function decode<Arguments, Result>(
  control: Control<Arguments, Result>,
  buffers: IoBuffers,
  returned: number,
  args: Arguments,
): Result {
  if (returned > control.outputSize) {
    throw new ImpossibleReply(
      `the reply holds ${returned} bytes, but there is room for only ${control.outputSize}.`,
    );
  }
  return control.decode(buffers, returned, args);
}

// Acquiring buffers may load the library, which may fail.
function acquire<Arguments>(
  kernel: ControlKernel,
  control: Control<Arguments, unknown>,
  target: Target,
  args: Arguments,
  inputSize: number,
): IoBuffers {
  try {
    return kernel.acquire(inputSize, control.outputSize);
  } catch (error) {
    throw inContext(error, control, target, args);
  }
}

function inContext<Arguments>(
  error: unknown,
  control: Control<Arguments, unknown>,
  target: Target,
  args: Arguments,
): unknown {
  if (!(error instanceof KernelFailure) && !(error instanceof ImpossibleReply)) return error;
  const offset = control.offset?.(args);
  const context: CallContext = {
    syscall: control.name,
    path: target.path,
    offset: offset === undefined ? undefined : BigInt(offset),
  };
  return error instanceof KernelFailure
    ? new Win32Error(error, context)
    : new ProtocolError(error.problem, context);
}
