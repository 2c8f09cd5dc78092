import { existsSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type CopyFileOptions, createOdx, type OffloadFile } from '../../src/index.ts';
import type { Fault } from './faults.ts';
import { isWhole, type Job, lengthOf, offsetOf, start } from './jobs.ts';
import { type Act, type Step, SteppedKernel } from './stepped-kernel.ts';
import { filesIn, type Storage } from './storage.ts';

/** A fault at one step of a job. */
export interface Strike {
  readonly fault: Fault;
  readonly step: Step;
}

/** A destination of a job. */
export interface Target {
  readonly path: string;
  readonly isDevice: boolean;
  readonly sector: number;
  /** Its contents before the job. */
  before: Buffer | undefined;
}

/** The options of a job. */
type CopyOptions = Pick<CopyFileOptions, 'mode' | 'verify' | 'chunkSize'> & {
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
};

// Long ago, so that a change by someone else never falls into the same tick of a clock.
const WRITTEN = new Date('2020-02-02T02:02:02Z');
const TAIL = 4096;
const LARGEST_SECTOR = 4096;
/** The contents of a file that another program puts in the place of a destination. */
export const STRANGER: Buffer = Buffer.from('the file of someone else');

/** The files of a job, and what others do to them during it. */
export class Scene {
  readonly storage: Storage;
  readonly job: Job;
  readonly stepped: SteppedKernel;
  readonly targets: Target[] = [];
  readonly abortReason: Error = new Error('The job was aborted.');
  readonly exception: Error = new Error('onProgress failed.');
  source = '';
  /** The contents of the source: the first as the job found them, the last as they are now. */
  readonly sourceVersions: Buffer[] = [];
  /** Files that others have put into the folder, with their contents. */
  readonly strangers: Map<string, Buffer> = new Map();
  /** Destinations that someone has moved away, with the contents they had. */
  readonly moved: Map<string, Buffer> = new Map();
  /** The fault, once it has struck. */
  strike: Strike | undefined;
  progressFails: 'throws' | 'rejects' | undefined;
  readonly #removed: Set<string> = new Set();
  readonly #controller = new AbortController();

  private constructor(storage: Storage, job: Job) {
    this.storage = storage;
    this.job = job;
    this.stepped = new SteppedKernel(storage.kernel);
  }

  static async prepare(storage: Storage, job: Job): Promise<Scene> {
    storage.reset();
    const scene = new Scene(storage, job);
    if (job.call !== 'tryOffload') await scene.#makeFiles();
    return scene;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get options(): CopyOptions {
    const { mode, verify, chunkSize } = this.job;
    return {
      mode,
      verify,
      chunkSize,
      signal: this.signal,
      onProgress: (): Promise<never> | undefined => {
        if (this.progressFails === 'throws') throw this.exception;
        return this.progressFails === 'rejects' ? Promise.reject(this.exception) : undefined;
      },
    };
  }

  /** Runs the job; `act` takes the place of its steps. */
  async run(act: Act): Promise<unknown> {
    const odx = createOdx({ kernel: this.stepped.kernel });
    const range: OffloadFile[] = [];
    try {
      if (!isWhole(this.job.call) && this.job.call !== 'tryOffload') {
        range.push(await odx.openFile(this.source, 'r'));
        range.push(await odx.openFile(this.targets[0]?.path ?? '', 'r+'));
      }
      this.stepped.begin(act);
      return await start[this.job.call](odx, this, range);
    } finally {
      this.stepped.end();
      for (const file of range) await file.close();
    }
  }

  abort(): void {
    this.#controller.abort(this.abortReason);
  }

  /** Another program rewrites the source. */
  changeSource(): void {
    const changed = Buffer.from(contents(this.job.size, 'source').map((byte) => byte | 0x80));
    this.sourceVersions.push(changed);
    writeFileSync(this.source, changed);
  }

  /** Another program removes the destination, or all files of a trial. */
  removeDestinations(): void {
    for (const { path, target } of this.#destinations()) {
      try {
        rmSync(path);
      } catch {
        // Windows refuses, because the copy shares its destination with nobody.
        continue;
      }
      this.#removed.add(path);
      if (target !== undefined && !this.stepped.hasOpened(path)) target.before = undefined;
    }
  }

  /** Whether someone else has removed a destination. */
  wasRemoved(path: string): boolean {
    return this.#removed.has(path);
  }

  /** Another program moves the destination away and makes a file with its name. */
  replaceDestinations(): void {
    for (const { path, target } of this.#destinations()) {
      let contents: Buffer;
      try {
        contents = readFileSync(path);
        renameSync(path, `${path}.moved`);
      } catch {
        // As above.
        continue;
      }
      writeFileSync(path, STRANGER);
      this.moved.set(`${path}.moved`, contents);
      // A copy that has not opened its destination yet overwrites this one, as it should.
      if (target === undefined || this.stepped.hasOpened(path)) this.strangers.set(path, STRANGER);
      else target.before = STRANGER;
    }
  }

  /** Names that the folder may hold. */
  get expectedFiles(): string[] {
    const own = [this.source, ...this.targets.map(({ path }) => path)];
    return [...own, ...this.strangers.keys(), ...this.moved.keys()].map((path) => basename(path));
  }

  #destinations(): { path: string; target: Target | undefined }[] {
    if (this.job.call !== 'tryOffload') {
      return this.targets
        .filter(({ path, isDevice }) => !isDevice && existsSync(path) && !this.stepped.isOpening(path))
        .map((target) => ({ path: target.path, target }));
    }
    return filesIn(this.storage)
      .filter((name) => !name.endsWith('.moved'))
      .map((name) => ({ path: join(this.storage.folder, name), target: undefined }));
  }

  /** What a destination may hold once the job has succeeded: a copy of one version of the source. */
  copies({ before, isDevice, sector }: Target): Buffer[] {
    const { job } = this;
    const [from, length] = [offsetOf(job), lengthOf(job)];
    return this.sourceVersions.map((version) => {
      const changed = job.call === 'zeroRange' ? Buffer.alloc(length) : version.subarray(0, length);
      if (before === undefined || (isWhole(job.call) && !isDevice)) return changed;
      const after = Buffer.concat([before, Buffer.alloc(Math.max(0, from + length - before.length))]);
      changed.copy(after, from);
      // What a copy of a whole file leaves of the last sector of a device is zeros.
      if (isWhole(job.call)) after.fill(0, length, Math.ceil(length / sector) * sector);
      return after;
    });
  }

  async #makeFiles(): Promise<void> {
    const { job, storage } = this;
    const bytes = contents(job.size, 'source');
    this.sourceVersions.push(bytes);
    this.source = await storage.source(bytes);
    if (existsSync(this.source)) utimesSync(this.source, WRITTEN, WRITTEN);
    const count = job.call === 'copyFiles' ? 2 : 1;
    for (let index = 0; index < count; index++) this.targets.push(await this.#makeTarget(index));
  }

  async #makeTarget(index: number): Promise<Target> {
    const { job, storage } = this;
    const size = Math.ceil((offsetOf(job) + job.size + TAIL) / LARGEST_SECTOR) * LARGEST_SECTOR;
    const bytes = contents(size, 'destination');
    if (job.destination === 'device') {
      return { ...(await storage.device(index, bytes)), isDevice: true, before: bytes };
    }
    const path = join(storage.folder, `destination${index}`);
    // copyRange writes to a file that exists.
    const unwritten = job.call === 'copyRange' ? Buffer.alloc(0) : undefined;
    const before = job.destination === 'new' ? unwritten : bytes;
    if (before !== undefined) writeFileSync(path, before);
    return { path, isDevice: false, sector: 1, before };
  }
}

const LARGEST_FILE = 4 * 1024 * 1024;
const patterns = { source: pattern(0), destination: pattern(1) };

/** Bytes of a file: never zero, and at no position the same in two kinds of files, so that a mixture shows. */
function contents(size: number, kind: keyof typeof patterns): Buffer {
  return patterns[kind].subarray(0, size);
}

function pattern(added: number): Buffer {
  const bytes = Buffer.alloc(LARGEST_FILE);
  let state = 0x9e37_79b9;
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = ((state >>> 25) | 1) + added;
  }
  return bytes;
}
