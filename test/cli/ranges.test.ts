import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OffloadToken } from '../../src/index.ts';
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
      ['missing', 'none.token', 1, /ENOENT/],
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
