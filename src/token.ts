import { inspect } from 'node:util';
import {
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_TOKEN,
  STORAGE_OFFLOAD_TOKEN_ID_LENGTH,
  STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA,
} from '../structs/index.ts';
import { InvalidArgumentError } from './errors.ts';
import { copyOf, isOwnBytes, kindSentence, lengthSentence, setBytes } from './token-bytes.ts';

const LENGTH = STORAGE_OFFLOAD_MAX_TOKEN_LENGTH;
const { TokenType, TokenIdLength } = STORAGE_OFFLOAD_TOKEN.offsetOf;
const FINGERPRINT_DIGITS = 16;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

// Only this module can make tokens of bytes that it does not copy.
const KEY = Symbol('OffloadToken');

type Bytes = Uint8Array<ArrayBuffer>;

let construct: (memory: Bytes, at: number) => OffloadToken;
let bytesWithin: (token: OffloadToken) => Bytes;
let isBranded: (value: object) => value is OffloadToken;

/**
 * The 512 bytes (STORAGE_OFFLOAD_TOKEN) that stand for a range of a file as it was when it was read. Immutable.
 *
 * Whoever holds the bytes can have the data written somewhere, so they leave through `bytes` and `toBase64()` alone;
 * printing a token, or putting it into JSON, shows its fingerprint.
 *
 * @see https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddstor/ns-ntddstor-_storage_offload_token
 * @example
 * const { token } = await offloadRead(file, { copyLength: 4096 });
 * OffloadToken.from(token.toBase64()).equals(token); // true
 */
export class OffloadToken {
  readonly #memory: Bytes;
  readonly #at: number;
  // Made when it is first asked for: it takes longer than to copy what it shows.
  #bytes: Bytes | undefined;

  static {
    construct = (memory, at) => new OffloadToken(KEY, memory, at);
    bytesWithin = (token) => {
      token.#bytes ??= token.#memory.subarray(token.#at, token.#at + LENGTH);
      return token.#bytes;
    };
    isBranded = (value): value is OffloadToken => #memory in value;
    // Defined here because a computed name would put Node's types into the public declarations.
    Object.defineProperty(OffloadToken.prototype, inspect.custom, { value: OffloadToken.prototype.toString });
  }

  private constructor(key: symbol, memory: Bytes, at: number) {
    if (key !== KEY) {
      const message = 'An OffloadToken is made by OffloadToken.from or by an offload read, not by new.';
      throw new InvalidArgumentError([{ path: '', message }]);
    }
    this.#memory = memory;
    this.#at = at;
  }

  /**
   * The token that somebody saved: 512 bytes, which are copied, or their base64.
   *
   * @throws {InvalidArgumentError} when it is neither, or not exactly 512 bytes.
   */
  static from(source: Uint8Array | string): OffloadToken {
    const bytes =
      typeof source === 'string' ? decode(source) : isOwnBytes(source) ? copyOf(source) : refuse(source);
    return construct(bytes.length === LENGTH ? bytes : refuse(bytes), 0);
  }

  /**
   * The well-known token that stands for zeros (STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA): written with it, a range
   * becomes zeros, and the array need not move a byte. It never expires.
   */
  static zeroData(): OffloadToken {
    const bytes = new Uint8Array(LENGTH);
    const view = new DataView(bytes.buffer);
    view.setUint32(TokenType, STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA);
    view.setUint16(TokenIdLength, STORAGE_OFFLOAD_TOKEN_ID_LENGTH);
    return construct(bytes, 0);
  }

  /** A copy of the 512 bytes. They are a capability: keep them as you would keep a password. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return copyOf(bytesWithin(this));
  }

  /** TokenType, big-endian on the wire: what kind of token the array made. */
  get type(): number {
    return viewOf(bytesWithin(this)).getUint32(TokenType);
  }

  /** TokenIdLength, big-endian on the wire: how many of the 504 opaque bytes mean something. */
  get idLength(): number {
    return viewOf(bytesWithin(this)).getUint16(TokenIdLength);
  }

  /** Whether this is the well-known zero token. Told by the type alone: some servers leave the length 0, some turn it round. */
  get isZeroData(): boolean {
    return this.type === STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA;
  }

  /** Tells tokens apart in logs without giving them away: the first 16 hexadecimal digits of their SHA-256. */
  get fingerprint(): string {
    // Asked for here, because loading it takes longer than most programs spend on tokens.
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

  toJSON(): { fingerprint: string } {
    return { fingerprint: this.fingerprint };
  }

  toString(): string {
    return `OffloadToken(${this.isZeroData ? 'zero data' : this.fingerprint})`;
  }
}

export function isToken(value: unknown): value is OffloadToken {
  return typeof value === 'object' && value !== null && isBranded(value);
}

// A buffer of its own costs a token over a microsecond, a piece of a slab a fraction of that. No two tokens share a
// byte; one that is kept keeps the 32 KiB around it.
const SLAB = 64 * LENGTH;
let slab: Bytes = new Uint8Array(0);
let used = 0;

/** A token copied out of memory that will be used again. */
export function cutToken(source: Uint8Array, at: number): OffloadToken {
  if (used === slab.length) {
    // Not filled with zeros first: a piece is overwritten as a whole before anyone sees it.
    slab = new Uint8Array(Buffer.allocUnsafeSlow(SLAB).buffer);
    used = 0;
  }
  setBytes.call(slab, viewAt(source, at), used);
  const token = construct(slab, used);
  used += LENGTH;
  return token;
}

// Calls in a row use the same memory, and a view of it costs more than to copy what it shows.
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

/** Puts a token's bytes where a structure wants them. */
export function putToken(token: OffloadToken | Uint8Array, into: Uint8Array, at: number): void {
  setBytes.call(into, isToken(token) ? bytesWithin(token) : token, at);
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  if (!BASE64.test(text)) {
    const message = 'token is a string that is not base64; it must be what toBase64() gave.';
    throw new InvalidArgumentError([{ path: 'token', message }]);
  }
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function refuse(source: unknown): never {
  const message = isOwnBytes(source) ? lengthSentence(copyOf(source).length) : kindSentence(source);
  throw new InvalidArgumentError([{ path: 'token', message }]);
}
