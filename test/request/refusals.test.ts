import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ZodError } from 'zod';
import { createEmulator } from '../../src/emulator/index.ts';
import { explainStatus } from '../../src/explain-status.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { createOdx } from '../../src/odx.ts';
import { layoutOf } from '../../src/structs.ts';
import { OffloadToken } from '../../src/token.ts';
import { sharedWorkspace } from '../kit.ts';
import {
  ALL,
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

const MOST_BYTES = 2n ** 63n;
const shared512 = new Uint8Array(new SharedArrayBuffer(512));
const detached = new Uint8Array(512);
structuredClone(detached, { transfer: [detached.buffer] });

async function expectRefused(
  name: FunctionName,
  request: unknown,
  path: string,
  sentence: string | RegExp,
): Promise<string> {
  const message = sentenceOf(await refusal(() => call(shared, name, file, request)), path);
  if (typeof sentence === 'string') expect(message).toBe(sentence);
  else expect(message).toMatch(sentence);
  return message;
}

/** Checks that validation accepts a request. The kernel may still refuse it. */
async function expectLegal(name: FunctionName, request: unknown): Promise<void> {
  try {
    await call(shared, name, file, request);
  } catch (error) {
    expect(error).not.toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
  } finally {
    shared.emulator.calls.length = 0;
  }
}

describe.each(ALL)('%s without a request object', (name) => {
  test.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a number', 512, '512'],
    ['a bigint', 512n, '512n'],
    // It may be a token in base64, which is secret.
    ['a string', Buffer.alloc(512, 7).toString('base64'), 'a string'],
    ['true', true, 'true'],
    ['a symbol', Symbol('request'), 'a symbol'],
    ['a function', () => ({ copyLength: 512 }), 'a function'],
    ['an array', [{ copyLength: 512 }], 'an array'],
    ['the bytes of a token', Buffer.alloc(512, 7), 'a Buffer'],
  ])('refuses %s as the request', async (_, request, shown) => {
    await expectRefused(name, request, '', `${name} takes an object, not ${shown}.`);
  });

  test('refuses an empty object and names every missing key', async () => {
    const error = await refusal(() => call(shared, name, file, {}));
    const required = Object.keys(legalRequest(name));
    expect(error.issues.map((issue) => issue.path).sort()).toEqual(required.sort());
    for (const { path, message } of error.issues)
      expect(message).toMatch(new RegExp(`^${path} is missing; `));
    expect(error.message).toBe(error.issues.map((issue) => issue.message).join('\n'));
  });
});

describe('a wrong time to live', () => {
  const FIELDS: [FunctionName, string, string][] = [
    ['offloadRead', 'tokenTimeToLive', 'milliseconds'],
    ['offloadReadSync', 'tokenTimeToLive', 'milliseconds'],
    ['dsmOffloadRead', 'timeToLive', 'time units'],
    ['dsmOffloadReadSync', 'timeToLive', 'time units'],
  ];
  const VALUES: [unknown, string, string][] = [
    [-1, '-1', 'the nearest legal value is 0.'],
    [-0.25, '-0.25', 'the nearest legal value is 0.'],
    [1.5, '1.5', 'the nearest legal value is 2.'],
    [2 ** 32, '4294967296', 'the nearest legal value is 4294967295.'],
    [2 ** 32 - 0.5, '4294967295.5', 'the nearest legal value is 4294967295.'],
    [Number.MAX_VALUE, '1.7976931348623157e+308', 'the nearest legal value is 4294967295.'],
    [Number.POSITIVE_INFINITY, 'Infinity', 'the nearest legal value is 4294967295.'],
    [Number.NEGATIVE_INFINITY, '-Infinity', 'the nearest legal value is 0.'],
    [Number.NaN, 'NaN', 'such as 0.'],
    [30_000n, '30000n', 'such as 0.'],
    ['30000', '"30000"', 'such as 0.'],
    [null, 'null', 'such as 0.'],
    [false, 'false', 'such as 0.'],
    [{}, 'an object', 'such as 0.'],
    [Symbol('soon'), 'a symbol', 'such as 0.'],
  ];

  describe.each(FIELDS)('in a request of %s: %s', (name, field, unit) => {
    test.each(VALUES)('is refused when it is %o', async (value, shown, end) => {
      const request = withValue(legalRequest(name), field, value);
      const message = await expectRefused(
        name,
        request,
        field,
        `${field} is ${shown}; it must be a whole number of ${unit} from 0 to 4294967295, ${end}`,
      );
      await expectLegal(name, withValue(legalRequest(name), field, legalValueIn(message)));
    });
  });
});

describe.each(ALL)('%s with a wrong sectorSize', (name) => {
  test.each<[unknown, string, number]>([
    [0, '0', 512],
    [-512, '-512', 512],
    [1, '1', 512],
    [256, '256', 512],
    [511, '511', 512],
    [513, '513', 512],
    [700, '700', 512],
    [768, '768', 1024],
    [800, '800', 1024],
    [1000, '1000', 1024],
    [4095, '4095', 4096],
    [4097, '4097', 4096],
    [65_535, '65535', 65_536],
    [65_537, '65537', 65_536],
    [131_072, '131072', 65_536],
    [512.5, '512.5', 512],
    [Number.NaN, 'NaN', 512],
    [Number.POSITIVE_INFINITY, 'Infinity', 65_536],
    [4096n, '4096n', 4096],
    ['4096', '"4096"', 512],
    [null, 'null', 512],
    [true, 'true', 512],
    [{}, 'an object', 512],
    [[4096], 'an array', 512],
    [Symbol('4096'), 'a symbol', 512],
  ])('refuses %o and names the nearest power of two', async (value, shown, nearest) => {
    const message = await expectRefused(
      name,
      { ...legalRequest(name), sectorSize: value },
      'sectorSize',
      `sectorSize is ${shown}; it must be a power of two from 512 to 65536, the nearest legal value is ${nearest}.`,
    );
    await expectLegal(name, { ...legalRequest(name), sectorSize: legalValueIn(message) });
  });
});

describe.each([...READS, ...WRITES])('%s with a wrong endOfFile', (name) => {
  test.each<[unknown, RegExp]>([
    [-1, /^endOfFile is -1; it must not be negative, the nearest legal value is 0\.$/],
    [0.5, /^endOfFile is 0\.5; it must be a whole number of bytes, the nearest legal value is 1\.$/],
    [Number.NaN, /^endOfFile is NaN; it must be a finite number of bytes, such as 1\.$/],
    [
      MOST_BYTES,
      /^endOfFile is 9223372036854775808n; it must stay within 2\^63-1, the nearest legal value is 9223372036854775807n\.$/,
    ],
    [2 ** 53, /^endOfFile is 9007199254740992; a number beyond 2\^53-1 is not exact/],
    ['131072', /^endOfFile is "131072"; it must be a number of bytes/],
    [null, /^endOfFile is null; it must be a number of bytes/],
  ])('refuses %o as the end of the file', async (value, sentence) => {
    const request = { ...legalRequest(name), endOfFile: value };
    const message = await expectRefused(name, request, 'endOfFile', sentence);
    await expectLegal(name, { ...legalRequest(name), endOfFile: legalValueIn(message) });
  });
});

describe.each([...WRITES, ...DSM_WRITES])('%s with a wrong token', (name) => {
  const { proxy: revoked, revoke } = Proxy.revocable(new Uint8Array(512), {});
  revoke();

  test.each<[string, unknown, RegExp]>([
    [
      '511 bytes',
      new Uint8Array(511),
      /^token holds 511 bytes; it must hold exactly 512, as offloadRead returned it\.$/,
    ],
    ['513 bytes', new Uint8Array(513), /^token holds 513 bytes; it must hold exactly 512/],
    ['no bytes', new Uint8Array(0), /^token holds 0 bytes \(was its buffer transferred\?\)/],
    ['a detached buffer', detached, /^token holds 0 bytes \(was its buffer transferred\?\)/],
    ['shared memory', shared512, /^token is in shared memory, .+ pass a copy/],
    [
      'a base64 string',
      Buffer.alloc(512).toString('base64'),
      /^token is a string; convert base64 to a token with OffloadToken\.from\(\) first\.$/,
    ],
    ['an ArrayBuffer', new ArrayBuffer(512), /^token is an object; it must be/],
    ['a Uint16Array of 512 bytes', new Uint16Array(256), /^token is an object; it must be/],
    ['a Uint8ClampedArray', new Uint8ClampedArray(512), /^token is an object; it must be/],
    ['a DataView', new DataView(new ArrayBuffer(512)), /^token is an object; it must be/],
    ['an array of 512 numbers', Array.from({ length: 512 }, () => 0), /^token is an array; it must be/],
    ['an object with a bytes property', { bytes: new Uint8Array(512) }, /^token is an object; it must be/],
    [
      'an object with the prototype of OffloadToken',
      Object.create(OffloadToken.prototype),
      /^token is an object; it must be/,
    ],
    ['a proxy of a token', new Proxy(OffloadToken.zeroData(), {}), /^token is an object; it must be/],
    ['a proxy of bytes', new Proxy(new Uint8Array(512), {}), /^token is an object; it must be/],
    ['a revoked proxy', revoked, /^token is a revoked proxy; it must be/],
    ['null', null, /^token is null; it must be/],
    ['a number', 512, /^token is 512; it must be/],
    ['a symbol', Symbol('token'), /^token is a symbol; it must be/],
  ])('refuses %s as the token', async (_, token, sentence) => {
    await expectRefused(name, { ...legalRequest(name), token }, 'token', sentence);
  });
});

describe('a length that ends beyond 2^63-1', () => {
  const last = MOST_BYTES - 512n;

  test.each<[FunctionName, object, string, string, string]>([
    ['offloadRead', { fileOffset: last, copyLength: 512 }, 'fileOffset', '512', '0n'],
    ['offloadRead', { fileOffset: last, copyLength: 262_144 }, 'fileOffset', '262144', '0n'],
    ['offloadRead', { fileOffset: 512, copyLength: last }, 'fileOffset', `${last}n`, `${last - 512n}n`],
    ['offloadReadSync', { fileOffset: last, copyLength: 512n }, 'fileOffset', '512n', '0n'],
    [
      'offloadReadSync',
      { fileOffset: 2n ** 62n, copyLength: 2n ** 62n },
      'fileOffset',
      `${2n ** 62n}n`,
      `${2n ** 62n - 512n}n`,
    ],
    [
      'offloadRead',
      { fileOffset: MOST_BYTES - 4096n, copyLength: 4096, sectorSize: 4096 },
      'fileOffset',
      '4096',
      '0n',
    ],
    ['offloadWrite', { fileOffset: last, copyLength: 512 }, 'fileOffset', '512', '0n'],
    ['offloadWriteSync', { fileOffset: 512n, copyLength: last }, 'fileOffset', `${last}n`, `${last - 512n}n`],
    ['offloadWrite', { transferOffset: last, copyLength: 512 }, 'transferOffset', '512', '0n'],
    [
      'offloadWriteSync',
      { transferOffset: 1024n, copyLength: last },
      'transferOffset',
      `${last}n`,
      `${last - 1024n}n`,
    ],
  ])('is refused by %s: %o', async (name, patch, start, length, room) => {
    const request = { ...legalRequest(name), ...patch };
    const offset =
      String(Reflect.get(patch, start)) + (typeof Reflect.get(patch, start) === 'bigint' ? 'n' : '');
    const message = await expectRefused(
      name,
      request,
      'copyLength',
      `copyLength is ${length}, which with ${start} ${offset} ends beyond 2^63-1; the nearest legal value is ${room}.`,
    );
    await expectLegal(name, { ...request, copyLength: legalValueIn(message) });
  });

  test.each([...DSM_READS, ...DSM_WRITES])('is refused by %s within a range', async (name) => {
    const request = withValue(legalRequest(name), 'ranges.0', {
      startingOffset: MOST_BYTES - 1024n,
      lengthInBytes: 1024,
    });
    const message = await expectRefused(
      name,
      request,
      'ranges.0.lengthInBytes',
      'ranges.0.lengthInBytes is 1024, which with startingOffset 9223372036854774784n ends beyond 2^63-1; the nearest legal value is 512n.',
    );
    await expectLegal(
      name,
      withValue(request as Record<string, unknown>, 'ranges.0.lengthInBytes', legalValueIn(message)),
    );
  });

  test.each([...DSM_READS, ...DSM_WRITES])('is refused by %s for the total of its ranges', async (name) => {
    const half = { startingOffset: 0, lengthInBytes: 2n ** 62n };
    await expectRefused(
      name,
      { ...legalRequest(name), ranges: [half, half] },
      'ranges',
      'ranges hold 9223372036854775808 bytes in total, which ends beyond 2^63-1; the maximum is 9223372036854775296.',
    );
  });

  test.each(DSM_WRITES)('is refused by %s for tokenOffset and the total of its ranges', async (name) => {
    await expectRefused(
      name,
      { ...legalRequest(name), tokenOffset: MOST_BYTES - 65_536n },
      'ranges',
      'ranges hold 65536 bytes in total from tokenOffset 9223372036854710272n, which ends beyond 2^63-1; the maximum is 65024.',
    );
  });

  test.each(DSM_WRITES)('is refused by %s for a tokenOffset in the last sector', async (name) => {
    const tokenOffset = MOST_BYTES - 512n;
    const error = await refusal(() => call(shared, name, file, { ...legalRequest(name), tokenOffset }));
    expect(error.issues).toEqual([
      {
        path: 'ranges',
        message:
          'ranges hold 65536 bytes in total from tokenOffset 9223372036854775296n, which ends beyond 2^63-1; the maximum is 0.',
      },
      {
        path: 'tokenOffset',
        message:
          'tokenOffset is 9223372036854775296n; a whole sector must fit after it within 2^63-1, the nearest legal value is 9223372036854774784n.',
      },
    ]);
  });

  test.each([...DSM_READS, ...DSM_WRITES])(
    'is refused by %s for a range in the last sector',
    async (name) => {
      const path = 'ranges.0.startingOffset';
      const message = await expectRefused(
        name,
        withValue(legalRequest(name), path, MOST_BYTES - 512n),
        path,
        `${path} is 9223372036854775296n; a whole sector must fit after it within 2^63-1, the nearest legal value is 9223372036854774784n.`,
      );
      const range = { startingOffset: legalValueIn(message), lengthInBytes: 512 };
      await expectLegal(name, { ...legalRequest(name), ranges: [range] });
    },
  );
});

describe.each([...DSM_READS, ...DSM_WRITES])('%s with wrong ranges', (name) => {
  const range = { startingOffset: 0, lengthInBytes: 512 };
  const holes = Object.assign(Array.from({ length: 3 }), { 0: range, 2: range });
  const sparse = [range, range, range];
  Reflect.deleteProperty(sparse, 1);
  const { proxy: revoked, revoke } = Proxy.revocable([range], {});
  revoke();

  test.each<[string, unknown, string, RegExp]>([
    [
      'an empty array',
      [],
      'ranges',
      /^ranges holds 0 ranges; it must hold 1 to 65536, the nearest legal number is 1\.$/,
    ],
    [
      '65,537 ranges',
      Array.from({ length: 65_537 }, () => range),
      'ranges',
      /^ranges holds 65537 ranges; it must hold 1 to 65536, the nearest legal number is 65536\.$/,
    ],
    [
      'a sparse array of 4294967295 elements',
      Array(2 ** 32 - 1),
      'ranges',
      /^ranges holds 4294967295 ranges; it must hold 1 to 65536/,
    ],
    [
      'an object',
      { 0: range, length: 1 },
      'ranges',
      /^ranges is an object; it must be an array of \{ startingOffset, lengthInBytes \}\.$/,
    ],
    ['a Set', new Set([range]), 'ranges', /^ranges is an object; it must be an array/],
    ['a typed array', new BigUint64Array(2), 'ranges', /^ranges is an object; it must be an array/],
    ['one range that is not in an array', range, 'ranges', /^ranges is an object; it must be an array/],
    ['null in place of an array', null, 'ranges', /^ranges is null; it must be an array/],
    ['a string', 'ranges', 'ranges', /^ranges is "ranges"; it must be an array/],
    ['a revoked proxy', revoked, 'ranges', /^ranges is a revoked proxy; it must be an array/],
    [
      'an array with a hole',
      sparse,
      'ranges.1',
      /^ranges\.1 is undefined; it must be an object with startingOffset and lengthInBytes\.$/,
    ],
    ['undefined as a range', holes, 'ranges.1', /^ranges\.1 is undefined; it must be an object/],
    ['null as a range', [range, null], 'ranges.1', /^ranges\.1 is null; it must be an object/],
    ['a number as a range', [512], 'ranges.0', /^ranges\.0 is 512; it must be an object/],
    ['an array as a range', [[0, 512]], 'ranges.0', /^ranges\.0 is an array; it must be an object/],
    [
      'a range without startingOffset',
      [{ lengthInBytes: 512 }],
      'ranges.0.startingOffset',
      /^ranges\.0\.startingOffset is missing; it must be a number of bytes, such as 512\.$/,
    ],
    [
      'a range without lengthInBytes',
      [range, { startingOffset: 0 }],
      'ranges.1.lengthInBytes',
      /^ranges\.1\.lengthInBytes is missing; it must be a number of bytes, such as 512\.$/,
    ],
    [
      'a range of length 0',
      [{ startingOffset: 0, lengthInBytes: 0 }],
      'ranges.0.lengthInBytes',
      /^ranges\.0\.lengthInBytes is 0; a range must not be empty, the nearest legal value is 512\.$/,
    ],
    [
      'a range of length 0n',
      [{ startingOffset: 0n, lengthInBytes: 0n }],
      'ranges.0.lengthInBytes',
      /^ranges\.0\.lengthInBytes is 0n; a range must not be empty, the nearest legal value is 512\.$/,
    ],
    [
      'a range of length -0',
      [{ startingOffset: 0, lengthInBytes: -0 }],
      'ranges.0.lengthInBytes',
      /^ranges\.0\.lengthInBytes is -0; a range must not be empty/,
    ],
    [
      'ranges of which the last is unaligned',
      [range, range, { startingOffset: 1, lengthInBytes: 512 }],
      'ranges.2.startingOffset',
      /^ranges\.2\.startingOffset is 1; it must be a multiple/,
    ],
    [
      'a range with a misspelt key',
      [{ ...range, lenghtInBytes: 1 }],
      'ranges.0.lenghtInBytes',
      /^Unknown key "lenghtInBytes" in ranges\.0; did you mean lengthInBytes\?$/,
    ],
    [
      'a range with an unknown key',
      [{ ...range, sectorSize: 512 }],
      'ranges.0.sectorSize',
      /^Unknown key "sectorSize" in ranges\.0; the keys are startingOffset, lengthInBytes\.$/,
    ],
  ])('refuses %s', async (_, ranges, path, sentence) => {
    await expectRefused(name, { ...legalRequest(name), ranges }, path, sentence);
  });

  test('stops after a hundred problems, each of which is an issue of the ZodError too', async () => {
    const ranges = Array.from({ length: 200 }, () => ({ startingOffset: 1, lengthInBytes: 512 }));
    const error = await refusal(() => call(shared, name, file, { ...legalRequest(name), ranges }));
    const paths = Array.from({ length: 100 }, (_, index) => `ranges.${index}.startingOffset`);
    expect(error.issues.map(({ path }) => path)).toEqual(paths);
    const { issues } = error.cause as ZodError;
    expect(issues.map(({ code, path }) => [code, path.join('.')])).toEqual(
      paths.map((path) => ['custom', path]),
    );
  });
});

describe.each(ALL)('%s with an unknown option', (name) => {
  const near: Record<string, string> = {
    copylength: 'copyLength',
    copyLenght: 'copyLength',
    fileoffset: 'fileOffset',
    fileOfset: 'fileOffset',
    FileOffset: 'fileOffset',
    transferOffest: 'transferOffset',
    tokenTimeToLiv: 'tokenTimeToLive',
    tokn: 'token',
    range: 'ranges',
    sectorsize: 'sectorSize',
    endOffFile: 'endOfFile',
    sginal: 'signal',
  };
  const keysOf: Record<FunctionName, string[]> = {
    offloadRead: ['copyLength', 'fileOffset', 'tokenTimeToLive', 'sectorSize', 'endOfFile', 'signal'],
    offloadReadSync: ['copyLength', 'fileOffset', 'tokenTimeToLive', 'sectorSize', 'endOfFile'],
    offloadWrite: [
      'token',
      'copyLength',
      'fileOffset',
      'transferOffset',
      'sectorSize',
      'endOfFile',
      'signal',
    ],
    offloadWriteSync: ['token', 'copyLength', 'fileOffset', 'transferOffset', 'sectorSize', 'endOfFile'],
    dsmOffloadRead: ['ranges', 'timeToLive', 'sectorSize', 'signal'],
    dsmOffloadReadSync: ['ranges', 'timeToLive', 'sectorSize'],
    dsmOffloadWrite: ['ranges', 'token', 'tokenOffset', 'sectorSize', 'signal'],
    dsmOffloadWriteSync: ['ranges', 'token', 'tokenOffset', 'sectorSize'],
  };
  const misspelt = Object.entries(near).filter(([, meant]) => keysOf[name].includes(meant));

  test.each(misspelt)('refuses the misspelt key %s and suggests %s', async (key, meant) => {
    await expectRefused(
      name,
      { ...legalRequest(name), [key]: 0 },
      key,
      `Unknown option "${key}" for ${name}; did you mean ${meant}?`,
    );
  });

  test.each(['mode', 'x', 'constructor', 'hasOwnProperty', 'flags', '__proto__', ''])(
    'refuses the key %o and lists the known keys',
    async (key) => {
      const request = Object.defineProperty(legalRequest(name), key, { value: 1, enumerable: true });
      const message = `Unknown option "${key}" for ${name}; the options are ${keysOf[name].join(', ')}.`;
      await expectRefused(name, request, key, message);
    },
  );

  test('refuses an unknown key whose value is undefined', async () => {
    await expectRefused(name, { ...legalRequest(name), mode: undefined }, 'mode', /^Unknown option "mode"/);
  });

  test('refuses a key of a megabyte without repeating it in full', async () => {
    const key = 'k'.repeat(1_000_000);
    const message = await expectRefused(name, { ...legalRequest(name), [key]: 1 }, key, /^Unknown option/);
    expect(message.length).toBeLessThan(300);
  });
});

describe('the signal option', () => {
  const sync = ALL.filter((name) => name.endsWith('Sync'));
  const async = ALL.filter((name) => !name.endsWith('Sync'));

  test.each(sync)('is an unknown option for %s, which cannot be cancelled', async (name) => {
    const { signal } = new AbortController();
    await expectRefused(
      name,
      { ...legalRequest(name), signal },
      'signal',
      /^Unknown option "signal" for \w+Sync; the options are /,
    );
  });

  const { proxy: revoked, revoke } = Proxy.revocable(new AbortController().signal, {});
  revoke();

  describe.each(async)('in a request of %s', (name) => {
    test.each<[string, unknown, string]>([
      ['an AbortController', new AbortController(), 'an object'],
      [
        'an object with the methods of a signal',
        { aborted: false, addEventListener() {}, removeEventListener() {} },
        'an object',
      ],
      ['an EventTarget', new EventTarget(), 'an object'],
      ['an object with the prototype of AbortSignal', Object.create(AbortSignal.prototype), 'an object'],
      ['a revoked proxy', revoked, 'a revoked proxy'],
      ['the prototype of AbortSignal', AbortSignal.prototype, 'an object'],
      ['the class AbortSignal', AbortSignal, 'a function'],
      ['true', true, 'true'],
      ['null', null, 'null'],
      ['a number', 1000, '1000'],
      ['a string', 'abort', '"abort"'],
    ])('is refused when it is %s', async (_, signal, shown) => {
      await expectRefused(
        name,
        { ...legalRequest(name), signal },
        'signal',
        `signal is ${shown}; it must be an AbortSignal.`,
      );
    });
  });
});

describe.each(ALL)('%s with several wrong fields', (name) => {
  test('names every wrong field, in the order of the fields', async () => {
    const request = withValue({ ...legalRequest(name), sectorSize: 5, mode: 1 }, wrong(name), 'x');
    const error = await refusal(() => call(shared, name, file, request));
    expect(error.issues.map((issue) => issue.path)).toEqual([wrong(name), 'sectorSize', 'mode']);
    expect(error.message.split('\n')).toEqual(error.issues.map((issue) => issue.message));
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('checks the sum of offset and length only when both are byte counts', async () => {
    const values = ['x', null, Number.NaN, 0.5, -1, {}, Symbol('x'), 2 ** 53];
    for (const value of values) {
      const request = withValue(
        withValue(legalRequest(name), wrong(name), value) as Record<string, unknown>,
        start(name),
        2n ** 64n,
      );
      const error = await refusal(() => call(shared, name, file, request));
      expect(error.issues.map((issue) => issue.path).sort()).toEqual([wrong(name), start(name)].sort());
    }
  });

  const isDsm = (of: FunctionName): boolean => of.startsWith('dsm');
  const wrong = (of: FunctionName): string => (isDsm(of) ? 'ranges.0.lengthInBytes' : 'copyLength');
  const start = (of: FunctionName): string => (isDsm(of) ? 'ranges.0.startingOffset' : 'fileOffset');
});

describe('a wrong file argument', () => {
  const { proxy: revoked, revoke } = Proxy.revocable({ fd: 3 }, {});
  revoke();
  const kinds = 'it must be an OffloadFile, a FileHandle, a file descriptor (number) or a HANDLE (bigint).';
  const descriptor =
    'a file descriptor is a whole number from 0 to 2147483647, as fs.openSync returns it; -1 means that it is closed.';
  const handle = 'a HANDLE is a bigint from 0 to 2^64-1, such as file.handle.';

  const FILES: [string, unknown, string][] = [
    ['missing', undefined, `file is undefined; ${kinds}`],
    ['null', null, `file is null; ${kinds}`],
    ['a path', 'D:\\big.vhdx', `file is "D:\\\\big.vhdx"; ${kinds}`],
    ['true', true, `file is true; ${kinds}`],
    ['a symbol', Symbol('file'), `file is a symbol; ${kinds}`],
    ['a function', () => 3, `file is a function; ${kinds}`],
    ['an empty object', {}, `file is an object; ${kinds}`],
    ['an array', [3], `file is an array; ${kinds}`],
    ['a Promise', Promise.resolve(3), 'file is a Promise; did you forget await?'],
    ['a URL', new URL('file:///C:/big.vhdx'), 'file is a URL; open it with openFile first.'],
    ['a Buffer', Buffer.from('D:\\big.vhdx'), `file is a Buffer; ${kinds}`],
    ['an object whose fd is a string', { fd: '3' }, `file is an object; ${kinds}`],
    ['an object whose fd is a bigint', { fd: 3n }, `file is an object; ${kinds}`],
    ['a revoked proxy', revoked, `file is a revoked proxy; ${kinds}`],
    ['a closed FileHandle', { fd: -1 }, `file is an object with fd -1; ${descriptor}`],
    ['NaN', Number.NaN, `file is NaN; ${descriptor}`],
    ['a fraction', 3.5, `file is 3.5; ${descriptor}`],
    ['-1', -1, `file is -1; ${descriptor}`],
    ['2^31', 2 ** 31, `file is 2147483648; ${descriptor}`],
    ['Infinity', Number.POSITIVE_INFINITY, `file is Infinity; ${descriptor}`],
    ['an object whose fd is a fraction', { fd: 0.5 }, `file is an object with fd 0.5; ${descriptor}`],
    ['-1n', -1n, `file is -1n; ${handle}`],
    ['2^64', 2n ** 64n, `file is 18446744073709551616n; ${handle}`],
  ];

  const CALLS: [string, (borrowed: never) => unknown][] = [
    ...ALL.map((name): [string, (borrowed: never) => unknown] => [
      name,
      (borrowed) => call(shared, name, borrowed, legalRequest(name)),
    ]),
    ['queryCopyOffload', (borrowed) => shared.odx.queryCopyOffload(borrowed)],
  ];

  describe.each(CALLS)('of %s', (_, run) => {
    test.each(FILES)('is refused when it is %s', async (_kind, borrowed, sentence) => {
      expect(sentenceOf(await refusal(() => run(borrowed as never)), 'file')).toBe(sentence);
    });
  });
});

describe('openFile', () => {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const path = "it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.";
  const flags = "it must be one of 'r', 'r+', 'w', 'wx'.";

  const ARGUMENTS: [string, unknown[], string, string][] = [
    ['no path', [], 'path', `path is undefined; ${path}`],
    ['an empty path', ['', 'r'], 'path', `path is ""; ${path}`],
    ['a path with a NUL', ['a\0b', 'r'], 'path', `path is a string with a NUL character; ${path}`],
    ['a number as path', [3, 'r'], 'path', `path is 3; ${path}`],
    ['a Buffer as path', [Buffer.from('a'), 'r'], 'path', 'path is a Buffer; pass a string or a file: URL.'],
    [
      'bytes as path',
      [new Uint8Array(3), 'r'],
      'path',
      'path is a Uint8Array; pass a string or a file: URL.',
    ],
    ['a Promise as path', [Promise.resolve('a'), 'r'], 'path', 'path is a Promise; did you forget await?'],
    [
      'a URL of the web as path',
      [new URL('https://example.com/a'), 'r'],
      'path',
      'path is the URL "https://example.com/a", but only a file: URL is a path.',
    ],
    [
      'a file: URL with an encoded separator',
      [new URL('file:///C:/a%2Fb'), 'r'],
      'path',
      'path is the URL "file:///C:/a%2Fb", which is no path on this system.',
    ],
    [
      'a file: URL with a NUL',
      ['file:///C:/a%00b', 'r'],
      'path',
      'path is the URL "file:///C:/a%00b", which is no path on this system.',
    ],
    ['an object that looks like a URL', [{ href: 'file:///a' }, 'r'], 'path', `path is an object; ${path}`],
    ['a boxed string as path', [Object('a'), 'r'], 'path', `path is an object; ${path}`],
    ['no flags', ['a'], 'flags', `flags is undefined; ${flags}`],
    ['flags of node:fs that are not supported', ['a', 'a+'], 'flags', `flags is "a+"; ${flags}`],
    ['flags in capitals', ['a', 'R'], 'flags', `flags is "R"; ${flags}`],
    ['flags as a number', ['a', 0], 'flags', `flags is 0; ${flags}`],
    ['flags in an array', ['a', ['r']], 'flags', `flags is an array; ${flags}`],
    ['flags of Object.prototype', ['a', 'constructor'], 'flags', `flags is "constructor"; ${flags}`],
    ['null as options', ['a', 'w', null], '', 'openFile takes its options as an object, not null.'],
    ['a number as options', ['a', 'w', 512], '', 'openFile takes its options as an object, not 512.'],
    ['an array as options', ['a', 'w', [512]], '', 'openFile takes its options as an object, not an array.'],
    [
      'a revoked proxy as options',
      ['a', 'w', revoked],
      '',
      'openFile takes its options as an object, not a revoked proxy.',
    ],
    [
      'a misspelt option',
      ['a', 'w', { sise: 1 }],
      'sise',
      'Unknown option "sise" for openFile; did you mean size?',
    ],
    [
      'an unknown option',
      ['a', 'w', { encoding: 'utf8' }],
      'encoding',
      'Unknown option "encoding" for openFile; the options are size.',
    ],
    [
      'a size with the flags r',
      ['a', 'r', { size: 0 }],
      'size',
      "size is 0, but a file opened with 'r' cannot be resized; open it with 'r+'.",
    ],
    [
      'a negative size',
      ['a', 'w', { size: -1 }],
      'size',
      'size is -1; it must not be negative, the nearest legal value is 0.',
    ],
    [
      'a fraction of a byte',
      ['a', 'w', { size: 1.5 }],
      'size',
      'size is 1.5; it must be a whole number of bytes, the nearest legal value is 2.',
    ],
    [
      'a size of 2^63',
      ['a', 'w', { size: 2n ** 63n }],
      'size',
      'size is 9223372036854775808n; it must stay within 2^63-1, the nearest legal value is 9223372036854775807n.',
    ],
    [
      'a size as a string',
      ['a', 'w', { size: '1 GB' }],
      'size',
      'size is "1 GB"; it must be a number of bytes, as a number or a bigint, such as 1.',
    ],
  ];

  test.each(ARGUMENTS)('refuses to open a file with %s', async (_, given, at, sentence) => {
    const { odx } = shared;
    for (const open of [odx.openFile, odx.openFileSync]) {
      const run = open as (...given: unknown[]) => unknown;
      expect(sentenceOf(await refusal(() => run(...given)), at)).toBe(sentence);
    }
  });
});

describe('setSize', () => {
  test.each<[unknown, string]>([
    [undefined, 'size is missing; it must be a number of bytes, such as 1.'],
    [-1, 'size is -1; it must not be negative, the nearest legal value is 0.'],
    [-1n, 'size is -1n; it must not be negative, the nearest legal value is 0n.'],
    [0.5, 'size is 0.5; it must be a whole number of bytes, the nearest legal value is 1.'],
    [Number.NaN, 'size is NaN; it must be a finite number of bytes, such as 1.'],
    [
      2 ** 53,
      'size is 9007199254740992; a number beyond 2^53-1 is not exact, write it as a bigint, for example 9007199254740992n.',
    ],
    [
      2n ** 63n,
      'size is 9223372036854775808n; it must stay within 2^63-1, the nearest legal value is 9223372036854775807n.',
    ],
    ['512', 'size is "512"; it must be a number of bytes, as a number or a bigint, such as 1.'],
    [{}, 'size is an object; it must be a number of bytes, as a number or a bigint, such as 1.'],
  ])('refuses %o and keeps the size', async (size, sentence) => {
    expect(sentenceOf(await refusal(() => file.setSize(size as number)), 'size')).toBe(sentence);
    expect(file.size).toBe(131_072n);
  });
});

describe('createOdx', () => {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();
  const kernel = 'it must be a kernel, such as createEmulator() or loadKernel32() makes.';

  test.each<[string, unknown, string, string]>([
    ['undefined in place of options', undefined, '', 'createOdx takes an object, not undefined.'],
    ['null in place of options', null, '', 'createOdx takes an object, not null.'],
    ['an array in place of options', [], '', 'createOdx takes an object, not an array.'],
    ['a revoked proxy in place of options', revoked, '', 'createOdx takes an object, not a revoked proxy.'],
    ['a missing kernel', {}, 'kernel', `kernel is undefined; ${kernel}`],
    ['null as the kernel', { kernel: null }, 'kernel', `kernel is null; ${kernel}`],
    ['an empty object as the kernel', { kernel: {} }, 'kernel', `kernel is an object; ${kernel}`],
    ['a string as the kernel', { kernel: 'kernel32.dll' }, 'kernel', `kernel is "kernel32.dll"; ${kernel}`],
    [
      'createEmulator itself as the kernel',
      { kernel: createEmulator },
      'kernel',
      `kernel is a function; ${kernel}`,
    ],
    [
      'a kernel whose methods are numbers',
      { kernel: { name: 'x', acquire: 1, controlSync: 1 } },
      'kernel',
      `kernel is an object; ${kernel}`,
    ],
    ['a revoked proxy as the kernel', { kernel: revoked }, 'kernel', `kernel is a revoked proxy; ${kernel}`],
    [
      'an unknown option',
      { kernel: createEmulator(), kernel32: 1 },
      'kernel32',
      'Unknown option "kernel32" for createOdx; did you mean kernel?',
    ],
  ])('refuses %s', async (_, options, path, sentence) => {
    const error = await refusal(() => createOdx(options as Parameters<typeof createOdx>[0]));
    expect(sentenceOf(error, path)).toBe(sentence);
  });

  test('refuses a kernel in place of its options', async () => {
    const emulator = createEmulator();
    const error = await refusal(() => createOdx(emulator as unknown as Parameters<typeof createOdx>[0]));
    expect(error.message).toBe('createOdx takes an object with a kernel; pass { kernel }.');
  });
});

describe('createEmulator', () => {
  const sector = 'it must be a power of two from 512 to 65536';
  const time = 'it must be a number of milliseconds from 0 to 2147483647';

  test.each<[string, unknown, string, string]>([
    ['null in place of options', null, '', 'createEmulator takes an object, not null.'],
    ['a number in place of options', 512, '', 'createEmulator takes an object, not 512.'],
    [
      'a sector of 1000',
      { sectorSize: 1000 },
      'sectorSize',
      `sectorSize is 1000; ${sector}, the nearest legal value is 1024.`,
    ],
    [
      'a sector as a bigint',
      { sectorSize: 512n },
      'sectorSize',
      `sectorSize is 512n; ${sector}, the nearest legal value is 512.`,
    ],
    [
      'a maximum transfer below a sector',
      { maximumTransferSize: 511 },
      'maximumTransferSize',
      'maximumTransferSize is 511; it must be at least a sector, the nearest legal value is 512.',
    ],
    [
      'a maximum transfer below its own sector',
      { maximumTransferSize: 4095, sectorSize: 4096 },
      'maximumTransferSize',
      'maximumTransferSize is 4095; it must be at least a sector, the nearest legal value is 4096.',
    ],
    [
      'a maximum write of 0',
      { maximumWriteSize: 0 },
      'maximumWriteSize',
      'maximumWriteSize is 0; it must be at least a sector, the nearest legal value is 512.',
    ],
    [
      'a negative maximum write',
      { maximumWriteSize: -1n },
      'maximumWriteSize',
      'maximumWriteSize is -1n; it must not be negative, the nearest legal value is 512n.',
    ],
    [
      'a maximum write of half a byte',
      { maximumWriteSize: 0.5 },
      'maximumWriteSize',
      'maximumWriteSize is 0.5; it must be a whole number of bytes, the nearest legal value is 512.',
    ],
    [
      'a maximum write as a string',
      { maximumWriteSize: '1 MiB' },
      'maximumWriteSize',
      'maximumWriteSize is "1 MiB"; it must be a number of bytes, as a number or a bigint, such as 512.',
    ],
    [
      'a negative lifetime',
      { tokenLifetime: -1 },
      'tokenLifetime',
      `tokenLifetime is -1; ${time}, the nearest legal value is 0.`,
    ],
    [
      'an infinite lifetime',
      { tokenLifetime: Number.POSITIVE_INFINITY },
      'tokenLifetime',
      `tokenLifetime is Infinity; ${time}, the nearest legal value is 2147483647.`,
    ],
    ['a latency as a string', { latency: '5ms' }, 'latency', `latency is "5ms"; ${time}, such as 5.`],
    ['a latency of NaN', { latency: Number.NaN }, 'latency', `latency is NaN; ${time}, such as 5.`],
    ['a latency as a bigint', { latency: 5n }, 'latency', `latency is 5n; ${time}, such as 5.`],
    [
      'supported as a string',
      { supported: 'no' },
      'supported',
      'supported is "no"; it must be true or false.',
    ],
    ['supported as 0', { supported: 0 }, 'supported', 'supported is 0; it must be true or false.'],
    [
      'an unknown value of dsm',
      { dsm: 'deny' },
      'dsm',
      `dsm is "deny"; it must be one of 'answer', 'refuse'.`,
    ],
    [
      'an intercept that is not a function',
      { intercept: {} },
      'intercept',
      'intercept is an object; it must be a function.',
    ],
    ['null as intercept', { intercept: null }, 'intercept', 'intercept is null; it must be a function.'],
    [
      'a misspelt key',
      { sectorsize: 512 },
      'sectorsize',
      'Unknown option "sectorsize" for createEmulator; did you mean sectorSize?',
    ],
    [
      'an unknown key',
      { colour: 1 },
      'colour',
      'Unknown option "colour" for createEmulator; the options are sectorSize, maximumTransferSize, maximumWriteSize, tokenLifetime, latency, supported, dsm, intercept.',
    ],
  ])('refuses %s', async (_, options, path, sentence) => {
    const message = sentenceOf(await refusal(() => createEmulator(options as object)), path);
    expect(message).toBe(sentence);
    const legal = legalValueIn(message);
    if (legal !== undefined) createEmulator({ ...(options as object), [path]: legal });
  });
});

describe('a wrong argument', () => {
  test.each<[string, () => unknown, string, RegExp]>([
    [
      'explainStatus refuses a missing code',
      () => explainStatus(undefined as never),
      'code',
      /^code must be a number, a bigint or a name/,
    ],
    ['explainStatus refuses NaN', () => explainStatus(Number.NaN), 'code', /^code NaN is not a Windows code/],
    [
      'explainStatus refuses 2^32',
      () => explainStatus(2 ** 32),
      'code',
      /^code 4294967296 is not a Windows code/,
    ],
    [
      'explainStatus refuses a misspelt name and suggests the right one',
      () => explainStatus('ERROR_INVALID_TOKN'),
      'code',
      /did you mean ERROR_INVALID_TOKEN\?$/,
    ],
    [
      'layoutOf refuses a missing name',
      () => layoutOf(undefined as never),
      'name',
      /^name must be the Windows name of a structure/,
    ],
    [
      'layoutOf refuses a misspelt name and suggests the right one',
      () => layoutOf('FSCTL_OFFLOAD_REED_INPUT'),
      'name',
      /Did you mean FSCTL_OFFLOAD_READ_INPUT\?$/,
    ],
    [
      'layoutOf refuses the name of a property of Object.prototype',
      () => layoutOf('constructor'),
      'name',
      /is not a known structure/,
    ],
    [
      'loadKernel32 refuses a number in place of its options',
      () => loadKernel32(7 as never),
      '',
      /^loadKernel32 takes an object, not 7\.$/,
    ],
    [
      'loadKernel32 refuses an empty library name',
      () => loadKernel32({ kernel32: '' }),
      'kernel32',
      /^kernel32 is ""; it must be the name or path of a library/,
    ],
    [
      'loadKernel32 refuses a number as a library name',
      () => loadKernel32({ ntdll: 1 } as never),
      'ntdll',
      /^ntdll is 1; it must be the name or path of a library/,
    ],
    [
      'loadKernel32 refuses an unknown option',
      () => loadKernel32({ kernel: 'k' } as never),
      'kernel',
      /^Unknown option "kernel" for loadKernel32/,
    ],
    [
      'loadKernel32 refuses a library that does not exist',
      () => loadKernel32({ kernel32: './not-there.dll' }),
      'kernel32',
      /^kernel32 is "\.\/not-there\.dll", which could not be loaded: /,
    ],
  ])('%s', async (_, run, path, sentence) => {
    const error = await refusal(run);
    expect(error.issues.map((issue) => issue.path)).toEqual([path]);
    expect(error.message).toMatch(sentence);
  });
});

test.each<[string, () => unknown, string]>([
  [
    'a request',
    () => shared.odx.offloadReadSync(file, { copyLength: 512, fileOffset: MOST_BYTES - 512n }),
    '<copyLength> is 512, which with <fileOffset> 9223372036854775296n ends beyond 2^63-1; the nearest legal value is 0n.',
  ],
  [
    'a single argument',
    () => shared.odx.openFileSync(file.path, 'a' as 'r'),
    "<flags> is \"a\"; it must be one of 'r', 'r+', 'w', 'wx'.",
  ],
])('the refusal of %s can name the fields in the words of the caller', async (_, run, sentence) => {
  const error = await refusal(run);
  expect(error.describe((path) => `<${path}>`)).toBe(sentence);
});
