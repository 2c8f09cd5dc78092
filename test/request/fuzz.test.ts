import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../kit.ts';

// Under Wine, child processes of Windows Node.js have no pipes.
describe.skipIf(process.platform === 'win32')('public functions called with hostile values', () => {
  test('neither crash nor hang, and throw only OdxErrors and the exceptions of the caller', () => {
    const program = fileURLToPath(new URL('fuzz.mjs', import.meta.url));
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [program, temporaryFolder().path('fuzz')],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: 150_000,
      },
    );
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    const { values, calls, bad } = JSON.parse(stdout);
    expect(bad).toEqual([]);
    expect(values).toBeGreaterThan(100);
    expect(calls).toBeGreaterThan(15_000);
  }, 180_000);
});
