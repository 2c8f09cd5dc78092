import { type BigIntStats, readSync } from 'node:fs';
import type { Extent } from './extents.ts';
import { Turns } from './turns.ts';

// The kernel of the host stamps files with a clock that may tick as rarely as every 10 ms, so a change that soon after
// another may leave the same stamp (the "racy git" problem). Beyond this age a stamp that is unchanged proves that the
// file is.
const TICK_MS = 12;

// Some file systems keep small data in the inode, so no allocated block does not prove that nothing was written.
const PROBE = 65_536;

/** The whole of a file, whatever its size. */
export const WHOLE: readonly Extent[] = [{ offset: 0, length: Number.POSITIVE_INFINITY }];

/** What a token holds of a file: it dies when one of these stretches changes. */
export interface Claim {
  readonly extents: readonly Extent[];
  dead: boolean;
}

/** A file of the host as the array sees it: what was ever written to it, and which tokens stand for parts of it. */
export class HostFile {
  /** `dev:ino`, the same for every name of the file. */
  readonly key: string;
  readonly tokens: Set<Claim> = new Set();
  /** One change at a time, so that valid data grows in the order the writes came. */
  readonly turns: Turns = new Turns(1);
  /** Counts the changes made through the emulator. */
  generation = 0;
  /** Valid data length: from here to the end of the file everything reads as zeros. */
  validData = 0;
  /** Host bytes from here on were never written: they are a hole, which need not be filled with zeros. */
  untouchedFrom = 0;
  #changing = 0;
  #size = -1n;
  #mtimeNs = -1n;
  #blocks = -1n;
  #settled = false;

  constructor(key: string) {
    this.key = key;
  }

  /** Takes note of what the host says now. What it does not owe to the emulator kills the tokens. */
  observe(fd: number, stat: BigIntStats, seenAt: number): void {
    if (this.#changing > 0) return;
    const sameStamp = stat.size === this.#size && stat.mtimeNs === this.#mtimeNs;
    // Within one tick of the clock a change from outside shows at best in the blocks that it allocated.
    if (sameStamp && (this.#settled || stat.blocks === this.#blocks)) {
      this.#settled ||= unsettledFor(stat, seenAt) === 0;
      return;
    }
    this.killTokens(WHOLE);
    const written = hasHoleOnly(fd, stat) ? 0 : Number(stat.size);
    this.validData = written;
    this.untouchedFrom = written;
    this.#know(stat, seenAt);
  }

  /** How many milliseconds a change from outside could still go unseen. */
  unsettledFor(stat: BigIntStats, seenAt: number): number {
    return this.#settled ? 0 : unsettledFor(stat, seenAt);
  }

  /** A change through the emulator begins: tokens for the stretches die, and the host's stamp means nothing until it ends. */
  begin(extents: readonly Extent[]): ReadonlySet<Claim> {
    this.#changing++;
    this.generation++;
    return this.killTokens(extents);
  }

  end(stat: BigIntStats | undefined, seenAt: number): void {
    this.#changing--;
    if (this.#changing === 0 && stat !== undefined) this.#know(stat, seenAt);
  }

  /** The range up to here is data now, wherever it came from. */
  validate(to: number): void {
    this.validData = Math.max(this.validData, to);
  }

  /** Host bytes up to here are about to be written. */
  wrote(to: number): void {
    this.validate(to);
    this.untouchedFrom = Math.max(this.untouchedFrom, to);
  }

  /** The host dropped everything from here on. */
  cut(size: number): void {
    this.validData = Math.min(this.validData, size);
    this.untouchedFrom = Math.min(this.untouchedFrom, size);
  }

  killTokens(extents: readonly Extent[]): ReadonlySet<Claim> {
    const killed = new Set<Claim>();
    for (const token of this.tokens) {
      if (!token.extents.some((extent) => extents.some((other) => overlap(extent, other)))) continue;
      token.dead = true;
      killed.add(token);
      this.tokens.delete(token);
    }
    return killed;
  }

  get isIdle(): boolean {
    return this.#changing === 0;
  }

  #know(stat: BigIntStats, seenAt: number): void {
    this.#size = stat.size;
    this.#mtimeNs = stat.mtimeNs;
    this.#blocks = stat.blocks;
    this.#settled = unsettledFor(stat, seenAt) === 0;
  }
}

function overlap(one: Extent, other: Extent): boolean {
  if (one.length === 0 || other.length === 0) return false;
  return one.offset < other.offset + other.length && other.offset < one.offset + one.length;
}

// A stamp that lies in the future was set by hand: the next change will bring it back to the present.
function unsettledFor(stat: BigIntStats, seenAt: number): number {
  const age = seenAt - Number(stat.mtimeNs) / 1e6;
  return age > TICK_MS || age < -TICK_MS ? 0 : TICK_MS - age + 1;
}

function hasHoleOnly(fd: number, stat: BigIntStats): boolean {
  if (stat.blocks !== 0n) return false;
  const size = Number(stat.size);
  const probe = Buffer.allocUnsafe(Math.min(PROBE, size));
  return [0, size - probe.length].every((position) => {
    try {
      const length = readSync(fd, probe, 0, probe.length, position);
      return probe.subarray(0, length).every((byte) => byte === 0);
    } catch {
      // A handle without read access tells nothing; data is the safe guess.
      return size === 0;
    }
  });
}
