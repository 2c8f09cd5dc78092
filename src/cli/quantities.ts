import { UsageError } from './errors.ts';

/** Reads `64MiB`, `64M`, `1.5G`, `0x10000` or plain bytes. As with dd, K and KiB are 1024 and KB is 1000. */
export function parseSize(name: string, text: string): bigint {
  if (HEXADECIMAL.test(text)) return BigInt(text);
  const [, whole, fraction = '', prefix, suffix] = SIZE.exec(text) ?? [];
  if (whole === undefined || prefix === undefined) return refuseSize(name, text);
  const base = suffix !== undefined && suffix.length === 1 ? 1000n : 1024n;
  const power = POWERS.indexOf(prefix.toLowerCase());
  if (suffix?.length === 2 && power === 0) return refuseSize(name, text);
  const scaled = BigInt(whole + fraction) * base ** BigInt(power);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) throw new UsageError(`${name} is '${text}', not a whole number of bytes.`);
  return scaled / divisor;
}

const SIZE = /^(\d+)(?:\.(\d+))?\s*([kmgtp]?)(i?b)?$/i;
const HEXADECIMAL = /^0x[0-9a-f]+$/i;
const POWERS = ['', 'k', 'm', 'g', 't', 'p'];

function refuseSize(name: string, text: string): never {
  throw new UsageError(`${name} is '${text}'; write bytes as 65536, 0x10000, 64KiB, 64MiB or 1G.`);
}

/** The same count as a number where that is exact, because messages show the value as it was passed. */
export function byteCount(bytes: bigint): number | bigint {
  return bytes <= Number.MAX_SAFE_INTEGER ? Number(bytes) : bytes;
}

/** Reads `20ms`, `1.5s` or plain milliseconds. */
export function parseTime(name: string, text: string): number {
  const [, amount, unit] = TIME.exec(text) ?? [];
  if (amount === undefined) {
    throw new UsageError(`${name} is '${text}'; write milliseconds as 20 or 20ms, seconds as 1.5s.`);
  }
  return Number(amount) * (unit?.toLowerCase() === 's' ? 1000 : 1);
}

const TIME = /^(\d+(?:\.\d+)?)\s*(ms|s|)$/i;

/** Reads a whole number. */
export function parseCount(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) {
    throw new UsageError(`${name} is '${text}'; write a whole number, such as 4.`);
  }
  return Number(text);
}

/** `100 MiB`, `1.4 GiB`: three digits are enough for people. */
export function formatSize(bytes: bigint): string {
  if (bytes === 1n) return '1 byte';
  let amount = Number(bytes);
  let unit = 0;
  while (amount >= 1023.95 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  if (unit === 0) return `${formatCount(bytes)} bytes`;
  return `${Number(amount.toFixed(amount >= 100 ? 0 : 1))} ${UNITS[unit]}`;
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** `104,857,601`, whatever the language of the machine. */
export function formatCount(count: bigint | number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `104,857,601 bytes (100 MiB)`. */
export function formatExactSize(bytes: bigint): string {
  const exact = `${formatCount(bytes)} ${bytes === 1n ? 'byte' : 'bytes'}`;
  return bytes < 1024n ? exact : `${exact} (${formatSize(bytes)})`;
}

export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(1, Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return formatClock(milliseconds);
}

/** `0:07`, `12:30`, `1:02:03`. */
export function formatClock(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Bytes per second of a job that took this long. */
export function formatRate(bytes: bigint, milliseconds: number): string {
  return `${formatSize(BigInt(Math.round((Number(bytes) / Math.max(milliseconds, 1)) * 1000)))}/s`;
}

/** `1 file`, `2,000 files`. */
export function plural(count: number, noun: string, nouns: string = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

export function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}
