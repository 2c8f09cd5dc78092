import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeReport } from '../../src/cli/commands/try.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { createOdx, type TrialReport, type TrialStep, type TrialVolume } from '../../src/index.ts';
import { temporaryFolder } from './files.ts';
import {
  environment,
  type Finished,
  folderFor,
  ODX,
  odxInTerminal,
  ptyOpener,
  underWine,
} from './odx-process.ts';

const SMALL = ['--size', '64K'];
const inFolder = folderFor((path) => {
  mkdirSync(path('scratch'));
  mkdirSync(path('other'));
});

describe.skipIf(underWine).concurrent('odx try (skipped under Wine)', () => {
  it(
    'prints a report without the name of the folder, removes the scratch files and exits with 0',
    inFolder(async ({ path, run }) => {
      const { code, stdout, stderr } = await run('try', 'scratch', ...SMALL);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^offloads: /);
      for (const name of ['whole file', 'ordinary copy', 'range', 'zeros', 'unaligned tail']) {
        expect(stdout).toMatch(new RegExp(`^ {2}${name} +passed, \\S+ KiB in \\d+ ms`, 'm'));
      }
      expect(stdout).toMatch(/^ {2}invalid token +passed, refused with ERROR_INVALID_TOKEN$/m);
      expect(stdout).toMatch(/^ {2}versions +win-odx \d\S+, Node\.js \d/m);
      expect(stdout).not.toContain('scratch/');
      expect(stdout).not.toContain(path());
      expect(readdirSync(path('scratch'))).toEqual([]);
    }),
  );

  it(
    'prints the report as one JSON document',
    inFolder(async ({ path, run }) => {
      const { code, stdout, stderr } = await run('try', 'scratch', 'other', '--json', ...SMALL);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({
        verdict: 'offloads',
        size: '65536',
        source: { fileSystem: 'emulated' },
        destination: { fileSystem: 'emulated' },
        environment: { kernel: 'emulator' },
      });
      expect(stdout).not.toContain(path());
      for (const name of ['scratch', 'other']) expect(readdirSync(path(name))).toEqual([]);
    }),
  );

  it(
    'exits with 3 and shows the obstacle where the storage cannot offload',
    inFolder(async ({ path, run }) => {
      const { code, stdout, stderr } = await run('try', 'scratch', '--incapable', ...SMALL);
      expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
      expect(stdout).toMatch(/^incapable: /);
      expect(stdout).toMatch(/^ {2}whole file +refused, ERROR_NOT_SUPPORTED$/m);
      expect(stdout).toMatch(/^ {2}- The device has no copy offload/m);
      expect(readdirSync(path('scratch'))).toEqual([]);
    }),
  );

  it(
    'exits with 1 where the storage answers wrongly',
    inFolder(async ({ path, run }) => {
      const { code, stdout } = await run('try', 'scratch', '--token-lifetime', '0', ...SMALL);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^broken: /);
      expect(stdout).toMatch(/^ {2}whole file +failed, ERROR_INVALID_TOKEN$/m);
      expect(readdirSync(path('scratch'))).toEqual([]);
    }),
  );

  it(
    'exits with 1 where the folder does not exist, and with 2 where the size is not legal or does not fit',
    inFolder(async ({ run }) => {
      const missing = await run('try', 'missing');
      expect(missing.code).toBe(1);
      expect(missing.stderr).toMatch(/^odx: ERROR_FILE_NOT_FOUND .+\nnext: Name a folder that exists\.\n$/);
      const zero = await run('try', 'scratch', '--size', '0');
      expect(zero.code).toBe(2);
      expect(zero.stderr).toMatch(/^odx: --size is 0; it must be at least one byte/);
      const large = await run('try', 'scratch', '--size', '4096T');
      expect(large.code).toBe(2);
      expect(large.stderr).toMatch(/^odx: --size is \d+, .+ bytes free; pass a smaller one/);
    }),
  );

  it.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'removes the scratch files after %s and exits with 130 (skipped on Windows, where signals cannot be sent)',
    async (signal) => {
      const folder = temporaryFolder();
      try {
        writeFileSync(join(folder.path, 'data.vhdx'), 'precious');
        const { code, stdout, stderr } = await interrupt(folder.path, signal);
        expect({ code, stdout, stderr }).toEqual({
          code: 130,
          stdout: '',
          stderr:
            'odx: Interrupted.\nnext: The scratch files were removed; run the same command to start again.\n',
        });
        expect(readdirSync(folder.path)).toEqual(['data.vhdx']);
      } finally {
        folder.remove();
      }
    },
  );

  it.each([80, 50])('prints a report that fits a terminal of %s columns', async (columns) => {
    for (const options of [{}, { supported: false }, { tokenLifetime: 0 }]) {
      const folder = temporaryFolder();
      const other = temporaryFolder();
      try {
        const kernel = createEmulator(options);
        const { tryOffload } = createOdx({ kernel });
        const report = await tryOffload(folder.path, { destination: other.path, size: 65_536 });
        const lines = describeReport(report, columns).split('\n');
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
        expect(lines.length).toBeGreaterThan(10);
      } finally {
        folder.remove();
        other.remove();
      }
    }
  });

  it.skipIf(ptyOpener === undefined)(
    'shows its progress on a terminal and clears it in the end (skipped where nothing opens a pseudo-terminal)',
    async () => {
      const folder = temporaryFolder();
      try {
        const session = odxInTerminal(['try', '.', '--emulate', ...SMALL], folder.path);
        expect(await session.ended).toBe(0);
        expect(session.shown()).toMatch(/ 0% prepare/);
        expect(session.shown()).toMatch(/100% \S+[^\n]*\r?\S*\[1G\S*\[2Koffloads: /);
      } finally {
        folder.remove();
      }
    },
  );
});

describe('the report of odx try', () => {
  const VOLUME: TrialVolume = {
    verdict: 'capable',
    reasons: [],
    fileSystem: 'NTFS',
    location: 'local',
    readOnly: false,
    sectorSize: 512,
    attributes: [],
    filters: [],
  };
  const { fileSystem: _fileSystem, filters: _filters, ...UNKNOWN } = VOLUME;
  const REPORT: TrialReport = {
    verdict: 'offloads',
    steps: [],
    size: 65_536n,
    source: VOLUME,
    environment: {
      package: '1.2.3',
      node: '22.0.0',
      platform: 'win32',
      release: '10.0.20348',
      architecture: 'x64',
      kernel: 'kernel32',
    },
  };
  const DEVICE = {
    version: 1,
    size: 48,
    maximumTokenLifetime: 0,
    defaultTokenLifetime: 0,
    maximumTransferSize: 524_288n,
    optimalTransferCount: 0n,
    maximumDataDescriptors: 0,
    maximumTransferLengthPerDescriptor: 0,
    optimalTransferLengthPerDescriptor: 0,
    optimalTransferLengthGranularity: 0,
    maximumTransferBytes: 268_435_456n,
    optimalTransferBytes: 0n,
  };
  const step = (facts: Partial<TrialStep>): readonly TrialStep[] => [
    { name: 'range', outcome: 'passed', bytes: 0n, elapsedMs: 1, ...facts },
  ];
  const timing = (speedup: number): NonNullable<TrialReport['timing']> => ({
    offloadMs: 1,
    ordinaryMs: 1,
    speedup,
  });

  it.each<[string, Partial<TrialReport>, string]>([
    [
      'how fast a step was',
      { steps: step({ bytes: 1_048_576n, elapsedMs: 500 }) },
      '  range  passed, 1 MiB in 500 ms, 2 MiB/s\n',
    ],
    ['a step that wrote nothing', { steps: step({}) }, '  range  passed\n'],
    [
      'why a step failed',
      { steps: step({ outcome: 'failed', status: 'ERROR_CRC', detail: 'Byte 7 differs.' }) },
      '  range  failed, ERROR_CRC: Byte 7 differs.\n',
    ],
    [
      'why a step was skipped',
      { steps: step({ name: 'expired-token', outcome: 'skipped', detail: 'It has no lifetime.' }) },
      '  expired token  skipped: It has no lifetime.\n',
    ],
    [
      'how a token was refused',
      { steps: step({ name: 'invalid-token', status: 'ERROR_INVALID_TOKEN' }) },
      '  invalid token  passed, refused with ERROR_INVALID_TOKEN\n',
    ],
    ['that offload was faster', { timing: timing(4.2) }, 'offload was 4.2 times as fast as an ordinary copy'],
    ['that both took the same time', { timing: timing(1) }, 'offload was as fast as an ordinary copy'],
    ['that an ordinary copy was faster', { timing: timing(0.5) }, 'an ordinary copy was 2 times as fast as'],
    ['that it was much faster', { timing: timing(0.00234) }, 'was 427.4 times as fast as offload'],
    ['the volume', {}, '  volume         NTFS, local, sectors of 512 bytes, no filters\n'],
    [
      'what is not known of a volume',
      { source: { ...UNKNOWN, location: 'unknown' } },
      'file system not known, location not known, sectors of 512 bytes, filters not known\n',
    ],
    [
      'the filters, and what one token covers',
      {
        source: {
          ...VOLUME,
          copyOffload: DEVICE,
          filters: ['WdFilter', 'Other'].map((name) => ({ name, offloadRead: true, offloadWrite: true })),
        },
      },
      'sectors of 512 bytes, one token covers up to 256 MiB, filters WdFilter Other\n',
    ],
    [
      'both volumes',
      { destination: { ...VOLUME, sectorSize: 4096 } },
      '  source         NTFS, local, sectors of 512 bytes, no filters\n  destination    NTFS, local, sectors of 4 KiB, no filters\n',
    ],
    [
      'an obstacle of both volumes once',
      {
        verdict: 'incapable',
        source: { ...VOLUME, verdict: 'incapable', reasons: ['A filter is in the way.'] },
        destination: { ...VOLUME, verdict: 'incapable', reasons: ['A filter is in the way.', 'It is full.'] },
      },
      'incapable: the storage refused to copy by itself\n\n  - A filter is in the way.\n  - It is full.\n  scratch files',
    ],
  ])('shows %s', (_what, facts, text) => {
    expect(describeReport({ ...REPORT, ...facts }, Number.POSITIVE_INFINITY)).toContain(text);
  });

  it('wraps an obstacle beside its dash', () => {
    const source: TrialVolume = {
      ...VOLUME,
      verdict: 'unknown',
      reasons: ['one two three four five six seven'],
    };
    expect(describeReport({ ...REPORT, verdict: 'broken', source }, 30)).toContain(
      '\n  - one two three four five\n    six seven\n',
    );
  });
});

/** Sends the signal while the first offload is in flight. */
async function interrupt(cwd: string, signal: NodeJS.Signals): Promise<Finished> {
  const child = spawn(process.execPath, [ODX, 'try', '.', '--emulate', '--latency', '1s', ...SMALL], {
    cwd,
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
  while (!readdirSync(cwd).some((name) => name.includes('offloaded')) && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill(signal);
  return { code: await code, stdout, stderr };
}
