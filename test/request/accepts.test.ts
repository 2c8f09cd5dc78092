import { describe, expect, test } from 'vitest';
import { Win32Error } from '../../src/errors.ts';
import type { OffloadFile } from '../../src/offload-file.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, type Workspace, workspace } from '../kit.ts';
import { call, DSM_READS, DSM_WRITES, type FunctionName, legalRequest, READS, WRITES } from './functions.ts';

const LAST_SECTOR = 2n ** 63n - 512n;

function opened(space: Workspace, size: number): OffloadFile {
  return space.odx.openFileSync(space.sparseFile('file', size), 'r+');
}

/** FileOffset and CopyLength as they went to the kernel, and TransferOffset of a write. */
function wire({ emulator }: Workspace): bigint[] {
  const input = Buffer.from(emulator.calls.at(-1)?.input ?? []);
  return input.length === 32
    ? [input.readBigUInt64LE(16), input.readBigUInt64LE(24)]
    : [input.readBigUInt64LE(8), input.readBigUInt64LE(16), input.readBigUInt64LE(24)];
}

// Validation accepts all of these. The kernel may still refuse them.
const PASS: [string, readonly FunctionName[], object, bigint[]][] = [
  ['a length of 0', READS, { copyLength: 0 }, [0n, 0n]],
  ['a length of 0n', READS, { copyLength: 0n }, [0n, 0n]],
  ['a length of -0', READS, { copyLength: -0 }, [0n, 0n]],
  ['an empty range in the last sector', READS, { copyLength: 0, fileOffset: LAST_SECTOR }, [LAST_SECTOR, 0n]],
  ['the longest length', READS, { copyLength: LAST_SECTOR }, [0n, LAST_SECTOR]],
  [
    'the last whole sector below 2^63-1',
    READS,
    { copyLength: 512, fileOffset: LAST_SECTOR - 512n },
    [LAST_SECTOR - 512n, 512n],
  ],
  [
    'the largest number that is exact',
    READS,
    { copyLength: 512, fileOffset: 2 ** 53 - 512 },
    [2n ** 53n - 512n, 512n],
  ],
  ['a time to live of 0', READS, { copyLength: 512, tokenTimeToLive: 0 }, [0n, 512n]],
  ['the longest time to live', READS, { copyLength: 512, tokenTimeToLive: 0xffff_ffff }, [0n, 512n]],
  [
    'undefined for the optional fields',
    READS,
    {
      copyLength: 512,
      fileOffset: undefined,
      sectorSize: undefined,
      endOfFile: undefined,
      tokenTimeToLive: undefined,
    },
    [0n, 512n],
  ],
  ['the smallest sector', READS, { copyLength: 512, sectorSize: 512 }, [0n, 512n]],
  ['the largest sector', READS, { copyLength: 65_536, sectorSize: 65_536 }, [0n, 65_536n]],
  [
    'a length that is rounded up to 512 sectors of 512 bytes',
    READS,
    { copyLength: 262_143, endOfFile: 262_143 },
    [0n, 262_144n],
  ],
  ['an end of file of 0', READS, { copyLength: 512, endOfFile: 0 }, [0n, 512n]],
  ['an end of file of 2^63-1', READS, { copyLength: 512, endOfFile: 2n ** 63n - 1n }, [0n, 512n]],
  ['a length of 0', WRITES, { copyLength: 0 }, [0n, 0n, 0n]],
  [
    'every offset in the last sector',
    WRITES,
    { copyLength: 0, fileOffset: LAST_SECTOR, transferOffset: LAST_SECTOR },
    [LAST_SECTOR, 0n, LAST_SECTOR],
  ],
  ['the longest length', WRITES, { copyLength: LAST_SECTOR }, [0n, LAST_SECTOR, 0n]],
  [
    'a length that is rounded up to 512 sectors of 512 bytes',
    WRITES,
    { copyLength: 262_143, endOfFile: 262_143 },
    [0n, 262_144n, 0n],
  ],
  ['bytes in a Buffer', WRITES, { copyLength: 0, token: Buffer.alloc(512) }, [0n, 0n, 0n]],
  [
    'bytes in the middle of a buffer',
    WRITES,
    { copyLength: 0, token: new Uint8Array(1024).subarray(3, 515) },
    [0n, 0n, 0n],
  ],
  [
    'undefined for the optional fields',
    WRITES,
    { copyLength: 0, fileOffset: undefined, transferOffset: undefined },
    [0n, 0n, 0n],
  ],
];

describe.each(PASS)('a request with %s', (_, names, patch, sent) => {
  test.each(names)('is accepted by %s', async (name) => {
    const space = workspace();
    const file = opened(space, 131_072);
    const failure = await outcome(() => call(space, name, file, { ...legalRequest(name), ...patch }));
    if (failure !== undefined) expect(failure).toBeInstanceOf(Win32Error);
    expect(wire(space)).toEqual(sent);
    await file.close();
  });
});

describe.each([...DSM_READS, ...DSM_WRITES])('%s', (name) => {
  const range = { startingOffset: 0, lengthInBytes: 512 };

  test.each<[string, object]>([
    ['65,536 ranges', { ranges: Array.from({ length: 65_536 }, () => range) }],
    ['the last range below 2^63-1', { ranges: [{ startingOffset: LAST_SECTOR - 512n, lengthInBytes: 512 }] }],
    ['the longest range', { ranges: [{ startingOffset: 0n, lengthInBytes: LAST_SECTOR }] }],
    [
      'ranges that total the largest number of bytes',
      { ranges: [range, { startingOffset: 512, lengthInBytes: LAST_SECTOR - 512n }] },
    ],
    [
      'overlapping ranges in any order',
      { ranges: [{ startingOffset: 512, lengthInBytes: 512 }, range, range] },
    ],
    ['a frozen array', { ranges: Object.freeze([range]) }],
    ['an instance of a subclass of Array', { ranges: class extends Array {}.from([range]) }],
    ['a larger sector size', { ranges: [{ startingOffset: 4096, lengthInBytes: 4096 }], sectorSize: 4096 }],
  ])('accepts %s', async (_, patch) => {
    const space = workspace();
    const file = opened(space, 131_072);
    const failure = await outcome(() => call(space, name, file, { ...legalRequest(name), ...patch }));
    if (failure !== undefined) expect(failure).toBeInstanceOf(Win32Error);
    expect(space.emulator.calls).toHaveLength(1);
    await file.close();
  });
});

describe('a length that ends exactly at the end of the file', () => {
  const SIZE = 10_000;
  const ROUNDED = 10_240n;

  // An OffloadFile knows its size; for a borrowed handle the caller passes endOfFile.
  const KNOWN: [string, (file: OffloadFile) => OffloadFile | bigint, object][] = [
    ['for an OffloadFile', (file) => file, {}],
    ['for a HANDLE with endOfFile', (file) => file.handle, { endOfFile: SIZE }],
    ['for a HANDLE with endOfFile as a bigint', (file) => file.handle, { endOfFile: BigInt(SIZE) }],
  ];

  describe.each(KNOWN)('%s', (_, source, known) => {
    test.each([
      [0, SIZE, ROUNDED],
      [0, BigInt(SIZE), ROUNDED],
      [8192, SIZE - 8192, 2048n],
      [9728n, 272n, 512n],
    ])(
      'a read at %o of %o bytes sends the length rounded up to %o and returns the requested length',
      (fileOffset, copyLength, sent) => {
        const space = workspace();
        const file = opened(space, SIZE);
        const { transferLength } = space.odx.offloadReadSync(source(file), {
          copyLength,
          fileOffset,
          ...known,
        });
        expect(transferLength).toBe(BigInt(copyLength));
        expect(wire(space)).toEqual([BigInt(fileOffset), sent]);
        file[Symbol.dispose]();
      },
    );

    test('a write sends the length rounded up and returns the requested length', async () => {
      const space = workspace();
      const file = opened(space, SIZE);
      const token = OffloadToken.zeroData();
      const request = { token, copyLength: SIZE, ...known };
      expect((await space.odx.offloadWrite(source(file), request)).lengthWritten).toBe(BigInt(SIZE));
      expect(space.odx.offloadWriteSync(source(file), request).lengthWritten).toBe(BigInt(SIZE));
      expect(wire(space)).toEqual([0n, ROUNDED, 0n]);
      await file.close();
    });
  });

  test.each<[string, object, boolean]>([
    ['a length that ends one byte before it', { copyLength: SIZE - 1 }, false],
    ['a length that ends one byte beyond it', { copyLength: SIZE + 1 }, false],
    ['a length that ends at the endOfFile of the request', { copyLength: 5000, endOfFile: 5000 }, true],
    [
      'a length that ends at the size of the file where the request has another endOfFile',
      { copyLength: SIZE, endOfFile: 5000 },
      false,
    ],
    ['a length that begins at an unaligned offset', { copyLength: SIZE - 100, fileOffset: 100 }, false],
    ['a length for a sector of 4096', { copyLength: SIZE - 8192, fileOffset: 8192, sectorSize: 4096 }, true],
    [
      'a length from offset 512 for a sector of 4096',
      { copyLength: SIZE - 512, fileOffset: 512, sectorSize: 4096 },
      false,
    ],
  ])('%s, %o, is legal: %s', async (_, patch, legal) => {
    const space = workspace();
    const file = opened(space, SIZE);
    for (const name of [...READS, ...WRITES]) {
      const failure = await outcome(() => call(space, name, file, { ...legalRequest(name), ...patch }));
      if (legal) expect(failure).not.toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
      else expect(failure).toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
    }
    await file.close();
  });

  // A request for a file of 1000 bytes, and the end of the message: the legal lengths.
  test.each<[object, string]>([
    [
      { copyLength: 999 },
      ', or 1000 to end exactly at the end of the file, the nearest legal value is 1000.',
    ],
    [{ copyLength: 700 }, ', or 1000 to end exactly at the end of the file, the nearest legal value is 512.'],
    [
      { copyLength: 487n, fileOffset: 512n },
      ', or 488 to end exactly at the end of the file, the nearest legal value is 488n.',
    ],
    [
      { copyLength: 1001 },
      ', or 1000 to end exactly at the end of the file, the nearest legal value is 1000.',
    ],
    [
      { copyLength: 760 },
      ', or 1000 to end exactly at the end of the file, the nearest legal value is 1000.',
    ],
    // As near to 1000 as to 1024: the multiple is legal for any file.
    [
      { copyLength: 1012 },
      ', or 1000 to end exactly at the end of the file, the nearest legal value is 1024.',
    ],
    [
      { copyLength: 1020 },
      ', or 1000 to end exactly at the end of the file, the nearest legal value is 1024.',
    ],
    // The largest number that is exact is not written as a bigint.
    [
      { copyLength: 2 ** 53 - 2, endOfFile: 2 ** 53 - 1 },
      ', or 9007199254740991 to end exactly at the end of the file, the nearest legal value is 9007199254740991.',
    ],
    [{ copyLength: 100, fileOffset: 1024 }, ', the nearest legal value is 0.'],
    [{ copyLength: 1000, endOfFile: 1024 }, ', the nearest legal value is 1024.'],
  ])(
    'an unaligned length in %o is refused with a message that names the legal lengths',
    async (request, end) => {
      const space = workspace();
      const file = opened(space, 1000);
      const { copyLength } = request as { copyLength: number | bigint };
      const said = typeof copyLength === 'bigint' ? `${copyLength}n` : `${copyLength}`;
      for (const name of [...READS, ...WRITES]) {
        const failure = await failureOf(() => call(space, name, file, { ...legalRequest(name), ...request }));
        expect(failure).toMatchObject({
          message: `copyLength is ${said}; it must be a multiple of the logical sector of 512 bytes${end}`,
        });
      }
      await file.close();
    },
  );

  test('must be aligned where the end of the file is not known', async () => {
    const space = workspace();
    const file = opened(space, SIZE);
    const error = await failureOf(() => space.odx.offloadRead(file.handle, { copyLength: SIZE }));
    expect(error).toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT', issues: [{ path: 'copyLength' }] });
    expect((error as Error).message).toContain(', or end at the end of the file where endOfFile is given, ');
    expect(space.emulator.calls).toEqual([]);
    await file.close();
  });

  test('is refused when it would be rounded up beyond 2^63-1', async () => {
    const space = workspace();
    const file = opened(space, SIZE);
    const request = { copyLength: 511, fileOffset: LAST_SECTOR, endOfFile: 2n ** 63n - 1n };
    for (const name of [...READS, ...WRITES]) {
      const failure = await failureOf(() => call(space, name, file, { ...legalRequest(name), ...request }));
      expect(failure).toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
    }
    expect(space.emulator.calls).toEqual([]);
    await file.close();
  });

  test('may end at the size that setSize has set', async () => {
    const space = workspace();
    const file = opened(space, 4096);
    await file.setSize(5000);
    const { transferLength } = await space.odx.offloadRead(file, { copyLength: file.size });
    expect([file.size, transferLength, wire(space)[1]]).toEqual([5000n, 5000n, 5120n]);
    await file.close();
  });

  test('returns a short transfer unchanged', async () => {
    const space = workspace({ maximumTransferSize: 4096 });
    space.file('file', SIZE);
    const file = space.odx.openFileSync(space.path('file'), 'r');
    expect((await space.odx.offloadRead(file, { copyLength: SIZE })).transferLength).toBe(4096n);
    await file.close();
  });
});

describe('the sector size', () => {
  test.each([...READS, ...WRITES])('is that of the volume when %s gets an OffloadFile', async (name) => {
    const space = workspace({ sectorSize: 4096 });
    const file = opened(space, 131_072);
    const failure = await failureOf(() =>
      call(space, name, file, { ...legalRequest(name), copyLength: 512 }),
    );
    expect(failure).toMatchObject({ code: 'ERR_ODX_INVALID_ARGUMENT' });
    expect((failure as Error).message).toContain('the logical sector of 4096 bytes');
    expect(space.emulator.calls).toEqual([]);
    await file.close();
  });

  test.each([...READS, ...WRITES])(
    'is 512 when %s gets a borrowed handle, and the kernel decides',
    async (name) => {
      const space = workspace({ sectorSize: 4096 });
      const file = opened(space, 131_072);
      const failure = await failureOf(() =>
        call(space, name, file.handle, { ...legalRequest(name), copyLength: 512 }),
      );
      expect(failure).toMatchObject({ code: 'ERROR_INVALID_PARAMETER' });
      await file.close();
    },
  );

  test.each([...READS, ...WRITES])(
    'is the sectorSize of the request when %s gets one, even if the volume has another',
    async (name) => {
      const space = workspace({ sectorSize: 4096 });
      const file = opened(space, 131_072);
      const failure = await failureOf(() =>
        call(space, name, file, { ...legalRequest(name), copyLength: 512, sectorSize: 512 }),
      );
      expect(failure).toMatchObject({ code: 'ERROR_INVALID_PARAMETER' });
      await file.close();
    },
  );
});

async function outcome(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}
