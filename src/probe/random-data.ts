/** Bytes that nobody can guess. */
export function randomBytes(length: number): Buffer {
  return crypto().randomBytes(length);
}

/** Random bytes of any length, the same each time they are read. They cannot be compressed or deduplicated. */
export class RandomData {
  readonly #key = randomBytes(32);

  /** The bytes from an offset on, which is a multiple of 16. */
  at(offset: number, length: number): Uint8Array {
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt(offset) / 16n, 8);
    const cipher = crypto().createCipheriv('aes-256-ctr', this.#key, counter);
    return cipher.update(Buffer.alloc(length));
  }
}

/** What a file must hold: random data, and ranges that were replaced later. */
export class ExpectedContents {
  readonly #data: RandomData;
  readonly #ranges: Range[] = [];

  constructor(data: RandomData) {
    this.#data = data;
  }

  /** The range now holds the data from `dataOffset` on; zeros without one. */
  replace(offset: number, length: number, dataOffset?: number): void {
    this.#ranges.push({ offset, length, dataOffset });
  }

  at(offset: number, length: number): Uint8Array {
    const bytes = this.#data.at(offset, length);
    for (const range of this.#ranges) {
      const from = Math.max(offset, range.offset);
      const end = Math.min(offset + length, range.offset + range.length);
      if (from >= end) continue;
      const { dataOffset } = range;
      if (dataOffset === undefined) bytes.fill(0, from - offset, end - offset);
      else bytes.set(this.#data.at(dataOffset + from - range.offset, end - from), from - offset);
    }
    return bytes;
  }
}

interface Range {
  readonly offset: number;
  readonly length: number;
  readonly dataOffset: number | undefined;
}

// Loaded by the first trial, because most programs never need it.
function crypto() {
  return process.getBuiltinModule('node:crypto');
}
