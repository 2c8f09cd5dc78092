import { OVERLAPPED, STATUS_PENDING } from '../../../structs/index.ts';
import { type IoBuffers, KernelFailure } from '../kernel.ts';
import { bindStatusFunctions } from './last-failure.ts';
import type { Address, Native } from './native.ts';

const RETURNED = OVERLAPPED.size;
const INPUT = 64;
const COMMON_INPUT = 576;
const COMMON_OUTPUT = 576;
const { Internal, InternalHigh, hEvent, Offset, OffsetHigh } = OVERLAPPED.offsetOf;

/**
 * All that one call hands to Windows, in one piece of memory that does not move: OVERLAPPED, the DWORD for the bytes
 * returned, input and output. Whoever holds the frame keeps the memory alive.
 */
export class Win32Frame implements IoBuffers {
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly output: Uint8Array;
  readonly outputView: DataView;
  readonly overlapped: Address;
  readonly returnedAddress: Address;
  readonly inputAddress: Address;
  readonly outputAddress: Address;
  readonly isCommon: boolean;
  readonly #head: DataView;
  #event = 0n;
  // Whether hEvent holds it: a bigint takes longer to write than this to remember.
  #isSignalling = false;

  constructor(native: Native, inputLength: number, outputLength: number) {
    const inputSize = Math.max(inputLength, COMMON_INPUT);
    const outputSize = Math.max(outputLength, COMMON_OUTPUT);
    this.isCommon = inputSize === COMMON_INPUT && outputSize === COMMON_OUTPUT;
    const outputAt = INPUT + Math.ceil(inputSize / 8) * 8;
    const memory = new ArrayBuffer(outputAt + outputSize);
    this.#head = new DataView(memory, 0, INPUT);
    this.input = new Uint8Array(memory, INPUT, inputSize);
    this.inputView = new DataView(memory, INPUT, inputSize);
    this.output = new Uint8Array(memory, outputAt, outputSize);
    this.outputView = new DataView(memory, outputAt, outputSize);
    this.overlapped = native.addressOf(new Uint8Array(memory));
    this.returnedAddress = this.overlapped + RETURNED;
    this.inputAddress = this.overlapped + INPUT;
    this.outputAddress = this.overlapped + outputAt;
  }

  static isCommon(inputLength: number, outputLength: number): boolean {
    return inputLength <= COMMON_INPUT && outputLength <= COMMON_OUTPUT;
  }

  /** Bytes that a call which ended at once returned. */
  get returned(): number {
    return this.#head.getUint32(RETURNED, true);
  }

  /** NTSTATUS of a call that was pending; 0x103 while it still is. */
  get status(): number {
    return this.#head.getUint32(Internal, true);
  }

  /** Bytes that a call which was pending returned. */
  get information(): number {
    return this.#head.getUint32(InternalHigh, true);
  }

  get isPending(): boolean {
    return this.status === STATUS_PENDING;
  }

  /** For ReadFile and WriteFile; control codes carry their offsets in the input. */
  set position(offset: bigint) {
    this.#head.setUint32(Offset, Number(offset & 0xffff_ffffn), true);
    this.#head.setUint32(OffsetHigh, Number(offset >> 32n), true);
  }

  /** Without an event the completion port is told. What the last call left must not be taken for the end of the next. */
  useCompletionPort(): void {
    this.#head.setUint32(Internal, STATUS_PENDING, true);
    if (!this.#isSignalling) return;
    this.#head.setBigUint64(hEvent, 0n, true);
    this.#isSignalling = false;
  }

  /** With the low bit of the event set, no completion port that the handle may belong to is told. */
  useEvent(native: Native): bigint {
    if (!this.#isSignalling) this.#signal(native);
    return this.#event;
  }

  #signal(native: Native): void {
    if (this.#event === 0n) {
      this.#event = native.CreateEventW(null, 1, 0, null) ?? 0n;
      if (this.#event === 0n) throw new KernelFailure(native.GetLastError());
    }
    this.#head.setBigUint64(hEvent, this.#event | 1n, true);
    this.#isSignalling = true;
  }

  dispose(native: Native): void {
    if (this.#event !== 0n) native.CloseHandle(this.#event);
    this.#event = 0n;
    this.#isSignalling = false;
  }
}

/** Frames that wait for their next call. */
export class FramePool {
  readonly #native: Native;
  readonly #idle: Win32Frame[] = [];
  #isBound = false;

  constructor(native: Native) {
    this.#native = native;
  }

  acquire(inputLength: number, outputLength: number): Win32Frame {
    const idle = Win32Frame.isCommon(inputLength, outputLength) ? this.#idle.pop() : undefined;
    return idle ?? this.#make(inputLength, outputLength);
  }

  release(frame: Win32Frame): void {
    if (frame.isCommon && this.#idle.length < MOST_IDLE) this.#idle.push(frame);
    else frame.dispose(this.#native);
  }

  #make(inputLength: number, outputLength: number): Win32Frame {
    if (!this.#isBound) {
      bindStatusFunctions(this.#native);
      this.#isBound = true;
    }
    return new Win32Frame(this.#native, inputLength, outputLength);
  }
}

const MOST_IDLE = 256;
