import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Native } from '../../src/kernel/win32/native.ts';
import { limitExit } from '../../src/kernel/win32/process-exit.ts';
import { patternBytes } from '../kit.ts';
import { nativeOf } from './pool-call.ts';
import { BORROWED, hasStub, loadStub, type StubFunction } from './stub-kernel.ts';

const SIZE = 1_048_576;
const OUTCOME = { mine: 512, other: 'completed', isReused: false, strays: 0, freed: 0 };
// Of a call, in milliseconds.
const DURATION = 1500;

describe.skipIf(!hasStub)(
  'a worker thread that is terminated [needs a C compiler]',
  { timeout: 60_000 },
  () => {
    let library = '';
    let folder = '';
    beforeAll(() => {
      library = loadStub().library;
      folder = mkdtempSync(join(tmpdir(), 'odx-worker-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    // "Asynchronous I/O and Asynchronous RPC" of Microsoft: requests on a handle of a completion port are not cancelled when
    // the thread that made them ends.
    test.each<StubFunction>(['DeviceIoControl', 'ReadFile', 'WriteFile'])(
      'leaves behind the memory of a pending %s, its handle, and the calls of other threads',
      async (name) => {
        const outcome = await terminateDuring(name, 'delay');
        expect(outcome).toMatchObject(OUTCOME);
        // Right after the termination; otherwise this case would show nothing.
        expect(outcome['pending']).toBeGreaterThan(0);
      },
    );

    test('ends when its call that blocks has returned', async () => {
      const outcome = await terminateDuring('DeviceIoControl', 'sleep');
      expect(outcome).toMatchObject(OUTCOME);
      expect(outcome['elapsed']).toBeGreaterThan(DURATION);
    });

    test('holds up process.exit until its call that blocks has returned', async () => {
      const parameters = [library, String(DURATION), String(BORROWED)];
      const { code, output } = await run('exit-while-worker-blocked.mjs', parameters);
      expect(code).toBe(3);
      expect(Date.now() - Number(output)).toBeGreaterThan(DURATION);
    });

    async function terminateDuring(
      name: StubFunction,
      how: 'delay' | 'sleep',
    ): Promise<Record<string, unknown>> {
      const source = join(folder, `${name}.bin`);
      writeFileSync(source, patternBytes(SIZE));
      const { code, output } = await run('terminate-worker.mjs', [
        library,
        name,
        how,
        String(DURATION),
        source,
      ]);
      expect(code).toBe(0);
      return JSON.parse(output) as Record<string, unknown>;
    }

    // Preloaded, the stub sees what is freed.
    async function run(program: string, parameters: string[]): Promise<{ code: number; output: string }> {
      const path = fileURLToPath(new URL(program, import.meta.url));
      const env = { ...process.env, LD_PRELOAD: library };
      const { code, stdout } = await promisify(execFile)(process.execPath, [path, ...parameters], {
        env,
      }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        (error: { code: number; stdout: string }) => error,
      );
      return { code, output: stdout };
    }
  },
);

// Tests run in worker threads of Vitest.
test.skipIf(isMainThread)('the exit of a worker thread does not end the process', () => {
  const native: Partial<Native> = {
    addressOfFunction: () => expect.fail('ExitProcess was looked up.'),
    CreateTimerQueueTimer: () => expect.fail('A timer was set.'),
  };
  expect(() => limitExit(nativeOf(native))).not.toThrow();
});
