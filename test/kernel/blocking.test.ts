import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { AbortError } from '../../src/index.ts';
import { BLOCKING, BORROWED, hasStub, loadStub, type Stub } from './stub-kernel.ts';
import { useEveryFunction } from './use-every-function.ts';

const SECTOR = 512;
const OPEN = { read: true, write: true, disposition: 'open' } as const;
const READ = { copyLength: SECTOR };

describe.skipIf(!hasStub)('the event loop while native calls block [needs a C compiler]', () => {
  let stub: Stub;
  let folder = '';
  let source = '';

  beforeAll(() => {
    stub = loadStub();
    folder = mkdtempSync(join(tmpdir(), 'odx-blocking-'));
    source = join(folder, 'source.bin');
    writeFileSync(source, Buffer.alloc(4 * SECTOR, 7));
  });
  afterEach(() => stub.reset());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('only a synchronous function calls the system on the thread of JavaScript', async () => {
    const handle = stub.files.openSync(source, OPEN);
    expect(stub.get('CreateFileW', 'here')).toBe(1);
    stub.odx.offloadReadSync(handle, READ);
    expect(stub.get('DeviceIoControl', 'here')).toBe(1);
    await stub.odx.offloadRead(handle, READ);
    expect(stub.get('DeviceIoControl', 'here')).toBe(1);
    expect(stub.get('DeviceIoControl', 'calls')).toBe(2);
    stub.files.closeSync(handle);
  });

  test.each(BLOCKING)('no function that returns a promise blocks the event loop in %s', async (name) => {
    stub.set(name, 'sleep', 20);
    await useEveryFunction(stub, folder, source);
    expect(stub.get(name, 'calls')).toBeGreaterThan(0);
    expect(stub.get(name, 'here')).toBe(0);
    expect(stub.strays()).toBe(0);
  });

  test.each(['DeviceIoControl', 'CreateFileW', 'GetFileInformationByHandleEx', 'CloseHandle'] as const)(
    'a copy does not block the event loop in %s, and its bytes are complete',
    async (name) => {
      const destination = join(folder, 'copy.bin');
      rmSync(destination, { force: true });
      // An offload on the stub moves no bytes, so the copy must fall back to ordinary reads and writes.
      stub.set('DeviceIoControl', 'fail', 1);
      stub.set(name, 'sleep', 20);
      await stub.odx.copyFile(source, destination, { minimumSize: 0 });
      expect(stub.get(name, 'calls')).toBeGreaterThan(0);
      expect(stub.get(name, 'here')).toBe(0);
      expect(readFileSync(destination).equals(readFileSync(source))).toBe(true);
    },
  );

  test.each(['own', 'borrowed'] as const)('two calls on different %s handles overlap', async (kind) => {
    const [first, second] =
      kind === 'own'
        ? await Promise.all([stub.files.open(source, OPEN), stub.files.open(source, OPEN)])
        : [BORROWED, BORROWED + 4n];
    stub.set('DeviceIoControl', 'hold', 1);
    const calls = Promise.all([stub.odx.offloadRead(first, READ), stub.odx.offloadRead(second, READ)]);
    await stub.untilInside('DeviceIoControl', 2);
    stub.set('DeviceIoControl', 'release', 1);
    await calls;
    if (kind === 'own') await Promise.all([stub.files.close(first), stub.files.close(second)]);
  });

  test('the calls on one handle are made one after the other, in order', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'sleep', 20);
    const ended: number[] = [];
    await Promise.all([1, 2, 3].map((at) => stub.odx.offloadRead(handle, READ).then(() => ended.push(at))));
    expect(ended).toEqual([1, 2, 3]);
    expect(stub.most()).toBe(1);
    await stub.files.close(handle);
  });

  test('at most two threads of a pool of four are inside the system, and fs is served by the others', async () => {
    stub.set('DeviceIoControl', 'hold', 1);
    const calls = Promise.all(
      Array.from({ length: 8 }, (_, at) => stub.odx.offloadRead(BORROWED + BigInt(4 * at), READ)),
    );
    await stub.untilInside('DeviceIoControl', 2);
    for (let round = 0; round < 10; round++) expect(await readFile(source)).toHaveLength(4 * SECTOR);
    expect(stub.get('DeviceIoControl', 'inside')).toBe(2);
    stub.set('DeviceIoControl', 'hold', 0);
    stub.set('DeviceIoControl', 'release', 1);
    await calls;
    expect(stub.most()).toBe(2);
  });

  // Of a legal number, two threads stay free. Node.js takes the others as four.
  test.each([undefined, '4', '3', '1', '0', '-8', '2.5', 'many'])(
    'at most two threads are inside the system where UV_THREADPOOL_SIZE is %s',
    async (threads) => {
      vi.stubEnv('UV_THREADPOOL_SIZE', threads);
      onTestFinished(() => void vi.unstubAllEnvs());
      const other = loadStub();
      other.set('DeviceIoControl', 'hold', 1);
      const calls = Promise.all(
        Array.from({ length: 8 }, (_, at) => other.odx.offloadRead(BORROWED + BigInt(4 * at), READ)),
      );
      await other.untilInside('DeviceIoControl', 2);
      other.set('DeviceIoControl', 'hold', 0);
      // The others overlap, so that one too many would show.
      other.set('DeviceIoControl', 'sleep', 20);
      other.set('DeviceIoControl', 'release', 1);
      await calls;
      expect(other.most()).toBe(2);
    },
  );

  test('a server that does not answer holds one lane, however many of its files are opened', async () => {
    stub.set('CreateFileW', 'hold', 1);
    const remote = Array.from({ length: 4 }, () =>
      stub.files.open(`\\\\server\\share${source.replaceAll('/', '\\')}`, OPEN),
    );
    await stub.untilInside('CreateFileW', 1);
    stub.set('CreateFileW', 'hold', 0);
    const local = await stub.files.open(source, OPEN);
    expect(stub.get('CreateFileW', 'calls')).toBe(2);
    stub.set('CreateFileW', 'release', 1);
    await stub.files.close(local);
    for (const handle of await Promise.all(remote)) await stub.files.close(handle);
  });

  test('a pending call frees its lane at once', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'delay', 60_000);
    const controller = new AbortController();
    const request = { ...READ, signal: controller.signal };
    const calls = Promise.allSettled(Array.from({ length: 64 }, () => stub.odx.offloadRead(handle, request)));
    while (stub.get('DeviceIoControl', 'calls') < 64) await sleep(5);
    expect(await stub.files.info(handle, source)).toMatchObject({ size: BigInt(4 * SECTOR) });
    controller.abort();
    for (const outcome of await calls) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(AbortError) });
    }
    await stub.files.close(handle);
  });

  test('a call that succeeds without pending completes once', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'delay', -1);
    for (let round = 0; round < 100; round++) {
      const copyLength = (round + 1) * SECTOR;
      const { transferLength } = await stub.odx.offloadRead(handle, { copyLength });
      expect(transferLength).toBe(BigInt(copyLength));
    }
    await stub.files.close(handle);
  });

  test('an abort settles a queued call at once, and the call never reaches the kernel', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'hold', 1);
    const first = stub.odx.offloadRead(handle, READ);
    const { signal, abort } = aborting();
    const queued = stub.odx.offloadRead(handle, { ...READ, signal });
    await stub.untilInside('DeviceIoControl', 1);
    abort();
    await expect(queued).rejects.toBeInstanceOf(AbortError);
    expect(stub.get('DeviceIoControl', 'inside')).toBe(1);
    stub.set('DeviceIoControl', 'release', 1);
    await first;
    await stub.files.close(handle);
    expect(stub.get('DeviceIoControl', 'calls')).toBe(1);
  });

  test.each(['own', 'borrowed'] as const)(
    'an abort cancels a call that blocks on the %s handle, and settles when it returns',
    async (kind) => {
      const handle = kind === 'own' ? await stub.files.open(source, OPEN) : BORROWED;
      stub.set('DeviceIoControl', 'hold', 1);
      const { signal, abort } = aborting();
      const call = stub.odx.offloadRead(handle, { ...READ, signal });
      await stub.untilInside('DeviceIoControl', 1);
      abort();
      await expect(call).rejects.toBeInstanceOf(AbortError);
      expect(stub.get('DeviceIoControl', 'inside')).toBe(0);
      expect(stub.get('CancelIoEx', 'calls')).toBeGreaterThan(0);
      if (kind === 'own') await stub.files.close(handle);
    },
  );

  test('an abort cancels a pending call', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'delay', 60_000);
    const { signal, abort } = aborting();
    const call = stub.odx.offloadRead(handle, { ...READ, signal });
    while (stub.get('DeviceIoControl', 'calls') < 1) await sleep(5);
    abort();
    await expect(call).rejects.toBeInstanceOf(AbortError);
    await stub.files.close(handle);
  });

  test('close waits for the calls that block and are queued on its handle', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'sleep', 100);
    const ended: string[] = [];
    const calls = ['first', 'second'].map((name) =>
      stub.odx.offloadRead(handle, READ).then(() => ended.push(name)),
    );
    await stub.files.close(handle).then(() => ended.push('closed'));
    await Promise.all(calls);
    expect(ended).toEqual(['first', 'second', 'closed']);
    expect(stub.strays()).toBe(0);
  });

  test('close cancels a pending call and waits until it has completed', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'delay', 10_000);
    const call = stub.odx.offloadRead(handle, READ).catch((error: unknown) => error);
    await sleep(20);
    await stub.files.close(handle);
    expect(await call).toMatchObject({ code: 'ERROR_OPERATION_ABORTED' });
    expect(stub.strays()).toBe(0);
  });

  test('no call reaches the number of a closed handle, which the next file gets at once', async () => {
    const other = join(folder, 'other.bin');
    writeFileSync(other, Buffer.alloc(8 * SECTOR, 3));
    for (let round = 0; round < 20; round++) {
      const handle = await stub.files.open(source, OPEN);
      const resized = stub.files.setSize(handle, BigInt(2 * SECTOR));
      stub.files.closeSync(handle);
      const next = await stub.files.open(other, OPEN);
      await resized;
      await expect(stub.files.setSize(handle === next ? -1n : handle, 0n)).rejects.toBeDefined();
      await stub.files.close(next);
    }
    expect(readFileSync(other)).toHaveLength(8 * SECTOR);
    expect(readFileSync(source)).toHaveLength(2 * SECTOR);
    writeFileSync(source, Buffer.alloc(4 * SECTOR, 7));
  });

  test('calls on a handle that is being closed are refused', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('CloseHandle', 'sleep', 100);
    const closing = stub.files.close(handle);
    await expect(stub.odx.offloadRead(handle, READ)).rejects.toMatchObject({ code: 'ERROR_INVALID_HANDLE' });
    await closing;
    expect(stub.get('DeviceIoControl', 'calls')).toBe(0);
  });

  test('a failure on the pool reports the NTSTATUS that alone maps to it, and no other', async () => {
    const handle = await stub.files.open(source, OPEN);
    stub.set('DeviceIoControl', 'fail', 315);
    await expect(stub.odx.offloadRead(handle, READ)).rejects.toMatchObject({
      errno: 315,
      ntstatus: { value: 0xc000_0465 },
    });
    stub.set('DeviceIoControl', 'fail', 5);
    const error: unknown = await stub.odx.offloadRead(handle, READ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errno: 5 });
    expect((error as { ntstatus?: unknown }).ntstatus).toBeUndefined();
    await stub.files.close(handle);
  });

  test('a completion port that fails rejects every call in flight, and later ones, instead of spinning', async () => {
    const broken = loadStub();
    const handle = await broken.files.open(source, OPEN);
    broken.set('DeviceIoControl', 'delay', 1000);
    const calls = [1, 2].map(() => broken.odx.offloadRead(handle, READ));
    await sleep(20);
    broken.set('GetQueuedCompletionStatusEx', 'fail', 6);
    for (const call of calls) await expect(call).rejects.toMatchObject({ errno: 6 });
    await expect(broken.odx.offloadRead(handle, READ)).rejects.toMatchObject({ errno: 6 });
    const waits = broken.get('GetQueuedCompletionStatusEx', 'calls');
    await sleep(50);
    expect(broken.get('GetQueuedCompletionStatusEx', 'calls')).toBe(waits);
    await broken.files.close(handle);
  });

  test.each([
    'DeviceIoControl',
    'CreateFileW',
    'CloseHandle',
    'GetFileSizeEx',
    'ReadFile',
    'CopyFileExW',
    'progress',
  ] as const)('process.exit does not wait for %s, which blocks for ten minutes', async (name) => {
    const long = join(folder, 'long.bin');
    if (name === 'progress') writeFileSync(long, Buffer.alloc(500 * 65_536, 7));
    const path = name === 'progress' ? long : source;
    expect(await exitWhileBlocked(stub.library, name, path)).toBe(3);
  });
});

function exitWhileBlocked(library: string, name: string, path: string): Promise<number | null> {
  const program = fileURLToPath(new URL('exit-while-blocked.mjs', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, library, name, path], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}

function aborting(): { signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
