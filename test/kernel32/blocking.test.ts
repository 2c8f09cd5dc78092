import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { OffloadToken } from '../../src/index.ts';
import { leastGap, longestGap } from '../kernel/longest-gap.ts';
import * as driver from '../wine/driver.ts';
import { runProgram } from './run-program.ts';
import { openForeign } from './sync-handle.ts';
import { files, odx, onDriver } from './with-driver.ts';

const BLOCKED = 300;
// Shorter than what blocks, and long enough for a busy machine.
const LONGEST_GAP = 250;
const SECTOR = 512;
const READ = { copyLength: SECTOR };
const [first = '', second = ''] = driver.DISKS.map(({ path }) => path);

// As NTFS may do it: DeviceIoControl, ReadFile and WriteFile do not return before the request is complete, on an
// overlapped handle either. Wine calls a driver from one thread, so what blocks there on two handles is served one by one.
describe.skipIf(!onDriver)('calls that block in the driver [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it('keep the caller of a synchronous function waiting', async () => {
    const file = await odx.openFile(first, 'r+');
    driver.block(0, BLOCKED);
    const gap = await longestGap(async () => odx.offloadReadSync(file, READ));
    expect(gap).toBeGreaterThan(BLOCKED - 1);
    expect(driver.log(0).at(-1)).toMatchObject({ pended: false, completed: true });
    await file.close();
  });

  const OPEN: Record<string, () => Promise<{ handle: bigint; close(): unknown }>> = {
    'a file of this package': () => odx.openFile(first, 'r+'),
    'a borrowed synchronous handle': async () => openForeign(first, 'synchronous'),
    'a borrowed overlapped handle': async () => openForeign(first, 'overlapped'),
  };
  const token = OffloadToken.zeroData();
  const ranges = [{ startingOffset: 0, lengthInBytes: SECTOR }];
  const CALLS: Record<string, (handle: bigint) => Promise<unknown>> = {
    offloadRead: (handle) => odx.offloadRead(handle, READ),
    offloadWrite: (handle) => odx.offloadWrite(handle, { token, copyLength: SECTOR }),
    zeroRange: (handle) => odx.zeroRange(handle, { fileOffset: 0, length: SECTOR }),
    dsmOffloadRead: (handle) => odx.dsmOffloadRead(handle, { ranges }),
    dsmOffloadWrite: (handle) => odx.dsmOffloadWrite(handle, { ranges, token }),
    queryCopyOffload: (handle) => odx.queryCopyOffload(handle),
    ReadFile: (handle) => files.read(handle, Buffer.alloc(SECTOR), 0n),
    WriteFile: (handle) => files.write(handle, Buffer.alloc(SECTOR), 0n),
  };

  it.each(Object.keys(OPEN))('never block the event loop on %s', async (kind) => {
    const opened = await OPEN[kind]?.();
    for (const [name, call] of Object.entries(CALLS)) {
      const code = name === 'ReadFile' ? 'read' : name === 'WriteFile' ? 'write' : 'any';
      const gap = await leastGap(LONGEST_GAP, async () => {
        driver.block(0, BLOCKED, { code });
        const before = performance.now();
        await call(opened?.handle ?? 0n);
        expect(performance.now() - before, name).toBeGreaterThan(BLOCKED - 1);
      });
      expect(gap, name).toBeLessThan(LONGEST_GAP);
    }
    await opened?.close();
  });

  it('never block the event loop while a file is opened and copied', async () => {
    driver.setSize(0, 4 * SECTOR);
    const gap = await leastGap(LONGEST_GAP, async () => {
      driver.block(undefined, BLOCKED, { code: 'any', count: 8 });
      await odx.copyFile(first, second, { mode: 'require' });
    });
    expect(gap).toBeLessThan(LONGEST_GAP);
  });

  it('overlap on two handles that wait in DeviceIoControl, while fs is served', async () => {
    const [one, two] = [openForeign(first, 'synchronous'), openForeign(second, 'synchronous')];
    for (const disk of [0, 1]) driver.hold(disk);
    const calls = [odx.offloadRead(one.handle, READ), odx.offloadRead(two.handle, READ)];
    for (const disk of [0, 1]) await driver.untilPending(disk);
    await readFile('package.json');
    expect([0, 1].map((disk) => driver.state(disk).pending)).toEqual([1, 1]);
    driver.release();
    await Promise.all(calls);
    one.close();
    two.close();
  });

  it('overlap on a borrowed handle and on a file of this package', async () => {
    const borrowed = openForeign(second, 'synchronous');
    const file = await odx.openFile(first, 'r+');
    driver.hold(1);
    driver.block(0, BLOCKED);
    const pending = odx.offloadRead(borrowed.handle, READ);
    // Wine's thread must have seen this request before the other one holds it.
    await driver.untilPending(1);
    await odx.offloadRead(file, READ);
    expect(driver.state(1).pending).toBe(1);
    driver.release();
    await pending;
    await file.close();
    borrowed.close();
  });

  // Wine hands a cancellation to the thread that the driver blocks, so here the request completes as if there were none.
  it.each(Object.keys(OPEN))('settle after an abort when they have returned, on %s', async (kind) => {
    const opened = await OPEN[kind]?.();
    driver.block(0, BLOCKED);
    const controller = new AbortController();
    const before = performance.now();
    const call = odx.offloadRead(opened?.handle ?? 0n, { ...READ, signal: controller.signal });
    const queued = odx.offloadRead(opened?.handle ?? 0n, { ...READ, signal: controller.signal });
    const order: string[] = [];
    void queued.catch(() => order.push('queued'));
    void call.then(() => order.push('made'));
    await sleep(100);
    controller.abort();
    await expect(queued).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await expect(call).resolves.toMatchObject({ transferLength: 512n });
    expect(order).toEqual(['queued', 'made']);
    expect(performance.now() - before).toBeGreaterThan(BLOCKED - 1);
    expect(driver.state(0)).toMatchObject({ requests: driver.log(0).length, pending: 0 });
    expect(driver.log(0).filter(({ code }) => code === 0x0009_4264)).toHaveLength(1);
    await opened?.close();
  });

  it('are awaited by close', async () => {
    const before = driver.state(0).handles;
    const file = await odx.openFile(first, 'r+');
    driver.block(0, BLOCKED);
    const ended: string[] = [];
    const call = odx
      .offloadRead(file, READ)
      .then(({ transferLength }) => ended.push(`read ${transferLength}`));
    await file.close().then(() => ended.push('closed'));
    await call;
    expect(ended).toEqual(['read 512', 'closed']);
    expect(driver.state(0).handles).toBe(before);
  });

  it('do not hold up process.exit', async () => {
    driver.block(0, 6000);
    const { code, output, ended } = await runProgram('exit-while-blocked.mjs', [first]);
    expect(code).toBe(3);
    expect(ended - Number(output)).toBeLessThan(5000);
  });
});
