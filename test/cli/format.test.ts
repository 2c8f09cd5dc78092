import { describe, expect, it } from 'vitest';
import {
  formatClock,
  formatCount,
  formatDuration,
  formatExactSize,
  formatRate,
  formatSize,
  plural,
} from '../../src/cli/format.ts';

describe('numbers for people', () => {
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
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it('keep their digits where they are wanted', () => {
    expect(formatCount(104_857_601n)).toBe('104,857,601');
    expect(formatCount(999)).toBe('999');
    expect(formatExactSize(104_857_601n)).toBe('104,857,601 bytes (100 MiB)');
    expect(formatExactSize(512n)).toBe('512 bytes');
  });

  it.each([
    [0.2, '1 ms'],
    [340, '340 ms'],
    [1234, '1.2 s'],
    [61_000, '1:01'],
    [3_723_000, '1:02:03'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('have rates, clocks and plurals', () => {
    expect(formatRate(104_857_600n, 2000)).toBe('50 MiB/s');
    expect(formatRate(1024n, 0)).toBe('1000 KiB/s');
    expect(formatClock(7000)).toBe('0:07');
    expect([plural(1, 'file'), plural(2000, 'file')]).toEqual(['1 file', '2,000 files']);
  });
});
