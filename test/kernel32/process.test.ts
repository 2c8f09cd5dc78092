import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as driver from '../wine/driver.ts';
import { runProgram } from './run-program.ts';
import { openForeign } from './sync-handle.ts';
import { odx, onDriver, pair } from './with-driver.ts';

const DISK = driver.DISKS[0]?.path ?? '';

describe.skipIf(!onDriver)('the process [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it('stays alive until the call in flight has completed, and ends then', async () => {
    driver.delay(0, 1200);
    const { code, output, milliseconds } = await runProgram('pending.mjs', [DISK]);
    expect(output).toBe('completed 512\n');
    expect(code).toBe(0);
    expect(milliseconds).toBeGreaterThan(1200);
  });

  it('ends by itself when nothing is in flight, with a file left open', async () => {
    const { code, output } = await runProgram('idle.mjs', [DISK]);
    expect({ code, output }).toEqual({ code: 0, output: 'idle\n' });
  });

  it('ends at process.exit while a call is in flight', async () => {
    driver.delay(0, 30_000);
    const { code, milliseconds } = await runProgram('exit.mjs', [DISK]);
    expect(code).toBe(3);
    expect(milliseconds).toBeLessThan(8000);
  });

  it('uses no more handles or memory after 5,000 more calls', { timeout: 240_000 }, async () => {
    const { source, destination, close } = await pair();
    const round = async () => {
      for (let at = 0; at < 5000; at += 50) {
        const { token } = await odx.offloadRead(source, { copyLength: 512 });
        await Promise.all(
          Array.from({ length: 39 }, () => odx.offloadWrite(destination, { token, copyLength: 512 })),
        );
        for (let sync = 0; sync < 10; sync++) odx.offloadReadSync(source, { copyLength: 512 });
      }
      globalThis.gc?.();
    };
    const handle = nextHandle();
    // What leaks grows in every round; the heap does not.
    let growth = Number.POSITIVE_INFINITY;
    await round();
    for (let more = 0; more < 6 && growth >= 5000 * 1024; more++) {
      const before = process.memoryUsage().rss;
      await round();
      growth = process.memoryUsage().rss - before;
    }
    expect(growth).toBeLessThan(5000 * 1024);
    // Wine's GetProcessHandleCount always returns 0; the number of the next handle shows the same.
    expect(nextHandle() - handle).toBeLessThan(64n);
    await close();
  });

  it('uses no more handles after 300 more opens, also with calls in flight, twice and blocking', async () => {
    const round = async (count: number) => {
      for (let at = 0; at < count; at++) {
        const file = await odx.openFile(DISK, 'r');
        const call =
          at % 5 === 0 ? odx.offloadRead(file, { copyLength: 512 }).catch(() => undefined) : undefined;
        if (at % 7 === 0) file[Symbol.dispose]();
        await Promise.all([file.close(), file[Symbol.asyncDispose](), call]);
      }
    };
    await round(50);
    const before = { next: nextHandle(), open: driver.state(0).handles };
    await round(300);
    // Wine closes a handle of a driver a moment later.
    expect(driver.state(0).handles).toBeLessThanOrEqual(before.open + 1);
    expect(nextHandle() - before.next).toBeLessThan(64n);
  });
});

function nextHandle(): bigint {
  const { handle, close } = openForeign(DISK, 'synchronous');
  close();
  return handle;
}
