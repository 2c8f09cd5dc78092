import type { BigIntStats } from 'node:fs';
import type { IoBuffers } from '../kernel/kernel.ts';
import { type Extent, HostFile, type TokenExtents, WHOLE_FILE } from './host-file.ts';
import { keyOf, statOf } from './host-io.ts';
import type { OpenFile, OpenFiles } from './open-files.ts';
import type { Settings } from './options.ts';
import { refuse } from './refusal.ts';
import { Semaphore, sleepUntil, type Task } from './task.ts';
import { Tokens } from './tokens.ts';

/** A control code on its way to the array. */
export interface ControlRequest {
  readonly open: OpenFile;
  readonly buffers: IoBuffers;
  readonly inputLength: number;
  readonly outputLength: number;
  /** Most bytes to do, because an intercept said so; a multiple of the sector. */
  readonly truncate: bigint;
}

/** Executes a control code: writes the reply and returns its length. */
export type ControlHandler = (storage: Storage, request: ControlRequest) => Task<number> | number;

/** A file of the host as it is at this moment. */
export interface FileSnapshot {
  readonly fd: number;
  readonly file: HostFile;
  readonly stat: BigIntStats;
}

const REMEMBERED_FILES = 65_536;

// Each copy holds a buffer, and Node has four threads for files.
const COPIES_AT_A_TIME = 4;

// A file that another program writes to all the time never becomes stable; every change revokes its tokens anyway.
const MOST_WAITS = 3;

/** The emulated array: its handles, the files it has seen, the tokens it has issued. */
export class Storage {
  readonly settings: Settings;
  readonly handles: OpenFiles;
  readonly tokens: Tokens;
  readonly copies: Semaphore = new Semaphore(COPIES_AT_A_TIME);
  readonly #files: Map<string, HostFile> = new Map();

  constructor(settings: Settings, handles: OpenFiles) {
    this.settings = settings;
    this.handles = handles;
    this.tokens = new Tokens(settings.tokenLifetime);
  }

  /** The present state of an open file. A borrowed descriptor may belong to another file by now. */
  observe(open: OpenFile): FileSnapshot {
    const snapshot = this.observeDescriptor(open.fd ?? refuse('INVALID_HANDLE'));
    return snapshot.file.key === open.key ? snapshot : refuse('INVALID_HANDLE');
  }

  observeDescriptor(fd: number): FileSnapshot {
    const seenAt = Date.now();
    const stat = statOf(fd);
    const file = this.fileOf(keyOf(stat));
    if (stat.isFile()) file.update(fd, stat, seenAt);
    return { fd, file, stat };
  }

  /** Observes a file once no later change to it can go unnoticed. */
  *waitUntilStable(open: OpenFile): Task<FileSnapshot> {
    for (let waits = 0; ; waits++) {
      const seenAt = Date.now();
      const snapshot = this.observe(open);
      const wait = snapshot.file.stableIn(snapshot.stat, seenAt);
      if (wait === 0 || waits === MOST_WAITS) return snapshot;
      yield sleepUntil(performance.now() + wait);
    }
  }

  /** What is known of the file with this key. */
  fileOf(key: string): HostFile {
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const file = new HostFile(key);
    this.#files.set(key, file);
    if (this.#files.size > REMEMBERED_FILES) this.#forgetOne();
    return file;
  }

  /** Registers a file that has just been created or emptied: it has no valid data. */
  startEmpty(fd: number, stat: BigIntStats): void {
    const file = this.fileOf(keyOf(stat));
    file.beginChange(WHOLE_FILE);
    file.truncate(0n);
    file.endChange(statOf(fd), Date.now());
  }

  forget(stat: BigIntStats): void {
    const key = keyOf(stat);
    this.#files.get(key)?.revokeTokens(WHOLE_FILE);
    this.#files.delete(key);
  }

  /**
   * Runs a change that the emulator makes to a file. Tokens that overlap with the extents are revoked; the job gets
   * them. The others stay valid, because the state after the change is known.
   */
  *change<T>(
    open: OpenFile,
    { fd, file }: FileSnapshot,
    extents: readonly Extent[],
    job: (revoked: ReadonlySet<TokenExtents>) => Task<T>,
  ): Task<T> {
    const revoked = file.beginChange(extents);
    let isDone = false;
    try {
      const result = yield* job(revoked);
      isDone = true;
      return result;
    } finally {
      const seenAt = Date.now();
      file.endChange(tryStat(fd), seenAt);
      if (!isDone) file.revokeTokens(WHOLE_FILE);
      else if (file.tokens.size > 0) yield* this.waitUntilStable(open);
    }
  }

  #forgetOne(): void {
    for (const [key, file] of this.#files) {
      if (file.tokens.size > 0 || file.isChanging) continue;
      this.#files.delete(key);
      return;
    }
  }
}

function tryStat(fd: number): BigIntStats | undefined {
  try {
    return statOf(fd);
  } catch {
    return undefined;
  }
}
