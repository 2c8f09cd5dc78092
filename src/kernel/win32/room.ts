// V8 keeps smaller arrays on its own heap, where a garbage collection moves them.
const OFF_HEAP = 128;

/** Room for one number or HANDLE that Windows writes. */
export function roomForNumber(): Uint8Array<ArrayBuffer> {
  return roomFor(1);
}

/** Room for so many bytes, at an address that stays. */
export function roomFor(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Math.max(bytes, OFF_HEAP));
}
