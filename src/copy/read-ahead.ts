import { least, roundDown, roundUp } from '../byte-count.ts';
import { ignoreErrors } from '../call-context.ts';
import { queryDeviceBeneath } from '../copy-offload.ts';
import { ProtocolError, Win32Error } from '../errors.ts';
import { type OffloadReadResult, offloadReadWith } from '../offload-read.ts';
import type { OffloadToken } from '../token.ts';
import type { CopyJob } from './copy-bytes.ts';
import { counted } from './progress.ts';

/** The result of one offload read: a token for a part of the range. */
export interface ReadExtent {
  /** Stands for the bytes from `from`. */
  readonly token: OffloadToken;
  readonly isZeros: boolean;
  readonly from: bigint;
  readonly to: bigint;
  /** Everything after `to` is zeros. */
  readonly zerosFollow: boolean;
}

/** Thrown within a copy when an offload call fails, and ordinary reads and writes may still succeed. */
export class OffloadFailure {
  readonly reason: Win32Error | ProtocolError;

  constructor(reason: Win32Error | ProtocolError) {
    this.reason = reason;
  }

  /** The array does not know the token, or no longer; a fresh one may work. */
  get isTokenRefused(): boolean {
    return this.reason instanceof Win32Error && this.reason.action === 'refresh-token';
  }
}

/** An abort, or an error that is not from the storage, is returned as it is. */
export function asOffloadFailure(error: unknown): unknown {
  return error instanceof Win32Error || error instanceof ProtocolError ? new OffloadFailure(error) : error;
}

/** A limit in whole units; one unit if it is smaller than that. */
export function atLeastOneUnit(limit: bigint, unit: number): bigint {
  const whole = roundDown(limit, unit);
  return whole === 0n ? BigInt(unit) : whole;
}

/** Reads the source token by token, one ahead of what is written. */
export class ReadAhead {
  readonly #job: CopyJob;
  #reading: Reading | undefined;
  #querying: Promise<void> | undefined;
  /** The most that one token covers, if the device has reported it. */
  #maximum: bigint | undefined;

  constructor(job: CopyJob) {
    this.#job = job;
  }

  /** Starts to read the extent that begins at `from`; {@link take} returns it. */
  begin(from: bigint): Reading {
    const outcome = this.#read(from).then(
      (extent) => ({ extent }),
      (error: unknown) => ({ error }),
    );
    const reading = { from, outcome };
    this.#reading = reading;
    return reading;
  }

  async take(from: bigint): Promise<ReadExtent> {
    if (this.#reading?.from !== from) await this.drop();
    const { outcome } = this.#reading ?? this.begin(from);
    const result = await outcome;
    this.#reading = undefined;
    if ('error' in result) throw result.error;
    return result.extent;
  }

  /** Waits for the read in flight, and forgets its result. */
  async drop(): Promise<void> {
    await this.#reading?.outcome;
    this.#reading = undefined;
  }

  /** Waits for everything in flight. */
  async settle(): Promise<void> {
    await this.drop();
    await this.#querying;
  }

  async #read(from: bigint): Promise<ReadExtent> {
    const { kernel, source, sourceOffset, offloadLength, unit, signal, tally } = this.#job;
    // Rounded up here, so that the reply shows how much of the last sector the token covers.
    const copyLength = roundUp(this.#wanted(offloadLength - from), unit);
    try {
      const request = { fileOffset: sourceOffset + from, copyLength, sectorSize: unit, signal };
      const result = await counted(tally, 'reads', offloadReadWith(kernel, source.file, request));
      const extent = extentOf(this.#job, from, result);
      // Only a copy that needs another read gains from knowing the device's limit, and most need one read.
      const isShort = extent.to < offloadLength && !extent.zerosFollow && result.transferLength < copyLength;
      if (isShort) this.#querying ??= this.#queryMaximum();
      return extent;
    } catch (error) {
      throw asOffloadFailure(error);
    }
  }

  #wanted(remaining: bigint): bigint {
    const { chunkSize, unit } = this.#job;
    const limits = [chunkSize, this.#maximum].filter((limit) => limit !== undefined);
    return least(remaining, ...limits.map((limit) => atLeastOneUnit(limit, unit)));
  }

  // Nothing waits for the result or depends on it: a device shortens a read by itself.
  async #queryMaximum(): Promise<void> {
    const { kernel, source, signal } = this.#job;
    const { absolutePath, info } = source;
    await ignoreErrors(async () => {
      const { maximumTransferBytes } = await queryDeviceBeneath(
        kernel,
        absolutePath,
        info.sectorSize,
        signal,
      );
      if (maximumTransferBytes > 0n) this.#maximum = maximumTransferBytes;
    });
  }
}

interface Reading {
  readonly from: bigint;
  /** Never rejects, because nobody may be waiting for it when it fails. */
  readonly outcome: Promise<{ readonly extent: ReadExtent } | { readonly error: unknown }>;
}

/** The reply of the device in whole units, limited to what may be offloaded. */
function extentOf(job: CopyJob, from: bigint, result: OffloadReadResult): ReadExtent {
  const { offloadLength, sourceOffset, unit, source } = job;
  const { token, transferLength, allZeroBeyondRange } = result;
  const isZeros = token.isZeroData;
  // Beyond the valid data the specification leaves the length open, but says that all of it is zeros.
  if (allZeroBeyondRange && (isZeros || transferLength === 0n)) {
    return { token, isZeros: true, from, to: offloadLength, zerosFollow: false };
  }
  const end = from + transferLength;
  if (end >= offloadLength) {
    // If the sectors of the source are smaller, the token covers less of the last one than the destination has to write.
    // All before it is written first, in case the device refuses the rest.
    const wholeEnd = roundDown(offloadLength, unit);
    const isShort = end < roundUp(offloadLength, unit) && from < wholeEnd;
    return { token, isZeros, from, to: isShort ? wholeEnd : offloadLength, zerosFollow: false };
  }
  const to = from + roundDown(transferLength, unit);
  if (to > from) return { token, isZeros, from, to, zerosFollow: allZeroBeyondRange && to === end };
  const problem = `the token covers ${transferLength} bytes, less than the ${unit} of one sector.`;
  const context = { syscall: 'FSCTL_OFFLOAD_READ', path: source.path, offset: sourceOffset + from };
  throw new OffloadFailure(new ProtocolError(problem, context));
}
