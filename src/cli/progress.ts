import { clearLine, cursorTo } from 'node:readline';
import type { CopyProgress } from '../index.ts';
import { type Paint, paintFor, toJson } from './output.ts';
import { formatClock, formatSize, plural } from './quantities.ts';

/** Shows how far one or several copies are. */
export interface ProgressDisplay {
  update(progress: CopyProgress): void;
  /** Removes what must not remain on the screen. */
  end(): void;
}

/** Writes every progress report as one line of JSON. */
export function jsonProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  return {
    update: (progress) => void stream.write(`${toJson(progress, 0)}\n`),
    end() {},
  };
}

const REDRAW_MS = 80;
const NARROWEST_BAR = 10;
const WIDEST_BAR = 32;
// The terminal echoes ^C behind the line. If that wrapped, the line could not be cleared.
const ECHO = 2;

/** Draws one line again and again while copies run. Draws nothing where the stream is no terminal. */
export class ProgressBar implements ProgressDisplay {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Paint;
  readonly #totalBytes: bigint;
  readonly #files: number;
  readonly #latest = new Map<string, CopyProgress>();
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, totalBytes: bigint, files: number) {
    this.#stream = stream;
    this.#paint = paintFor(stream);
    this.#totalBytes = totalBytes;
    this.#files = files;
    if (!stream.isTTY) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  update(progress: CopyProgress): void {
    this.#latest.set(progress.destination, progress);
  }

  /** Clears the line, so that the next output replaces it. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
  }

  #draw(): void {
    const columns = this.#stream.columns || 80;
    const elapsedMs = performance.now() - this.#startedAt;
    cursorTo(this.#stream, 0);
    this.#stream.write(this.#line(sum(this.#latest.values()), elapsedMs, columns));
    clearLine(this.#stream, 1);
  }

  #line(sums: Sums, elapsedMs: number, columns: number): string {
    const total = this.#totalBytes;
    const isVerifying = sums.verified > 0n && sums.done >= total;
    const done = isVerifying ? sums.verified : sums.done;
    // A missing file has no size either, until its copy fails.
    const isStarted = this.#latest.size > 0;
    const fraction = total === 0n ? Number(isStarted) : Math.min(1, Number(done) / Number(total));
    const percent = `${String(Math.floor(fraction * 100)).padStart(3)}%`;
    const texts = [`${formatSize(done)} of ${formatSize(total)}`];
    if (isVerifying) texts.push('checking the copy');
    else texts.push(...speed(sums, total, elapsedMs), ...shares(sums));
    if (this.#files > 1) texts.push(plural(this.#files, 'file'));

    // A line that wraps cannot be drawn over, so the last texts are left out where they do not fit.
    const room = columns - ECHO - 1 - percent.length - 1;
    let tail = '';
    for (const text of texts) {
      if (tail.length + 2 + text.length > room - NARROWEST_BAR) break;
      tail += `  ${text}`;
    }
    const width = Math.max(0, Math.min(WIDEST_BAR, room - tail.length));
    const bar = isVerifying
      ? plainBar(fraction, width, this.#paint)
      : copyBar(sums, total, width, this.#paint);
    return `${percent} ${bar}${tail}`;
  }
}

/** Bytes of all copies together. */
interface Sums {
  done: bigint;
  offloaded: bigint;
  zeroed: bigint;
  system: bigint;
  buffered: bigint;
  verified: bigint;
}

function sum(all: Iterable<CopyProgress>): Sums {
  const sums: Sums = { done: 0n, offloaded: 0n, zeroed: 0n, system: 0n, buffered: 0n, verified: 0n };
  for (const progress of all) {
    sums.done += progress.bytesDone;
    sums.offloaded += progress.offloadedBytes;
    sums.zeroed += progress.zeroedBytes;
    sums.system += progress.systemBytes;
    sums.buffered += progress.bufferedBytes;
    sums.verified += progress.verifiedBytes;
  }
  return sums;
}

function speed({ done }: Sums, total: bigint, elapsedMs: number): string[] {
  const rate = elapsedMs > 0 ? (Number(done) * 1000) / elapsedMs : 0;
  const perSecond = `${formatSize(BigInt(Math.round(rate)))}/s`;
  if (rate === 0) return [perSecond];
  return [perSecond, `${formatClock((Number(total - done) * 1000) / rate)} left`];
}

function shares({ offloaded, zeroed, system, buffered }: Sums): string[] {
  const parts = [
    ['offloaded', offloaded],
    ['zeroed', zeroed],
    ['by system', system],
    ['copied', buffered],
  ] as const;
  return parts.filter(([, bytes]) => bytes > 0n).map(([name, bytes]) => `${name} ${formatSize(bytes)}`);
}

// The parts differ in density as well as in colour, because colours may be off.
function copyBar(sums: Sums, total: bigint, width: number, paint: Paint): string {
  const cells = (bytes: bigint): number =>
    total === 0n ? 0 : Math.min(width, Math.floor((Number(bytes) * width) / Number(total)));
  const offloaded = cells(sums.offloaded);
  const zeroed = cells(sums.offloaded + sums.zeroed) - offloaded;
  // The host copies both of them.
  const copied = cells(sums.offloaded + sums.zeroed + sums.system + sums.buffered) - offloaded - zeroed;
  const rest = width - offloaded - zeroed - copied;
  return (
    paint('green', '█'.repeat(offloaded)) +
    paint('cyan', '▓'.repeat(zeroed)) +
    paint('yellow', '▒'.repeat(copied)) +
    paint('dim', '░'.repeat(rest))
  );
}

function plainBar(fraction: number, width: number, paint: Paint): string {
  const full = Math.floor(fraction * width);
  return paint('blue', '█'.repeat(full)) + paint('dim', '░'.repeat(width - full));
}
