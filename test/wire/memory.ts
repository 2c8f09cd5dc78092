import { expect } from 'vitest';

const CANARY = 0xa5;
const AROUND = 40;

/** Memory of `size` bytes in the middle of a larger buffer, so that a write outside of it is detected. */
export interface Guarded {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  hex(): string;
  expectCanaryAlive(): void;
}

/** Fills the memory with `dirt` first, which stays visible in every byte that an encoder does not write. */
export function guarded(size: number, dirt = 0): Guarded {
  const whole = new Uint8Array(AROUND + size + AROUND).fill(CANARY);
  const bytes = whole.subarray(AROUND, AROUND + size).fill(dirt);
  return {
    bytes,
    view: new DataView(whole.buffer, AROUND, size),
    hex: () => Buffer.from(bytes).toString('hex'),
    expectCanaryAlive() {
      const outside = [...whole.subarray(0, AROUND), ...whole.subarray(AROUND + size)];
      expect(outside).toEqual(Array.from({ length: 2 * AROUND }, () => CANARY));
    },
  };
}

/** Memory that holds the reply of a device. */
export function reply(hex: string, size: number = hex.length / 2): Guarded {
  const memory = guarded(size, 0xee);
  memory.bytes.set(Buffer.from(hex, 'hex'));
  return memory;
}

/** Removes the spaces from grouped hexadecimal digits. */
export function hex(text: string): string {
  return text.replaceAll(/\s/g, '');
}

/** Runs an encoder on clean and on dirty memory, and returns the bytes, which must be the same. */
export function encoded(size: number, encode: (memory: Guarded) => void): string {
  const [clean, ...dirty] = [0x00, 0xff, 0x5c].map((dirt) => {
    const memory = guarded(size, dirt);
    encode(memory);
    memory.expectCanaryAlive();
    return memory.hex();
  });
  for (const bytes of dirty) expect(bytes).toBe(clean);
  return clean ?? '';
}
