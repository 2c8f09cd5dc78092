import { roundDown } from '../byte-count.ts';
import { withCallContext } from '../call-context.ts';
import { Win32Error } from '../errors.ts';
import { type FileKernel, filesOf, type Kernel } from '../kernel/kernel.ts';
import type { OffloadFile } from '../offload-file.ts';
import { offloadReadWith } from '../offload-read.ts';
import { offloadWriteWith } from '../offload-write.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import type { OffloadToken } from '../token.ts';
import { type ExpectedContents, RandomData } from './random-data.ts';
import type { ScratchFiles } from './scratch-files.ts';
import type { TrialProgressReporter } from './trial-progress.ts';
import { isAnswer, type StepRecord, WrongAnswer } from './trial-step.ts';

interface TransferSettings {
  readonly size: number;
  /** The larger of the two sectors. */
  readonly sectorSize: number;
  readonly signal: Signal | undefined;
}

interface OffloadRange {
  readonly source: OffloadFile;
  readonly target: OffloadFile;
  readonly sourceOffset?: number;
  readonly targetOffset?: number;
  readonly length: number;
  readonly longestWrite?: number;
}

/** Bytes per ordinary read or write. */
const BLOCK = 1_048_576;

/** Ordinary and offloaded reads and writes on the scratch files of a trial. */
export class TrialTransfers {
  /** What the scratch files are filled with. */
  readonly data: RandomData = new RandomData();
  readonly #kernel: Kernel;
  readonly #files: FileKernel;
  readonly #settings: TransferSettings;
  readonly #scratch: ScratchFiles;
  readonly #progress: TrialProgressReporter;

  constructor(
    kernel: Kernel,
    scratch: ScratchFiles,
    progress: TrialProgressReporter,
    settings: TransferSettings,
  ) {
    this.#kernel = kernel;
    this.#files = filesOf(kernel);
    this.#scratch = scratch;
    this.#progress = progress;
    this.#settings = settings;
  }

  /** Writes one sector at the start of a file with a token that should be refused. */
  async refusalOf(token: OffloadToken | Uint8Array, target: OffloadFile): Promise<Win32Error | undefined> {
    const { sectorSize, signal } = this.#settings;
    try {
      await offloadWriteWith(this.#kernel, target, { token, copyLength: sectorSize, signal });
      return undefined;
    } catch (error) {
      if (isAnswer(error)) return error;
      throw error;
    }
  }

  /** Copies a range by tokens. Short transfers are normal. */
  async offload(step: StepRecord, range: OffloadRange): Promise<void> {
    const { source, target, sourceOffset = 0, targetOffset = 0, length, longestWrite = length } = range;
    const { signal } = this.#settings;
    while (step.bytes < length) {
      const start = step.bytes;
      const { token, covered } = await this.readToken(step, source, sourceOffset + start, length - start);
      for (let used = 0; used < covered; used = step.bytes - start) {
        const copyLength = Math.min(covered - used, longestWrite);
        const fileOffset = targetOffset + step.bytes;
        const request = { token, copyLength, fileOffset, transferOffset: used, signal };
        try {
          const { lengthWritten } = await offloadWriteWith(this.#kernel, target, request);
          step.writes++;
          await this.advance(step, this.#wholeSectors(lengthWritten, copyLength));
        } catch (error) {
          // A token that has done some of its work may expire. A fresh one continues.
          if (used > 0 && error instanceof Win32Error && error.action === 'refresh-token') break;
          throw error;
        }
      }
    }
  }

  async readToken(
    step: StepRecord,
    source: OffloadFile,
    fileOffset: number,
    copyLength: number,
    tokenTimeToLive = 0,
  ): Promise<{ token: OffloadToken; covered: number }> {
    const { signal } = this.#settings;
    const request = { fileOffset, copyLength, tokenTimeToLive, signal };
    const { token, transferLength, allZeroBeyondRange } = await offloadReadWith(
      this.#kernel,
      source,
      request,
    );
    step.reads++;
    if (allZeroBeyondRange && BigInt(fileOffset) + transferLength < source.size) {
      throw new WrongAnswer('An offload read reports zeros where the file holds data.');
    }
    return { token, covered: this.#wholeSectors(transferLength, copyLength) };
  }

  /** Whole sectors, because the next transfer begins at a sector. */
  #wholeSectors(done: bigint, requested: number): number {
    const bytes = Number(done) === requested ? requested : this.aligned(Number(done));
    if (bytes === 0) throw new WrongAnswer(`Only ${done} bytes were transferred, less than one sector.`);
    return bytes;
  }

  async compare(file: OffloadFile, expected: ExpectedContents): Promise<void> {
    const { handle, path } = file;
    const { size } = await withCallContext({ syscall: 'GetFileInformationByHandle', path }, () =>
      this.#files.info(handle, path),
    );
    if (size !== file.size) {
      throw new WrongAnswer(`The size of the file changed from ${file.size} to ${size} bytes.`);
    }
    await this.#eachBlock(Number(size), async (offset, length) => {
      const bytes = await this.#scratch.read(file, offset, length);
      const right = expected.at(offset, length);
      if (Buffer.compare(bytes, right) === 0) return;
      const wrong = bytes.findIndex((byte, index) => byte !== right[index]);
      throw new WrongAnswer(`The byte at offset ${offset + wrong} is wrong.`);
    });
  }

  async fill(file: OffloadFile, size: number): Promise<void> {
    await this.#eachBlock(size, (offset, length) =>
      this.#scratch.write(file, this.data.at(offset, length), offset),
    );
  }

  async copy(step: StepRecord, source: OffloadFile, target: OffloadFile): Promise<void> {
    await this.#eachBlock(this.#settings.size, async (offset, length) => {
      await this.#scratch.write(target, await this.#scratch.read(source, offset, length), offset);
      step.bytes += length;
    });
  }

  async #eachBlock(size: number, use: (offset: number, length: number) => Promise<void>): Promise<void> {
    for (let offset = 0; offset < size; offset += BLOCK) {
      throwIfAborted(this.#settings.signal);
      const length = Math.min(BLOCK, size - offset);
      await use(offset, length);
      await this.#progress.advance(length);
    }
  }

  async advance(step: StepRecord, bytes: number): Promise<void> {
    step.bytes += bytes;
    throwIfAborted(this.#settings.signal);
    await this.#progress.advance(bytes);
  }

  aligned(bytes: number): number {
    return Number(roundDown(BigInt(Math.floor(bytes)), this.#settings.sectorSize));
  }
}
