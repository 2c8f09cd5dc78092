import { queryDeviceBeneath } from '../copy-offload.ts';
import { offloadReadWith } from '../offload-read.ts';
import type { CopyJob } from './job.ts';
import { type Piece, pieceOf } from './piece.ts';
import { asRefused } from './refused.ts';
import { counted } from './tally.ts';
import { atLeastOneUnit, least, upToUnit } from './units.ts';

type Outcome = { readonly piece: Piece } | { readonly error: unknown };

interface Reading {
  readonly from: bigint;
  /** Never rejects: nobody may be waiting for it when it fails. */
  readonly outcome: Promise<Outcome>;
}

/** Reads the source token by token, one ahead of what is being written. */
export class PieceReader {
  readonly #job: CopyJob;
  #reading: Reading | undefined;
  #asking: Promise<void> | undefined;
  /** The most that one token covers, where the device has said so. */
  #most: bigint | undefined;

  constructor(job: CopyJob) {
    this.#job = job;
  }

  /** Starts to read what begins at `from`; {@link take} hands it over. */
  begin(from: bigint): void {
    const outcome = this.#read(from).then(
      (piece) => ({ piece }),
      (error: unknown) => ({ error }),
    );
    this.#reading = { from, outcome };
  }

  async take(from: bigint): Promise<Piece> {
    if (this.#reading?.from !== from) await this.drop();
    if (this.#reading === undefined) this.begin(from);
    const outcome = await this.#reading?.outcome;
    this.#reading = undefined;
    if (outcome === undefined || 'error' in outcome) throw outcome?.error;
    return outcome.piece;
  }

  /** Waits for what was read ahead, and forgets it. */
  async drop(): Promise<void> {
    await this.#reading?.outcome;
    this.#reading = undefined;
  }

  /** Waits for everything in flight. */
  async settle(): Promise<void> {
    await this.drop();
    await this.#asking;
  }

  async #read(from: bigint): Promise<Piece> {
    const { kernel, source, size, unit, signal, tally } = this.#job;
    // Rounded up here, so that the answer shows how much of the last sector the token covers.
    const copyLength = upToUnit(this.#wanted(size - from), unit);
    try {
      const request = { fileOffset: from, copyLength, sectorSize: unit, signal };
      const result = await counted(tally, 'reads', offloadReadWith(kernel, source.file, request));
      const piece = pieceOf(this.#job, from, result);
      // Only now is there another request whose size the device could decide, and most files need none.
      const isShort = piece.to < size && !piece.zerosFollow && result.transferLength < copyLength;
      if (isShort) this.#asking ??= this.#ask();
      return piece;
    } catch (error) {
      throw asRefused(error);
    }
  }

  #wanted(remaining: bigint): bigint {
    const { chunkSize, unit } = this.#job;
    const limits = [chunkSize, this.#most].filter((limit) => limit !== undefined);
    return least(remaining, ...limits.map((limit) => atLeastOneUnit(limit, unit)));
  }

  // Nothing waits for the answer, and nothing depends on it: a device that does not tell truncates by itself.
  async #ask(): Promise<void> {
    const { kernel, source, signal } = this.#job;
    const { path, info } = source;
    try {
      const { maximumTransferBytes } = await queryDeviceBeneath(kernel, path, info.sectorSize, signal);
      if (maximumTransferBytes > 0n) this.#most = maximumTransferBytes;
    } catch {
      this.#most = undefined;
    }
  }
}
