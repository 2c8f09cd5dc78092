const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

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

/** `104,857,601`, whatever the language of the machine. */
export function formatCount(count: bigint | number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

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

export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** Facts, one per line, their names in one column. */
export function facts(rows: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const width = Math.max(...shown.map(([name]) => name.length)) + 2;
  return shown.map(([name, value]) => `  ${name.padEnd(width)}${value}`).join('\n');
}
