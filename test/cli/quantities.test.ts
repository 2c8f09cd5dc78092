import { describe, expect, it } from 'vitest';
import {
  byteCount,
  formatClock,
  formatCount,
  formatDuration,
  formatExactSize,
  formatRate,
  formatSize,
  parseCount,
  parseSize,
  parseTime,
  plural,
} from '../../src/cli/quantities.ts';

describe('a size on the command line', () => {
  it.each([
    ['0', 0n],
    ['65536', 65_536n],
    ['0x10000', 65_536n],
    ['0XfF', 255n],
    ['512b', 512n],
    ['64K', 65_536n],
    ['64KiB', 65_536n],
    ['64kb', 64_000n],
    ['64MiB', 67_108_864n],
    ['64 MiB', 67_108_864n],
    ['1G', 1_073_741_824n],
    ['1GB', 1_000_000_000n],
    ['1.5G', 1_610_612_736n],
    ['2T', 2_199_023_255_552n],
    ['1P', 1_125_899_906_842_624n],
    ['9223372036854775807', 9_223_372_036_854_775_807n],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSize('LENGTH', text)).toBe(bytes);
  });

  it.each(['', '-1', '1e3', '64Q', 'MiB', '0x', '0x1G', '1iB', '1.', '.5K', '1_000', '1K1'])(
    'refuses %j and says how to write sizes',
    (text) => {
      expect(() => parseSize('LENGTH', text)).toThrow(`LENGTH is '${text}'; write bytes as 65536`);
    },
  );

  it('must be a whole number of bytes', () => {
    expect(() => parseSize('LENGTH', '0.3K')).toThrow("LENGTH is '0.3K', not a whole number of bytes.");
  });
});

describe('a size in a request', () => {
  it.each([
    [0n, 0],
    [9_007_199_254_740_991n, 9_007_199_254_740_991],
    [9_007_199_254_740_992n, 9_007_199_254_740_992n],
  ])('is a number as long as that is exact: %s', (bytes, expected) => {
    expect(byteCount(bytes)).toBe(expected);
  });
});

describe('a time on the command line', () => {
  it.each([
    ['20', 20],
    ['20ms', 20],
    ['0.5s', 500],
    ['30 s', 30_000],
  ])('reads %s as %d ms', (text, milliseconds) => {
    expect(parseTime('--latency', text)).toBe(milliseconds);
  });

  it.each(['', '-1', '1m', 'soon'])('refuses %j', (text) => {
    expect(() => parseTime('--latency', text)).toThrow(`--latency is '${text}'`);
  });
});

describe('a count on the command line', () => {
  it('must be a whole number', () => {
    expect(parseCount('--concurrency', '4')).toBe(4);
  });

  it.each(['4.5', '-1', '', '0x4', 'many', '1234567890'])('refuses %j and says what to write', (text) => {
    expect(() => parseCount('--concurrency', text)).toThrow(
      `--concurrency is '${text}'; write a whole number, such as 4.`,
    );
  });
});

describe('a number in a report', () => {
  it.each([
    [0n, '0 bytes'],
    [1n, '1 byte'],
    [1023n, '1,023 bytes'],
    [1024n, '1 KiB'],
    [1536n, '1.5 KiB'],
    [1_048_575n, '1 MiB'],
    [104_857_601n, '100 MiB'],
    [1_500_000_000n, '1.4 GiB'],
    [9_223_372_036_854_775_807n, '8 EiB'],
  ])('shows a size of %d bytes as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it('keeps all digits where they matter', () => {
    expect(formatCount(104_857_601n)).toBe('104,857,601');
    expect(formatCount(999)).toBe('999');
    expect(formatExactSize(104_857_601n)).toBe('104,857,601 bytes (100 MiB)');
    expect(formatExactSize(512n)).toBe('512 bytes');
    expect(formatExactSize(1n)).toBe('1 byte');
  });

  it.each([
    [0.2, '1 ms'],
    [340, '340 ms'],
    [1234, '1.2 s'],
    [61_000, '1:01'],
    [3_723_000, '1:02:03'],
  ])('shows a duration of %d ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('has a form for rates, for clocks and for plurals', () => {
    expect(formatRate(104_857_600n, 2000)).toBe('50 MiB/s');
    expect(formatRate(1024n, 0)).toBe('1000 KiB/s');
    expect(formatClock(7000)).toBe('0:07');
    expect([plural(1, 'file'), plural(2000, 'file')]).toEqual(['1 file', '2,000 files']);
    expect([plural(1, 'match', 'matches'), plural(2, 'match', 'matches')]).toEqual(['1 match', '2 matches']);
  });
});
