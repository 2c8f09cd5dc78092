import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildStub, canBuildStub } from '../stub/stub.ts';

// `npm run test:lifetime` sets it.
const isLong = process.env['MODE'] === 'long';
const PROGRAM = fileURLToPath(new URL('measure.mjs', import.meta.url));

interface Holds {
  readonly descriptors: number;
  readonly handles: number;
  readonly threads: number;
  readonly listeners: number;
  readonly exitListeners: number;
  readonly active: number;
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
}

interface Figures {
  readonly before: Holds;
  readonly after: Holds;
  readonly seconds: number;
  /** Calls on the number of a closed handle. */
  readonly strays: number;
}

const KERNELS = [
  { name: 'stub', opens: isLong ? 100_000 : 500, calls: isLong ? 1_000_000 : 5000, mostMegabytes: 32 },
  // It remembers the latest 65,536 tokens.
  { name: 'emulator', opens: isLong ? 10_000 : 100, calls: isLong ? 100_000 : 1000, mostMegabytes: 96 },
];

// A process of its own for each kernel: what the tests of other files hold would be counted too.
describe.skipIf(!canBuildStub())('the lifetime of files and calls [needs a C compiler]', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-lifetime-'));
    writeFileSync(join(folder, 'file.bin'), Buffer.alloc(1_048_576, 1));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(KERNELS)(
    'leaves no handle, thread, listener, timer or memory behind after $opens opens and $calls calls ($name)',
    { timeout: isLong ? 3_600_000 : 120_000 },
    async ({ name, opens, calls, mostMegabytes }) => {
      const library = name === 'stub' ? [buildStub()] : [];
      const parameters = [name, join(folder, 'file.bin'), String(opens), String(calls), ...library];
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', PROGRAM, ...parameters]);
      const { before, after, seconds, strays } = JSON.parse(stdout) as Figures;
      if (isLong) show(name, opens, calls, before, after, seconds);
      const { descriptors, exitListeners } = before;
      expect(after).toMatchObject({ descriptors, exitListeners, handles: 0, listeners: 0, active: 0 });
      expect(strays).toBe(0);
      expect(after.threads).toBeLessThanOrEqual(before.threads);
      expect(after.heap + after.external - before.heap - before.external).toBeLessThan(mostMegabytes / 2);
      expect(after.rss - before.rss).toBeLessThan(mostMegabytes);
    },
  );
});

function show(
  name: string,
  opens: number,
  calls: number,
  before: Holds,
  after: Holds,
  seconds: number,
): void {
  const rows = Object.entries(before).map(([what, count]) => {
    const end = after[what as keyof Holds];
    return `  ${what.padEnd(14)}${count.toFixed(0).padStart(6)}${end.toFixed(0).padStart(6)}`;
  });
  const title = `${name}: ${opens} opens and ${calls} calls in ${seconds.toFixed(0)} s, before and after:`;
  console.log([title, ...rows].join('\n'));
}
