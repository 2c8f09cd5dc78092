import { InvalidArgumentError } from '../errors.ts';
import { type ByteCount, byteCountSentence, isByteCount, roundUp } from './byte-count.ts';

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

/** The refusal of a request, with what its sentence about a length that is not aligned leaves out. */
export function tellTail(
  error: unknown,
  field: string,
  request: { length: unknown; fileOffset: unknown },
  sectorSize: number,
  endOfFile: unknown,
): unknown {
  const { length, fileOffset = 0 } = request;
  const isUnaligned = isByteCount(length, 1) && !isByteCount(length, sectorSize);
  if (!(error instanceof InvalidArgumentError) || !isUnaligned) return error;
  const tail = tailOf(fileOffset, endOfFile, sectorSize);
  const exception =
    endOfFile === undefined
      ? ', or end at the end of the file where endOfFile is given'
      : tail === undefined
        ? ''
        : `, or ${tail} to end exactly at the end of the file`;
  const message = byteCountSentence(field, length, sectorSize, { exception, tail });
  const issues = error.issues.map((issue) => (issue.path === field ? { path: field, message } : issue));
  return new InvalidArgumentError(issues, { cause: error.cause });
}

/** What is left of a file from an offset on, where that is no multiple of the sector. */
function tailOf(fileOffset: unknown, endOfFile: unknown, sectorSize: number): bigint | undefined {
  if (!isByteCount(endOfFile, 1) || !isByteCount(fileOffset, sectorSize)) return undefined;
  const tail = BigInt(endOfFile) - BigInt(fileOffset);
  return tail > 0n && !isByteCount(tail, sectorSize) ? tail : undefined;
}
