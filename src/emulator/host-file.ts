import { type BigIntStats, readSync } from 'node:fs';
import { LARGEST } from '../byte-count.ts';
import { Semaphore } from './task.ts';

/** A range of a file, in bytes. */
export interface Extent {
  readonly offset: bigint;
  readonly length: bigint;
}

/** The ranges of a file behind a token. It is revoked when one of them changes. */
export interface TokenExtents {
  readonly extents: readonly Extent[];
  isRevoked: boolean;
}

/** A whole file, whatever its size. */
export const WHOLE_FILE: readonly Extent[] = [{ offset: 0n, length: LARGEST }];

// The host may update its clock for time stamps as rarely as every 10 ms, so two changes in quick succession may leave
// the same stamp (the "racy git" problem). An unchanged stamp older than this proves an unchanged file.
const CLOCK_TICK_MS = 12;

// Some file systems keep small data in the inode, so a file without blocks may still hold data.
const PROBE_SIZE = 65_536;

/** What the array knows of a file of the host: size, valid data, and the tokens that stand for parts of it. */
export class HostFile {
  /** Device and inode: the same for every name of the file. */
  readonly key: string;
  readonly tokens: Set<TokenExtents> = new Set();
  /** One change at a time, so that valid data grows in the order of the writes. */
  readonly changes: Semaphore = new Semaphore(1);
  /** Counts the changes that were made through the emulator. */
  generation = 0;
  /** Valid data length: from here to its end the file reads as zeros. */
  validData = 0n;
  /** From here on the file of the host is a hole, which need not be filled with zeros. */
  holeFrom = 0n;
  #changesInFlight = 0;
  #size = -1n;
  #mtimeNs = -1n;
  #blocks = -1n;
  #isStable = false;

  constructor(key: string) {
    this.key = key;
  }

  /** Compares the file with what is known of it. A change that the emulator did not make revokes the tokens. */
  update(fd: number, stat: BigIntStats, seenAt: number): void {
    if (this.#changesInFlight > 0) return;
    const isSameStamp = stat.size === this.#size && stat.mtimeNs === this.#mtimeNs;
    // Within one tick of the clock, only newly allocated blocks can show a change.
    if (isSameStamp && (this.#isStable || stat.blocks === this.#blocks)) {
      this.#isStable ||= stableIn(stat, seenAt) === 0;
      return;
    }
    this.revokeTokens(WHOLE_FILE);
    this.validData = isHole(fd, stat) ? 0n : stat.size;
    this.holeFrom = this.validData;
    this.#remember(stat, seenAt);
  }

  /** In how many milliseconds every later change will have another time stamp. */
  stableIn(stat: BigIntStats, seenAt: number): number {
    return this.#isStable ? 0 : stableIn(stat, seenAt);
  }

  /** Begins a change through the emulator. Returns the tokens that it revokes: those that overlap with the extents. */
  beginChange(extents: readonly Extent[]): ReadonlySet<TokenExtents> {
    this.#changesInFlight++;
    this.generation++;
    return this.revokeTokens(extents);
  }

  endChange(stat: BigIntStats | undefined, seenAt: number): void {
    this.#changesInFlight--;
    if (this.#changesInFlight === 0 && stat !== undefined) this.#remember(stat, seenAt);
  }

  get isChanging(): boolean {
    return this.#changesInFlight > 0;
  }

  /** Everything up to here is valid data, written or not. */
  extendValidData(to: bigint): void {
    if (to > this.validData) this.validData = to;
  }

  /** Everything up to here may be allocated on the host. */
  extendWritten(to: bigint): void {
    this.extendValidData(to);
    if (to > this.holeFrom) this.holeFrom = to;
  }

  /** The host dropped everything from here on. */
  truncate(size: bigint): void {
    if (size < this.validData) this.validData = size;
    if (size < this.holeFrom) this.holeFrom = size;
  }

  /** Revokes the tokens that overlap with the extents, and returns them. */
  revokeTokens(extents: readonly Extent[]): ReadonlySet<TokenExtents> {
    const revoked = new Set<TokenExtents>();
    for (const token of this.tokens) {
      if (!token.extents.some((one) => extents.some((other) => overlap(one, other)))) continue;
      token.isRevoked = true;
      revoked.add(token);
      this.tokens.delete(token);
    }
    return revoked;
  }

  #remember(stat: BigIntStats, seenAt: number): void {
    this.#size = stat.size;
    this.#mtimeNs = stat.mtimeNs;
    this.#blocks = stat.blocks;
    this.#isStable = stableIn(stat, seenAt) === 0;
  }
}

function overlap(one: Extent, other: Extent): boolean {
  if (one.length === 0n || other.length === 0n) return false;
  return one.offset < other.offset + other.length && other.offset < one.offset + one.length;
}

// A stamp in the future was set by a program; the next change replaces it with the present time.
function stableIn(stat: BigIntStats, seenAt: number): number {
  const age = seenAt - Number(stat.mtimeNs) / 1e6;
  return Math.abs(age) > CLOCK_TICK_MS ? 0 : CLOCK_TICK_MS - age + 1;
}

function isHole(fd: number, stat: BigIntStats): boolean {
  if (stat.blocks !== 0n) return false;
  const size = Number(stat.size);
  const probe = Buffer.alloc(Math.min(PROBE_SIZE, size));
  return [0, size - probe.length].every((position) => {
    try {
      const length = readSync(fd, probe, 0, probe.length, position);
      return probe.subarray(0, length).every((byte) => byte === 0);
    } catch {
      // Without read access the file is assumed to hold data, which is always safe.
      return size === 0;
    }
  });
}
