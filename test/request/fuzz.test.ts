import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

// Windows Node under Wine gives child processes no pipes.
describe.skipIf(process.platform === 'win32')('nasty values in every place of every public function', () => {
  test('abort nothing, hang nothing, and only OdxErrors and their own exceptions come out', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'win-odx-fuzz-'));
    try {
      const program = fileURLToPath(new URL('fuzz.mjs', import.meta.url));
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [program, scratch], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        timeout: 150_000,
      });
      expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
      const { values, calls, bad } = JSON.parse(stdout);
      expect(bad).toEqual([]);
      expect(values).toBeGreaterThan(100);
      expect(calls).toBeGreaterThan(15_000);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }, 180_000);
});
