const TWO_32 = 0x1_0000_0000;

// A high half below this makes a safe integer.
const EXACT = 0x20_0000;

/** Writes a ULONGLONG, little-endian. A number is split in two rather than made a bigint, which is several times faster. */
export function putUint64(view: DataView, at: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    view.setBigUint64(at, value, true);
  } else {
    view.setUint32(at, value, true);
    view.setUint32(at + 4, value / TWO_32, true);
  }
}

/** Reads a ULONGLONG to compare it: a number where that is exact, because bigints take ten times as long. */
export function takeUint64(view: DataView, at: number): number | bigint {
  const high = view.getUint32(at + 4, true);
  return high < EXACT ? high * TWO_32 + view.getUint32(at, true) : view.getBigUint64(at, true);
}

let lastNumber = 0;
let lastBigint = 0n;

/** The same as a bigint. Lengths come again and again, and to make a bigint takes longer than to see that. */
export function asBigint(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  if (value !== lastNumber) {
    lastBigint = BigInt(value);
    lastNumber = value;
  }
  return lastBigint;
}
