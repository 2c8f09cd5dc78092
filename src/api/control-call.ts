import { type Signal, throwIfAborted } from '../abort.ts';
import { AbortError, type CallContext, ProtocolError, Win32Error } from '../errors.ts';
import { type Frame, type Kernel, KernelFailure } from '../kernel/kernel.ts';

/** A control code as a value: what to send, how much may come back, how to read it. */
export interface ControlCall<Order, Result> {
  readonly name: string;
  readonly code: number;
  readonly outputSize: number;
  inputSize(order: Order): number;
  encode(frame: Frame, order: Order): void;
  /** Throws {@link ImpossibleReply} for what no device can mean. */
  decode(frame: Frame, returned: number, order: Order): Result;
  /** Where in the file the call works, for its errors. */
  offset(order: Order): number | bigint | undefined;
}

/** Thrown by decoders, which do not know the file; {@link ProtocolError} is made of it. */
export class ImpossibleReply {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }
}

export function performSync<Order, Result>(
  kernel: Kernel,
  call: ControlCall<Order, Result>,
  handle: bigint,
  path: string | undefined,
  order: Order,
): Result {
  const inputSize = call.inputSize(order);
  const frame = acquire(kernel, call, inputSize, order, path);
  let result: Result;
  try {
    call.encode(frame, order);
    const returned = kernel.controlSync(handle, call.code, frame, inputSize, call.outputSize);
    result = call.decode(frame, returned, order);
  } catch (error) {
    kernel.release(frame);
    throw inContext(error, call, order, path);
  }
  kernel.release(frame);
  return result;
}

export async function perform<Order, Result>(
  kernel: Kernel,
  call: ControlCall<Order, Result>,
  handle: bigint,
  path: string | undefined,
  order: Order,
  signal?: Signal,
): Promise<Result> {
  throwIfAborted(signal);
  const inputSize = call.inputSize(order);
  const frame = acquire(kernel, call, inputSize, order, path);
  try {
    call.encode(frame, order);
    const returned = await kernel.control(handle, call.code, frame, inputSize, call.outputSize, signal);
    return call.decode(frame, returned, order);
  } catch (error) {
    if (signal?.aborted && error instanceof KernelFailure) throw new AbortError(signal.reason);
    throw inContext(error, call, order, path);
  } finally {
    kernel.release(frame);
  }
}

// Memory needs no more than a kernel that can tell its errors, which a library that plays one may lack.
function acquire<Order>(
  kernel: Kernel,
  call: ControlCall<Order, unknown>,
  inputSize: number,
  order: Order,
  path: string | undefined,
): Frame {
  try {
    return kernel.acquire(inputSize, call.outputSize);
  } catch (error) {
    throw inContext(error, call, order, path);
  }
}

function inContext<Order>(
  error: unknown,
  call: ControlCall<Order, unknown>,
  order: Order,
  path: string | undefined,
): unknown {
  if (!(error instanceof KernelFailure) && !(error instanceof ImpossibleReply)) return error;
  const offset = call.offset(order);
  const context: CallContext = {
    syscall: call.name,
    path,
    offset: offset === undefined ? undefined : BigInt(offset),
  };
  return error instanceof KernelFailure
    ? new Win32Error(error, context)
    : new ProtocolError(error.what, context);
}
