import { ProtocolError } from '../errors.ts';
import type { OffloadReadResult } from '../offload-read.ts';
import type { OffloadToken } from '../token.ts';
import type { CopyJob } from './job.ts';
import { Refused } from './refused.ts';
import { upToUnit, wholeUnits } from './units.ts';

/** What one offload read told of the source: what a stretch of it holds, and perhaps that zeros follow. */
export interface Piece {
  /** Stands for the bytes from `from`. */
  readonly token: OffloadToken;
  readonly isZeros: boolean;
  readonly from: bigint;
  readonly to: bigint;
  /** Everything after `to` is zeros. */
  readonly zerosFollow: boolean;
}

/** The answer of the device in whole units, clamped to the file. */
export function pieceOf(job: CopyJob, from: bigint, result: OffloadReadResult): Piece {
  const { size, unit, source } = job;
  const { token, transferLength, allZeroBeyondRange } = result;
  const isZeros = token.isZeroData;
  // Beyond valid data the specification leaves the length open; that all of it is zeros it does say.
  if (allZeroBeyondRange && (isZeros || transferLength === 0n)) {
    return { token, isZeros: true, from, to: size, zerosFollow: false };
  }
  const end = from + transferLength;
  const wholeEnd = wholeUnits(size, unit);
  if (end >= size) {
    // Where the source has smaller sectors the token covers less of the last one than the destination is to write. What
    // can be written without it is written first, in case the device refuses the rest.
    const isShort = end < upToUnit(size, unit) && from < wholeEnd;
    return { token, isZeros, from, to: isShort ? wholeEnd : size, zerosFollow: false };
  }
  const to = from + wholeUnits(transferLength, unit);
  if (to > from) return { token, isZeros, from, to, zerosFollow: allZeroBeyondRange && to === end };
  const what = `the token covers ${transferLength} bytes, less than the ${unit} of one sector.`;
  const context = { syscall: 'FSCTL_OFFLOAD_READ', path: source.path, offset: from };
  throw new Refused(new ProtocolError(what, context));
}
