import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { describeValue } from '../../src/describe.ts';
import { InvalidArgumentError } from '../../src/errors.ts';
import { sharedWorkspace } from '../kit.ts';
import {
  call,
  DSM_READS,
  DSM_WRITES,
  type FunctionName,
  legalRequest,
  legalValueIn,
  READS,
  refusal,
  sentenceOf,
  WRITES,
  withValue,
} from './functions.ts';

const shared = sharedWorkspace();
const file = shared.odx.openFileSync(shared.file('file', 131_072), 'r+');
afterAll(() => file.close());
afterEach(() => expect(shared.emulator.calls.splice(0)).toEqual([]));

const LARGEST = 2n ** 63n - 1n;

// Every byte count in a request, and the functions that take it.
const BYTE_COUNTS: [readonly FunctionName[], string][] = [
  [READS, 'copyLength'],
  [READS, 'fileOffset'],
  [WRITES, 'copyLength'],
  [WRITES, 'fileOffset'],
  [WRITES, 'transferOffset'],
  [DSM_READS, 'ranges.0.startingOffset'],
  [DSM_READS, 'ranges.0.lengthInBytes'],
  [DSM_WRITES, 'ranges.0.startingOffset'],
  [DSM_WRITES, 'ranges.0.lengthInBytes'],
  [DSM_WRITES, 'tokenOffset'],
];

// Values that are never a byte count, whatever the sector size.
const NO_BYTE_COUNT: [string, unknown, RegExp][] = [
  ['NaN', Number.NaN, /it must be a finite number of bytes, such as 512\.$/],
  ['Infinity', Number.POSITIVE_INFINITY, /it must be a finite number of bytes, such as 512\.$/],
  ['-Infinity', Number.NEGATIVE_INFINITY, /it must be a finite number of bytes, such as 512\.$/],
  ['-1', -1, /it must not be negative, the nearest legal value is (?:0|512)n?\.$/],
  ['-512', -512, /it must not be negative, the nearest legal value is (?:0|512)n?\.$/],
  ['-0.5', -0.5, /it must not be negative, the nearest legal value is (?:0|512)n?\.$/],
  ['-1n', -1n, /it must not be negative, the nearest legal value is (?:0|512)n?\.$/],
  ['-2^63', -(2n ** 63n), /it must not be negative, the nearest legal value is (?:0|512)n?\.$/],
  ['a fraction', 512.5, /it must be a whole number of bytes, the nearest legal value is 512\.$/],
  [
    'the smallest fraction',
    Number.MIN_VALUE,
    /it must be a whole number of bytes, the nearest legal value is (?:0|512)n?\.$/,
  ],
  [
    'a number that is not exact',
    2 ** 53,
    /a number beyond 2\^53-1 is not exact, write it as a bigint, for example 9007199254740992n\.$/,
  ],
  [
    'a number near 2^63',
    2 ** 62,
    /a number beyond 2\^53-1 is not exact, write it as a bigint, for example 4611686018427387904n\.$/,
  ],
  [
    'the number 2^63',
    2 ** 63,
    /it must stay within 2\^63-1, the nearest legal value is 922337203685477(?:5296|4784)n\.$/,
  ],
  [
    'the largest number',
    Number.MAX_VALUE,
    /it must stay within 2\^63-1, the nearest legal value is 922337203685477(?:5296|4784)n\.$/,
  ],
  [
    'the bigint 2^63',
    2n ** 63n,
    /it must stay within 2\^63-1, the nearest legal value is 922337203685477(?:5296|4784)n\.$/,
  ],
  [
    'the bigint 2^64',
    2n ** 64n,
    /it must stay within 2\^63-1, the nearest legal value is 922337203685477(?:5296|4784)n\.$/,
  ],
  [
    'a bigint of 1000 digits',
    10n ** 999n,
    /it must stay within 2\^63-1, the nearest legal value is 922337203685477(?:5296|4784)n\.$/,
  ],
  ['a string of digits', '512', /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['true', true, /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['null', null, /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['a symbol', Symbol('512'), /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['a function', () => 512, /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  [
    'an object',
    { valueOf: () => 512 },
    /it must be a number of bytes, as a number or a bigint, such as 512\.$/,
  ],
  ['an array', [512], /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['a boxed number', Object(512), /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['a boxed bigint', Object(512n), /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
  ['a date', new Date(512), /it must be a number of bytes, as a number or a bigint, such as 512\.$/],
];

// Value, sector, the nearest multiple.
const MISALIGNED: [number | bigint, number, number | bigint][] = [
  [511, 512, 512],
  [513, 512, 512],
  [768, 512, 1024],
  [65_535, 512, 65_536],
  [65_537, 512, 65_536],
  [511n, 512, 512n],
  [513n, 512, 512n],
  [4095, 4096, 4096],
  [4097, 4096, 4096],
  [4095n, 4096, 4096n],
  [4608, 4096, 4096],
  [2 ** 31 + 1, 512, 2 ** 31],
  [2 ** 32 - 1, 512, 2 ** 32],
  [2 ** 32 + 1, 4096, 2 ** 32],
  [Number.MAX_SAFE_INTEGER, 512, 2n ** 53n],
  [Number.MAX_SAFE_INTEGER - 512, 512, 2 ** 53 - 512],
  [2n ** 53n + 1n, 512, 2n ** 53n],
  [LARGEST, 512, 2n ** 63n - 512n],
  [LARGEST, 4096, 2n ** 63n - 4096n],
];

describe.each(BYTE_COUNTS.flatMap(([names, path]) => names.map((name) => [name, path] as const)))(
  '%s with a wrong %s',
  (name, path) => {
    test.each(NO_BYTE_COUNT)('refuses %s as a byte count', async (_, value, rule) => {
      const error = await refusal(() => call(shared, name, file, withValue(legalRequest(name), path, value)));
      const message = sentenceOf(error, path);
      expect(message.startsWith(`${path} is ${describeValue(value)}; `)).toBe(true);
      expect(message).toMatch(rule);
      await expectAccepted(name, path, legalValueIn(message), 512);
    });

    test.each(MISALIGNED)(
      'refuses %o, which is not a multiple of a sector of %i',
      async (value, sectorSize, multiple) => {
        // A range is never empty, so it cannot start in the last sector.
        const isLast =
          multiple === LARGEST + 1n - BigInt(sectorSize) && /startingOffset|tokenOffset/.test(path);
        const nearest = isLast ? multiple - BigInt(sectorSize) : multiple;
        const request = { ...legalRequest(name), sectorSize };
        const error = await refusal(() => call(shared, name, file, withValue(request, path, value)));
        const message = sentenceOf(error, path);
        expect(message).toBe(
          `${path} is ${describeValue(value)}; it must be a multiple of the logical sector of ${sectorSize} bytes, ` +
            `the nearest legal value is ${describeValue(nearest)}.`,
        );
        await expectAccepted(name, path, legalValueIn(message), sectorSize);
      },
    );
  },
);

/** Checks that the value a message suggests is legal. The kernel may still refuse it. */
async function expectAccepted(
  name: FunctionName,
  path: string,
  value: unknown,
  sectorSize: number,
): Promise<void> {
  expect(value).toBeDefined();
  const { odx } = shared;
  const bystander = odx.openFileSync(file.path, 'r+');
  try {
    const request = withValue(
      { ...legalRequest(name), ...smallest(path, sectorSize), sectorSize },
      path,
      value,
    );
    const error = await Promise.resolve()
      .then(() => call(shared, name, bystander, request))
      .catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(InvalidArgumentError);
  } finally {
    bystander[Symbol.dispose]();
    shared.emulator.calls.length = 0;
  }
}

// The largest legal offset leaves room for the smallest length only.
function smallest(path: string, sector: number): object {
  if (path === 'fileOffset' || path === 'transferOffset') return { copyLength: 0 };
  if (/ranges|tokenOffset/.test(path)) return { ranges: [{ startingOffset: 0, lengthInBytes: sector }] };
  return {};
}
