import { ProtocolError } from '../errors.ts';

/** What a copy has done so far. */
export interface Tally {
  offloadedBytes: bigint;
  zeroedBytes: bigint;
  bufferedBytes: bigint;
  verifiedBytes: bigint;
  reads: number;
  writes: number;
}

export function emptyTally(): Tally {
  return { offloadedBytes: 0n, zeroedBytes: 0n, bufferedBytes: 0n, verifiedBytes: 0n, reads: 0, writes: 0 };
}

/** Counts a control code that succeeded, also where its answer is worth nothing. */
export async function counted<T>(tally: Tally, which: 'reads' | 'writes', call: Promise<T>): Promise<T> {
  try {
    const result = await call;
    tally[which]++;
    return result;
  } catch (error) {
    if (error instanceof ProtocolError) tally[which]++;
    throw error;
  }
}

export function bytesDone(tally: Tally): bigint {
  return tally.offloadedBytes + tally.zeroedBytes + tally.bufferedBytes;
}
