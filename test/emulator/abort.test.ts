import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { EmulatorOptions } from '../../src/emulator/index.ts';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import { offloadReadWith } from '../../src/offload-read.ts';
import { offloadWriteWith } from '../../src/offload-write.ts';
import { FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { makePair, pattern } from './harness.ts';

const CANCELLED = 0xc000_0120;
// Longer than any test may take.
const FOREVER = 600_000;

describe('an abort of a call on the emulator', () => {
  const waits: [string, EmulatorOptions][] = [
    ['the wait for the latency', { latency: FOREVER }],
    ['the wait for a delay', { intercept: () => ({ delay: FOREVER }) }],
    ['the wait for an intercept that never replies', { intercept: () => new Promise(() => {}) }],
  ];

  test.each(waits)('an abort ends %s at once', async (_name, options) => {
    const { emulator, source } = makePair(pattern(4096), options);
    const abort = new AbortController();
    const read = offloadReadWith(emulator, source, { copyLength: 4096, signal: abort.signal });
    const refused = expect(read).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'enough' });
    await sleep(5);
    abort.abort('enough');
    await refused;
    expect(emulator.calls).toMatchObject([{ status: CANCELLED, bytesReturned: 0 }]);
  });

  test('an abort ends a copy, and afterwards nothing touches the buffers or the file', async () => {
    const contents = pattern(256 << 20);
    const { emulator, source, destination, destinationPath } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: contents.length });
    const buffers = emulator.acquire(544, 16);
    const input = buffers.inputView;
    input.setUint32(0, 544, true);
    input.setBigUint64(8, 0n, true);
    input.setBigUint64(16, BigInt(contents.length), true);
    input.setBigUint64(24, 0n, true);
    buffers.input.set(token.bytes, 32);
    buffers.output.fill(0xcc);
    const abort = new AbortController();
    const write = emulator.control(destination, FSCTL_OFFLOAD_WRITE, buffers, 544, 16, abort.signal);
    const failure: unknown = write.catch((error: unknown) => error);
    await sleep(5);
    abort.abort();
    const error = await failure;
    expect(error).toBeInstanceOf(KernelFailure);
    expect(error).toMatchObject({ errno: 995, ntstatus: CANCELLED });
    const { stamp } = emulator.files.infoSync(destination, destinationPath);
    await sleep(20);
    expect(emulator.files.infoSync(destination, destinationPath).stamp).toBe(stamp);
    expect(buffers.output.every((byte) => byte === 0xcc)).toBe(true);
    emulator.release(buffers);
  });

  test('an abort ends the wait for an earlier write of the same file, but not that write', async () => {
    const contents = pattern(64 << 20);
    const { emulator, source, destination } = makePair(contents);
    const { token } = await offloadReadWith(emulator, source, { copyLength: contents.length });
    const abort = new AbortController();
    const request = { token, copyLength: contents.length };
    const first = offloadWriteWith(emulator, destination, request);
    const second = offloadWriteWith(emulator, destination, { ...request, signal: abort.signal });
    const third = offloadWriteWith(emulator, destination, request);
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await expect(first).resolves.toMatchObject({ lengthWritten: BigInt(contents.length) });
    await expect(third).resolves.toMatchObject({ lengthWritten: BigInt(contents.length) });
  });

  test('an abort ends an ordinary write between two pieces', async () => {
    const { emulator, destination } = makePair(pattern(512));
    const abort = new AbortController();
    const write = emulator.files.write(destination, new Uint8Array(256 << 20).fill(1), 0n, abort.signal);
    const refused = expect(write).rejects.toMatchObject({ errno: 995 });
    await sleep(2);
    abort.abort();
    await refused;
  });
});

test('closing a handle waits for its calls in flight', async () => {
  const { emulator, source, destination } = makePair(pattern(4096), { latency: 30 });
  const { token } = await offloadReadWith(emulator, source, { copyLength: 4096 });
  let written = false;
  const write = offloadWriteWith(emulator, destination, { token, copyLength: 4096 }).then(() => {
    written = true;
  });
  await Promise.all([emulator.files.close(source), emulator.files.close(destination)]);
  await sleep(0);
  expect(written).toBe(true);
  await write;
  await expect(emulator.files.close(source)).rejects.toMatchObject({ errno: 6 });
});
