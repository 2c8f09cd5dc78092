import { describe, expect, test } from 'vitest';
import {
  ACCESS_ALIGNMENT_SIZE,
  COPY_OFFLOAD_SIZE,
  decodeBytesPerLogicalSector,
  decodeCopyOffload,
  encodePropertyQuery,
  PROPERTY_QUERY_SIZE,
} from './codec.ts';
import { encoded, hex, reply } from './memory.ts';

describe('STORAGE_PROPERTY_QUERY', () => {
  test('is 12 bytes long', () => expect(PROPERTY_QUERY_SIZE).toBe(12));

  // StorageDeviceCopyOffloadProperty is 13 and StorageAccessAlignmentProperty 6 in the SDK's enumeration.
  test.each([
    ['copy offload', 13, '0d000000 00000000 00000000'],
    ['access alignment', 6, '06000000 00000000 00000000'],
    ['a property id with a different byte at every position', 0x0403_0201, '01020304 00000000 00000000'],
  ])('has the documented bytes for %s and leaves none unwritten', (_, property, golden) => {
    const bytes = encoded(12, (memory) => encodePropertyQuery(memory.view, memory.bytes, property));
    expect(bytes).toBe(hex(golden));
  });
});

describe('DEVICE_COPY_OFFLOAD_DESCRIPTOR', () => {
  test('is 48 bytes long', () => expect(COPY_OFFLOAD_SIZE).toBe(48));

  test('is decoded with a different byte at every position and not changed', () => {
    const golden = hex(
      '01020304 05060708 090a0b0c 0d0e0f10 1112131415161718 191a1b1c1d1e1f20 21222324 25262728 292a2b2c 2d2e 2f30',
    );
    const memory = reply(golden);
    expect(decodeCopyOffload(memory.view)).toEqual({
      version: 0x0403_0201,
      size: 0x0807_0605,
      maximumTokenLifetime: 0x0c0b_0a09,
      defaultTokenLifetime: 0x100f_0e0d,
      maximumTransferSize: 0x1817_1615_1413_1211n,
      optimalTransferCount: 0x201f_1e1d_1c1b_1a19n,
      maximumDataDescriptors: 0x2423_2221,
      maximumTransferLengthPerDescriptor: 0x2827_2625,
      optimalTransferLengthPerDescriptor: 0x2c2b_2a29,
      optimalTransferLengthGranularity: 0x2e2d,
    });
    expect(memory.hex()).toBe(golden);
    memory.expectCanaryAlive();
  });
});

describe('STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR', () => {
  test('is 28 bytes long', () => expect(ACCESS_ALIGNMENT_SIZE).toBe(28));

  test('has the logical sector size at 0x10', () => {
    const memory = reply(hex('1c000000 1c000000 40000000 00000000 00020000 00100000 00000000'));
    expect(decodeBytesPerLogicalSector(memory.view)).toBe(512);
  });
});
