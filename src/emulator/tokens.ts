import { randomFillSync } from 'node:crypto';
import {
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_TOKEN,
  STORAGE_OFFLOAD_TOKEN_ID_LENGTH,
  STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA,
} from '../../structs/index.ts';
import { now } from './clock.ts';
import type { Claim, HostFile } from './host-file.ts';
import type { OpenFile } from './open-files.ts';

const LENGTH = STORAGE_OFFLOAD_MAX_TOKEN_LENGTH;
const { TokenType, Reserved, TokenIdLength } = STORAGE_OFFLOAD_TOKEN.offsetOf;
const ID = LENGTH - STORAGE_OFFLOAD_TOKEN_ID_LENGTH;

// SPC-4: the default point-in-time copy.
const POINT_IN_TIME = 0x0080_0000;

const KEPT = 65_536;
const DRAWN_AT_ONCE = 64;

/** What the bytes of a token stand for. */
export interface Token extends Claim {
  readonly bytes: Uint8Array;
  readonly file: HostFile;
  readonly source: OpenFile;
  /** Where the file is found again when its handle is closed. */
  readonly path: string | undefined;
  readonly length: number;
  readonly expires: number;
}

/** The tokens that the array remembers; beyond 65,536 it forgets the oldest. */
export class Tokens {
  readonly #byId: Map<string, Token> = new Map();
  #random = new Uint8Array(0);

  issue(meant: Pick<Token, 'file' | 'source' | 'path' | 'extents' | 'length'>, lifetime: number): Token {
    const token: Token = { ...meant, bytes: this.#draw(), expires: now() + lifetime, dead: false };
    this.#byId.set(idOf(token.bytes), token);
    token.file.tokens.add(token);
    if (this.#byId.size > KEPT) this.#forgetOldest();
    return token;
  }

  /** The token behind these bytes, if it was issued here and neither expired nor died. */
  find(bytes: Uint8Array): Token | undefined {
    const token = this.#byId.get(idOf(bytes));
    if (token === undefined || Buffer.compare(token.bytes, bytes) !== 0) return undefined;
    if (!token.dead && now() < token.expires) return token;
    this.#forget(token);
    return undefined;
  }

  #draw(): Uint8Array {
    if (this.#random.length < LENGTH) this.#random = randomFillSync(new Uint8Array(LENGTH * DRAWN_AT_ONCE));
    const bytes = this.#random.slice(0, LENGTH);
    this.#random = this.#random.subarray(LENGTH);
    const view = new DataView(bytes.buffer);
    view.setUint32(TokenType, POINT_IN_TIME);
    view.setUint16(Reserved, 0);
    view.setUint16(TokenIdLength, STORAGE_OFFLOAD_TOKEN_ID_LENGTH);
    return bytes;
  }

  #forgetOldest(): void {
    for (const token of this.#byId.values()) {
      this.#forget(token);
      return;
    }
  }

  #forget(token: Token): void {
    token.dead = true;
    token.file.tokens.delete(token);
    this.#byId.delete(idOf(token.bytes));
  }
}

/** The well-known token that stands for zeros. */
export function putZeroToken(into: DataView, at: number): void {
  for (let byte = 0; byte < LENGTH; byte++) into.setUint8(at + byte, 0);
  into.setUint32(at + TokenType, STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA);
  into.setUint16(at + TokenIdLength, STORAGE_OFFLOAD_TOKEN_ID_LENGTH);
}

/** Told by the type alone: servers differ in the length that they write into it. */
export function isZeroToken(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(TokenType) === STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA;
}

// A part of the random bytes is enough to find a token by; the whole is compared then.
const ID_USED = 16;

function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + ID, ID_USED).toString('latin1');
}
