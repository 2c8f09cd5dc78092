import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../kit.ts';

// Windows Node under Wine gives child processes no pipes.
describe.skipIf(process.platform === 'win32')('nasty values in every place of every public function', () => {
  test('abort nothing, hang nothing, and only OdxErrors and their own exceptions come out', () => {
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
