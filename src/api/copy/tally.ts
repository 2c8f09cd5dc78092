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

export function bytesDone(tally: Tally): bigint {
  return tally.offloadedBytes + tally.zeroedBytes + tally.bufferedBytes;
}
