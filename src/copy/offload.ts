import { least, roundDown } from '../byte-count.ts';
import { ProtocolError, type Win32Error } from '../errors.ts';
import { offloadWriteWith } from '../offload-write.ts';
import { OffloadToken } from '../token.ts';
import type { CopyJob } from './copy-bytes.ts';
import { allocateBlock, writeFully } from './ordinary.ts';
import { type CopyFallback, counted } from './progress.ts';
import {
  asOffloadFailure,
  atLeastOneUnit,
  OffloadFailure,
  ReadAhead,
  type ReadExtent,
} from './read-ahead.ts';

// The size of one offload write in the copy engine of Windows, and therefore what arrays were tested with. The optimal
// size in the device's descriptor is ignored: the device shortens a write by itself, and smaller requests would only
// take more control codes.
const LARGEST_WRITE = 268_435_456n;

const ZEROS = OffloadToken.zeroData();

/** Copies by tokens: while one is written, the next is read. */
export class OffloadedCopy {
  readonly #job: CopyJob;
  readonly #reader: ReadAhead;
  readonly #largestWrite: bigint;
  /** Up to this position the destination equals the source. */
  #done = 0n;
  /** From `#done` to this position the source is known to be zeros, which may have to be written. */
  #zerosTo = 0n;
  /** Where the array last refused a token; a second refusal at the same position is final. */
  #refusedAt: bigint | undefined;
  #canWrite = true;
  #isGapFilled = false;

  constructor(job: CopyJob) {
    this.#job = job;
    this.#reader = new ReadAhead(job);
    const { chunkSize = LARGEST_WRITE, unit } = job;
    this.#largestWrite = atLeastOneUnit(least(chunkSize, LARGEST_WRITE), unit);
  }

  /** Copies all that may be offloaded, or returns where and why offload stopped. With `require` the reason is thrown instead. */
  async run(): Promise<CopyFallback | undefined> {
    try {
      await this.#copy();
      return undefined;
    } catch (error) {
      if (!(error instanceof OffloadFailure)) throw error;
      if (this.#job.mode === 'require') {
        // A read from a source that was cut short fails with a misleading error.
        await this.#job.checkSource();
        throw error.reason;
      }
      return { reason: error.reason, at: await this.#stop() };
    } finally {
      await this.#reader.settle();
    }
  }

  async #copy(): Promise<void> {
    const { offloadLength } = this.#job;
    while (this.#zerosTo < offloadLength) {
      const extent = await this.#reader.take(this.#zerosTo);
      if (extent.isZeros) this.#zerosTo = extent.to;
      else await this.#writeExtent(extent);
    }
    if (this.#done === offloadLength) return;
    await this.#writeZeros(least(offloadLength, await this.#job.prepare()));
    this.#skipTo(offloadLength);
  }

  /** Completes the zeros that are known, and returns the position where ordinary writes begin. */
  async #stop(): Promise<bigint> {
    // Nothing is known of the source yet, so nothing need be done to the destination.
    if (this.#zerosTo === 0n && this.#done === 0n) return 0n;
    const zeroedFrom = await this.#job.prepare();
    try {
      if (this.#canWrite) await this.#writeZeros(least(this.#zerosTo, zeroedFrom));
    } catch (error) {
      // The first failure is the one to report.
      if (!(error instanceof OffloadFailure)) throw error;
    }
    if (this.#done >= zeroedFrom) this.#skipTo(this.#zerosTo);
    return this.#done;
  }

  async #writeExtent(extent: ReadExtent): Promise<void> {
    this.#readAhead(extent);
    // An offload write that begins beyond the valid data fails, so zeros before data are always written.
    await this.#writeZeros(extent.from);
    let current = extent;
    while (this.#done < current.to) {
      try {
        await this.#write(current.token, this.#done - current.from, current.to, 'offloadedBytes');
      } catch (error) {
        if (await this.#fillsGap(error)) continue;
        if (!this.#mayReadAgain(error)) throw error;
        current = await this.#readAgain(error);
        if (current.isZeros) break;
        this.#readAhead(current);
      }
    }
    this.#zerosTo = current.zerosFollow ? this.#job.offloadLength : current.to;
  }

  #readAhead(extent: ReadExtent): void {
    if (extent.to < this.#job.offloadLength && !extent.zerosFollow) this.#reader.begin(extent.to);
  }

  async #writeZeros(to: bigint): Promise<void> {
    while (this.#done < to) {
      try {
        await this.#write(ZEROS, 0n, to, 'zeroedBytes');
      } catch (error) {
        // The zero token is always the same, so the fresh one is the one at hand.
        if (!(await this.#fillsGap(error)) && !this.#mayReadAgain(error)) throw error;
      }
    }
  }

  /** What lies before `to` was never written and reads as zeros already. */
  #skipTo(to: bigint): void {
    if (to <= this.#done) return;
    this.#job.tally.zeroedBytes += to - this.#done;
    this.#done = to;
  }

  /**
   * A range may begin beyond the valid data of the destination, where offload writes are refused. One ordinary write at
   * its start makes the file system fill the gap with zeros; it is overwritten by the next offload write.
   */
  async #fillsGap(error: unknown): Promise<boolean> {
    const { kernel, destination, destinationOffset, offloadLength, unit, signal } = this.#job;
    const isPossible = this.#done === 0n && destinationOffset > 0n && !this.#isGapFilled;
    if (!isPossible || !(error instanceof OffloadFailure) || !isBeyondValidData(error.reason)) return false;
    this.#isGapFilled = true;
    const size = Number(least(BigInt(unit), offloadLength));
    const zeros = allocateBlock(kernel, BigInt(unit), unit);
    await writeFully(kernel, destination, zeros, size, destinationOffset, signal);
    return true;
  }

  #mayReadAgain(error: unknown): error is OffloadFailure {
    const isTokenRefused = error instanceof OffloadFailure && error.isTokenRefused;
    if (!isTokenRefused || this.#refusedAt === this.#done) return false;
    this.#refusedAt = this.#done;
    return true;
  }

  async #readAgain(refusal: OffloadFailure): Promise<ReadExtent> {
    // The next token was read before the refusal, and may be lost for the same reason.
    await this.#reader.drop();
    await this.#job.checkSource();
    try {
      return await this.#reader.take(this.#done);
    } catch (error) {
      throw error instanceof OffloadFailure ? refusal : error;
    }
  }

  async #write(
    token: OffloadToken,
    transferOffset: bigint,
    to: bigint,
    count: 'offloadedBytes' | 'zeroedBytes',
  ): Promise<void> {
    const { kernel, destination, destinationOffset, length, unit, signal, tally, progress } = this.#job;
    const fileOffset = destinationOffset + this.#done;
    const copyLength = least(to - this.#done, this.#largestWrite);
    const endOfFile = destinationOffset + length;
    await this.#job.prepare();
    try {
      this.#canWrite = false;
      const request = { token, transferOffset, fileOffset, copyLength, sectorSize: unit, endOfFile, signal };
      const { lengthWritten } = await counted(
        tally,
        'writes',
        offloadWriteWith(kernel, destination.file, request),
      );
      const isAll = fileOffset + lengthWritten === endOfFile;
      const written = isAll ? lengthWritten : roundDown(lengthWritten, unit);
      if (written === 0n) throw noProgress(lengthWritten, destination.path, fileOffset);
      this.#canWrite = true;
      this.#done += written;
      tally[count] += written;
    } catch (error) {
      throw asOffloadFailure(error);
    }
    progress.tick();
  }
}

// MS-FSA says ERROR_BEYOND_VDL, MS-FSCC says ERROR_INVALID_PARAMETER.
function isBeyondValidData({ code }: Win32Error | ProtocolError): boolean {
  return code === 'ERROR_BEYOND_VDL' || code === 'ERROR_INVALID_PARAMETER';
}

function noProgress(lengthWritten: bigint, path: string, offset: bigint): ProtocolError {
  const problem = `${lengthWritten} bytes were written, which is less than one sector.`;
  return new ProtocolError(problem, { syscall: 'FSCTL_OFFLOAD_WRITE', path, offset });
}
