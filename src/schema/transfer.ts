import type { ByteCount } from './byte-count.ts';
import { type Checker, check } from './check.ts';
import { ownProperties } from './own.ts';
import { isSectorSize, SMALLEST_SECTOR } from './sector.ts';
import { roundTail } from './tail.ts';

/** A checked offload read or write. */
export interface Transfer {
  /** What goes on the wire: a multiple of the sector. */
  readonly copyLength: ByteCount;
  /** What the caller asked for, where that is less because it ends at the end of the file. */
  asked?: ByteCount | undefined;
}

/**
 * Checks the request of an offload read or write against the sector that it names, or else that of its file.
 * For a borrowed handle nothing is known: 512 is the smallest sector there is, so nothing legal is refused.
 */
export function checkTransfer<T extends Transfer>(
  checkerFor: (sectorSize: number) => Checker<T>,
  request: unknown,
  fileSector: number | undefined,
  fileEnd: bigint | undefined,
): T {
  const checker = checkerFor(fileSector ?? SMALLEST_SECTOR);
  const own = ownProperties(request, checker.of, checker.keys);
  const named = own['sectorSize'];
  const sector = isSectorSize(named) ? named : (fileSector ?? SMALLEST_SECTOR);
  const end = own['endOfFile'] ?? fileEnd;
  const asked = end === undefined ? undefined : roundTail(own, sector, end);
  const order = check(checkerFor(sector), own);
  order.asked = asked;
  return order;
}
