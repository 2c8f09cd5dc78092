import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeProbe } from '../../src/cli/commands/probe.ts';
import { restOfRange } from '../../src/cli/commands/read.ts';
import { OffloadToken, type ProbeReport } from '../../src/index.ts';
import { pattern } from './files.ts';

import { folderFor, underWine } from './odx-process.ts';

const LENGTH = 1_000_001;
const inFolder = folderFor((path) => {
  writeFileSync(path('big.vhdx'), pattern(LENGTH));
  writeFileSync(path('zeros.token'), OffloadToken.zeroData().bytes);
});

describe.concurrent('odx read', () => {
  it(
    'prints the fingerprint, the type and the transfer length, but not the token',
    inFolder(async ({ run }) => {
      const { code, stdout, stderr } = await run('read', 'big.vhdx');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/fingerprint {6}[0-9a-f]{16}\n/);
      expect(stdout).toMatch(/type {13}0x[0-9A-F]{8}\n/);
      expect(stdout).toContain('transfer length  1,000,001 bytes (977 KiB) from offset 0\n');
      expect(stdout.length).toBeLessThan(300);
    }),
  );

  it(
    'saves the token in a file that only its owner can read, and never over another file',
    inFolder(async ({ path, run }) => {
      const { stdout } = await run('read', 'big.vhdx', '--out', 'big.token', '--json');
      const bytes = readFileSync(path('big.token'));
      expect(JSON.parse(stdout)).toMatchObject({
        fingerprint: OffloadToken.from(bytes).fingerprint,
        isZeroData: false,
        transferLength: '1000001',
        out: 'big.token',
      });
      if (process.platform !== 'win32') expect(statSync(path('big.token')).mode & 0o777).toBe(0o600);

      const again = await run('read', 'big.vhdx', '--out', 'big.token');
      expect(again.code).toBe(1);
      expect(again.stderr).toMatch(/^odx: big\.token already exists\.\nnext: .*--force/);
      expect(readFileSync(path('big.token'))).toEqual(bytes);
      expect((await run('read', 'big.vhdx', '--out', 'big.token', '--force')).code).toBe(0);
      expect(readFileSync(path('big.token'))).not.toEqual(bytes);
    }),
  );

  it(
    'refuses an offset beyond the end and an unaligned one, and names nothing else',
    inFolder(async ({ run }) => {
      const beyond = await run('read', 'big.vhdx', '--offset', '2MiB');
      expect(beyond.code).toBe(2);
      expect(beyond.stderr).toMatch(
        /^odx: --offset is 2,097,152, and big\.vhdx ends at 1,000,001; begin within the file\.\nnext: /,
      );
      const crooked = await run('read', 'big.vhdx', '--offset', '5');
      expect(crooked.code).toBe(2);
      expect(crooked.stderr).toMatch(/^odx: --offset is 5; .+\nnext: .+\n$/);
    }),
  );

  it(
    'never saves the token over the file that it stands for',
    inFolder(async ({ path, run }) => {
      const { code, stderr } = await run('read', 'big.vhdx', '--out', './big.vhdx', '--force');
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^odx: --out is \.\/big\.vhdx, which is big\.vhdx itself; save the token in another file\.\n/,
      );
      expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH))).toBe(true);
    }),
  );

  it(
    'names the token of zeros, which every emulator knows',
    inFolder(async ({ path, run }) => {
      writeFileSync(path('empty'), '');
      const { code, stdout } = await run('read', 'empty', '--out', 'empty.token');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^ {2}type +0xFFFF0001, the token of zeros$/m);
      expect(stdout).toMatch(/^ {2}saved +empty\.token$/m);
      expect(readFileSync(path('empty.token'))).toEqual(Buffer.from(OffloadToken.zeroData().bytes));
    }),
  );

  it.each([
    ['a folder', ['--out', 'folder', '--force'], 'folder is a folder.', 'Name a file.'],
    [
      'in a folder that does not exist',
      ['--out', 'none/big.token'],
      'none/big.token cannot be written (ENOENT: no such file or directory).',
      'Check the path.',
    ],
  ])(
    'says what to do when the file for the token is %s',
    inFolder(async ({ path, run }, _what, args, sentence, next) => {
      mkdirSync(path('folder'));
      expect(await run('read', 'big.vhdx', ...args)).toEqual({
        code: 1,
        stdout: '',
        stderr: `odx: ${sentence}\nnext: ${next}\n`,
      });
    }),
  );

  it(
    'says where the file ends when --length goes beyond it',
    inFolder(async ({ run }) => {
      const { stdout } = await run('read', 'big.vhdx', '--length', '6M');
      expect(stdout).toContain('rest             the file ends at 1,000,001, before the range does\n');
    }),
  );

  it(
    'says where the next token begins when one does not cover the range',
    inFolder(async ({ run }) => {
      const { stdout } = await run('read', 'big.vhdx', '--offset', '1K', '--max-transfer', '64K');
      expect(stdout).toContain('transfer length  65,536 bytes (64 KiB) from offset 1,024\n');
      expect(stdout).toContain('933,441 bytes of the range need another token: --offset 66560\n');
    }),
  );

  it(
    'refuses an unaligned length, and names the option',
    inFolder(async ({ run }) => {
      const { code, stderr } = await run('read', 'big.vhdx', '--length', '5');
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /^odx: --length is 5; it must be a multiple of .+ the nearest legal value is 0\.\nnext: /,
      );
    }),
  );
});

describe('the part of a range that a token does not cover', () => {
  it.each<[string, [bigint, bigint, bigint, bigint, boolean], string | undefined]>([
    ['is nothing where it covers the range', [0n, 4096n, 8192n, 4096n, true], undefined],
    [
      'lies behind the end of the file',
      [512n, 8192n, 4096n, 3584n, false],
      'the file ends at 4,096, before the range does',
    ],
    [
      'needs another token',
      [512n, 4096n, 8192n, 1024n, false],
      '3,072 bytes of the range need another token: --offset 1536',
    ],
    [
      'ends with the file, where the range goes on',
      [0n, 8192n, 4096n, 1024n, false],
      '3,072 bytes of the range need another token: --offset 1024',
    ],
    [
      'needs no token where it has only zeros',
      [0n, 8192n, 8192n, 1024n, true],
      '7,168 bytes of the range are zeros up to the end of the file',
    ],
  ])('%s', (_title, [offset, copyLength, size, transferLength, allZeroBeyondRange], text) => {
    expect(restOfRange(offset, copyLength, size, { transferLength, allZeroBeyondRange })).toBe(text);
  });
});

describe
  .skipIf(underWine)
  .concurrent('odx write (skipped under Wine, where a process takes seconds to start)', () => {
    it(
      'writes the data of a token into a range of a file',
      inFolder(async ({ path, run }) => {
        const { code, stdout } = await run(
          'write',
          'big.vhdx',
          '--token',
          'zeros.token',
          '--offset',
          '512',
          '--length',
          '1K',
        );
        expect(code).toBe(0);
        expect(stdout).toContain('written  1,024 bytes (1 KiB) from offset 512, 1 offload write\n');
        const expected = pattern(LENGTH).fill(0, 512, 1536);
        expect(readFileSync(path('big.vhdx')).equals(expected)).toBe(true);
      }),
    );

    it(
      'creates a missing file, continues after short writes, and accepts base64',
      inFolder(async ({ path, run }) => {
        // In lines of 76 characters, as the base64 command writes it.
        writeFileSync(path('zeros.txt'), OffloadToken.zeroData().toBase64().replace(/.{76}/g, '$&\n'));
        const { code, stdout } = await run(
          'write',
          'new.img',
          '--token',
          'zeros.txt',
          '--length',
          '1M',
          '--max-write',
          '256K',
          '--json',
        );
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({ lengthWritten: '1048576', writes: 4 });
        expect(readFileSync(path('new.img')).equals(Buffer.alloc(1_048_576))).toBe(true);
      }),
    );

    it(
      'writes to the end of the file without --length',
      inFolder(async ({ path, run }) => {
        const { code, stdout } = await run('write', 'big.vhdx', '--token', 'zeros.token', '--offset', '512K');
        expect(code).toBe(0);
        expect(stdout).toContain('written  475,713 bytes (465 KiB) from offset 524,288, 1 offload write\n');
        expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH).fill(0, 524_288))).toBe(true);
      }),
    );

    it.each([
      [
        'an offset in a file that does not exist',
        ['new.img', '--offset', '1M', '--length', '512'],
        2,
        'odx: --offset is 1,048,576, and new.img does not exist; begin at 0, where a new file begins.',
      ],
      [
        'a range that no file can have',
        ['big.vhdx', '--length', '9000P'],
        2,
        'odx: --offset plus --length is 10133099161583616000n; it must stay within 2^63-1, the nearest legal value is 9223372036854775807n.',
      ],
      [
        'an unaligned start within the token',
        ['big.vhdx', '--length', '512', '--transfer-offset', '7'],
        2,
        'odx: --transfer-offset is 7; it must be a multiple of the logical sector of 512 bytes, the nearest legal value is 0.',
      ],
      ['a folder', ['folder'], 1, 'odx: folder is a folder.'],
      [
        'a new file in a folder that does not exist',
        ['none/new.img', '--length', '512'],
        1,
        expect.stringMatching(/^odx: ERROR_PATH_NOT_FOUND .+'none\/new\.img'/),
      ],
    ])(
      'refuses %s',
      inFolder(async ({ path, run }, _what, args, code, sentence) => {
        mkdirSync(path('folder'));
        const finished = await run('write', ...args, '--token', 'zeros.token');
        expect({ code: finished.code, stdout: finished.stdout }).toEqual({ code, stdout: '' });
        const [first, next] = finished.stderr.split('\n');
        expect(first).toEqual(sentence);
        expect(next).toMatch(/^next: /);
        expect(existsSync(path('new.img'))).toBe(false);
        expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH))).toBe(true);
      }),
    );

    it.each([
      [
        'begin beyond the end',
        ['--offset', '2M', '--length', '512'],
        2,
        /begin within the file or at its end/,
      ],
      ['begin beyond the end and have no --length', ['--offset', '2M'], 2, /give the length with --length/],
      [
        'are refused by the storage',
        ['--offset', '512K', '--length', '1M', '--incapable'],
        1,
        /NOT_SUPPORTED/,
      ],
    ])(
      'restores the length of a file when writes to it %s',
      inFolder(async ({ path, run }, _what, args, code, sentence) => {
        const finished = await run('write', 'big.vhdx', '--token', 'zeros.token', ...args);
        expect(finished.code).toBe(code);
        expect(finished.stderr).toMatch(sentence);
        expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH))).toBe(true);
      }),
    );

    it(
      'says that a token of the emulator ended with its process, and leaves no file behind',
      inFolder(async ({ path, run }) => {
        await run('read', 'big.vhdx', '--out', 'big.token');
        const { code, stderr } = await run('write', 'new.img', '--token', 'big.token', '--length', '1M');
        expect(code).toBe(1);
        expect(stderr).toMatch(/^odx: ERROR_INVALID_TOKEN \(315, STATUS_INVALID_TOKEN\): /);
        expect(stderr).toMatch(
          /\nnext: A token of the emulator is valid only in the process that read it; .+ odx repl --emulate\.\nhelp: .+#error_invalid_token\n$/,
        );
        expect(existsSync(path('new.img'))).toBe(false);
      }),
    );

    it(
      'needs the length of a file that does not exist',
      inFolder(async ({ path, run }) => {
        writeFileSync(path('zeros.txt'), OffloadToken.zeroData().toBase64());
        const { code, stderr } = await run('write', 'new.img', '--token', 'zeros.txt');
        expect(code).toBe(2);
        expect(stderr).toMatch(/^odx: new\.img does not exist; give its length with --length\.\nnext: /);
        expect(existsSync(path('new.img'))).toBe(false);
      }),
    );

    it.each([
      [
        'not a token',
        'big.vhdx',
        2,
        /^odx: big\.vhdx holds no token, which is 512 bytes, or their base64\.\nnext: /,
      ],
      [
        'missing',
        'none.token',
        1,
        /^odx: none\.token cannot be read \(ENOENT: no such file or directory\)\.\nnext: Check the path\.\n$/,
      ],
      ['a folder', '.', 1, /^odx: \. is a folder\.\nnext: Name a file\.\n$/],
    ])(
      'refuses a token file that is %s',
      inFolder(async ({ run }, _what, token, code, sentence) => {
        const finished = await run('write', 'new.img', '--token', token, '--length', '1M');
        expect(finished.code).toBe(code);
        expect(finished.stderr).toMatch(sentence);
      }),
    );
  });

describe
  .skipIf(underWine)
  .concurrent('odx zero (skipped under Wine, where a process takes seconds to start)', () => {
    it(
      'fills a range with zeros',
      inFolder(async ({ path, run }) => {
        const { code, stdout } = await run('zero', 'big.vhdx', '0x400', '64K');
        expect({ code, stdout }).toEqual({
          code: 0,
          stdout: 'big.vhdx: 65,536 bytes (64 KiB) from offset 1,024 are now zeros\n',
        });
        expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH).fill(0, 1024, 66_560))).toBe(true);
      }),
    );

    it(
      'prints the written range as JSON',
      inFolder(async ({ run }) => {
        const { stdout } = await run('zero', 'big.vhdx', '0', '512', '--json');
        expect(JSON.parse(stdout)).toEqual({ path: 'big.vhdx', fileOffset: '0', lengthWritten: '512' });
      }),
    );

    it(
      'refuses a range beyond the end before anything is cleared',
      inFolder(async ({ path, run }) => {
        const { code, stderr } = await run('zero', 'big.vhdx', '0', '2M');
        expect(code).toBe(2);
        expect(stderr).toMatch(
          /^odx: The range ends at 2,097,152, but big\.vhdx ends at 1,000,001\.\nnext: /,
        );
        expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH))).toBe(true);
      }),
    );

    it(
      'refuses an unaligned offset, and names the operand',
      inFolder(async ({ run }) => {
        const { code, stderr } = await run('zero', 'big.vhdx', '5', '512');
        expect(code).toBe(2);
        expect(stderr).toMatch(/^odx: OFFSET is 5; /);
      }),
    );
  });

describe.concurrent('odx probe', () => {
  it(
    'prints a verdict with its reasons',
    inFolder(async ({ run }) => {
      const { code, stdout } = await run('probe', 'big.vhdx');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^big\.vhdx: capable, .+\n {2}- /);
      expect(stdout).toContain('sector            512 bytes\n');
      expect(stdout).toContain('size              1,000,001 bytes (977 KiB)\n');
    }),
  );

  it(
    'reports storage that cannot offload, as JSON',
    inFolder(async ({ run }) => {
      const { code, stdout } = await run('probe', 'big.vhdx', '--incapable', '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'incapable', size: '1000001', sectorSize: 512 });
    }),
  );

  it(
    'fails for a path that does not exist',
    inFolder(async ({ run }) => {
      const { code, stderr } = await run('probe', 'none.vhdx');
      expect(code).toBe(1);
      expect(stderr).toMatch(/^odx: .+\nnext: .+\n$/);
    }),
  );
});

describe('the report of odx probe', () => {
  const DISK: ProbeReport = {
    verdict: 'unknown',
    reasons: ['The first reason is longer than a line of this terminal.', 'The second is not.'],
    path: 'D:\\big.vhdx',
    location: 'unknown',
    readOnly: true,
    sectorSize: 4096,
    attributes: ['sparse', 'compressed'],
  };
  const DEVICE = {
    version: 1,
    size: 48,
    maximumTokenLifetime: 0,
    defaultTokenLifetime: 0,
    maximumTransferSize: 0n,
    optimalTransferCount: 0n,
    maximumDataDescriptors: 0,
    maximumTransferLengthPerDescriptor: 0,
    optimalTransferLengthPerDescriptor: 0,
    optimalTransferLengthGranularity: 0,
    maximumTransferBytes: 0n,
    optimalTransferBytes: 0n,
  };

  it('shows what is not known, and fits the terminal', () => {
    expect(describeProbe('D:\\big.vhdx', DISK, 50).split('\n')).toEqual([
      'D:\\big.vhdx: unknown, only a copy can show whether',
      'copy offload works here',
      '  - The first reason is longer than a line of this',
      '    terminal.',
      '  - The second is not.',
      '  file system  not known',
      '  location     not known',
      '  read-only    yes',
      '  sector       4 KiB',
      '  attributes   sparse, compressed',
      expect.stringMatching(/^help: https:.+\/diagnose\.md$/),
    ]);
  });

  it.each<[string, Partial<ProbeReport>, RegExp]>([
    ['a folder has no size', {}, /sector +4 KiB\n {2}attributes/],
    [
      'a device may not report what one token covers',
      { copyOffload: DEVICE },
      /one token covers +not reported$/m,
    ],
    ['a device may not report its best transfer', { copyOffload: DEVICE }, /best transfer +not reported$/m],
    ['a device may not report a lifetime', { copyOffload: DEVICE }, /token lifetime +not reported$/m],
    [
      'a device may report only its longest lifetime',
      { copyOffload: { ...DEVICE, maximumTokenLifetime: 60 } },
      /token lifetime +0 s, at most 60 s$/m,
    ],
    [
      'a device reports its sizes in bytes',
      { copyOffload: { ...DEVICE, maximumTransferBytes: 1n << 28n, optimalTransferBytes: 1n << 20n } },
      /one token covers +up to 256 MiB\n {2}best transfer +1 MiB$/m,
    ],
    ['there may be no filters', { filters: [] }, /filters +none$/m],
    [
      'filters differ in what they let pass',
      {
        filters: [
          { name: 'WdFilter', offloadRead: true, offloadWrite: true },
          { name: 'OldFilter', offloadRead: false, offloadWrite: false, isLegacy: true },
          { name: 'Reader', offloadRead: false, offloadWrite: true },
          { name: 'Writer', offloadRead: true, offloadWrite: false },
          { name: 'Both', offloadRead: false, offloadWrite: false },
        ],
      },
      /filters +WdFilter, OldFilter \(legacy\), Reader \(blocks offload reads\), Writer \(blocks offload writes\), Both \(blocks offload reads and writes\)$/m,
    ],
    ['a capable volume needs no help', { verdict: 'capable' }, /attributes +sparse, compressed$/],
  ])('says that %s', (_what, facts, expected) => {
    expect(describeProbe('D:\\', { ...DISK, ...facts }, Number.POSITIVE_INFINITY)).toMatch(expected);
  });
});
