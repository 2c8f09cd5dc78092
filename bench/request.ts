/** What every contender asks for: a megabyte, each time at another offset. */
export const CHUNK: number = 1_048_576;

export function offsetOf(call: number): number {
  return (call & 0xfff) * CHUNK;
}
