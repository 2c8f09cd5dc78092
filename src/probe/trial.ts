import { ProtocolError, Win32Error } from '../errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { OffloadFile } from '../offload-file.ts';
import { type Signal, throwIfAborted } from '../signal.ts';
import type { OffloadToken } from '../token.ts';
import { zeroRangeWith } from '../zero-range.ts';
import { ExpectedContents, randomBytes } from './random-data.ts';
import type { ScratchFiles } from './scratch-files.ts';
import { TrialProgressReporter } from './trial-progress.ts';
import { isAnswer, StepRecord, statusOf, WrongAnswer } from './trial-step.ts';
import { TrialTransfers } from './trial-transfers.ts';
import type { TrialProgress, TrialStep, TrialStepName } from './try-offload.ts';

export interface TrialSettings {
  readonly folder: string;
  readonly destination: string;
  /** Bytes of the scratch files: a multiple of the larger sector, at least 16 of them. */
  readonly size: number;
  /** Bytes of the scratch file that ends within a sector. */
  readonly tailSize: number;
  /** The larger of the two sectors. */
  readonly sectorSize: number;
  readonly signal: Signal | undefined;
  readonly onProgress: ((progress: TrialProgress) => void) | undefined;
}

const TIME_TO_LIVE_MS = 50;
const TOKEN_HEADER = 8;
const DATA_STEPS: readonly TrialStepName[] = ['whole-file', 'range', 'zeros', 'unaligned-tail'];

/** Runs the steps of a trial on scratch files, one after the other. */
export class Trial {
  readonly steps: TrialStep[] = [];
  /** Durations of the two copies of the whole file, in milliseconds. */
  offloadMs: number | undefined;
  ordinaryMs: number | undefined;
  readonly #kernel: Kernel;
  readonly #settings: TrialSettings;
  readonly #scratch: ScratchFiles;
  readonly #progress: TrialProgressReporter;
  readonly #transfers: TrialTransfers;
  #isSpoiled = false;

  constructor(kernel: Kernel, scratch: ScratchFiles, settings: TrialSettings) {
    this.#kernel = kernel;
    this.#scratch = scratch;
    this.#settings = settings;
    this.#progress = new TrialProgressReporter(settings.size, settings.onProgress);
    this.#transfers = new TrialTransfers(kernel, scratch, this.#progress, settings);
  }

  /** Rejects where an ordinary operation fails or the signal fires. What the storage answers becomes an outcome. */
  async run(): Promise<void> {
    try {
      await this.#runSteps();
      await this.#progress.end();
    } finally {
      this.#progress.stop();
    }
  }

  async #runSteps(): Promise<void> {
    const { folder, destination, size } = this.#settings;
    await this.#progress.enter('prepare');
    const source = await this.#scratch.create(folder, 'source', size);
    await this.#transfers.fill(source, size);

    const target = await this.#scratch.create(destination, 'offloaded', size);
    const { outcome: whole } = await this.#step('whole-file', async (step) => {
      await this.#transfers.offload(step, { source, target, length: size });
      this.offloadMs = step.stop();
      await this.#transfers.compare(target, new ExpectedContents(this.#transfers.data));
    });
    await this.#scratch.remove(target);

    // The other steps change parts of this copy, which then must hold exactly these changes.
    const copy = await this.#scratch.create(destination, 'copied', size);
    await this.#step('ordinary-copy', async (step) => {
      await this.#transfers.copy(step, source, copy);
      this.ordinaryMs = step.stop();
    });
    const expected = new ExpectedContents(this.#transfers.data);
    const hasTokens = whole !== 'refused';
    await this.#changeCopy('range', hasTokens, (step) => this.#range(step, source, copy, expected));
    await this.#changeCopy('zeros', true, (step) => this.#zeros(step, copy, expected));
    await this.#tail(hasTokens);
    const isTrusted = whole === 'passed';
    await this.#changeCopy('invalid-token', isTrusted, (step) =>
      this.#invalidToken(step, source, copy, expected),
    );
    await this.#changeCopy('expired-token', isTrusted, (step) =>
      this.#expiredToken(step, source, copy, expected),
    );
  }

  get verdict(): 'offloads' | 'incapable' | 'broken' {
    if (this.steps.some(({ outcome }) => outcome === 'failed')) return 'broken';
    const isComplete = DATA_STEPS.every((name) =>
      this.steps.some((step) => step.name === name && step.outcome === 'passed'),
    );
    return isComplete ? 'offloads' : 'incapable';
  }

  // Reads a quarter into the file, writes elsewhere, and in two parts, so that the second one begins within the token.
  async #range(
    step: StepRecord,
    source: OffloadFile,
    target: OffloadFile,
    expected: ExpectedContents,
  ): Promise<void> {
    const quarter = this.#quarter;
    const { sectorSize } = this.#settings;
    const targetOffset = 2 * quarter + sectorSize;
    const longestWrite = this.#transfers.aligned(quarter / 2);
    await this.#transfers.offload(step, {
      source,
      target,
      sourceOffset: quarter,
      targetOffset,
      length: quarter,
      longestWrite,
    });
    step.stop();
    expected.replace(targetOffset, quarter, quarter);
    await this.#transfers.compare(target, expected);
  }

  async #zeros(step: StepRecord, file: OffloadFile, expected: ExpectedContents): Promise<void> {
    const { sectorSize: fileOffset, signal } = this.#settings;
    const length = this.#quarter;
    try {
      await zeroRangeWith(this.#kernel, file, { fileOffset, length, signal });
    } catch (error) {
      const isLocated = error instanceof Win32Error || error instanceof ProtocolError;
      if (isLocated && error.offset !== undefined) step.bytes = Number(error.offset) - fileOffset;
      throw error;
    }
    step.stop();
    await this.#transfers.advance(step, length);
    expected.replace(fileOffset, length);
    await this.#transfers.compare(file, expected);
  }

  async #tail(hasTokens: boolean): Promise<void> {
    if (!hasTokens) return this.#skip('unaligned-tail', NO_TOKENS);
    const { folder, destination, tailSize } = this.#settings;
    const source = await this.#scratch.create(folder, 'tail', tailSize);
    await this.#transfers.fill(source, tailSize);
    const target = await this.#scratch.create(destination, 'offloaded-tail', tailSize);
    await this.#step('unaligned-tail', async (step) => {
      await this.#transfers.offload(step, { source, target, length: tailSize });
      step.stop();
      await this.#transfers.compare(target, new ExpectedContents(this.#transfers.data));
    });
    await this.#scratch.remove(target);
    await this.#scratch.remove(source);
  }

  async #invalidToken(
    step: StepRecord,
    source: OffloadFile,
    target: OffloadFile,
    expected: ExpectedContents,
  ): Promise<void> {
    const { token } = await this.#transfers.readToken(step, source, 0, this.#quarter);
    const forged = token.bytes;
    forged.set(randomBytes(forged.length - TOKEN_HEADER), TOKEN_HEADER);
    const refusal = await this.#transfers.refusalOf(forged, target);
    step.stop();
    if (refusal === undefined) {
      step.bytes = this.#settings.sectorSize;
      throw new WrongAnswer('A token of random bytes was accepted.');
    }
    await this.#transfers.compare(target, expected);
    step.judge({ outcome: 'passed', ...statusOf(refusal) });
  }

  async #expiredToken(
    step: StepRecord,
    source: OffloadFile,
    target: OffloadFile,
    expected: ExpectedContents,
  ): Promise<void> {
    const { sectorSize, signal } = this.#settings;
    const fileOffset = this.#quarter;
    let token: OffloadToken;
    try {
      ({ token } = await this.#transfers.readToken(step, source, fileOffset, sectorSize, TIME_TO_LIVE_MS));
    } catch (error) {
      if (!isAnswer(error)) throw error;
      const detail = `The storage issues no token for ${TIME_TO_LIVE_MS} ms.`;
      return step.judge({ outcome: 'skipped', ...statusOf(error), detail });
    }
    await wait(2 * TIME_TO_LIVE_MS, signal);
    const refusal = await this.#transfers.refusalOf(token, target);
    step.stop();
    if (refusal === undefined) {
      step.bytes = sectorSize;
      expected.replace(0, sectorSize, fileOffset);
    }
    await this.#transfers.compare(target, expected);
    if (refusal !== undefined) return step.judge({ outcome: 'passed', ...statusOf(refusal) });
    // The time to live is only a request, and the data was right.
    const detail = `The token was still valid ${2 * TIME_TO_LIVE_MS} ms after it was issued for ${TIME_TO_LIVE_MS} ms.`;
    step.judge({ outcome: 'skipped', detail });
  }

  /** A step that changes the copy. After one that leaves it in an unknown state, none can be judged. */
  async #changeCopy(
    name: TrialStepName,
    isPossible: boolean,
    run: (step: StepRecord) => Promise<void>,
  ): Promise<void> {
    if (!isPossible) return this.#skip(name, NO_TOKENS);
    if (this.#isSpoiled)
      return this.#skip(name, 'An earlier step left the scratch file in an unknown state.');
    const { outcome, bytes } = await this.#step(name, run);
    this.#isSpoiled = (outcome === 'failed' || outcome === 'refused') && bytes > 0n;
  }

  async #step(name: TrialStepName, run: (step: StepRecord) => Promise<void>): Promise<TrialStep> {
    throwIfAborted(this.#settings.signal);
    await this.#progress.enter(name);
    const step = new StepRecord(name);
    try {
      await run(step);
    } catch (error) {
      step.judgeError(error);
    }
    const finished = step.finish();
    this.steps.push(finished);
    return finished;
  }

  async #skip(name: TrialStepName, detail: string): Promise<void> {
    await this.#progress.enter(name);
    this.steps.push({ name, outcome: 'skipped', bytes: 0n, elapsedMs: 0, detail });
  }

  get #quarter(): number {
    return this.#transfers.aligned(this.#settings.size / 4);
  }
}

const NO_TOKENS = 'The whole file could not be offloaded, so there are no tokens to try.';

function wait(milliseconds: number, signal: Signal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal?.addEventListener('abort', finish);
  });
}
