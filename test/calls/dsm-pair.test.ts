import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors.ts';
import { createOdx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, patternBytes, workspace } from '../kit.ts';
import { answering } from './replies.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const plain = (text: string): string => text.replaceAll(' ', '');
const range = { startingOffset: 0x10_0000, lengthInBytes: 0x20_0000 };
const CODE = { code: 0x2d9404, name: 'IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES', status: 0 };

describe.each(['dsmOffloadRead', 'dsmOffloadReadSync'] as const)('%s', (read) => {
  test('sends the documented bytes', async () => {
    const { odx, emulator, sparseFile } = workspace();
    const device = odx.openFileSync(sparseFile('device', 0x40_0000), 'r+');
    const result = await odx[read](device, { ranges: [range] });
    const { input, ...call } = emulator.calls[0] ?? {};
    expect(hex(input)).toBe(
      plain('1c000000 03000080 00000000 1c000000 10000000 30000000 10000000') +
        '00'.repeat(20) +
        plain('0000100000000000 0000200000000000'),
    );
    expect(call).toEqual({ ...CODE, index: 0, bytesReturned: 536 });
    expect(result).toEqual({
      token: expect.any(OffloadToken),
      lengthProtected: 0x20_0000n,
      truncated: false,
      flags: 0,
    });
    await device.close();
  });

  test('reports when the token covers less than the ranges', async () => {
    const { odx, sparseFile } = workspace({ maximumTransferSize: 0x10_0000 });
    const device = odx.openFileSync(sparseFile('device', 0x40_0000), 'r+');
    const { lengthProtected, truncated, flags } = await odx[read](device, { ranges: [range] });
    expect([lengthProtected, truncated, flags]).toEqual([0x10_0000n, true, 1]);
    await device.close();
  });

  const lengthIs =
    (length: bigint) =>
    (output: DataView, returned: number): number => {
      output.setBigUint64(8, length, true);
      return returned;
    };

  test.each<[string, (output: DataView, returned: number) => number, RegExp]>([
    ['531 bytes', () => 531, /the reply holds 531 bytes instead of 532 or more\./],
    ['no bytes', () => 0, /the reply holds 0 bytes/],
    [
      'more than was requested',
      lengthIs(0x20_0200n),
      /the token covers 2097664 bytes, but only 2097152 were requested\./,
    ],
    ['no progress', lengthIs(0n), /the token covers none of the 2097152 requested bytes\./],
    [
      'a token of another length',
      (output, returned) => {
        output.setUint32(16, 504, true);
        return returned;
      },
      /the reply claims a token of 504 bytes\./,
    ],
  ])('rejects a reply with %s as impossible', async (_, change, sentence) => {
    const { emulator, sparseFile } = workspace();
    const odx = createOdx({ kernel: answering(emulator, change) });
    const device = odx.openFileSync(sparseFile('device', 0x40_0000), 'r+');
    const error = await failureOf(() => odx[read](device, { ranges: [range] }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ syscall: CODE.name, path: device.path, offset: 0x10_0000n });
    expect((error as Error).message).toMatch(sentence);
    await device.close();
  });

  test('reads a result behind a DEVICE_DSM_OUTPUT, with or without padding at its end', async () => {
    const { emulator, file } = workspace();
    let token = '';
    const kernel = answering(emulator, (output, returned) => {
      const bytes = new Uint8Array(output.buffer, output.byteOffset, output.byteLength);
      token = Buffer.from(bytes.subarray(20, 532)).toString('base64');
      bytes.copyWithin(40, 0, returned);
      bytes.fill(0, 0, 40);
      for (const [at, value] of [
        [0, 36],
        [4, 0x8000_0003],
        [28, 40],
        [32, 532],
      ] as const)
        output.setUint32(at, value, true);
      return 40 + 532;
    });
    const odx = createOdx({ kernel });
    const device = odx.openFileSync(file('device', 8192), 'r+');
    const result = await odx[read](device, { ranges: [{ startingOffset: 0, lengthInBytes: 4096 }] });
    expect(result).toMatchObject({ lengthProtected: 4096n, truncated: false, flags: 0 });
    expect(result.token.toBase64()).toBe(token);
    await device.close();
  });
});

describe.each(['dsmOffloadWrite', 'dsmOffloadWriteSync'] as const)('%s', (write) => {
  test('sends the documented bytes', async () => {
    const { odx, emulator, sparseFile } = workspace();
    const device = odx.openFileSync(sparseFile('device', 0x40_0000), 'r+');
    const result = await odx[write](device, {
      ranges: [range],
      token: OffloadToken.zeroData(),
      tokenOffset: 0x1000,
    });
    const { input, ...call } = emulator.calls[0] ?? {};
    expect(hex(input)).toBe(
      plain('1c000000 04000000 00000000 20000000 10020000 30020000 10000000 00000000') +
        plain('00000000 00000000 0010000000000000') +
        plain('ffff0001 0000 01f8') +
        '00'.repeat(504) +
        plain('0000100000000000 0000200000000000'),
    );
    expect(call).toEqual({ ...CODE, index: 0, bytesReturned: 16 });
    expect(result).toEqual({ lengthCopied: 0x20_0000n, truncated: false, tokenInvalid: false, flags: 0 });
    await device.close();
  });

  test('writes the data of several ranges to several other ranges', async () => {
    const { odx, file, path } = workspace();
    const device = odx.openFileSync(file('device', 8192), 'r+');
    const ranges = [
      { startingOffset: 4096, lengthInBytes: 512 },
      { startingOffset: 0, lengthInBytes: 512 },
    ];
    const { token } = await odx.dsmOffloadRead(device, { ranges });
    const into = { startingOffset: 6144, lengthInBytes: 1024 };
    expect(await odx[write](device, { ranges: [into], token })).toMatchObject({ lengthCopied: 1024n });
    const expected = patternBytes(8192);
    expected.set(patternBytes(8192).subarray(4096, 4608), 6144);
    expected.set(patternBytes(8192).subarray(0, 512), 6656);
    expect(Buffer.compare(readFileSync(path('device')), expected)).toBe(0);
    await device.close();
  });

  const flagsAndLength =
    (flags: number, length: bigint) =>
    (output: DataView, returned: number): number => {
      output.setUint32(0, flags, true);
      output.setBigUint64(8, length, true);
      return returned;
    };

  test.each<[string, number, bigint, object]>([
    ['truncated', 1, 512n, { lengthCopied: 512n, truncated: true, tokenInvalid: false, flags: 1 }],
    [
      'short because the token became invalid',
      2,
      512n,
      { lengthCopied: 512n, truncated: false, tokenInvalid: true, flags: 2 },
    ],
    [
      'truncated and has an invalid token',
      3,
      512n,
      { lengthCopied: 512n, truncated: true, tokenInvalid: true, flags: 3 },
    ],
    [
      'empty because the token was invalid from the start',
      3,
      0n,
      { lengthCopied: 0n, truncated: true, tokenInvalid: true, flags: 3 },
    ],
  ])('reports a result that is %s', async (_, flags, length, expected) => {
    const { emulator, sparseFile } = workspace();
    const odx = createOdx({ kernel: answering(emulator, flagsAndLength(flags, length)) });
    const device = odx.openFileSync(sparseFile('device', 0x40_0000), 'r+');
    expect(await odx[write](device, { ranges: [range], token: OffloadToken.zeroData() })).toEqual(expected);
    await device.close();
  });

  test.each<[string, (output: DataView, returned: number) => number, RegExp]>([
    ['15 bytes', () => 15, /the reply holds 15 bytes instead of 16\./],
    [
      'more than was requested',
      flagsAndLength(0, 0x20_0200n),
      /2097664 bytes were written, but only 2097152 were requested\./,
    ],
    ['no progress', flagsAndLength(0, 0n), /none of the 2097152 requested bytes were written\./],
    [
      'no progress and the truncated flag',
      flagsAndLength(1, 0n),
      /none of the 2097152 requested bytes were written/,
    ],
  ])('rejects a reply with %s as impossible', async (_, change, sentence) => {
    const { emulator, sparseFile } = workspace();
    const odx = createOdx({ kernel: answering(emulator, change) });
    const device = odx.openFileSync(sparseFile('device', 0x40_0000), 'r+');
    const error = await failureOf(() =>
      odx[write](device, { ranges: [range], token: OffloadToken.zeroData() }),
    );
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toMatch(sentence);
    await device.close();
  });
});

test('65,536 ranges fit in one call', async () => {
  const { odx, emulator, sparseFile } = workspace();
  const device = odx.openFileSync(sparseFile('device', 65_536 * 512), 'r+');
  const ranges = Array.from({ length: 65_536 }, (_, at) => ({
    startingOffset: at * 512,
    lengthInBytes: 512,
  }));
  expect((await odx.dsmOffloadRead(device, { ranges })).lengthProtected).toBe(65_536n * 512n);
  expect(emulator.calls[0]?.input.length).toBe(48 + 65_536 * 16);
  await device.close();
});

test('a device that refuses user mode causes ERROR_ACCESS_DENIED', async () => {
  const { odx, file } = workspace({ dsm: 'refuse' });
  const device = odx.openFileSync(file('device', 8192), 'r+');
  const request = { ranges: [{ startingOffset: 0, lengthInBytes: 512 }] };
  expect(await failureOf(() => odx.dsmOffloadRead(device, request))).toMatchObject({
    code: 'ERROR_ACCESS_DENIED',
    errno: 5,
  });
  await device.close();
});
