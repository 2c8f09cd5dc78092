/** A stretch of a file, in bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export function totalOf(extents: readonly Extent[]): number {
  return extents.reduce((sum, extent) => sum + extent.length, 0);
}

/** Walks over stretches that count as one after the other. */
export class Walk {
  readonly #extents: readonly Extent[];
  #index = 0;
  #within = 0;

  constructor(extents: readonly Extent[], offset = 0) {
    this.#extents = extents;
    this.take(offset);
  }

  /** The next `length` bytes, or what is left of them, in as many stretches as they lie in. */
  take(length: number): Extent[] {
    const taken: Extent[] = [];
    for (let left = length; left > 0; ) {
      const extent = this.#extents[this.#index];
      if (extent === undefined) break;
      const part = Math.min(extent.length - this.#within, left);
      if (part > 0) taken.push({ offset: extent.offset + this.#within, length: part });
      left -= part;
      this.#within += part;
      if (this.#within === extent.length) {
        this.#index++;
        this.#within = 0;
      }
    }
    return taken;
  }
}
