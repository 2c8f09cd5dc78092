/** What every contender asks for: a range of one length, each time at another offset. */
export interface Work {
  readonly length: number;
  offsetOf(call: number): number;
}

/** A megabyte each. The stub moves none of it. */
export const MEGABYTES: Work = ranges(1_048_576);

/** For the driver, whose disks hold 32 MiB and which does move the bytes. */
export const PAGES: Work = ranges(4096);

function ranges(length: number): Work {
  return { length, offsetOf: (call) => (call & 0xfff) * length };
}
