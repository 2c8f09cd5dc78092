import { describe, expect, test } from 'vitest';
import { patternBytes } from '../kit.ts';
import {
  decodeReadFlags,
  decodeReadToken,
  decodeTransferLength,
  encodeOffloadRead,
  isAllZeroBeyond,
  READ_INPUT_SIZE,
  READ_OUTPUT_SIZE,
} from './codec.ts';
import { encoded, guarded, hex, reply } from './memory.ts';

// Bytes computed from MS-FSCC 2.3.41 and 2.3.42 and the SDK's winioctl.h.
const INPUTS: [string, number | bigint, number | bigint, number, string][] = [
  ['an empty range', 0, 0, 0, '20000000 00000000 00000000 00000000 0000000000000000 0000000000000000'],
  [
    'a range beyond 4 GiB, for 30 seconds',
    0x1_0000_1000,
    0x1000_0000,
    30_000,
    '20000000 00000000 30750000 00000000 0010000001000000 0000001000000000',
  ],
  [
    'the same range as bigints',
    0x1_0000_1000n,
    0x1000_0000n,
    30_000,
    '20000000 00000000 30750000 00000000 0010000001000000 0000001000000000',
  ],
  [
    'values with a different byte at every position',
    0x0807_0605_0403_0201n,
    0x100f_0e0d_0c0b_0a09n,
    0x1413_1211,
    '20000000 00000000 11121314 00000000 0102030405060708 090a0b0c0d0e0f10',
  ],
];

describe('FSCTL_OFFLOAD_READ_INPUT', () => {
  test('is 32 bytes long', () => expect(READ_INPUT_SIZE).toBe(32));

  test.each(INPUTS)(
    'has the documented bytes for %s and leaves none unwritten',
    (_, offset, length, ttl, golden) => {
      const bytes = encoded(32, ({ view }) => encodeOffloadRead(view, offset, length, ttl));
      expect(bytes).toBe(hex(golden));
    },
  );

  test.each(INPUTS)('holds the values of the request for %s', (_, offset, length, ttl) => {
    const { view } = guarded(32, 0xff);
    encodeOffloadRead(view, offset, length, ttl);
    expect(view.getUint32(0, true)).toBe(32);
    expect(view.getUint32(4, true)).toBe(0);
    expect(view.getUint32(8, true)).toBe(ttl);
    expect(view.getUint32(12, true)).toBe(0);
    expect(view.getBigUint64(16, true)).toBe(BigInt(offset));
    expect(view.getBigUint64(24, true)).toBe(BigInt(length));
  });
});

describe('FSCTL_OFFLOAD_READ_OUTPUT', () => {
  const token = patternBytes(512);
  const head = hex('10020000 01000000 0000ff0f00000000');
  const golden = head + Buffer.from(token).toString('hex');

  test('is 528 bytes long', () => expect(READ_OUTPUT_SIZE).toBe(528));

  test('is decoded as documented', () => {
    const memory = reply(golden);
    expect(decodeReadFlags(memory.view)).toBe(1);
    expect(BigInt(decodeTransferLength(memory.view))).toBe(0x0fff_0000n);
    expect(Buffer.from(decodeReadToken(memory.bytes).bytes)).toEqual(Buffer.from(token));
  });

  test('is not changed by decoding', () => {
    const memory = reply(golden);
    decodeReadFlags(memory.view);
    decodeTransferLength(memory.view);
    decodeReadToken(memory.bytes);
    expect(memory.hex()).toBe(golden);
    memory.expectCanaryAlive();
  });

  test('is decoded from bytes written by hand', () => {
    const memory = guarded(528, 0xff);
    memory.view.setUint32(4, 0x8000_0001, true);
    memory.view.setBigUint64(8, 0x1122_3344_5566_7788n, true);
    expect(decodeReadFlags(memory.view)).toBe(0x8000_0001);
    expect(BigInt(decodeTransferLength(memory.view))).toBe(0x1122_3344_5566_7788n);
    expect([...decodeReadToken(memory.bytes).bytes]).toEqual(Array.from({ length: 512 }, () => 0xff));
  });

  test('is copied, so the token survives when the buffer is reused', () => {
    const memory = reply(golden);
    const first = decodeReadToken(memory.bytes);
    memory.bytes.fill(0);
    const second = decodeReadToken(memory.bytes);
    expect(Buffer.from(first.bytes)).toEqual(Buffer.from(token));
    expect(first.equals(second)).toBe(false);
  });

  // Other documents use other names; only this one is in a header, with the value 1.
  test.each([
    [0, false],
    [1, true],
    [2, false],
    [4, false],
    [0xffff_fffe, false],
    [0xffff_ffff, true],
  ])('has, with the flags %i, ALL_ZERO_BEYOND_CURRENT_RANGE: %s', (flags, says) => {
    expect(isAllZeroBeyond(flags)).toBe(says);
  });
});
