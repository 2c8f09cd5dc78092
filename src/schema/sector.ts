export const SMALLEST_SECTOR = 512;
export const LARGEST_SECTOR = 65_536;

/** A power of two from 512 to 65,536: every logical sector size that Windows knows. */
export function isSectorSize(value: unknown): value is number {
  return (
    typeof value === 'number' &&
    value >= SMALLEST_SECTOR &&
    value <= LARGEST_SECTOR &&
    Number.isInteger(Math.log2(value))
  );
}

export function nearestSectorSize(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !(number > SMALLEST_SECTOR)) return SMALLEST_SECTOR;
  const above = 2 ** Math.ceil(Math.log2(Math.min(number, LARGEST_SECTOR)));
  return above - number <= number - above / 2 ? above : Math.max(above / 2, SMALLEST_SECTOR);
}
