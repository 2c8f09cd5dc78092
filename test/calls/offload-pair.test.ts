import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../src/errors.ts';
import { createOdx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import { failureOf, patternBytes, workspace } from '../kit.ts';
import { answering } from './replies.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const plain = (text: string): string => text.replaceAll(' ', '');
const BOTH = ['offloadRead', 'offloadReadSync'] as const;
const WRITES = ['offloadWrite', 'offloadWriteSync'] as const;

describe.each(BOTH)('%s', (read) => {
  // Bytes computed from MS-FSCC 2.3.41.
  test.each([
    ['numbers', 0x1_0000_1000, 0x1000_0000],
    ['bigints', 0x1_0000_1000n, 0x1000_0000n],
  ])('sends the documented bytes for %s', async (_, fileOffset, copyLength) => {
    const { odx, emulator, sparseFile } = workspace();
    const file = odx.openFileSync(sparseFile('big', 0x1_2000_0000), 'r');
    await odx[read](file, { fileOffset, copyLength, tokenTimeToLive: 30_000 });
    const { input, ...call } = emulator.calls[0] ?? {};
    expect(hex(input)).toBe(plain('20000000 00000000 30750000 00000000 0010000001000000 0000001000000000'));
    expect(call).toEqual({
      index: 0,
      code: 0x94264,
      name: 'FSCTL_OFFLOAD_READ',
      status: 0,
      bytesReturned: 528,
    });
    await file.close();
  });

  test('returns a token of 512 bytes and byte counts as bigints', async () => {
    const { odx, file: make } = workspace();
    const file = odx.openFileSync(make('file', 8192), 'r');
    const result = await odx[read](file, { copyLength: 4096 });
    expect(result).toEqual({
      token: expect.any(OffloadToken),
      transferLength: 4096n,
      allZeroBeyondRange: false,
      flags: 0,
    });
    expect(result.token.isZeroData).toBe(false);
    await file.close();
  });

  test('reports when everything beyond the range is zero, and returns the zero token for it', async () => {
    const { odx, path } = workspace();
    const file = odx.openFileSync(path('file'), 'w', { size: 8192 });
    const { token, allZeroBeyondRange, flags } = await odx[read](file, { copyLength: 8192 });
    expect([token.isZeroData, allZeroBeyondRange, flags]).toEqual([true, true, 1]);
    await file.close();
  });

  test('returns a short transfer unchanged', async () => {
    const { odx, file: make } = workspace({ maximumTransferSize: 1024 });
    const file = odx.openFileSync(make('file', 8192), 'r');
    expect((await odx[read](file, { copyLength: 8192 })).transferLength).toBe(1024n);
    await file.close();
  });

  const IMPOSSIBLE: [string, (output: DataView, returned: number) => number, RegExp][] = [
    ['527 bytes', () => 527, /the reply holds 527 bytes instead of 528\./],
    ['529 bytes', () => 529, /the reply holds 529 bytes, but there is room for only 528\./],
    ['no bytes', () => 0, /the reply holds 0 bytes instead of 528\./],
    [
      'more than was requested',
      (output, returned) => {
        output.setBigUint64(8, 4608n, true);
        return returned;
      },
      /the token covers 4608 bytes, but only 4096 were requested\./,
    ],
    [
      '2^64-1 bytes',
      (output, returned) => {
        output.setBigUint64(8, 2n ** 64n - 1n, true);
        return returned;
      },
      /the token covers 18446744073709551615 bytes/,
    ],
    [
      'no progress',
      (output, returned) => {
        output.setBigUint64(8, 0n, true);
        return returned;
      },
      /the token covers none of the 4096 requested bytes\./,
    ],
  ];

  test.each(IMPOSSIBLE)('rejects a reply with %s as impossible', async (_, change, sentence) => {
    const { emulator, file: make } = workspace();
    const odx = createOdx({ kernel: answering(emulator, change) });
    const file = odx.openFileSync(make('file', 8192), 'r');
    const error = await failureOf(() => odx[read](file, { copyLength: 4096, fileOffset: 512 }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect({ ...(error as ProtocolError) }).toEqual({
      code: 'ERR_ODX_PROTOCOL',
      syscall: 'FSCTL_OFFLOAD_READ',
      path: file.path,
      offset: 512n,
    });
    expect((error as Error).message).toMatch(sentence);
    await file.close();
  });

  // The specification never assigns Size, some servers leave it 0, and a token of zeros may cover nothing.
  test.each<[string, (output: DataView) => void, bigint]>([
    ['a Size of 0', (output) => output.setUint32(0, 0, true), 4096n],
    ['unknown flags', (output) => output.setUint32(4, 0xffff_fffe, true), 4096n],
    [
      'a length of 0 where everything beyond is zero',
      (output) => {
        output.setUint32(4, 1, true);
        output.setBigUint64(8, 0n, true);
      },
      0n,
    ],
  ])('accepts %s in a reply', async (_, change, transferLength) => {
    const { emulator, file: make } = workspace();
    const kernel = answering(emulator, (output, returned) => {
      change(output);
      return returned;
    });
    const odx = createOdx({ kernel });
    const file = odx.openFileSync(make('file', 8192), 'r');
    expect(await odx[read](file, { copyLength: 4096 })).toMatchObject({ transferLength });
    await file.close();
  });
});

describe.each(WRITES)('%s', (write) => {
  // Bytes computed from MS-FSCC 2.3.43.
  test.each([
    ['numbers', 0x1000_0000, 0x0400_0000, 0x0800_0000],
    ['bigints', 0x1000_0000n, 0x0400_0000n, 0x0800_0000n],
  ])('sends the documented bytes for %s', async (_, fileOffset, copyLength, transferOffset) => {
    const { odx, emulator, sparseFile } = workspace();
    const path = sparseFile('big', 0x2000_0000);
    // Data at the end, so that the offset is not beyond the valid data.
    const fd = openSync(path, 'r+');
    writeSync(fd, Uint8Array.of(1), 0, 1, 0x1fff_ffff);
    closeSync(fd);
    const file = odx.openFileSync(path, 'r+');
    await odx[write](file, { token: OffloadToken.zeroData(), fileOffset, copyLength, transferOffset });
    const { input, ...call } = emulator.calls[0] ?? {};
    expect(hex(input)).toBe(
      plain('20020000 00000000 0000001000000000 0000000400000000 0000000800000000') +
        plain('ffff0001 0000 01f8') +
        '00'.repeat(504),
    );
    expect(call).toEqual({
      index: 0,
      code: 0x98268,
      name: 'FSCTL_OFFLOAD_WRITE',
      status: 0,
      bytesReturned: 16,
    });
    await file.close();
  });

  test.each(['token', 'bytes', 'base64'])('copies the data behind the token, given as %s', async (given) => {
    const { odx, file: make, path } = workspace();
    const source = odx.openFileSync(make('source', 8192), 'r');
    const destination = odx.openFileSync(path('copy'), 'w', { size: 8192 });
    const { token, transferLength } = await odx.offloadRead(source, { copyLength: 8192 });
    const as = { token, bytes: token.bytes, base64: OffloadToken.from(token.toBase64()) }[given] ?? token;
    const result = await odx[write](destination, { token: as, copyLength: transferLength });
    expect(result).toEqual({ lengthWritten: 8192n, flags: 0 });
    expect(Buffer.compare(readFileSync(path('copy')), patternBytes(8192))).toBe(0);
    await Promise.all([source.close(), destination.close()]);
  });

  test('writes the middle of a token to the middle of a file', async () => {
    const { odx, file: make, path } = workspace();
    const source = odx.openFileSync(make('source', 8192), 'r');
    const destination = odx.openFileSync(make('copy', 8192), 'r+');
    const { token } = odx.offloadReadSync(source, { copyLength: 4096, fileOffset: 1024 });
    await odx[write](destination, { token, copyLength: 512, transferOffset: 2048, fileOffset: 4096 });
    const expected = patternBytes(8192);
    expected.set(patternBytes(8192).subarray(3072, 3584), 4096);
    expect(Buffer.compare(readFileSync(path('copy')), expected)).toBe(0);
    await Promise.all([source.close(), destination.close()]);
  });

  test('returns a short write unchanged', async () => {
    const { odx, path } = workspace({ maximumWriteSize: 1024 });
    const file = odx.openFileSync(path('copy'), 'w', { size: 8192 });
    const { lengthWritten } = await odx[write](file, { token: OffloadToken.zeroData(), copyLength: 8192 });
    expect(lengthWritten).toBe(1024n);
    await file.close();
  });

  const lengthIs =
    (length: bigint) =>
    (output: DataView, returned: number): number => {
      output.setBigUint64(8, length, true);
      return returned;
    };

  test.each<[string, (output: DataView, returned: number) => number, RegExp]>([
    ['15 bytes', () => 15, /the reply holds 15 bytes instead of 16\./],
    ['17 bytes', () => 17, /the reply holds 17 bytes instead of 16\./],
    ['no bytes', () => 0, /the reply holds 0 bytes instead of 16\./],
    ['more than was requested', lengthIs(4608n), /4608 bytes were written, but only 4096 were requested\./],
    ['2^64-1 bytes', lengthIs(2n ** 64n - 1n), /18446744073709551615 bytes were written/],
    ['no progress', lengthIs(0n), /none of the 4096 requested bytes were written\./],
  ])('rejects a reply with %s as impossible', async (_, change, sentence) => {
    const { emulator, file: make } = workspace();
    const odx = createOdx({ kernel: answering(emulator, change) });
    const file = odx.openFileSync(make('file', 8192), 'r+');
    const request = { token: OffloadToken.zeroData(), copyLength: 4096, fileOffset: 512 };
    const error = await failureOf(() => odx[write](file, request));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ syscall: 'FSCTL_OFFLOAD_WRITE', path: file.path, offset: 512n });
    expect((error as Error).message).toMatch(sentence);
    await file.close();
  });

  // The reply of a device, and what an empty write returns for it.
  test.each<[string, (output: DataView) => number, object]>([
    [
      'of no bytes, where only the length of the reply counts',
      (output) => {
        output.setUint32(4, 7, true);
        output.setBigUint64(8, 512n, true);
        return 0;
      },
      { lengthWritten: 0n, flags: 0 },
    ],
    [
      'of 16 bytes with its flags',
      (output) => {
        output.setUint32(4, 7, true);
        output.setBigUint64(8, 0n, true);
        return 16;
      },
      { lengthWritten: 0n, flags: 7 },
    ],
  ])('accepts, where nothing was requested, a reply %s', async (_, change, expected) => {
    const { emulator, file: make } = workspace();
    const odx = createOdx({ kernel: answering(emulator, change) });
    const file = odx.openFileSync(make('file', 8192), 'r+');
    const request = { token: OffloadToken.zeroData(), copyLength: 0 };
    expect(await odx[write](file, request)).toEqual(expected);
    await file.close();
  });

  test.each<[string, (output: DataView, returned: number) => number, string]>([
    ['15 bytes', () => 15, 'the reply holds 15 bytes instead of 16.'],
    ['a length', lengthIs(512n), '512 bytes were written, but only 0 were requested.'],
  ])('rejects, where nothing was requested, a reply with %s as impossible', async (_, change, sentence) => {
    const { emulator, file: make } = workspace();
    const odx = createOdx({ kernel: answering(emulator, change) });
    const file = odx.openFileSync(make('file', 8192), 'r+');
    const request = { token: OffloadToken.zeroData(), copyLength: 0 };
    const error = await failureOf(() => odx[write](file, request));
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toContain(sentence);
    await file.close();
  });

  test('accepts a reply of 528 bytes, which the Windows NFSv4.1 client sends', async () => {
    const { emulator, file: make } = workspace();
    const odx = createOdx({ kernel: answering(emulator, () => 528) });
    const file = odx.openFileSync(make('file', 8192), 'r+');
    const request = { token: OffloadToken.zeroData(), copyLength: 4096 };
    expect(await odx[write](file, request)).toEqual({ lengthWritten: 4096n, flags: 0 });
    await file.close();
  });
});

describe('the buffer of a token', () => {
  test('may be reused as soon as the call has begun', async () => {
    const { odx, file: make, path } = workspace({ latency: 5 });
    const source = odx.openFileSync(make('source', 8192), 'r');
    const destination = odx.openFileSync(path('copy'), 'w', { size: 8192 });
    const { token } = await odx.offloadRead(source, { copyLength: 8192 });
    const buffer = token.bytes;
    const writing = odx.offloadWrite(destination, { token: buffer, copyLength: 8192 });
    buffer.fill(0);
    structuredClone(buffer, { transfer: [buffer.buffer] });
    expect((await writing).lengthWritten).toBe(8192n);
    expect(Buffer.compare(readFileSync(path('copy')), patternBytes(8192))).toBe(0);
    await Promise.all([source.close(), destination.close()]);
  });
});

describe('10,000 calls in flight', () => {
  test('complete, each with its own result', async () => {
    const { odx, file: make } = workspace();
    const file = odx.openFileSync(make('file', 131_072), 'r+');
    const lengths = Array.from({ length: 10_000 }, (_, at) => 512 * (1 + (at % 256)));
    const results = await Promise.all(lengths.map((copyLength) => odx.offloadRead(file, { copyLength })));
    expect(results.map(({ transferLength }) => Number(transferLength))).toEqual(lengths);
    expect(new Set(results.map(({ token }) => token.toBase64())).size).toBe(10_000);
    await file.close();
  });

  test('fail independently of each other', async () => {
    const { odx, file: make } = workspace({
      intercept: ({ index }) => ({ status: index % 2 ? 0xc000_0465 : 0 }),
    });
    const file = odx.openFileSync(make('file', 8192), 'r');
    const calls = Array.from({ length: 10_000 }, () => odx.offloadRead(file, { copyLength: 512 }));
    const settled = await Promise.allSettled(calls);
    expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(5000);
    await file.close();
  });
});
