import { inspect, types } from 'node:util';
import {
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_TOKEN,
  STORAGE_OFFLOAD_TOKEN_ID_LENGTH,
  STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA,
} from '../structs/index.ts';
import { describeValue } from './describe.ts';
import { InvalidArgumentError, type Sentence } from './errors.ts';

const LENGTH = STORAGE_OFFLOAD_MAX_TOKEN_LENGTH;
const { TokenType, TokenIdLength } = STORAGE_OFFLOAD_TOKEN.offsetOf;
const FINGERPRINT_DIGITS = 16;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

// Looked up once, because V8 does not cache this lookup for typed arrays, and it takes a third as long as the copy.
const setBytes = Uint8Array.prototype.set;
const lengthOf = intrinsic<number>('length');
const bufferOf = intrinsic<ArrayBufferLike>('buffer');

function intrinsic<T>(name: 'length' | 'buffer'): (bytes: Uint8Array) => T {
  const get = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name)?.get;
  return (bytes) => get?.call(bytes) as T;
}

// Only this module can create a token from bytes without copying them.
const KEY = Symbol('OffloadToken');

type Bytes = Uint8Array<ArrayBuffer>;

let construct: (memory: Bytes, at: number) => OffloadToken;
let bytesWithin: (token: OffloadToken) => Bytes;
let isBranded: (value: object) => value is OffloadToken;

/**
 * The 512 bytes (STORAGE_OFFLOAD_TOKEN) that represent a range of a file at the time of the offload read. Immutable.
 *
 * Anyone who has the bytes can write the data elsewhere, so only `bytes` and `toBase64()` reveal them. Printing a token or
 * converting it to JSON shows its fingerprint.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddstor/ns-ntddstor-_storage_offload_token
 * @example
 * const { token } = await offloadRead(file, { copyLength: 4096 });
 * OffloadToken.from(token.toBase64()).equals(token); // true
 */
export class OffloadToken {
  readonly #memory: Bytes;
  readonly #at: number;
  // Created on first use, because creating a view takes longer than copying the bytes.
  #bytes: Bytes | undefined;

  static {
    construct = (memory, at) => new OffloadToken(KEY, memory, at);
    bytesWithin = (token) => {
      token.#bytes ??= token.#memory.subarray(token.#at, token.#at + LENGTH);
      return token.#bytes;
    };
    isBranded = (value): value is OffloadToken => #memory in value;
    // Defined here because a computed name would need Node's types in the public declarations.
    Object.defineProperty(OffloadToken.prototype, inspect.custom, { value: OffloadToken.prototype.toString });
  }

  private constructor(key: symbol, memory: Bytes, at: number) {
    if (key !== KEY) {
      const message = 'An OffloadToken cannot be created with new; use OffloadToken.from or an offload read.';
      throw new InvalidArgumentError([{ path: '', message }]);
    }
    this.#memory = memory;
    this.#at = at;
  }

  /**
   * Restores a saved token from its 512 bytes, which are copied, or from a base64 string.
   *
   * @throws {InvalidArgumentError} when the source is neither, or does not hold exactly 512 bytes.
   */
  static from(source: Uint8Array | string): OffloadToken {
    const bytes =
      typeof source === 'string' ? decode(source) : isUnsharedBytes(source) ? copyOf(source) : refuse(source);
    return construct(bytes.length === LENGTH ? bytes : refuse(bytes), 0);
  }

  /**
   * Creates the well-known token that represents zeros (STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA). An offload write with it
   * fills a range with zeros, without any data transfer. It never expires.
   */
  static zeroData(): OffloadToken {
    const bytes = new Uint8Array(LENGTH);
    const view = new DataView(bytes.buffer);
    view.setUint32(TokenType, STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA);
    view.setUint16(TokenIdLength, STORAGE_OFFLOAD_TOKEN_ID_LENGTH);
    return construct(bytes, 0);
  }

  /** A copy of the 512 bytes. They are a capability: protect them like a password. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return copyOf(bytesWithin(this));
  }

  /** TokenType, big-endian on the wire: the kind of token. */
  get type(): number {
    return viewOf(bytesWithin(this)).getUint32(TokenType);
  }

  /** TokenIdLength, big-endian on the wire: the number of opaque bytes in use, at most 504. */
  get idLength(): number {
    return viewOf(bytesWithin(this)).getUint16(TokenIdLength);
  }

  /** Whether this is the well-known zero token. Only the type decides: some servers leave the length 0, others swap its bytes. */
  get isZeroData(): boolean {
    return this.type === STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA;
  }

  /** Identifies a token in logs without revealing it: the first 16 hexadecimal digits of its SHA-256. */
  get fingerprint(): string {
    // Loaded here, because most programs never need it.
    const { createHash } = process.getBuiltinModule('node:crypto');
    return createHash('sha256').update(bytesWithin(this)).digest('hex').slice(0, FINGERPRINT_DIGITS);
  }

  /** Whether both hold the same 512 bytes. */
  equals(other: OffloadToken): boolean {
    return isToken(other) && Buffer.compare(bytesWithin(this), bytesWithin(other)) === 0;
  }

  /** The 512 bytes as base64, for {@link OffloadToken.from} elsewhere. They are a capability. */
  toBase64(): string {
    return Buffer.from(bytesWithin(this)).toString('base64');
  }

  /** The fingerprint alone, so that JSON reveals no token. */
  toJSON(): Pick<OffloadToken, 'fingerprint'> {
    return { fingerprint: this.fingerprint };
  }

  /** The fingerprint, for messages. */
  toString(): string {
    return `OffloadToken(${this.isZeroData ? 'zero data' : this.fingerprint})`;
  }
}

export function isToken(value: unknown): value is OffloadToken {
  return typeof value === 'object' && value !== null && isBranded(value);
}

// Allocating a buffer for each token takes over a microsecond, a part of a shared slab only a fraction of that. Tokens
// never overlap, but a token that stays alive keeps its whole slab of 32 KiB alive.
const SLAB = 64 * LENGTH;
let slab: Bytes = new Uint8Array(0);
let used = 0;

/** Copies a token out of memory that will be reused. */
export function copyToken(source: Uint8Array, at: number): OffloadToken {
  if (used === slab.length) {
    // Not zeroed, because each part is overwritten completely before it can be read.
    slab = new Uint8Array(Buffer.allocUnsafeSlow(SLAB).buffer);
    used = 0;
  }
  setBytes.call(slab, viewAt(source, at), used);
  const token = construct(slab, used);
  used += LENGTH;
  return token;
}

// Consecutive calls use the same buffer, and creating a view of it takes longer than the copy.
let lastSource: Uint8Array | undefined;
let lastAt = 0;
let lastView: Uint8Array = new Uint8Array(0);

function viewAt(source: Uint8Array, at: number): Uint8Array {
  if (source !== lastSource || at !== lastAt) {
    lastSource = source;
    lastAt = at;
    lastView = source.subarray(at, at + LENGTH);
  }
  return lastView;
}

/** Copies a token into a structure. */
export function putToken(token: OffloadToken, into: Uint8Array, at: number): void {
  setBytes.call(into, bytesWithin(token), at);
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  if (!BASE64.test(text)) {
    const message = 'token is a string that is not base64; it must be a string from toBase64().';
    throw new InvalidArgumentError([{ path: 'token', message }]);
  }
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function refuse(source: unknown): never {
  throw new InvalidArgumentError([{ path: 'token', message: tokenSentence('token', source) }]);
}

/**
 * Makes a token of 512 bytes in unshared memory. It copies them, because code of the caller may run and change them before
 * they are sent, such as a subscriber of the tracing channel. Any other value is returned unchanged.
 */
export function snapshotToken(value: unknown): unknown {
  // A token first, because looking at the bytes takes longer than all other checks together.
  if (isToken(value) || !isUnsharedBytes(value) || lengthOf(value) !== LENGTH) return value;
  return construct(copyOf(value), 0);
}

/** Explains what {@link snapshotToken} makes no token of. A string is not shown, because it may be a token in base64. */
export function tokenSentence(path: string, value: unknown): Sentence {
  if (isUnsharedBytes(value)) {
    const length = lengthOf(value);
    const hint = length === 0 ? ' (was its buffer transferred?)' : '';
    return (nameOf) =>
      `${nameOf(path)} holds ${length} bytes${hint}; it must hold exactly ${LENGTH}, as offloadRead returned it.`;
  }
  if (types.isUint8Array(value)) {
    return (nameOf) =>
      `${nameOf(path)} is in shared memory, which another thread may change at any time; pass a copy, such as new Uint8Array(bytes).`;
  }
  if (typeof value === 'string') {
    return (nameOf) =>
      `${nameOf(path)} is a string; convert base64 to a token with OffloadToken.from() first.`;
  }
  const shown = value === undefined ? 'missing' : describeValue(value);
  return (nameOf) =>
    `${nameOf(path)} is ${shown}; it must be an OffloadToken or a Uint8Array of ${LENGTH} bytes.`;
}

// A subclass may override any method, so only the built-in ones are used.

/** A Uint8Array that is not backed by a SharedArrayBuffer, so that no other thread changes it during the copy. */
function isUnsharedBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value) && !types.isSharedArrayBuffer(bufferOf(value));
}

/** Copies the bytes. The copy of a detached view is empty. */
function copyOf(bytes: Uint8Array): Bytes {
  const copy = new Uint8Array(lengthOf(bytes));
  if (copy.length > 0) setBytes.call(copy, bytes);
  return copy;
}
