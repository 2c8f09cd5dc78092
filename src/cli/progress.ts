import { clearLine, cursorTo } from 'node:readline';
import type { CopyProgress } from '../index.ts';
import { formatClock, formatSize, plural } from './format.ts';
import { type Paint, paintFor } from './style.ts';

const REDRAW_MS = 80;
const NARROWEST_BAR = 10;
const WIDEST_BAR = 32;

/** Where a job of one or several copies is. */
interface Totals {
  done: bigint;
  offloaded: bigint;
  zeroed: bigint;
  buffered: bigint;
  checked: bigint;
}

/** One line that is drawn over and over while copies run. Draws nothing where the stream is no terminal. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #paint: Paint;
  readonly #total: bigint;
  readonly #files: number;
  readonly #latest = new Map<string, CopyProgress>();
  readonly #begun = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(stream: NodeJS.WriteStream, total: bigint, files: number) {
    this.#stream = stream;
    this.#paint = paintFor(stream);
    this.#total = total;
    this.#files = files;
    if (!stream.isTTY) return;
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  update(progress: CopyProgress): void {
    this.#latest.set(progress.destination, progress);
  }

  /** Clears the line, so that what is printed next stands in its place. */
  end(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    cursorTo(this.#stream, 0);
    clearLine(this.#stream, 0);
  }

  #draw(): void {
    const totals = this.#sum();
    const elapsed = performance.now() - this.#begun;
    const line = progressLine(
      totals,
      this.#total,
      this.#files,
      elapsed,
      this.#stream.columns || 80,
      this.#paint,
    );
    cursorTo(this.#stream, 0);
    this.#stream.write(line);
    clearLine(this.#stream, 1);
  }

  #sum(): Totals {
    const totals: Totals = { done: 0n, offloaded: 0n, zeroed: 0n, buffered: 0n, checked: 0n };
    for (const progress of this.#latest.values()) {
      totals.offloaded += progress.offloadedBytes;
      totals.zeroed += progress.zeroedBytes;
      totals.buffered += progress.bufferedBytes;
      totals.done += progress.bytesDone;
      totals.checked += progress.verifiedBytes;
    }
    return totals;
  }
}

function progressLine(
  totals: Totals,
  total: bigint,
  files: number,
  elapsed: number,
  columns: number,
  paint: Paint,
): string {
  const checking = totals.checked > 0n && totals.done >= total;
  const done = checking ? totals.checked : totals.done;
  const fraction = total === 0n ? 1 : Math.min(1, Number(done) / Number(total));
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)}%`;
  const texts = [`${formatSize(done)} of ${formatSize(total)}`];
  if (checking) texts.push('checking the copy');
  else {
    const rate = elapsed > 0 ? (Number(totals.done) * 1000) / elapsed : 0;
    texts.push(`${formatSize(BigInt(Math.round(rate)))}/s`);
    if (rate > 0) texts.push(`${formatClock((Number(total - totals.done) * 1000) / rate)} left`);
    texts.push(...shares(totals));
  }
  if (files > 1) texts.push(plural(files, 'file'));

  // What does not fit is left out from the end: a line that wraps cannot be drawn over.
  const room = columns - 1 - percent.length - 1 - NARROWEST_BAR;
  let tail = '';
  for (const text of texts) {
    if (tail.length + 2 + text.length > room) break;
    tail += `  ${text}`;
  }
  const width = Math.max(0, Math.min(WIDEST_BAR, columns - 1 - percent.length - 1 - tail.length));
  return `${percent} ${checking ? plainBar(fraction, width, paint) : bar(totals, total, width, paint)}${tail}`;
}

function shares(totals: Totals): string[] {
  const parts = [
    ['offloaded', totals.offloaded],
    ['zeroed', totals.zeroed],
    ['copied', totals.buffered],
  ] as const;
  return parts.filter(([, bytes]) => bytes > 0n).map(([name, bytes]) => `${name} ${formatSize(bytes)}`);
}

// Told apart by density as well as by colour, since colours may be off.
function bar(totals: Totals, total: bigint, width: number, paint: Paint): string {
  const cells = (bytes: bigint): number =>
    total === 0n ? 0 : Math.min(width, Math.floor((Number(bytes) * width) / Number(total)));
  const offloaded = cells(totals.offloaded);
  const zeroed = cells(totals.offloaded + totals.zeroed) - offloaded;
  const buffered = cells(totals.offloaded + totals.zeroed + totals.buffered) - offloaded - zeroed;
  const rest = width - offloaded - zeroed - buffered;
  return (
    paint('green', '█'.repeat(offloaded)) +
    paint('cyan', '▓'.repeat(zeroed)) +
    paint('yellow', '▒'.repeat(buffered)) +
    paint('dim', '░'.repeat(rest))
  );
}

function plainBar(fraction: number, width: number, paint: Paint): string {
  const full = Math.floor(fraction * width);
  return paint('blue', '█'.repeat(full)) + paint('dim', '░'.repeat(width - full));
}
