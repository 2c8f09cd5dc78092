const TWO_32 = 0x1_0000_0000;
// With a high half below this, the value is a safe integer.
const EXACT = 0x20_0000;

/** Writes a little-endian ULONGLONG. A number is written as two halves, which is several times faster than a bigint. */
export function setUint64(view: DataView, offset: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    view.setBigUint64(offset, value, true);
  } else {
    view.setUint32(offset, value, true);
    view.setUint32(offset + 4, value / TWO_32, true);
  }
}

/** Reads a little-endian ULONGLONG, as a number where that is exact: comparing bigints takes ten times as long. */
export function getUint64(view: DataView, offset: number): number | bigint {
  const high = view.getUint32(offset + 4, true);
  return high < EXACT ? high * TWO_32 + view.getUint32(offset, true) : view.getBigUint64(offset, true);
}

let lastNumber = 0;
let lastBigint = 0n;

/** Converts to a bigint. The last result is cached, because lengths repeat and a comparison is faster than a new bigint. */
export function asBigint(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  if (value !== lastNumber) {
    lastBigint = BigInt(value);
    lastNumber = value;
  }
  return lastBigint;
}
