import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError } from '../../src/errors.ts';

describe('options of createEmulator', () => {
  test.each([
    [
      { sectorSize: 1000 },
      'sectorSize is 1000; it must be a power of two from 512 to 65536, the nearest legal value is 1024.',
    ],
    [{ sectorSize: 256 }, 'the nearest legal value is 512.'],
    [{ sectorSize: 131_072 }, 'the nearest legal value is 65536.'],
    [{ sectorSize: 512n }, 'sectorSize is 512n'],
    [
      { maximumTransferSize: 0 },
      'maximumTransferSize is 0; it must be at least a sector, the nearest legal value is 512.',
    ],
    [{ sectorSize: 4096, maximumWriteSize: 512n }, 'the nearest legal value is 4096.'],
    [{ maximumWriteSize: 1.5 }, 'maximumWriteSize is 1.5; it must be a whole number of bytes'],
    [{ maximumTransferSize: '1' }, 'maximumTransferSize is "1"; it must be a number of bytes'],
    [
      { tokenLifetime: -1 },
      'tokenLifetime is -1; it must be a number of milliseconds from 0 to 2147483647, the nearest legal value is 0.',
    ],
    [{ latency: Number.POSITIVE_INFINITY }, 'the nearest legal value is 2147483647.'],
    [{ latency: Number.NaN }, 'latency is NaN'],
    [{ latency: '5' }, 'latency is "5"'],
    [{ supported: 1 }, 'supported is 1; it must be true or false.'],
    [{ dsm: 'deny' }, "dsm is \"deny\"; it must be one of 'answer', 'refuse'."],
    [{ intercept: {} }, 'intercept is an object; it must be a function.'],
    [{ latancy: 5 }, 'Unknown option "latancy" for createEmulator; did you mean latency?'],
    [null, 'createEmulator takes an object, not null.'],
    [5, 'createEmulator takes an object, not 5.'],
    [[], 'createEmulator takes an object, not an array.'],
  ])('createEmulator refuses %o', (options, sentence) => {
    const create = () => createEmulator(options as object);
    expect(create).toThrow(InvalidArgumentError);
    expect(create).toThrow(sentence);
  });

  test.each([
    [undefined],
    [{}],
    [
      {
        sectorSize: 65_536,
        maximumTransferSize: 1n << 40n,
        maximumWriteSize: 100_000,
        latency: 0.5,
        tokenLifetime: 0,
      },
    ],
    [{ sectorSize: undefined, dsm: undefined, supported: undefined, intercept: undefined }],
  ])('createEmulator accepts %o', (options) => {
    expect(createEmulator(options)).toMatchObject({ name: 'emulator', calls: [] });
  });
});
