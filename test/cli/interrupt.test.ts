import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OffloadToken } from '../../src/index.ts';
import { pattern, temporaryFolder } from './files.ts';
import { environment, type Finished, ODX } from './odx-process.ts';

const LENGTH = 4_000_001;
const SLOW = ['--emulate', '--chunk', '256K', '--latency', '100ms'];
let folder: ReturnType<typeof temporaryFolder>;
const path = (name: string): string => join(folder.path, name);

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(path('big.vhdx'), pattern(LENGTH));
});
afterEach(() => folder.remove());

describe.skipIf(process.platform === 'win32')(
  'an interrupted odx copy (skipped on Windows, where SIGINT cannot be sent to another process)',
  () => {
    it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
      'removes the unfinished file after %s and exits with 130',
      async (name) => {
        const { code, stdout, stderr } = await interruptCopy(['big.vhdx', 'copy.vhdx'], 'copy.vhdx', name);
        expect({ code, stdout, stderr }).toEqual({
          code: 130,
          stdout: '',
          stderr:
            'odx: Interrupted.\nnext: The unfinished file was removed, even where it replaced another one; run the same command to start again.\n',
        });
        expect(existsSync(path('copy.vhdx'))).toBe(false);
        expect(existsSync(path('big.vhdx'))).toBe(true);
      },
    );

    it('prints an AbortError in the document of --json', async () => {
      const { code, stdout, stderr } = await interruptCopy(
        ['big.vhdx', 'copy.vhdx', '--json'],
        'copy.vhdx',
        'SIGINT',
      );
      expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({ error: { name: 'AbortError', code: 'ABORT_ERR' } });
    });

    it('removes every unfinished file of several', async () => {
      mkdirSync(path('backup'));
      writeFileSync(path('other.vhdx'), pattern(4_000_001));
      const { code, stderr } = await interruptCopy(
        ['big.vhdx', 'other.vhdx', 'backup'],
        'backup/other.vhdx',
        'SIGINT',
      );
      expect({ code, stderr }).toEqual({
        code: 130,
        stderr: 'odx: Interrupted with 2 files to go; unfinished copies were removed.\n',
      });
      expect(readdirSync(path('backup'))).toEqual([]);
    });

    it('keeps the files that were finished, and lists them', async () => {
      mkdirSync(path('backup'));
      writeFileSync(path('small.vhdx'), pattern(1000));
      const { code, stdout, stderr } = await interruptCopy(
        ['small.vhdx', 'big.vhdx', 'backup', '--concurrency', '1'],
        'backup/big.vhdx',
        'SIGINT',
      );
      expect({ code, stderr }).toEqual({
        code: 130,
        stderr: 'odx: Interrupted with 1 file to go; unfinished copies were removed.\n',
      });
      expect(stdout).toContain('1 of 2 files copied');
      expect(stdout).toContain('  finished: small.vhdx -> backup/small.vhdx\n');
      expect(readdirSync(path('backup'))).toEqual(['small.vhdx']);
    });
  },
);

describe.skipIf(process.platform === 'win32')(
  'an interrupted job on a range (skipped on Windows, where SIGINT cannot be sent to another process)',
  () => {
    const SLOW_WRITES = ['--emulate', '--max-write', '256K', '--latency', '200ms'];
    const TOKEN = ['--token', 'zeros.token', '--length', '8M'];

    beforeEach(() => writeFileSync(path('zeros.token'), OffloadToken.zeroData().bytes));

    it('removes the unfinished file that odx write has created', async () => {
      const isRunning = (): boolean => existsSync(path('new.img'));
      expect(await interrupt(['write', 'new.img', ...TOKEN, ...SLOW_WRITES], isRunning)).toEqual({
        code: 130,
        stdout: '',
        stderr: 'odx: Interrupted.\nnext: The unfinished file was removed; run the same command again.\n',
      });
      expect(existsSync(path('new.img'))).toBe(false);
    });

    it('restores the length of the file that odx write has extended', async () => {
      const isRunning = (): boolean => statSync(path('big.vhdx')).size > LENGTH;
      expect(await interrupt(['write', 'big.vhdx', ...TOKEN, ...SLOW_WRITES], isRunning)).toEqual({
        code: 130,
        stdout: '',
        stderr:
          'odx: Interrupted.\nnext: Part of the range may be written already; run the same command again.\n',
      });
      expect(statSync(path('big.vhdx')).size).toBe(LENGTH);
    });

    it('leaves a part of the range as it was when odx zero is interrupted', async () => {
      const isRunning = (): boolean =>
        readFileSync(path('big.vhdx'))
          .subarray(0, 512)
          .every((byte) => byte === 0);
      expect(await interrupt(['zero', 'big.vhdx', '0', '3M', ...SLOW_WRITES], isRunning)).toEqual({
        code: 130,
        stdout: '',
        stderr:
          'odx: Interrupted.\nnext: Part of the range may be cleared already; run the same command again.\n',
      });
      expect(
        readFileSync(path('big.vhdx')).subarray(2_097_152).equals(pattern(LENGTH).subarray(2_097_152)),
      ).toBe(true);
    });
  },
);

/** Sends the signal when the destination exists. */
function interruptCopy(
  args: readonly string[],
  destination: string,
  signal: NodeJS.Signals,
): Promise<Finished> {
  return interrupt(['copy', ...args, ...SLOW], () => existsSync(path(destination)), signal);
}

/** Sends the signal when the command has begun to change files. */
async function interrupt(
  args: readonly string[],
  isRunning: () => boolean,
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Finished> {
  const child = spawn(process.execPath, [ODX, ...args], {
    cwd: folder.path,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (!isRunning() && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // A moment later control codes are in flight.
  await new Promise((resolve) => setTimeout(resolve, 150));
  child.kill(signal);
  return { code: await code, stdout, stderr };
}
