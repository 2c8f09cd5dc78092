import { randomFillSync } from 'node:crypto';
import {
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_TOKEN,
  STORAGE_OFFLOAD_TOKEN_ID_LENGTH,
  STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA,
} from '../../structs/index.ts';
import { least } from '../byte-count.ts';
import type { Extent, HostFile, TokenExtents } from './host-file.ts';
import { type OpenFile, pathOfDescriptor } from './open-files.ts';

const LENGTH = STORAGE_OFFLOAD_MAX_TOKEN_LENGTH;
const { TokenType, TokenIdLength } = STORAGE_OFFLOAD_TOKEN.offsetOf;
const ID = LENGTH - STORAGE_OFFLOAD_TOKEN_ID_LENGTH;

// The default point-in-time copy of SPC-4.
const POINT_IN_TIME = 0x0080_0000;

const REMEMBERED = 65_536;

/** What a token stands for. */
export interface Token extends TokenExtents {
  readonly file: HostFile;
  readonly source: OpenFile;
  /** Where the file is found again after its handle was closed. */
  readonly path: string | undefined;
  /** Total length of the extents. */
  readonly length: bigint;
  /** In the time of `performance.now()`. */
  readonly expires: number;
}

/** The tokens that the array remembers: the latest 65,536. */
export class Tokens {
  readonly #tokens: Map<string, Token> = new Map();
  readonly #lifetime: number;

  /** @param lifetime milliseconds. */
  constructor(lifetime: number) {
    this.#lifetime = lifetime;
  }

  /**
   * Makes a token for ranges of a file, one after the other, and returns its bytes. The state of the file must be known:
   * the token is revoked by any other state.
   *
   * @param timeToLive milliseconds; 0 leaves it to the array.
   */
  issue(source: OpenFile, file: HostFile, extents: readonly Extent[], timeToLive: number): Uint8Array {
    const bytes = randomToken();
    const lifetime = timeToLive === 0 ? this.#lifetime : Math.min(timeToLive, this.#lifetime);
    const token: Token = {
      file,
      source,
      path: source.path ?? pathOfDescriptor(source.fd),
      extents,
      length: totalLength(extents),
      expires: performance.now() + lifetime,
      isRevoked: false,
    };
    this.#tokens.set(keyOf(bytes), token);
    file.tokens.add(token);
    const [oldest] = this.#tokens.size > REMEMBERED ? this.#tokens : [];
    if (oldest !== undefined) this.#forget(...oldest);
    return bytes;
  }

  /** The token of these bytes, if it was issued here and is neither expired nor revoked. */
  find(bytes: Uint8Array): Token | undefined {
    const key = keyOf(bytes);
    const token = this.#tokens.get(key);
    if (token === undefined) return undefined;
    if (!token.isRevoked && performance.now() < token.expires) return token;
    this.#forget(key, token);
    return undefined;
  }

  #forget(key: string, token: Token): void {
    token.isRevoked = true;
    token.file.tokens.delete(token);
    this.#tokens.delete(key);
  }
}

/** Writes the well-known token that stands for zeros. */
export function putZeroToken(output: Uint8Array, at: number): void {
  const token = output.subarray(at, at + LENGTH).fill(0);
  viewOf(token).setUint32(TokenType, STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA);
  viewOf(token).setUint16(TokenIdLength, STORAGE_OFFLOAD_TOKEN_ID_LENGTH);
}

/** Whether a token stands for zeros. Only the type counts: servers differ in the length that they write. */
export function isZeroToken(token: Uint8Array): boolean {
  return viewOf(token).getUint32(TokenType) === STORAGE_OFFLOAD_TOKEN_TYPE_ZERO_DATA;
}

export function totalLength(extents: readonly Extent[]): bigint {
  return extents.reduce((sum, extent) => sum + extent.length, 0n);
}

/** A position in extents that count as one after the other. */
export class ExtentCursor {
  readonly #extents: readonly Extent[];
  #index = 0;
  #within = 0n;

  constructor(extents: readonly Extent[], offset = 0n) {
    this.#extents = extents;
    this.take(offset);
  }

  /** The next `length` bytes, or what is left of them, in as many extents as they lie in. */
  take(length: bigint): Extent[] {
    const taken: Extent[] = [];
    for (let left = length; left > 0n; ) {
      const extent = this.#extents[this.#index];
      if (extent === undefined) break;
      const part = least(extent.length - this.#within, left);
      if (part > 0n) taken.push({ offset: extent.offset + this.#within, length: part });
      left -= part;
      this.#within += part;
      if (this.#within === extent.length) {
        this.#index++;
        this.#within = 0n;
      }
    }
    return taken;
  }
}

// 504 bytes of a cryptographic generator, so that no program can guess the token of another.
function randomToken(): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  randomFillSync(bytes, ID);
  viewOf(bytes).setUint32(TokenType, POINT_IN_TIME);
  viewOf(bytes).setUint16(TokenIdLength, STORAGE_OFFLOAD_TOKEN_ID_LENGTH);
  return bytes;
}

function keyOf(token: Uint8Array): string {
  return Buffer.from(token.buffer, token.byteOffset, token.byteLength).toString('latin1');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
