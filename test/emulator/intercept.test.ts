import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEmulator, type InterceptedCall } from '../../src/emulator/index.ts';
import { InvalidArgumentError } from '../../src/errors.ts';
import { offloadReadSyncWith, offloadReadWith } from '../../src/offload-read.ts';
import { offloadWriteWith } from '../../src/offload-write.ts';
import { FSCTL_OFFLOAD_READ, statuses, win32FromNtstatus } from '../../structs/index.ts';
import { makePair, openOn, pattern, temporaryFile } from './harness.ts';

const GOLDEN_READ = '2000000000000000307500000000000000100000010000000000001000000000';

describe('calls of an emulator', () => {
  test('calls hold the bytes that Windows would have received', async () => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    const request = { fileOffset: 0x1_0000_1000, copyLength: 0x1000_0000, tokenTimeToLive: 30_000 };
    await expect(offloadReadWith(emulator, handle, request)).rejects.toMatchObject({ errno: 38 });
    expect(emulator.calls).toEqual([
      {
        index: 0,
        code: FSCTL_OFFLOAD_READ,
        name: 'FSCTL_OFFLOAD_READ',
        input: new Uint8Array(Buffer.from(GOLDEN_READ, 'hex')),
        status: 0xc000_0011,
        bytesReturned: 0,
      },
    ]);
  });

  test('calls are pending while they run, and numbering continues after the list is cleared', async () => {
    const emulator = createEmulator({ latency: 5 });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    const read = offloadReadWith(emulator, handle, { copyLength: 4096 });
    expect(emulator.calls).toMatchObject([{ index: 0, status: 0x103, bytesReturned: 0 }]);
    await read;
    expect(emulator.calls).toMatchObject([{ index: 0, status: 0, bytesReturned: 528 }]);
    emulator.calls.length = 0;
    await offloadReadWith(emulator, handle, { copyLength: 4096 });
    expect(emulator.calls).toMatchObject([{ index: 1, status: 0 }]);
  });

  test('calls are listed in the order in which they were made', async () => {
    const emulator = createEmulator();
    const handle = openOn(emulator, temporaryFile(pattern(1 << 16)), 'r');
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        offloadReadWith(emulator, handle, { fileOffset: at * 512, copyLength: 512 }),
      ),
    );
    expect(emulator.calls.map(({ input }) => Buffer.from(input).readUInt32LE(16) / 512)).toEqual(
      Array.from({ length: 100 }, (_, at) => at),
    );
  });
});

describe('intercept', () => {
  test('intercept sees every call before it runs, with a copy of its input', async () => {
    const seen: InterceptedCall[] = [];
    const emulator = createEmulator({
      intercept(call) {
        seen.push({ ...call, input: call.input.slice() });
        call.input.fill(0xff);
      },
    });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    await offloadReadWith(emulator, handle, { copyLength: 4096 });
    const [call] = emulator.calls;
    expect(seen).toEqual([
      { index: 0, code: FSCTL_OFFLOAD_READ, name: 'FSCTL_OFFLOAD_READ', input: call?.input, handle },
    ]);
  });

  test('intercept sees calls on unknown handles', async () => {
    let seen = 0;
    const emulator = createEmulator({ intercept: () => void seen++ });
    await expect(offloadReadWith(emulator, 0xdead_0000n, { copyLength: 512 })).rejects.toMatchObject({
      errno: 6,
    });
    expect(seen).toBe(1);
  });

  test.each(statuses.map(({ name, value }) => [name, value] as const))(
    'intercept forces a call to fail with %s',
    async (name, value) => {
      const emulator = createEmulator({ intercept: () => ({ status: value }) });
      const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
      const failure = { errno: win32FromNtstatus(value), ntstatus: { name, value } };
      await expect(offloadReadWith(emulator, handle, { copyLength: 4096 })).rejects.toMatchObject(failure);
      expect(() => offloadReadSyncWith(emulator, handle, { copyLength: 4096 })).toThrow(
        expect.objectContaining(failure),
      );
      expect(emulator.calls.map(({ status }) => status)).toEqual([value, value]);
    },
  );

  test('intercept forces an unknown status, which keeps its number', async () => {
    const emulator = createEmulator({ intercept: async () => ({ status: 0xe123_4567 }) });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    await expect(offloadReadWith(emulator, handle, { copyLength: 4096 })).rejects.toMatchObject({
      errno: 317,
      ntstatus: { name: 'STATUS_0xE1234567', value: 0xe123_4567 },
    });
  });

  test.each([
    [8192n, 8192n],
    [4096n, 4096n],
    [1023n, 512n],
    [512n, 512n],
    [1n << 60n, 8192n],
  ])('intercept truncates a call to %d bytes, rounded down to %d', async (truncate, done) => {
    const pair = makePair(pattern(8192), { intercept: () => ({ truncate }) });
    const read = await offloadReadWith(pair.emulator, pair.source, { copyLength: 8192 });
    expect(read.transferLength).toBe(done);
    const written = await offloadWriteWith(pair.emulator, pair.destination, {
      token: read.token,
      copyLength: done,
    });
    expect(written.lengthWritten).toBe(done);
    const got = readFileSync(pair.destinationPath).subarray(0, Number(done));
    expect(got.equals(pattern(8192).subarray(0, Number(done)))).toBe(true);
  });

  test.each([[0n], [511n]])(
    'a call that intercept truncates to %d bytes succeeds without progress',
    async (truncate) => {
      let armed = false;
      const pair = makePair(pattern(4096), { intercept: () => (armed ? { truncate } : undefined) });
      const { token } = await offloadReadWith(pair.emulator, pair.source, { copyLength: 4096 });
      armed = true;
      const protocol = { code: 'ERR_ODX_PROTOCOL' };
      await expect(offloadReadWith(pair.emulator, pair.source, { copyLength: 4096 })).rejects.toMatchObject(
        protocol,
      );
      const write = offloadWriteWith(pair.emulator, pair.destination, { token, copyLength: 4096 });
      await expect(write).rejects.toMatchObject(protocol);
      expect(pair.emulator.calls.map(({ status }) => status)).toEqual([0, 0, 0]);
    },
  );

  test('intercept delays a call before it runs', async () => {
    const pair = makePair(pattern(4096), {
      tokenLifetime: 30,
      intercept: ({ name }) => (name === 'FSCTL_OFFLOAD_WRITE' ? { delay: 50 } : {}),
    });
    const { token } = await offloadReadWith(pair.emulator, pair.source, { copyLength: 4096 });
    const write = offloadWriteWith(pair.emulator, pair.destination, { token, copyLength: 4096 });
    await expect(write).rejects.toMatchObject({ errno: 315 });
  });

  test('an exception of intercept reaches the caller unchanged', async () => {
    const mine = new Error('mine');
    const emulator = createEmulator({
      intercept() {
        throw mine;
      },
    });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    await expect(offloadReadWith(emulator, handle, { copyLength: 4096 })).rejects.toBe(mine);
    expect(() => offloadReadSyncWith(emulator, handle, { copyLength: 4096 })).toThrow(mine);
  });

  test('intercept may make calls, which do not share buffers with the intercepted call', async () => {
    const contents = pattern(4096);
    const pair = makePair(contents, {
      async intercept({ index, handle }) {
        if (index === 0) await offloadReadWith(pair.emulator, handle, { fileOffset: 512, copyLength: 1024 });
      },
    });
    const read = await offloadReadWith(pair.emulator, pair.source, { copyLength: 4096 });
    expect(read.transferLength).toBe(4096n);
    expect(pair.emulator.calls.map(({ index, status }) => [index, status])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  test.each([
    [5, 'intercept returned 5; it must return nothing or an object'],
    ['status', 'intercept returned "status"; it must return nothing or an object'],
    [{ status: -0x8000_0001 }, 'status is -2147483649; it must be an NTSTATUS, such as 0xC0000465.'],
    [{ status: 0x1_0000_0000 }, 'status is 4294967296; it must be an NTSTATUS, such as 0xC0000465.'],
    [{ status: 0.5 }, 'status is 0.5; it must be an NTSTATUS'],
    [{ status: 0xc000_0465n }, 'status is 3221226597n'],
    [{ truncate: -1n }, 'truncate is -1n; it must not be negative, the nearest legal value is 0'],
    [{ delay: Number.NaN }, 'delay is NaN'],
    [{ delay: -1 }, 'the nearest legal value is 0'],
    [{ statsu: 1 }, 'Unknown option "statsu" for the result of intercept; did you mean status?'],
  ])('an intercept that returns %o makes the call fail', async (returned, sentence) => {
    const emulator = createEmulator({ intercept: () => returned as object });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    const read = offloadReadWith(emulator, handle, { copyLength: 4096 });
    await expect(read).rejects.toBeInstanceOf(InvalidArgumentError);
    await expect(read).rejects.toThrow(sentence);
    expect(emulator.calls).toMatchObject([{ status: 0xc000_0001 }]);
  });

  // What intercept returns; the status that the call ends with.
  test.each([
    [undefined, 0],
    [null, 0],
    [{}, 0],
    [{ status: 0 }, 0],
    [{ status: 0xc000_0465 }, 0xc000_0465],
    [{ status: 0xc000_0465 | 0 }, 0xc000_0465],
    [{ status: 0xffff_ffff }, 0xffff_ffff],
    [{ status: -0x8000_0000 }, 0x8000_0000],
  ])('an intercept may return %o', async (returned, status) => {
    const emulator = createEmulator({ intercept: () => returned });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    await offloadReadWith(emulator, handle, { copyLength: 4096 }).catch((error: unknown) => error);
    expect(emulator.calls).toMatchObject([{ status }]);
  });

  test('an intercept must not return a promise to a Sync call', () => {
    const emulator = createEmulator({
      intercept: () => Promise.reject(new Error('must not be an unhandled rejection')),
    });
    const handle = openOn(emulator, temporaryFile(pattern(4096)), 'r');
    expect(() => offloadReadSyncWith(emulator, handle, { copyLength: 4096 })).toThrow(
      'intercept returned a promise, which a Sync call cannot wait for',
    );
  });
});
