import { expect, test } from 'vitest';
import type { FileKernel } from '../../src/kernel/kernel.ts';
import { createOdx } from '../../src/odx.ts';
import { OffloadToken } from '../../src/token.ts';
import { BORROWED, memoryKernel } from './memory-native.ts';

const tokenOf = (input: Uint8Array) => input.slice(32, 544);
const filledWith = (value: number) => new Uint8Array(512).fill(value);

test('a token is not the memory that the call used', () => {
  const { kernel, poison } = memoryKernel();
  const { token } = createOdx({ kernel }).offloadReadSync(BORROWED, { copyLength: 4096 });
  poison();
  expect(token.bytes).toEqual(filledWith(1));
});

test('no two tokens share a byte, across many slabs', () => {
  const { kernel, poison } = memoryKernel();
  const odx = createOdx({ kernel });
  const read = () => odx.offloadReadSync(BORROWED, { copyLength: 4096 }).token;
  const tokens = Array.from({ length: 200 }, read);
  poison();
  for (const [at, token] of tokens.entries()) expect(token.bytes).toEqual(filledWith(at + 1));
});

test('tokens of kernels that are used in turn come from the right memory', () => {
  const [first, second] = [memoryKernel(), memoryKernel()].map(({ kernel }) => createOdx({ kernel }));
  for (let value = 1; value <= 5; value++) {
    for (const odx of [first, second]) {
      expect(odx?.offloadReadSync(BORROWED, { copyLength: 512 }).token.bytes).toEqual(filledWith(value));
    }
  }
});

test('the bytes that `bytes` gives are the caller’s own', () => {
  const token = OffloadToken.from(filledWith(7));
  token.bytes.fill(9);
  expect(token.bytes).toEqual(filledWith(7));
});

test('a token given as bytes may be reused as soon as the call has begun', async () => {
  const { kernel, files, seen } = memoryKernel();
  const odx = createOdx({ kernel });
  await using file = await opened(files);
  const bytes = filledWith(1);
  const writes: Promise<unknown>[] = [];
  for (let value = 1; value <= 20; value++) {
    bytes.fill(value);
    writes.push(odx.offloadWrite(file.handle, { token: bytes, copyLength: 512 }));
  }
  bytes.fill(0xff);
  await Promise.all(writes);
  expect(seen.map(({ input }) => tokenOf(input))).toEqual(seen.map((_, at) => filledWith(at + 1)));
});

test('calls in flight at once have memory of their own', async () => {
  const { kernel, files, seen } = memoryKernel();
  const odx = createOdx({ kernel });
  await using file = await opened(files);
  const read = (_: unknown, at: number) => odx.offloadRead(file.handle, { copyLength: 512 * (at + 1) });
  const results = await Promise.all(Array.from({ length: 50 }, read));
  expect(new Set(seen.map(({ inputAt }) => inputAt)).size).toBe(50);
  for (const [at, { token, transferLength }] of results.entries()) {
    expect(token.bytes).toEqual(filledWith(at + 1));
    expect(transferLength).toBe(BigInt(512 * (at + 1)));
  }
});

test('a getter of the request that calls again disturbs neither call', () => {
  const { kernel, seen } = memoryKernel();
  const odx = createOdx({ kernel });
  const { lengthWritten } = odx.offloadWriteSync(BORROWED, {
    copyLength: 1024,
    get token() {
      const inner = odx.offloadReadSync(BORROWED, { copyLength: 512, fileOffset: 8192 });
      expect(inner.transferLength).toBe(512n);
      return inner.token;
    },
    get fileOffset() {
      odx.offloadWriteSync(BORROWED, { token: filledWith(9), copyLength: 4096 });
      return 2048;
    },
  });
  expect(lengthWritten).toBe(1024n);
  const outer = seen.at(-1)?.input ?? new Uint8Array();
  expect(tokenOf(outer)).toEqual(filledWith(1));
  expect(new DataView(outer.buffer).getBigUint64(8, true)).toBe(2048n);
});

test('what one call sent is not left over in the next', () => {
  const { kernel, seen } = memoryKernel();
  const odx = createOdx({ kernel });
  odx.offloadWriteSync(BORROWED, {
    token: filledWith(9),
    copyLength: 2n ** 62n,
    fileOffset: 2n ** 62n - 512n,
    transferOffset: 512,
  });
  odx.offloadReadSync(BORROWED, { copyLength: 512, tokenTimeToLive: 0xffff_ffff });
  odx.offloadReadSync(BORROWED, { copyLength: 512 });
  const expected = new DataView(new ArrayBuffer(32));
  expected.setUint32(0, 32, true);
  expected.setUint32(24, 512, true);
  expect(seen.at(-1)?.input).toEqual(new Uint8Array(expected.buffer));
});

test('memory that waited with an event completes through the port next time, and the other way round', async () => {
  const { kernel, files, seen } = memoryKernel();
  const odx = createOdx({ kernel });
  await using file = await opened(files);
  for (let round = 0; round < 3; round++) {
    odx.offloadReadSync(BORROWED, { copyLength: 512 });
    await odx.offloadRead(file.handle, { copyLength: 512 });
  }
  expect(new Set(seen.map(({ inputAt }) => inputAt)).size).toBe(1);
  expect(seen.map(({ event }) => event)).toEqual([0x501n, 0n, 0x501n, 0n, 0x501n, 0n]);
});

async function opened(files: FileKernel) {
  const handle = files.openSync('C:\\file', { read: true, write: true, disposition: 'open' });
  return { handle, [Symbol.asyncDispose]: async () => files.closeSync(handle) };
}
