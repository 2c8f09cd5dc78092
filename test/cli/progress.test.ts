import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProgressBar } from '../../src/cli/progress.ts';
import type { CopyProgress } from '../../src/index.ts';
import { hashOf, pattern, temporaryFolder } from './files.ts';
import { odx, odxInTerminal, ptyOpener, until } from './odx-process.ts';

const SLOW = ['--emulate', '--chunk', '256K', '--latency', '60ms'];
// Moves the cursor to the start of its line.
const LINE_START = '\u001b[1G';

let folder: ReturnType<typeof temporaryFolder>;
const path = (name: string): string => join(folder.path, name);

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(path('big.vhdx'), pattern(4_000_001));
});
afterEach(() => folder.remove());

describe.skipIf(ptyOpener === undefined)(
  `the progress bar of odx copy in a pseudo-terminal (${ptyOpener?.name ?? 'skipped: neither util-linux script nor python3 opens one here'})`,
  () => {
    it('moves, and is replaced by the report', async () => {
      const session = odxInTerminal(['copy', 'big.vhdx', 'copy.vhdx', ...SLOW], folder.path);
      expect(await session.ended).toBe(0);
      const drawn = session.shown().split(LINE_START).map(stripVTControlCharacters);
      const bars = drawn.filter((line) => /^ *\d+% [█▓▒░]+ {2}/.test(line));
      const percents = bars.map((line) => Number.parseInt(line, 10));
      expect(percents[0]).toBe(0);
      expect(new Set(percents).size).toBeGreaterThan(3);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      expect(bars.at(-1)).toMatch(/█░* {2}[\d.]+ MiB of 3\.8 MiB {2}[\d.]+ [KM]iB\/s {2}\d:\d\d left/);
      for (const line of bars) expect(line.length).toBeLessThan(80);
      expect(session.shown()).toContain('big.vhdx -> copy.vhdx');
      expect(session.shown()).toContain('offloaded  all 3.8 MiB');
      expect(hashOf(path('copy.vhdx'))).toBe(hashOf(path('big.vhdx')));
    });

    it('is removed on Ctrl-C, with the unfinished file', async () => {
      const session = odxInTerminal(['copy', 'big.vhdx', 'copy.vhdx', ...SLOW], folder.path);
      await until(() => /\b[1-9]\d?%/.test(session.shown()), session.shown);
      expect(existsSync(path('copy.vhdx'))).toBe(true);
      session.child.stdin?.write('\u0003');
      expect(await session.ended).toBe(130);
      expect(session.shown()).toContain('Interrupted.');
      expect(existsSync(path('copy.vhdx'))).toBe(false);
    });
  },
);

describe('the progress bar on a terminal', () => {
  const MIB = 1n << 20n;
  const BEGINNING: CopyProgress = {
    source: 'a',
    destination: 'b',
    phase: 'offload',
    percent: 0,
    bytesDone: 0n,
    totalBytes: 4n * MIB,
    offloadedBytes: 0n,
    zeroedBytes: 0n,
    bufferedBytes: 0n,
    systemBytes: 0n,
    verifiedBytes: 0n,
    bytesPerSecond: 0,
  };

  it.each<[string, CopyProgress, RegExp]>([
    ['starts at 0%', BEGINNING, /^ {2}0% ░+ {2}0 bytes of 4 MiB/],
    [
      'distinguishes bytes that were offloaded, zeroed and copied',
      {
        ...BEGINNING,
        phase: 'buffered',
        bytesDone: 3n * MIB,
        offloadedBytes: MIB,
        zeroedBytes: MIB,
        bufferedBytes: MIB,
      },
      /^ 75% (█+)▓{3,}▒{3,}░+ {2}3 MiB of 4 MiB/,
    ],
    [
      'names bytes that the system copied',
      { ...BEGINNING, phase: 'system', bytesDone: 2n * MIB, systemBytes: 2n * MIB },
      /^ 50% ▒+░+ {2}2 MiB of 4 MiB/,
    ],
    [
      'starts again when the copy is checked',
      {
        ...BEGINNING,
        phase: 'verify',
        bytesDone: 4n * MIB,
        offloadedBytes: 4n * MIB,
        verifiedBytes: MIB,
      },
      /^ 25% █+░+ {2}1 MiB of 4 MiB {2}checking the copy$/,
    ],
  ])('%s', (_, progress, expected) => {
    expect(drawn(progress)).toMatch(expected);
  });

  it('counts several files', () => {
    const progress = { ...BEGINNING, bytesDone: MIB, offloadedBytes: MIB };
    expect(drawn(progress, { files: 2000, columns: 120 })).toMatch(
      /^ 25% █+░+ {2}1 MiB of 4 MiB .+ {2}2,000 files$/,
    );
    expect(drawn(progress, { columns: 120 })).not.toContain('file');
  });

  it('is at 0% before empty files are copied, and at 100% afterwards', () => {
    expect(drawn(undefined, { total: 0n })).toMatch(/^ {2}0% ░+ {2}0 bytes of 0 bytes/);
    const progress = { ...BEGINNING, totalBytes: 0n };
    expect(drawn(progress, { total: 0n })).toMatch(/^100% ░+ {2}0 bytes of 0 bytes/);
  });

  it('leaves out what does not fit a narrow terminal', () => {
    const progress = { ...BEGINNING, bytesDone: MIB, offloadedBytes: MIB };
    expect(drawn(progress, { columns: 40 })).toMatch(/^ 25% █+░+ {2}1 MiB of 4 MiB$/);
    expect(drawn(progress, { columns: 20 })).toMatch(/^ 25% █+░+$/);
    // A terminal that does not know its width has 80 columns.
    expect(drawn(progress, { columns: 0 })).toBe(drawn(progress, { columns: 80 }));
  });

  /** What the bar shows after a report, or after none. */
  function drawn(
    progress: CopyProgress | undefined,
    { total = 4n * MIB, files = 1, columns = 80 }: { total?: bigint; files?: number; columns?: number } = {},
  ): string {
    vi.useFakeTimers();
    const screen = new PassThrough({ encoding: 'utf8' });
    const terminal = Object.assign(screen, { isTTY: true, columns }) as unknown as NodeJS.WriteStream;
    const bar = new ProgressBar(terminal, total, files);
    screen.read();
    if (progress !== undefined) bar.update(progress);
    vi.advanceTimersByTime(100);
    const line = stripVTControlCharacters(String(screen.read()));
    bar.end();
    vi.useRealTimers();
    return line;
  }
});

describe('the progress bar of odx copy in a pipe', () => {
  it('is not drawn', async () => {
    const { stdout, stderr } = await odx(['copy', 'big.vhdx', 'copy.vhdx', '--emulate'], {
      cwd: folder.path,
    });
    expect(`${stdout}${stderr}`).not.toMatch(/[█▓▒░%\r]/);
  });
});
