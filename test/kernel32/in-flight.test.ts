import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AbortError, OffloadToken, Win32Error } from '../../src/index.ts';
import { statuses } from '../../structs/index.ts';
import * as driver from '../wine/driver.ts';
import { openForeign } from './sync-handle.ts';
import { files, odx, onDriver, pair } from './with-driver.ts';

const SECTOR = 512;
const failures = statuses.filter(({ value }) => value >>> 30 === 3);

describe.skipIf(!onDriver)('calls in flight [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it('64 concurrent calls each get their own result or error', async () => {
    const { source, close } = await pair();
    const COUNT = 64;
    // Each is pending for a different time, later ones for a shorter one; every second one fails.
    const ends = Array.from({ length: COUNT }, (_, at) => ({
      delay: 20 + (COUNT - at) * 3,
      failure: at % 2 === 0 ? failures[at % failures.length] : undefined,
      length: (at + 1) * SECTOR,
    }));
    for (const { delay, failure } of ends) {
      driver.addRule(0, { delay, ...(failure === undefined ? {} : { status: failure.value }) });
    }
    const outcomes = await Promise.allSettled(
      ends.map(({ length }) => odx.offloadRead(source, { fileOffset: length, copyLength: length })),
    );
    await close();
    for (const [at, { failure, length }] of ends.entries()) {
      const outcome = outcomes[at];
      if (failure === undefined) {
        expect(outcome).toMatchObject({ status: 'fulfilled', value: { transferLength: BigInt(length) } });
      } else {
        const ntstatus = { name: failure.name, value: failure.value };
        const reason = { errno: failure.win32.value, ntstatus, offset: BigInt(length) };
        expect(outcome).toMatchObject({ status: 'rejected', reason });
      }
    }
  });

  // A completion is posted for a warning as well, though the call fails at once.
  it.each([
    ['STATUS_DEVICE_BUSY', 0x8000_0011],
    ['STATUS_BUFFER_OVERFLOW', 0x8000_0005],
  ])(
    'the completion of a call that fails at once with the warning %s is not mistaken for that of the next',
    async (_, status) => {
      const { source, close } = await pair();
      driver.forceAtOnce(0, status);
      await expect(odx.offloadRead(source, { copyLength: SECTOR })).rejects.toMatchObject({
        ntstatus: { value: status },
      });
      for (let round = 0; round < 3; round++) {
        driver.delay(0, 200);
        const before = performance.now();
        const { transferLength } = await odx.offloadRead(source, { copyLength: (round + 1) * SECTOR });
        expect(transferLength).toBe(BigInt((round + 1) * SECTOR));
        expect(performance.now() - before).toBeGreaterThan(150);
        expect(driver.state(0).pending).toBe(0);
      }
      await close();
    },
  );

  it('32 pending calls delay neither timers nor fs', async () => {
    const { source, close } = await pair();
    const file = join(tmpdir(), 'odx-in-flight.txt');
    await writeFile(file, 'still here');
    driver.hold(0, { count: 32 });
    const calls = Array.from({ length: 32 }, () => odx.offloadRead(source, { copyLength: SECTOR }));
    await driver.untilPending(0, 32);
    for (let tick = 0; tick < 10; tick++) {
      await sleep(5);
      expect(await readFile(file, 'utf8')).toBe('still here');
    }
    expect(driver.state(0).pending).toBe(32);
    driver.release();
    await Promise.all(calls);
    await close();
  });

  it('a call on a borrowed synchronous handle does not block the event loop', async () => {
    const foreign = openForeign(driver.DISKS[0]?.path ?? '', 'synchronous');
    driver.hold(0);
    const call = odx.offloadRead(foreign.handle, { copyLength: SECTOR });
    await driver.untilPending(0);
    driver.release();
    expect((await call).transferLength).toBe(512n);
    foreign.close();
  });

  it.each(['synchronous', 'overlapped'] as const)(
    'calls on a borrowed %s handle succeed and fail after a delay, asynchronous and blocking',
    async (kind) => {
      const foreign = openForeign(driver.DISKS[0]?.path ?? '', kind);
      driver.delay(0, 50);
      expect((await odx.offloadRead(foreign.handle, { copyLength: SECTOR })).transferLength).toBe(512n);
      driver.addRule(0, { delay: 50, status: 0xc000_0465 });
      await expect(odx.offloadRead(foreign.handle, { copyLength: SECTOR })).rejects.toMatchObject({
        errno: 315,
      });
      driver.delay(0, 50);
      expect(odx.offloadReadSync(foreign.handle, { copyLength: SECTOR }).transferLength).toBe(512n);
      driver.addRule(0, { delay: 50, status: 0xc000_0465 });
      expect(() => odx.offloadReadSync(foreign.handle, { copyLength: SECTOR })).toThrow(
        expect.objectContaining({ errno: 315 }),
      );
      foreign.close();
    },
  );

  it.each([
    ['a file of this package', async () => (await pair()).source.handle],
    [
      'a borrowed synchronous handle',
      async () => openForeign(driver.DISKS[0]?.path ?? '', 'synchronous').handle,
    ],
    [
      'a borrowed overlapped handle',
      async () => openForeign(driver.DISKS[0]?.path ?? '', 'overlapped').handle,
    ],
  ])('an abort cancels a call that would never end on %s, in the driver too', async (_, open) => {
    const handle = await open();
    driver.hold(0);
    const controller = new AbortController();
    const call = odx.offloadRead(handle, { copyLength: SECTOR, signal: controller.signal });
    await driver.untilPending(0);
    const reason = new Error('no longer wanted');
    controller.abort(reason);
    const error = await call.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(AbortError);
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: reason });
    expect(driver.state(0)).toMatchObject({ cancelled: 1, pending: 0 });
    expect(driver.log(0).at(-1)).toMatchObject({ cancelled: true, status: 0xc000_0120 });
  });

  it('a queued call that is aborted is never made', async () => {
    const foreign = openForeign(driver.DISKS[0]?.path ?? '', 'synchronous');
    driver.hold(0);
    const first = odx.offloadRead(foreign.handle, { copyLength: SECTOR });
    const controller = new AbortController();
    const second = odx.offloadRead(foreign.handle, { copyLength: SECTOR, signal: controller.signal });
    await driver.untilPending(0);
    controller.abort();
    await expect(second).rejects.toBeInstanceOf(AbortError);
    expect(driver.state(0).pending).toBe(1);
    driver.release();
    await first;
    foreign.close();
    expect(driver.state(0).requests).toBe(1);
  });

  it('10,000 queued calls are aborted at once, and the handle remains usable', async () => {
    const foreign = openForeign(driver.DISKS[0]?.path ?? '', 'synchronous');
    driver.delay(0, 300);
    const first = odx.offloadRead(foreign.handle, { copyLength: SECTOR });
    const { signal, abort } = aborting();
    const calls = Array.from({ length: 10_000 }, () =>
      odx.offloadRead(foreign.handle, { copyLength: SECTOR, signal }).catch((error: unknown) => error),
    );
    abort();
    const errors = await Promise.all(calls);
    expect(errors.every((error) => error instanceof AbortError)).toBe(true);
    await first;
    expect((await odx.offloadRead(foreign.handle, { copyLength: SECTOR })).transferLength).toBe(512n);
    expect(driver.state(0).requests).toBe(2);
    foreign.close();
  });

  it('an abort takes effect on a call that no thread has started yet', async () => {
    const foreign = openForeign(driver.DISKS[0]?.path ?? '', 'synchronous');
    driver.hold(0);
    // As many as the pool has threads.
    const busy = Array.from({ length: 4 }, () => asleep(400));
    const { signal, abort } = aborting();
    const call = odx.offloadRead(foreign.handle, { copyLength: SECTOR, signal });
    await sleep(50);
    abort();
    await expect(call).rejects.toBeInstanceOf(AbortError);
    await Promise.all(busy);
    foreign.close();
    expect(driver.state(0)).toMatchObject({ pending: 0 });
  });

  it('calls wait while the program makes as many asynchronous calls as Koffi allows', async () => {
    const foreign = openForeign(driver.DISKS[0]?.path ?? '', 'synchronous');
    const busy = Array.from({ length: 256 }, () => asleep(10));
    await expect(asleep(1)).rejects.toThrow('Too many asynchronous calls');
    const { source, close } = await pair();
    const own = odx.offloadRead(source, { copyLength: SECTOR });
    const borrowed = odx.offloadRead(foreign.handle, { copyLength: SECTOR });
    expect((await own).transferLength).toBe(512n);
    expect((await borrowed).transferLength).toBe(512n);
    await Promise.all(busy);
    await close();
    foreign.close();
  });

  it('a call with a signal that was aborted is never made', async () => {
    const { source, close } = await pair();
    const made = driver.state(0).requests;
    const request = { copyLength: SECTOR, signal: AbortSignal.abort() };
    await expect(odx.offloadRead(source, request)).rejects.toBeInstanceOf(AbortError);
    expect(driver.state(0).requests).toBe(made);
    await close();
  });

  it('buffers survive a garbage collection during the call', async () => {
    const { source, destination, close } = await pair();
    const data = Buffer.alloc(64 * SECTOR, 0x5a);
    await files.write(source.handle, data, 0n);
    const { token } = await odx.offloadRead(source, { copyLength: data.length });
    driver.delay(1, 300, { count: 8 });
    driver.delay(0, 300, { count: 8 });
    const writes = Array.from({ length: 8 }, (_, at) => {
      const bytes = token.bytes;
      const request = { token: bytes, fileOffset: at * 8 * SECTOR, copyLength: 8 * SECTOR };
      const call = odx.offloadWrite(destination, request);
      bytes.fill(0);
      return call;
    });
    const reads = Array.from({ length: 8 }, () => odx.offloadRead(source, { copyLength: 8 * SECTOR }));
    for (let round = 0; round < 20; round++) {
      collectGarbage();
      // New allocations would reuse the memory of a buffer that was freed too early.
      Array.from({ length: 50 }, () => new ArrayBuffer(2048)).map((memory) =>
        new Uint8Array(memory).fill(0xff),
      );
      await sleep(10);
    }
    expect((await Promise.all(writes)).map(({ lengthWritten }) => lengthWritten)).toEqual(
      Array(8).fill(BigInt(8 * SECTOR)),
    );
    for (const { token: each } of await Promise.all(reads)) {
      await odx.offloadWrite(destination, { token: each, copyLength: 8 * SECTOR });
    }
    const copied = Buffer.alloc(64 * SECTOR);
    await files.read(destination.handle, copied, 0n);
    expect(copied.equals(data)).toBe(true);
    await close();
  });

  it('closing a file cancels its pending calls', async () => {
    const { source, destination } = await pair();
    driver.delay(0, 10_000);
    const call = odx.offloadRead(source, { copyLength: SECTOR }).catch((error: unknown) => error);
    await sleep(50);
    await source.close();
    await destination.close();
    const error = await call;
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({ code: 'ERROR_OPERATION_ABORTED' });
  });

  it('256 concurrent writes of the zero token all succeed', async () => {
    const { destination, close } = await pair();
    driver.delay(1, 30, { count: 256 });
    const token = OffloadToken.zeroData();
    const writes = Array.from({ length: 256 }, (_, at) =>
      odx.offloadWrite(destination, { token, fileOffset: at * SECTOR, copyLength: SECTOR }),
    );
    expect(new Set((await Promise.all(writes)).map(({ lengthWritten }) => lengthWritten))).toEqual(
      new Set([512n]),
    );
    await close();
  });
});

function aborting(): { signal: AbortSignal; abort(): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Occupies a thread of the pool through Koffi. */
function asleep(milliseconds: number): Promise<void> {
  const pause = koffi.load('kernel32.dll').func('__stdcall', 'Sleep', 'void', ['uint32_t']);
  return new Promise((resolve) => {
    pause.async(milliseconds, () => resolve());
  });
}

function collectGarbage(): void {
  if (globalThis.gc === undefined)
    throw new Error('Run with --expose-gc: without it this case shows nothing.');
  globalThis.gc();
}
