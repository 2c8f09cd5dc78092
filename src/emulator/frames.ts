import type { IoBuffers } from '../kernel/kernel.ts';

// Holds every request and reply but the DSM requests of many ranges, which get memory of their own.
const SMALL = 1024;
const KEPT = 64;

/** Memory for control codes, used again once it was handed back. */
export class Frames {
  readonly #free: IoBuffers[] = [];
  readonly #lent: Set<IoBuffers> = new Set();

  acquire(inputLength: number, outputLength: number): IoBuffers {
    if (inputLength > SMALL || outputLength > SMALL) return makeFrame(inputLength, outputLength);
    const frame = this.#free.pop() ?? makeFrame(SMALL, SMALL);
    this.#lent.add(frame);
    return frame;
  }

  /** Handing a frame back twice must not let two calls have it. */
  release(frame: IoBuffers): void {
    if (this.#lent.delete(frame) && this.#free.length < KEPT) this.#free.push(frame);
  }
}

function makeFrame(inputLength: number, outputLength: number): IoBuffers {
  const input = new Uint8Array(inputLength);
  const output = new Uint8Array(outputLength);
  return {
    input,
    inputView: new DataView(input.buffer),
    output,
    outputView: new DataView(output.buffer),
  };
}
