import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as driver from '../wine/driver.ts';
import { openForeign } from './sync-handle.ts';
import { odx, onDriver, pair } from './with-driver.ts';

const DISK = driver.DISKS[0]?.path ?? '';

describe.skipIf(!onDriver)('the process [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it('stays alive until the call in flight has completed, and ends then', async () => {
    driver.delay(0, 1200);
    const { code, output, milliseconds } = await run('pending.mjs');
    expect(output).toBe('completed 512\n');
    expect(code).toBe(0);
    expect(milliseconds).toBeGreaterThan(1200);
  });

  it('ends by itself when nothing is in flight, with a file left open', async () => {
    const { code, output } = await run('idle.mjs');
    expect({ code, output }).toEqual({ code: 0, output: 'idle\n' });
  });

  it('ends at process.exit while a call is in flight', async () => {
    driver.delay(0, 30_000);
    const { code, milliseconds } = await run('exit.mjs');
    expect(code).toBe(3);
    expect(milliseconds).toBeLessThan(8000);
  });

  it('uses no more handles or memory after 10,000 more calls', { timeout: 120_000 }, async () => {
    const { source, destination, close } = await pair();
    const round = async (calls: number) => {
      for (let at = 0; at < calls; at += 50) {
        const { token } = await odx.offloadRead(source, { copyLength: 512 });
        await Promise.all(
          Array.from({ length: 39 }, () => odx.offloadWrite(destination, { token, copyLength: 512 })),
        );
        for (let sync = 0; sync < 10; sync++) odx.offloadReadSync(source, { copyLength: 512 });
      }
      globalThis.gc?.();
    };
    // By then the heap has reached its size.
    await round(10_000);
    const before = { handle: nextHandle(), rss: process.memoryUsage().rss };
    await round(10_000);
    const after = { handle: nextHandle(), rss: process.memoryUsage().rss };
    // Wine's GetProcessHandleCount always returns 0; the number of the next handle shows the same.
    expect(after.handle - before.handle).toBeLessThan(64n);
    expect(after.rss - before.rss).toBeLessThan(16 * 1024 * 1024);
    await close();
  });
});

function nextHandle(): bigint {
  const { handle, close } = openForeign(DISK, 'synchronous');
  close();
  return handle;
}

// Files as stdio: under Wine a pipe gives EBADF.
function run(program: string): Promise<{ code: number | null; output: string; milliseconds: number }> {
  const path = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
  const outputPath = join(tmpdir(), `odx-${program}.txt`);
  const output = openSync(outputPath, 'w');
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path, DISK], { stdio: ['ignore', output, output] });
    child.once('error', reject);
    child.once('exit', (code) => {
      closeSync(output);
      const milliseconds = performance.now() - started;
      resolve({ code, output: readFileSync(outputPath, 'utf8'), milliseconds });
    });
  });
}
