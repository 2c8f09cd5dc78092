import { describe, expect, test } from 'vitest';
import { OffloadToken } from '../../src/token.ts';
import { patternBytes } from '../kit.ts';
import {
  decodeLengthWritten,
  decodeWriteFlags,
  encodeOffloadWrite,
  WRITE_INPUT_SIZE,
  WRITE_OUTPUT_SIZE,
} from './codec.ts';
import { encoded, guarded, hex, reply } from './memory.ts';

const token = patternBytes(512);
const tokenHex = Buffer.from(token).toString('hex');

// The first 32 bytes, computed from MS-FSCC 2.3.43 and the SDK's winioctl.h.
const INPUTS: [string, number | bigint, number | bigint, number | bigint, string][] = [
  ['an empty range', 0, 0, 0, '20020000 00000000 0000000000000000 0000000000000000 0000000000000000'],
  [
    '64 MiB out of the middle of a token',
    0x1000_0000,
    0x0400_0000,
    0x0800_0000,
    '20020000 00000000 0000001000000000 0000000400000000 0000000800000000',
  ],
  [
    'the same range as bigints',
    0x1000_0000n,
    0x0400_0000n,
    0x0800_0000n,
    '20020000 00000000 0000001000000000 0000000400000000 0000000800000000',
  ],
  [
    'values with a different byte at every position',
    0x0807_0605_0403_0201n,
    0x100f_0e0d_0c0b_0a09n,
    0x1817_1615_1413_1211n,
    '20020000 00000000 0102030405060708 090a0b0c0d0e0f10 1112131415161718',
  ],
];

describe('FSCTL_OFFLOAD_WRITE_INPUT', () => {
  test('is 544 bytes long', () => expect(WRITE_INPUT_SIZE).toBe(544));

  test.each(INPUTS)(
    'has the documented bytes for %s and leaves none unwritten',
    (_, offset, length, from, golden) => {
      const bytes = encoded(544, (memory) =>
        encodeOffloadWrite(memory.view, memory.bytes, offset, length, from, token),
      );
      expect(bytes.slice(0, 64)).toBe(hex(golden));
      expect(bytes.slice(64)).toBe(tokenHex);
    },
  );

  test.each(INPUTS)('holds the values of the request for %s', (_, offset, length, from) => {
    const { view, bytes } = guarded(544, 0xff);
    encodeOffloadWrite(view, bytes, offset, length, from, token);
    expect(view.getUint32(0, true)).toBe(544);
    expect(view.getUint32(4, true)).toBe(0);
    expect(view.getBigUint64(8, true)).toBe(BigInt(offset));
    expect(view.getBigUint64(16, true)).toBe(BigInt(length));
    expect(view.getBigUint64(24, true)).toBe(BigInt(from));
    expect(Buffer.from(bytes.subarray(32))).toEqual(Buffer.from(token));
  });

  test('is the same for an OffloadToken and for its bytes', () => {
    const bytes = encoded(544, (memory) =>
      encodeOffloadWrite(memory.view, memory.bytes, 0, 0, 0, OffloadToken.from(token)),
    );
    expect(bytes.slice(64)).toBe(tokenHex);
  });

  test('holds the zero token as the SDK macro makes it', () => {
    const bytes = encoded(544, (memory) =>
      encodeOffloadWrite(memory.view, memory.bytes, 0, 512, 0, OffloadToken.zeroData()),
    );
    expect(bytes.slice(64)).toBe(`ffff0001000001f8${'00'.repeat(504)}`);
  });

  test('does not change when the passed token bytes change afterwards', () => {
    const source = patternBytes(512);
    const memory = guarded(544);
    encodeOffloadWrite(memory.view, memory.bytes, 0, 0, 0, source);
    source.fill(0);
    expect(memory.hex().slice(64)).toBe(tokenHex);
  });

  test('is encoded without changing the passed token', () => {
    const source = guarded(512);
    source.bytes.set(token);
    encodeOffloadWrite(guarded(544).view, guarded(544).bytes, 0, 0, 0, source.bytes);
    expect(source.hex()).toBe(tokenHex);
    source.expectCanaryAlive();
  });
});

describe('FSCTL_OFFLOAD_WRITE_OUTPUT', () => {
  const golden = hex('10000000 00000000 0000000400000000');

  test('is 16 bytes long', () => expect(WRITE_OUTPUT_SIZE).toBe(16));

  test('is decoded as documented and not changed', () => {
    const memory = reply(golden);
    expect(BigInt(decodeLengthWritten(memory.view))).toBe(0x0400_0000n);
    expect(decodeWriteFlags(memory.view)).toBe(0);
    expect(memory.hex()).toBe(golden);
    memory.expectCanaryAlive();
  });

  test('is decoded from bytes written by hand', () => {
    const { view } = guarded(16, 0xff);
    view.setUint32(4, 0x8765_4321, true);
    view.setBigUint64(8, 0x1122_3344_5566_7788n, true);
    expect(decodeWriteFlags(view)).toBe(0x8765_4321);
    expect(BigInt(decodeLengthWritten(view))).toBe(0x1122_3344_5566_7788n);
  });
});
