import { ProtocolError } from '../errors.ts';
import { offloadWriteWith } from '../offload-write.ts';
import { OffloadToken } from '../token.ts';
import type { CopyJob } from './job.ts';
import type { Piece } from './piece.ts';
import { PieceReader } from './piece-reader.ts';
import { asRefused, isTokenRefused, Refused } from './refused.ts';
import type { CopyFallback } from './report.ts';
import { checkUnchanged } from './source.ts';
import { counted } from './tally.ts';
import { atLeastOneUnit, least, wholeUnits } from './units.ts';

// What the copy engine of Windows asks of one offload write, and so what arrays have been tried with. The optimal size
// in the device's descriptor does not count: the device cuts a write down by itself, and asking for less than it would
// do only takes more control codes.
const LARGEST_WRITE = 268_435_456n;

const ZEROS = OffloadToken.zeroData();

/** Copies by tokens: while one is being written, the next is being read. */
export class OffloadedCopy {
  readonly #job: CopyJob;
  readonly #reader: PieceReader;
  readonly #largestWrite: bigint;
  /** Up to here the destination holds what the source holds. */
  #done = 0n;
  /** From `#done` to here the source is known to be zeros, which may yet have to be written. */
  #zerosTo = 0n;
  /** Where the array refused a token last; a second refusal at the same place is final. */
  #refusedAt: bigint | undefined;
  #canWrite = true;

  constructor(job: CopyJob) {
    this.#job = job;
    this.#reader = new PieceReader(job);
    const { chunkSize = LARGEST_WRITE, unit } = job;
    this.#largestWrite = atLeastOneUnit(least(chunkSize, LARGEST_WRITE), unit);
  }

  /** Copies all of the source, or says where and why offload stopped. In the mode `require` that is thrown instead. */
  async run(): Promise<CopyFallback | undefined> {
    try {
      await this.#copy();
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (this.#job.mode === 'require') {
        // A source that was cut short is refused as one that ends too early, which is not what is wrong.
        await checkUnchanged(this.#job.kernel, this.#job.source);
        throw error.reason;
      }
      return { reason: error.reason, at: await this.#leave() };
    } finally {
      await this.#reader.settle();
    }
  }

  async #copy(): Promise<void> {
    const { size, freshFrom } = this.#job;
    while (this.#zerosTo < size) {
      const piece = await this.#reader.take(this.#zerosTo);
      if (piece.isZeros) this.#zerosTo = piece.to;
      else await this.#writePiece(piece);
    }
    await this.#writeZeros(freshFrom);
    this.#skipTo(size);
  }

  /** Puts the destination in order for ordinary writes, and returns where they begin. */
  async #leave(): Promise<bigint> {
    const { freshFrom } = this.#job;
    try {
      if (this.#canWrite) await this.#writeZeros(least(this.#zerosTo, freshFrom));
    } catch (error) {
      // The first failure is the one to report.
      if (!(error instanceof Refused)) throw error;
    }
    if (this.#done >= freshFrom) this.#skipTo(this.#zerosTo);
    return this.#done;
  }

  async #writePiece(piece: Piece): Promise<void> {
    // An offload write that began beyond the valid data would fail, so zeros before data are always written.
    this.#readAhead(piece);
    await this.#writeZeros(piece.from);
    let current = piece;
    while (this.#done < current.to) {
      try {
        await this.#write(current.token, this.#done - current.from, current.to, 'offloadedBytes');
      } catch (error) {
        if (!this.#earnsAnother(error)) throw error;
        current = await this.#readAfresh(error);
        if (current.isZeros) break;
        this.#readAhead(current);
      }
    }
    this.#zerosTo = current.zerosFollow ? this.#job.size : current.to;
  }

  #readAhead(piece: Piece): void {
    if (piece.to < this.#job.size && !piece.zerosFollow) this.#reader.begin(piece.to);
  }

  async #writeZeros(to: bigint): Promise<void> {
    while (this.#done < to) {
      try {
        await this.#write(ZEROS, 0n, to, 'zeroedBytes');
      } catch (error) {
        // The token for zeros is the same whenever it is read, so the fresh one is the one at hand.
        if (!this.#earnsAnother(error)) throw error;
      }
    }
  }

  /** What lies before `to` was never written and reads as zeros already. */
  #skipTo(to: bigint): void {
    if (to <= this.#done) return;
    this.#job.tally.zeroedBytes += to - this.#done;
    this.#done = to;
  }

  #earnsAnother(error: unknown): error is Refused {
    if (!isTokenRefused(error) || this.#refusedAt === this.#done) return false;
    this.#refusedAt = this.#done;
    return true;
  }

  async #readAfresh(refusal: Refused): Promise<Piece> {
    // Whatever made the array forget this token may have made it forget the next one.
    await this.#reader.drop();
    await checkUnchanged(this.#job.kernel, this.#job.source);
    try {
      return await this.#reader.take(this.#done);
    } catch (error) {
      throw error instanceof Refused ? refusal : error;
    }
  }

  async #write(
    token: OffloadToken,
    transferOffset: bigint,
    to: bigint,
    count: 'offloadedBytes' | 'zeroedBytes',
  ): Promise<void> {
    const { kernel, destination, size, unit, signal, tally, progress } = this.#job;
    const fileOffset = this.#done;
    const copyLength = least(to - fileOffset, this.#largestWrite);
    const where = { fileOffset, copyLength, sectorSize: unit, endOfFile: size };
    await this.#job.prepare();
    try {
      this.#canWrite = false;
      const request = { ...where, token, transferOffset, signal };
      const { lengthWritten } = await counted(
        tally,
        'writes',
        offloadWriteWith(kernel, destination.file, request),
      );
      this.#canWrite = true;
      const done = fileOffset + lengthWritten === size ? lengthWritten : wholeUnits(lengthWritten, unit);
      if (done === 0n) throw nothingWritten(lengthWritten, destination.path, fileOffset);
      this.#done += done;
      tally[count] += done;
    } catch (error) {
      throw asRefused(error);
    }
    progress.tick();
  }
}

function nothingWritten(lengthWritten: bigint, path: string, offset: bigint): ProtocolError {
  const what = `${lengthWritten} bytes were written, which is less than one sector.`;
  return new ProtocolError(what, { syscall: 'FSCTL_OFFLOAD_WRITE', path, offset });
}
