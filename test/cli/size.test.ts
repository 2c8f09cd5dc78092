import { describe, expect, it } from 'vitest';
import { parseCount, parseSize, parseTime } from '../../src/cli/size.ts';

describe('sizes', () => {
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
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize('LENGTH', text)).toBe(bytes);
  });

  it.each(['', '-1', '1e3', '64Q', 'MiB', '0x', '0x1G', '1iB', '1.', '.5K', '1_000', '1K1'])(
    '%j is none',
    (text) => {
      expect(() => parseSize('LENGTH', text)).toThrow(`LENGTH is '${text}'; write bytes as 65536`);
    },
  );

  it('are whole', () => {
    expect(() => parseSize('LENGTH', '0.3K')).toThrow("LENGTH is '0.3K', which is no whole number of bytes.");
  });
});

describe('times and counts', () => {
  it.each([
    ['20', 20],
    ['20ms', 20],
    ['0.5s', 500],
    ['30 s', 30_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseTime('--latency', text)).toBe(milliseconds);
  });

  it.each(['', '-1', '1m', 'soon'])('%j is no time', (text) => {
    expect(() => parseTime('--latency', text)).toThrow(`--latency is '${text}'`);
  });

  it('a count is whole', () => {
    expect(parseCount('--concurrency', '4')).toBe(4);
    expect(() => parseCount('--concurrency', '4.5')).toThrow("--concurrency is '4.5'");
  });
});
