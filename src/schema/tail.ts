import { type ByteCount, isByteCount, roundUp } from './byte-count.ts';

/** For the sentence about a length that is not aligned. */
export const AT_END_OF_FILE = ' or end exactly at the end of the file';

/**
 * The one length that need not be aligned is a copyLength that ends exactly at the end of the file. One source exempts
 * it and the others do not, so it is accepted only where that end is known, and what reaches the wire is rounded up.
 * Rounds it in `request` and returns the length that was asked; undefined where the exemption does not apply.
 */
export function roundTail(
  request: { copyLength?: unknown; fileOffset?: unknown },
  sectorSize: number,
  endOfFile: unknown,
): ByteCount | undefined {
  const { copyLength, fileOffset = 0 } = request;
  if (
    !isByteCount(copyLength, 1) ||
    isByteCount(copyLength, sectorSize) ||
    !isByteCount(endOfFile, 1) ||
    !isByteCount(fileOffset, sectorSize) ||
    BigInt(fileOffset) + BigInt(copyLength) !== BigInt(endOfFile)
  ) {
    return undefined;
  }
  request.copyLength = roundUp(copyLength, sectorSize);
  return copyLength;
}
