import type { BigIntStats } from 'node:fs';
import { now, sleepUntil } from './clock.ts';
import type { Extent } from './extents.ts';
import { type Claim, HostFile, WHOLE } from './host-file.ts';
import { keyOf, statOf } from './host-stat.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';
import type { Settings } from './options.ts';
import { refuse } from './refusal.ts';
import { Tokens } from './tokens.ts';
import { Turns } from './turns.ts';
import type { Work } from './work.ts';

const KEPT = 65_536;
// A file that somebody writes to without pause never settles; its tokens die by themselves.
const PATIENCE = 4;

/** A file of the host as it is at this moment. */
export interface Sight {
  readonly fd: number;
  readonly file: HostFile;
  readonly stat: BigIntStats;
  readonly size: number;
}

/** The emulated array: the files that it has seen, the tokens that it gave. */
export class Storage {
  readonly settings: Settings;
  readonly handles: OpenFiles;
  readonly tokens: Tokens = new Tokens();
  /** Node reads and writes files with four threads; more copies at a time would only take more memory. */
  readonly copying: Turns = new Turns(4);
  readonly #files: Map<string, HostFile> = new Map();

  constructor(settings: Settings, handles: OpenFiles) {
    this.settings = settings;
    this.handles = handles;
  }

  /** Looks at an open file. Its descriptor may be another file's by now if it was borrowed. */
  see(open: OpenFile): Sight {
    const sight = this.seeDescriptor(open.fd ?? refuse('INVALID_HANDLE'));
    return sight.file.key === open.key ? sight : refuse('INVALID_HANDLE');
  }

  seeDescriptor(fd: number): Sight {
    const seenAt = Date.now();
    const stat = statOf(fd);
    const file = this.fileAt(keyOf(stat));
    if (stat.isFile()) file.observe(fd, stat, seenAt);
    return { fd, file, stat, size: Number(stat.size) };
  }

  /** What is known of a file, by its `dev:ino`. */
  fileAt(key: string): HostFile {
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const file = new HostFile(key);
    this.#files.set(key, file);
    if (this.#files.size > KEPT) this.#forgetOne();
    return file;
  }

  /** A file that was created or emptied just now: nothing of it was ever written. */
  startAfresh(fd: number, stat: BigIntStats): void {
    const file = this.fileAt(keyOf(stat));
    file.begin(WHOLE);
    file.cut(0);
    file.end(statOf(fd), Date.now());
  }

  forget(stat: BigIntStats): void {
    const file = this.#files.get(keyOf(stat));
    file?.killTokens(WHOLE);
    this.#files.delete(keyOf(stat));
  }

  /** Looks at a file once no change to it from now on can go unseen. */
  *settle(open: OpenFile): Work<Sight> {
    for (let looks = 1; ; looks++) {
      const seenAt = Date.now();
      const sight = this.see(open);
      const wait = sight.file.unsettledFor(sight.stat, seenAt);
      if (wait === 0 || looks === PATIENCE) return sight;
      yield sleepUntil(now() + wait);
    }
  }

  /**
   * Runs a change that the emulator itself makes to a file. Tokens that stand for a part of the stretches die; the
   * others live on, since what the change leaves behind is known.
   */
  *change<T>(
    open: OpenFile,
    { fd, file }: Sight,
    extents: readonly Extent[],
    job: (killed: ReadonlySet<Claim>) => Work<T>,
  ): Work<T> {
    const killed = file.begin(extents);
    let done = false;
    try {
      const result = yield* job(killed);
      done = true;
      return result;
    } finally {
      const seenAt = Date.now();
      file.end(statAfter(fd), seenAt);
      if (!done) file.killTokens(WHOLE);
      else if (file.tokens.size > 0) yield* this.settle(open);
    }
  }

  #forgetOne(): void {
    for (const [key, file] of this.#files) {
      if (file.tokens.size > 0 || !file.isIdle) continue;
      this.#files.delete(key);
      return;
    }
  }
}

function statAfter(fd: number): BigIntStats | undefined {
  try {
    return statOf(fd);
  } catch {
    return undefined;
  }
}
