import { UsageError } from './usage-error.ts';

const SIZE = /^(\d+)(?:\.(\d+))?\s*([kmgtp]?)(i?b)?$/i;
const HEXADECIMAL = /^0x[0-9a-f]+$/i;
const POWERS = ['', 'k', 'm', 'g', 't', 'p'];

/** `64MiB`, `64M`, `1.5G`, `0x10000` or plain bytes. As with dd, K and KiB are 1024 and KB is 1000. */
export function parseSize(field: string, text: string): bigint {
  if (HEXADECIMAL.test(text)) return BigInt(text);
  const [, whole, fraction = '', prefix, suffix] = SIZE.exec(text) ?? [];
  if (whole === undefined || prefix === undefined) return refuse(field, text);
  const base = suffix !== undefined && suffix.length === 1 ? 1000n : 1024n;
  const power = POWERS.indexOf(prefix.toLowerCase());
  if (suffix?.length === 2 && power === 0) return refuse(field, text);
  const scaled = BigInt(whole + fraction) * base ** BigInt(power);
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) {
    throw new UsageError(`${field} is '${text}', which is no whole number of bytes.`);
  }
  return scaled / divisor;
}

/** A number where one will do, since messages show it as it was typed. */
export function plain(bytes: bigint): number | bigint {
  return bytes <= Number.MAX_SAFE_INTEGER ? Number(bytes) : bytes;
}

function refuse(field: string, text: string): never {
  throw new UsageError(`${field} is '${text}'; write bytes as 65536, 0x10000, 64KiB, 64MiB or 1G.`);
}

const TIME = /^(\d+(?:\.\d+)?)\s*(ms|s|)$/i;

/** `20ms`, `1.5s`, or plain milliseconds. */
export function parseTime(field: string, text: string): number {
  const [, amount, unit] = TIME.exec(text) ?? [];
  if (amount === undefined) {
    throw new UsageError(`${field} is '${text}'; write milliseconds as 20 or 20ms, seconds as 1.5s.`);
  }
  return Number(amount) * (unit?.toLowerCase() === 's' ? 1000 : 1);
}

/** A whole number of at least one. */
export function parseCount(field: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`${field} is '${text}'; write a whole number, such as 4.`);
  return Number(text);
}
