import { describe, expect, test } from 'vitest';
import { setUint64 } from '../../src/uint64.ts';
import { patternBytes } from '../kit.ts';
import {
  decodeCopyOffload,
  decodeDsmReadOutput,
  decodeDsmWriteOutput,
  decodeLengthWritten,
  decodeReadFlags,
  decodeTransferLength,
  decodeWriteFlags,
  encodeDsmOffloadRead,
  encodeDsmOffloadWrite,
  encodeOffloadRead,
  encodeOffloadWrite,
  encodePropertyQuery,
} from './codec.ts';
import { encoded, type Guarded, guarded } from './memory.ts';

// The limits of every width, and the sizes at which the representation of a number changes: 31, 32, 52 and 53 bits.
const UINT64: readonly bigint[] = [
  0n,
  1n,
  0xffn,
  0x100n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fe00n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  0x1f_ffff_ffff_fe00n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x20_0000_0000_0001n,
  0x7fff_ffff_ffff_fe00n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];
const UINT32: readonly number[] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const UINT16: readonly number[] = [0, 1, 0x7fff, 0x8000, 0xffff];
const SAFE = UINT64.filter((value) => value <= BigInt(Number.MAX_SAFE_INTEGER));

const token = patternBytes(512);

type Encode = (memory: Guarded, value: number | bigint) => void;

// Each ULONGLONG that is sent to Windows: the size of its structure, its offset in the headers, how to set it.
const UINT64_FIELDS: [string, number, number, Encode][] = [
  ['FSCTL_OFFLOAD_READ_INPUT.FileOffset', 32, 16, ({ view }, value) => encodeOffloadRead(view, value, 0, 0)],
  ['FSCTL_OFFLOAD_READ_INPUT.CopyLength', 32, 24, ({ view }, value) => encodeOffloadRead(view, 0, value, 0)],
  [
    'FSCTL_OFFLOAD_WRITE_INPUT.FileOffset',
    544,
    8,
    ({ view, bytes }, value) => encodeOffloadWrite(view, bytes, value, 0, 0, token),
  ],
  [
    'FSCTL_OFFLOAD_WRITE_INPUT.CopyLength',
    544,
    16,
    ({ view, bytes }, value) => encodeOffloadWrite(view, bytes, 0, value, 0, token),
  ],
  [
    'FSCTL_OFFLOAD_WRITE_INPUT.TransferOffset',
    544,
    24,
    ({ view, bytes }, value) => encodeOffloadWrite(view, bytes, 0, 0, value, token),
  ],
  [
    'DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS.TokenOffset',
    560,
    40,
    ({ view, bytes }, value) => encodeDsmOffloadWrite(view, bytes, [], value, token),
  ],
  [
    'DEVICE_DATA_SET_RANGE.StartingOffset',
    64,
    48,
    ({ view, bytes }, value) =>
      encodeDsmOffloadRead(view, bytes, [{ startingOffset: value, lengthInBytes: 0 }], 0),
  ],
  [
    'DEVICE_DATA_SET_RANGE.LengthInBytes',
    64,
    56,
    ({ view, bytes }, value) =>
      encodeDsmOffloadRead(view, bytes, [{ startingOffset: 0, lengthInBytes: value }], 0),
  ],
];

const UINT32_FIELDS: [string, number, number, (memory: Guarded, value: number) => void][] = [
  [
    'FSCTL_OFFLOAD_READ_INPUT.TokenTimeToLive',
    32,
    8,
    ({ view }, value) => encodeOffloadRead(view, 0, 0, value),
  ],
  [
    'DEVICE_DSM_OFFLOAD_READ_PARAMETERS.TimeToLive',
    48,
    32,
    ({ view, bytes }, value) => encodeDsmOffloadRead(view, bytes, [], value),
  ],
  [
    'STORAGE_PROPERTY_QUERY.PropertyId',
    12,
    0,
    ({ view, bytes }, value) => encodePropertyQuery(view, bytes, value),
  ],
];

/** The structure with 0 in the field, in which the field is then set as the headers define it. */
function expected(size: number, at: number, bytes: Buffer, encode: Encode): string {
  const zero = Buffer.from(
    encoded(size, (memory) => encode(memory, 0)),
    'hex',
  );
  bytes.copy(zero, at);
  return zero.toString('hex');
}

describe.each(UINT64_FIELDS)('%s', (_, size, at, encode) => {
  test.each(UINT64)('holds %o without changing other bytes', (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    expect(encoded(size, (memory) => encode(memory, value))).toBe(expected(size, at, bytes, encode));
  });

  test.each(SAFE)('holds %o as a number too', (value) => {
    const asBigint = encoded(size, (memory) => encode(memory, value));
    expect(encoded(size, (memory) => encode(memory, Number(value)))).toBe(asBigint);
  });
});

describe.each(UINT32_FIELDS)('%s', (_, size, at, encode) => {
  test.each(UINT32)('holds %i without changing other bytes', (value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    const encodeNumber: Encode = (memory, given) => encode(memory, Number(given));
    expect(encoded(size, (memory) => encode(memory, value))).toBe(expected(size, at, bytes, encodeNumber));
  });
});

describe('the reply of a device', () => {
  const readers: [string, number, number, (memory: Guarded) => bigint][] = [
    ['FSCTL_OFFLOAD_READ_OUTPUT.TransferLength', 528, 8, ({ view }) => BigInt(decodeTransferLength(view))],
    ['FSCTL_OFFLOAD_WRITE_OUTPUT.LengthWritten', 16, 8, ({ view }) => BigInt(decodeLengthWritten(view))],
    [
      'STORAGE_OFFLOAD_READ_OUTPUT.LengthProtected',
      536,
      8,
      ({ view }) => decodeDsmReadOutput(view, 0).lengthProtected,
    ],
    [
      'STORAGE_OFFLOAD_WRITE_OUTPUT.LengthCopied',
      16,
      8,
      ({ view }) => decodeDsmWriteOutput(view, 0).lengthCopied,
    ],
    [
      'DEVICE_COPY_OFFLOAD_DESCRIPTOR.MaximumTransferSize',
      48,
      16,
      ({ view }) => decodeCopyOffload(view).maximumTransferSize,
    ],
    [
      'DEVICE_COPY_OFFLOAD_DESCRIPTOR.OptimalTransferCount',
      48,
      24,
      ({ view }) => decodeCopyOffload(view).optimalTransferCount,
    ],
  ];

  test.each(readers)('has %s as a bigint up to 2^64-1', (_, size, at, read) => {
    for (const value of UINT64) {
      const memory = guarded(size, 0x5c);
      memory.view.setBigUint64(at, value, true);
      expect(read(memory)).toBe(value);
    }
  });

  const flags: [string, number, number, (memory: Guarded) => number][] = [
    ['FSCTL_OFFLOAD_READ_OUTPUT.Flags', 528, 4, ({ view }) => decodeReadFlags(view)],
    ['FSCTL_OFFLOAD_WRITE_OUTPUT.Flags', 16, 4, ({ view }) => decodeWriteFlags(view)],
    [
      'STORAGE_OFFLOAD_READ_OUTPUT.OffloadReadFlags',
      536,
      0,
      ({ view }) => decodeDsmReadOutput(view, 0).flags,
    ],
    [
      'STORAGE_OFFLOAD_READ_OUTPUT.TokenLength',
      536,
      16,
      ({ view }) => decodeDsmReadOutput(view, 0).tokenLength,
    ],
    [
      'STORAGE_OFFLOAD_WRITE_OUTPUT.OffloadWriteFlags',
      16,
      0,
      ({ view }) => decodeDsmWriteOutput(view, 0).flags,
    ],
    [
      'DEVICE_COPY_OFFLOAD_DESCRIPTOR.MaximumDataDescriptors',
      48,
      32,
      ({ view }) => decodeCopyOffload(view).maximumDataDescriptors,
    ],
  ];

  test.each(flags)('has %s as an unsigned number', (_, size, at, read) => {
    for (const value of UINT32) {
      const memory = guarded(size, 0x5c);
      memory.view.setUint32(at, value, true);
      expect(read(memory)).toBe(value);
    }
  });

  test('has DEVICE_COPY_OFFLOAD_DESCRIPTOR.OptimalTransferLengthGranularity in 16 bits', () => {
    for (const value of UINT16) {
      const { view } = guarded(48, 0x5c);
      view.setUint16(44, value, true);
      expect(decodeCopyOffload(view).optimalTransferLengthGranularity).toBe(value);
    }
  });
});

describe('a ULONGLONG', () => {
  test.each(SAFE)('has the same bytes for %o as a number and as a bigint', (value) => {
    const [asNumber, asBigint] = [guarded(8, 0xff), guarded(8, 0xff)];
    setUint64(asNumber.view, 0, Number(value));
    setUint64(asBigint.view, 0, value);
    expect(asNumber.hex()).toBe(asBigint.hex());
    asNumber.expectCanaryAlive();
  });

  test('can be written at any offset, aligned or not', () => {
    for (const at of [0, 1, 3, 8]) {
      const memory = guarded(16);
      setUint64(memory.view, at, 0x1_0000_0200);
      expect(memory.view.getBigUint64(at, true)).toBe(0x1_0000_0200n);
      memory.expectCanaryAlive();
    }
  });
});
