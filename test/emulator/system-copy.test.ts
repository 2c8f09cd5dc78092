import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import type { SystemCopyRequest } from '../../src/kernel/kernel.ts';
import { borrow, onWindows, temporaryFile, temporaryPath } from './harness.ts';

const ABORTED = { errno: 1235 };
const REQUEST: SystemCopyRequest = { failIfExists: false, allowDecrypted: false };

describe('the copy function of the emulator', () => {
  test('does not begin when its signal has fired before', async () => {
    const [source, destination] = [temporaryFile('x'), temporaryPath()];
    const copying = createEmulator().files.copy(source, destination, REQUEST, AbortSignal.abort());
    await expect(copying).rejects.toMatchObject({ errno: 995, ntstatus: 0xc000_0120 });
    expect(existsSync(destination)).toBe(false);
  });

  // Opening a pipe waits for its other end, so the copy is under way until the test opens that.
  test.skipIf(onWindows)(
    'reports its progress until it is cancelled, and fails after that [needs mkfifo]',
    async () => {
      const { source, destination, release } = pipe();
      // On a busy machine it may be reported more than once.
      const reported = new Set<bigint>();
      const request = {
        ...REQUEST,
        onProgress(done: bigint) {
          reported.add(done);
          // The size of a destination that does not exist yet, and then of one that does.
          if (done === 0n) writeFileSync(destination, 'abc');
          else release();
          return done === 0n;
        },
      };
      await expect(createEmulator().files.copy(source, destination, request)).rejects.toMatchObject(ABORTED);
      expect(reported).toEqual(new Set([0n, 3n]));
    },
  );

  test.skipIf(onWindows)('fails when its signal fires while the host copies [needs mkfifo]', async () => {
    const { source, destination, release } = pipe();
    const controller = new AbortController();
    const copying = createEmulator().files.copy(source, destination, REQUEST, controller.signal);
    controller.abort();
    release();
    await expect(copying).rejects.toMatchObject(ABORTED);
    // It is left to the caller, because the host has finished it.
    expect(readFileSync(destination)).toHaveLength(0);
  });
});

/** A source that holds up its copy until it is released. */
function pipe(): { source: string; destination: string; release(): void } {
  const source = temporaryPath('pipe');
  execFileSync('mkfifo', [source]);
  return { source, destination: temporaryPath(), release: () => void borrow(source, 'r+') };
}
