import { describe, expect, test } from 'vitest';
import type { DataSetRange } from '../../src/dsm.ts';
import { patternBytes } from '../kit.ts';
import {
  DSM_READ_OUTPUT_LEAST,
  DSM_READ_OUTPUT_ROOM,
  DSM_WRITE_OUTPUT_LEAST,
  DSM_WRITE_OUTPUT_ROOM,
  decodeDsmReadOutput,
  decodeDsmReadToken,
  decodeDsmWriteOutput,
  dsmReadInputSize,
  dsmWriteInputSize,
  encodeDsmOffloadRead,
  encodeDsmOffloadWrite,
  placeOfResult,
} from './codec.ts';
import { encoded, guarded, hex, reply } from './memory.ts';

const OFFLOAD_READ = 0x8000_0003;
const OFFLOAD_WRITE = 0x0000_0004;
const ONE: readonly DataSetRange[] = [{ startingOffset: 0x10_0000, lengthInBytes: 0x20_0000 }];
const THREE: readonly DataSetRange[] = [
  { startingOffset: 0x0807_0605_0403_0201n, lengthInBytes: 0x100f_0e0d_0c0b_0a09n },
  { startingOffset: 0, lengthInBytes: 0x1_0000_0200 },
  { startingOffset: 0x2_0000_1000n, lengthInBytes: 512n },
];
const THREE_HEX = hex(
  '0102030405060708 090a0b0c0d0e0f10  0000000000000000 0002000001000000  0010000002000000 0002000000000000',
);
const token = patternBytes(512);
const tokenHex = Buffer.from(token).toString('hex');

describe('the input of a DSM offload read', () => {
  // The packing of the SDK's DeviceDsmInitializeInput: header 28, parameters at 28, ranges at 48.
  test.each([
    [1, 64],
    [2, 80],
    [65_536, 1_048_624],
  ])('takes, for %i ranges, %i bytes', (count, size) => expect(dsmReadInputSize(count)).toBe(size));

  test('has the documented bytes for one range and leaves none unwritten', () => {
    const bytes = encoded(64, (memory) => encodeDsmOffloadRead(memory.view, memory.bytes, ONE, 0));
    expect(bytes).toBe(
      hex('1c000000 03000080 00000000 1c000000 10000000 30000000 10000000') +
        '00'.repeat(16) +
        '00'.repeat(4) +
        hex('0000100000000000 0000200000000000'),
    );
  });

  test('has three ranges one after the other, and the time to live at 0x20', () => {
    const bytes = encoded(96, (memory) =>
      encodeDsmOffloadRead(memory.view, memory.bytes, THREE, 0x0403_0201),
    );
    expect(bytes).toBe(
      hex('1c000000 03000080 00000000 1c000000 10000000 30000000 30000000') +
        hex('00000000 01020304 00000000 00000000') +
        '00'.repeat(4) +
        THREE_HEX,
    );
  });
});

describe('the input of a DSM offload write', () => {
  // Header 28, parameters at 32 since they are aligned to 8, ranges at 560.
  test.each([
    [1, 576],
    [2, 592],
    [65_536, 1_049_136],
  ])('takes, for %i ranges, %i bytes', (count, size) => expect(dsmWriteInputSize(count)).toBe(size));

  test('has the documented bytes for one range and leaves none unwritten', () => {
    const bytes = encoded(576, (memory) => encodeDsmOffloadWrite(memory.view, memory.bytes, ONE, 0, token));
    expect(bytes).toBe(
      hex('1c000000 04000000 00000000 20000000 10020000 30020000 10000000') +
        '00'.repeat(4) +
        '00'.repeat(16) +
        tokenHex +
        hex('0000100000000000 0000200000000000'),
    );
  });

  test('has three ranges after the token, and the offset in the token at 0x28', () => {
    const from = 0x1817_1615_1413_1211n;
    const bytes = encoded(608, (memory) =>
      encodeDsmOffloadWrite(memory.view, memory.bytes, THREE, from, token),
    );
    expect(bytes).toBe(
      hex('1c000000 04000000 00000000 20000000 10020000 30020000 30000000 00000000') +
        hex('00000000 00000000 1112131415161718') +
        tokenHex +
        THREE_HEX,
    );
  });

  test('keeps its bytes when token and ranges change afterwards', () => {
    const source = patternBytes(512);
    const ranges = [{ startingOffset: 512, lengthInBytes: 1024 }];
    const memory = guarded(576);
    encodeDsmOffloadWrite(memory.view, memory.bytes, ranges, 0, source);
    const before = memory.hex();
    source.fill(0);
    for (const range of ranges) Object.assign(range, { startingOffset: 0, lengthInBytes: 0 });
    expect(memory.hex()).toBe(before);
  });
});

describe('STORAGE_OFFLOAD_READ_OUTPUT', () => {
  // The token is at 20 here, not at 16 as elsewhere; the last four of 536 bytes are padding.
  const golden = hex('01000000 00000000 0000ff0f00000000 00020000') + tokenHex;

  test('needs at least 532 of its 536 bytes', () => expect(DSM_READ_OUTPUT_LEAST).toBe(532));
  test('gets a buffer with room for a DEVICE_DSM_OUTPUT in front', () =>
    expect(DSM_READ_OUTPUT_ROOM).toBe(40 + 536));

  test.each([0, 36, 40])('is decoded as documented at offset %i', (at) => {
    const memory = reply('ee'.repeat(at) + golden);
    expect(decodeDsmReadOutput(memory.view, at)).toEqual({
      flags: 1,
      lengthProtected: 0x0fff_0000n,
      tokenLength: 512,
    });
    expect(Buffer.from(decodeDsmReadToken(memory.bytes, at).bytes)).toEqual(Buffer.from(token));
    memory.expectCanaryAlive();
  });

  test('is copied, so the token survives when the buffer is reused', () => {
    const memory = reply(golden);
    const taken = decodeDsmReadToken(memory.bytes, 0);
    memory.bytes.fill(0);
    expect(Buffer.from(taken.bytes)).toEqual(Buffer.from(token));
  });
});

describe('STORAGE_OFFLOAD_WRITE_OUTPUT', () => {
  test('needs all of its 16 bytes', () => expect(DSM_WRITE_OUTPUT_LEAST).toBe(16));
  test('gets a buffer with room for a DEVICE_DSM_OUTPUT in front', () =>
    expect(DSM_WRITE_OUTPUT_ROOM).toBe(40 + 16));

  test.each([0, 36, 40])('is decoded as documented at offset %i', (at) => {
    const memory = reply('ee'.repeat(at) + hex('03000000 00000000 0000000400000000'));
    expect(decodeDsmWriteOutput(memory.view, at)).toEqual({ flags: 3, lengthCopied: 0x0400_0000n });
  });
});

describe('the position of a DSM result', () => {
  const outer = (action: string, offset: string, length: string): string =>
    hex(`24000000 ${action} 00000000 00000000 00000000 00000000 00000000 ${offset} ${length}`);

  // The class driver, the SDK's definitions and the DDI pages have it at the start; two pages have it behind a header.
  test.each<[string, string, number, number, { offset: number; length: number }]>([
    [
      'at the start, for a read',
      hex('01000000 00000000 0002000000000000'),
      536,
      OFFLOAD_READ,
      { offset: 0, length: 536 },
    ],
    [
      'at the start, for a write',
      hex('03000000 00000000 0002000000000000'),
      16,
      OFFLOAD_WRITE,
      { offset: 0, length: 16 },
    ],
    [
      'behind a DEVICE_DSM_OUTPUT, for a read',
      outer('03000080', '28000000', '18020000'),
      576,
      OFFLOAD_READ,
      { offset: 40, length: 536 },
    ],
    [
      'behind a DEVICE_DSM_OUTPUT, for a write',
      outer('04000000', '28000000', '10000000'),
      56,
      OFFLOAD_WRITE,
      { offset: 40, length: 16 },
    ],
    [
      'right behind a DEVICE_DSM_OUTPUT that is not padded',
      outer('04000000', '24000000', '10000000'),
      52,
      OFFLOAD_WRITE,
      { offset: 36, length: 16 },
    ],
    [
      'no longer than the reply, whatever the header claims',
      outer('03000080', '28000000', '18020000'),
      44,
      OFFLOAD_READ,
      { offset: 40, length: 4 },
    ],
    [
      'empty, when the header points beyond the reply',
      outer('03000080', 'ffffffff', '18020000'),
      576,
      OFFLOAD_READ,
      { offset: 0xffff_ffff, length: 0 },
    ],
    [
      'no longer than the header claims, whatever follows it',
      outer('03000080', '28000000', '14020000'),
      576,
      OFFLOAD_READ,
      { offset: 40, length: 532 },
    ],
    [
      'empty, when the reply is a header without a result',
      outer('04000000', '28000000', '10000000'),
      36,
      OFFLOAD_WRITE,
      { offset: 40, length: 0 },
    ],
    [
      'at the start, when the reserved bytes of a result are those of the action',
      hex('01000000 03000080 0002000000000000'),
      536,
      OFFLOAD_READ,
      { offset: 0, length: 536 },
    ],
    [
      'at the start, when the header names another action',
      outer('04000000', '28000000', '18020000'),
      576,
      OFFLOAD_READ,
      { offset: 0, length: 576 },
    ],
    [
      'at the start, when the reply is too short for a header',
      outer('03000080', '28000000', '18020000'),
      35,
      OFFLOAD_READ,
      { offset: 0, length: 35 },
    ],
  ])('is %s', (_, bytes, returned, action, place) => {
    const memory = reply(bytes, DSM_READ_OUTPUT_ROOM);
    expect(placeOfResult(memory.view, returned, action)).toEqual(place);
  });
});
