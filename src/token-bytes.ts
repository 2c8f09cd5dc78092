import { types } from 'node:util';
import { STORAGE_OFFLOAD_MAX_TOKEN_LENGTH } from '../structs/index.ts';
import { describeValue } from './describe.ts';

/** Bytes that no other thread can change while they are copied. */
export function isOwnBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value) && !types.isSharedArrayBuffer(bufferOf(value));
}

/** A copy made with the intrinsics alone: a subclass has no say in it. A detached view gives an empty one. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(lengthOf(bytes));
  if (copy.length > 0) setBytes.call(copy, bytes);
  return copy;
}

export function lengthSentence(length: number): string {
  const hint = length === 0 ? ' (was its buffer transferred?)' : '';
  return `token holds ${length} bytes${hint}; it must hold exactly ${STORAGE_OFFLOAD_MAX_TOKEN_LENGTH}, as offloadRead gave it.`;
}

export function kindSentence(value: unknown): string {
  if (types.isUint8Array(value)) {
    return 'token lies in shared memory, which another thread may change meanwhile; pass a copy, such as new Uint8Array(bytes).';
  }
  // It may be a token in base64, which is for nobody to read.
  if (typeof value === 'string') {
    return 'token is a string; make a token of base64 with OffloadToken.from() first.';
  }
  const said = value === undefined ? 'missing' : describeValue(value);
  return `token is ${said}; it must be an OffloadToken or a Uint8Array of ${STORAGE_OFFLOAD_MAX_TOKEN_LENGTH} bytes.`;
}

/** Bound when this is loaded: looking it up, which V8 does not shorten for typed arrays, takes as long as a third of the copy. */
export const setBytes: typeof Uint8Array.prototype.set = Uint8Array.prototype.set;
const lengthOf = intrinsic<number>('length');
const bufferOf = intrinsic<ArrayBufferLike>('buffer');

function intrinsic<T>(name: 'length' | 'buffer'): (bytes: Uint8Array) => T {
  const get = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name)?.get;
  return (bytes) => get?.call(bytes) as T;
}
