import { OVERLAPPED, STATUS_PENDING } from '../../../structs/index.ts';
import { type IoBuffers, KernelFailure } from '../kernel.ts';
import { bindStatusFunctions } from './failures.ts';
import type { Address, Native } from './native.ts';

const RETURNED = OVERLAPPED.size;
const INPUT = 64;
const COMMON_INPUT = 576;
const COMMON_OUTPUT = 576;
const { Internal, InternalHigh, hEvent, Offset, OffsetHigh } = OVERLAPPED.offsetOf;

/**
 * The memory of one call, in one piece that does not move: OVERLAPPED, the DWORD for the bytes returned, input and output.
 * A reference to this object keeps the memory alive, and so does the end of a worker thread that has not seen the call
 * complete.
 */
export class Win32IoBuffers implements IoBuffers {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
  readonly overlapped: Address;
  readonly returnedAddress: Address;
  readonly inputAddress: Address;
  readonly outputAddress: Address;
  readonly isCommon: boolean;
  /** Set when the completion of a pending call can no longer be observed: Windows may write to the memory at any time. */
  isAbandoned = false;
  readonly #head: DataView;
  #event = 0n;
  // Whether hEvent holds it. Checking this is faster than writing a bigint.
  #hasEvent = false;

  constructor(native: Native, inputLength: number, outputLength: number) {
    const inputSize = Math.max(inputLength, COMMON_INPUT);
    const outputSize = Math.max(outputLength, COMMON_OUTPUT);
    this.isCommon = inputSize === COMMON_INPUT && outputSize === COMMON_OUTPUT;
    const outputAt = INPUT + Math.ceil(inputSize / 8) * 8;
    const bytes = native.allocate(outputAt + outputSize);
    this.#head = viewOf(bytes.subarray(0, INPUT));
    this.input = bytes.subarray(INPUT, INPUT + inputSize);
    this.inputView = viewOf(this.input);
    this.output = bytes.subarray(outputAt);
    this.outputView = viewOf(this.output);
    this.overlapped = native.addressOf(bytes);
    this.returnedAddress = this.overlapped + RETURNED;
    this.inputAddress = this.overlapped + INPUT;
    this.outputAddress = this.overlapped + outputAt;
  }

  static isCommon(inputLength: number, outputLength: number): boolean {
    return inputLength <= COMMON_INPUT && outputLength <= COMMON_OUTPUT;
  }

  /** Bytes returned by a call that succeeded at once. */
  get returned(): number {
    return this.#head.getUint32(RETURNED, true);
  }

  /** NTSTATUS of a call that was pending; STATUS_PENDING while it still is. */
  get status(): number {
    return this.#head.getUint32(Internal, true);
  }

  /** Bytes returned by a call that was pending. */
  get information(): number {
    return this.#head.getUint32(InternalHigh, true);
  }

  get isPending(): boolean {
    return this.status === STATUS_PENDING;
  }

  /** Offset of ReadFile and WriteFile. Control codes carry theirs in the input. */
  set position(offset: bigint) {
    this.#head.setUint32(Offset, Number(offset & 0xffff_ffffn), true);
    this.#head.setUint32(OffsetHigh, Number(offset >> 32n), true);
  }

  /** Without an event the call completes through the port. The status of the previous call must not be mistaken for its own. */
  useCompletionPort(): void {
    this.#head.setUint32(Internal, STATUS_PENDING, true);
    if (!this.#hasEvent) return;
    this.#head.setBigUint64(hEvent, 0n, true);
    this.#hasEvent = false;
  }

  /** The low bit of the event keeps the completion from a port that the handle may belong to. */
  useEvent(native: Native): bigint {
    if (!this.#hasEvent) this.#setEvent(native);
    return this.#event;
  }

  #setEvent(native: Native): void {
    if (this.#event === 0n) {
      this.#event = native.CreateEventW(null, 1, 0, null) ?? 0n;
      if (this.#event === 0n) throw new KernelFailure(native.GetLastError());
    }
    this.#head.setBigUint64(hEvent, this.#event | 1n, true);
    this.#hasEvent = true;
  }

  dispose(native: Native): void {
    if (this.#event !== 0n) native.CloseHandle(this.#event);
    this.#event = 0n;
    this.#hasEvent = false;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const MOST_IDLE = 256;

/** Memory of finished calls, kept for the next ones. */
export class IoBuffersPool {
  readonly #native: Native;
  readonly #idle: Win32IoBuffers[] = [];
  readonly #abandoned: Win32IoBuffers[] = [];
  #isBound = false;

  constructor(native: Native) {
    this.#native = native;
  }

  acquire(inputLength: number, outputLength: number): Win32IoBuffers {
    const idle = Win32IoBuffers.isCommon(inputLength, outputLength) ? this.#idle.pop() : undefined;
    return idle ?? this.#make(inputLength, outputLength);
  }

  release(buffers: Win32IoBuffers): void {
    // Never freed: Windows may still write to it.
    if (buffers.isAbandoned) this.#abandoned.push(buffers);
    else if (buffers.isCommon && this.#idle.length < MOST_IDLE) this.#idle.push(buffers);
    else buffers.dispose(this.#native);
  }

  #make(inputLength: number, outputLength: number): Win32IoBuffers {
    if (!this.#isBound) {
      bindStatusFunctions(this.#native);
      this.#isBound = true;
    }
    return new Win32IoBuffers(this.#native, inputLength, outputLength);
  }
}
