import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expandWildcards } from '../../src/cli/copy-plan.ts';
import { resultOfOne } from '../../src/cli/copy-report.ts';
import { Win32Error } from '../../src/index.ts';
import { hashOf, pattern } from './files.ts';

import { folderFor, underWine } from './odx-process.ts';

const LENGTH = 3_000_001;
const inFolder = folderFor((path) => writeFileSync(path('big.vhdx'), pattern(LENGTH)));

describe.concurrent('odx copy of one file', () => {
  it(
    'reports what was offloaded, in how many calls, and that the copy was checked',
    inFolder(async ({ path, run }) => {
      const { code, stdout, stderr } = await run(
        'copy',
        'big.vhdx',
        'copy.vhdx',
        '--verify',
        '--chunk',
        '1MiB',
      );
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(hashOf(path('copy.vhdx'))).toBe(hashOf(path('big.vhdx')));
      const lines = stdout.split('\n');
      expect(lines[0]).toBe('big.vhdx -> copy.vhdx');
      expect(lines[1]).toMatch(/^ {2}bytes {6}3,000,001 bytes \(2\.9 MiB\) in .+, .+\/s$/);
      expect(lines[2]).toBe('  offloaded  all 2.9 MiB (3 offload reads, 3 offload writes)');
      expect(lines[3]).toMatch(/^ {2}checked {4}identical: /);
    }),
  );

  it(
    'prints one document with --json, with 64-bit numbers as strings',
    inFolder(async ({ run }) => {
      const { code, stdout, stderr } = await run('copy', 'big.vhdx', 'copy.vhdx', '--json');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({
        source: 'big.vhdx',
        destination: 'copy.vhdx',
        bytes: '3000001',
        offloadedBytes: '3000001',
        zeroedBytes: '0',
        bufferedBytes: '0',
        systemBytes: '0',
        reads: 1,
        writes: 1,
        elapsedMs: expect.any(Number),
        verified: false,
      });
    }),
  );

  it(
    'says that the system has copied a file that cannot be offloaded, and why',
    inFolder(async ({ run }) => {
      const { code, stdout } = await run('copy', 'big.vhdx', 'copy.vhdx', '--incapable');
      expect(code).toBe(0);
      expect(stdout).toContain('offloaded  nothing\n');
      expect(stdout).toContain('by system  all 2.9 MiB by the copy function of the system');
      expect(stdout).toMatch(/fallback {3}from offset 0: ERROR_NOT_SUPPORTED \(50, STATUS_NOT_SUPPORTED\): /);
      const { stdout: json } = await run('copy', 'big.vhdx', 'copy.vhdx', '--incapable', '--json');
      expect(JSON.parse(json)).toMatchObject({
        systemBytes: '3000001',
        bufferedBytes: '0',
        fallback: {
          at: '0',
          reason: { name: 'Win32Error', code: 'ERROR_NOT_SUPPORTED', errno: 50, action: 'fallback' },
        },
      });
    }),
  );

  it(
    'says that a small file was copied by the system, and offloads it with --require',
    inFolder(async ({ path, run }) => {
      writeFileSync(path('small.txt'), pattern(1000));
      const { stdout } = await run('copy', 'small.txt', 'copy.txt');
      expect(stdout).toContain('by system  all 1,000 bytes by the copy function of the system');
      expect(stdout).toContain('--require offloads them too');
      expect((await run('copy', 'small.txt', 'copy.txt', '--require')).stdout).toContain(
        'offloaded  all 1,000 bytes',
      );
    }),
  );

  it(
    'says that a file is empty',
    inFolder(async ({ path, run }) => {
      writeFileSync(path('empty'), '');
      const { code, stdout, stderr } = await run('copy', 'empty', 'copy');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^ {2}offloaded +nothing, the file is empty$/m);
      expect(readFileSync(path('copy')).length).toBe(0);
    }),
  );

  it.skipIf(process.platform === 'win32')(
    'says that zeros were not read (skipped on Windows, where a file is not sparse by itself)',
    inFolder(async ({ path, run }) => {
      writeFileSync(path('zeros'), '');
      truncateSync(path('zeros'), 600_000);
      const { code, stdout } = await run('copy', 'zeros', 'copy');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^ {2}zeroed +all 586 KiB, zeros that were not read$/m);
      expect(stdout).not.toContain('offloaded');
      expect(readFileSync(path('copy')).equals(Buffer.alloc(600_000))).toBe(true);
    }),
  );

  it.skipIf(process.platform === 'win32')(
    'refuses a source that is neither a file nor a folder (skipped on Windows, which has no FIFOs)',
    inFolder(async ({ path, run }) => {
      execFileSync('mkfifo', [path('fifo')]);
      expect(await run('copy', 'fifo', 'copy.vhdx')).toEqual({
        code: 1,
        stdout: '',
        stderr: 'odx: fifo is not a regular file.\nnext: Name a file or a folder.\n',
      });
      expect(existsSync(path('copy.vhdx'))).toBe(false);
    }),
  );

  it(
    'fails with --require where nothing can be offloaded, and says what to do',
    inFolder(async ({ path, run }) => {
      const { code, stdout, stderr } = await run('copy', 'big.vhdx', 'copy.vhdx', '--require', '--incapable');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(
        /^odx: ERROR_NOT_SUPPORTED \(50, .+\.\nnext: .+\.\nhelp: .+#error_not_supported\n$/,
      );
      expect(existsSync(path('copy.vhdx'))).toBe(false);
    }),
  );

  it(
    'prints a failure as part of the document with --json',
    inFolder(async ({ run }) => {
      const { code, stdout, stderr } = await run('copy', 'none.vhdx', 'copy.vhdx', '--json');
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({
        error: {
          name: 'Win32Error',
          code: 'ERROR_FILE_NOT_FOUND',
          errno: 2,
          syscall: 'CreateFileW',
          path: 'none.vhdx',
        },
      });
    }),
  );

  it(
    'keeps an existing destination with --no-overwrite',
    inFolder(async ({ path, run }) => {
      writeFileSync(path('copy.vhdx'), 'precious');
      const { code, stderr } = await run('copy', 'big.vhdx', 'copy.vhdx', '--no-overwrite');
      expect(code).toBe(1);
      expect(stderr).toContain('ERROR_FILE_EXISTS');
      expect(readFileSync(path('copy.vhdx'), 'utf8')).toBe('precious');
      expect((await run('copy', 'big.vhdx', 'copy.vhdx')).code).toBe(0);
    }),
  );

  it.each([
    ['a copy of a file onto itself', ['big.vhdx', 'big.vhdx'], /^odx: .+ is the source itself/],
    ['a concurrency beyond 64', ['big.vhdx', 'c', '--concurrency', '65'], /^odx: --concurrency is 65; /],
    ['a chunk of 0 bytes', ['big.vhdx', 'c', '--chunk', '0'], /^odx: --chunk is 0; /],
    ['an illegal sector size', ['big.vhdx', 'c', '--sector', '1000'], /^odx: --sector is 1000; /],
    [
      'several sources and a missing folder',
      ['big.vhdx', 'big.vhdx', 'nowhere'],
      /^odx: There is no folder nowhere /,
    ],
    ['a folder that does not exist', ['big.vhdx', 'nowhere/'], /^odx: There is no folder nowhere\/; /],
    ['a copy of a folder into itself', ['.', 'sub'], /^odx: sub lies within \.; /],
    [
      'several sources and a destination that is a file',
      ['big.vhdx', 'tree', 'file'],
      /^odx: file is not a folder; several files are copied into a folder\.\n/,
    ],
    [
      'a copy of a folder to a file',
      ['tree', 'file'],
      /^odx: tree is a folder and file is not; name a folder instead\.\n/,
    ],
    [
      'a source that is named twice',
      ['big.vhdx', './big.vhdx', 'tree'],
      /^odx: \.\/big\.vhdx is named twice; name it once\.\n/,
    ],
  ])(
    'refuses %s and exits with 2',
    inFolder(async ({ path, run }, _what, args, sentence) => {
      mkdirSync(path('tree'));
      writeFileSync(path('file'), 'precious');
      const { code, stdout, stderr } = await run('copy', ...args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(sentence);
      expect(stderr).toContain('next: Correct the command line; odx copy --help shows examples.');
      expect(readFileSync(path('big.vhdx')).equals(pattern(LENGTH))).toBe(true);
      expect(readFileSync(path('file'), 'utf8')).toBe('precious');
    }),
  );

  it(
    'advises to leave out --require where the storage cannot offload, and --no-overwrite where it refused',
    inFolder(async ({ path, run }) => {
      const required = await run('copy', 'big.vhdx', 'copy.vhdx', '--require', '--incapable');
      expect(required.stderr).toContain('next: Leave out --require to copy by other means; ');
      writeFileSync(path('copy.vhdx'), 'precious');
      const refused = await run('copy', 'big.vhdx', 'copy.vhdx', '--no-overwrite');
      expect(refused.stderr).toMatch(/\nnext: Choose another name, or leave out --no-overwrite\.\n$/);
    }),
  );

  it(
    'says that the destination is a folder where a folder has the name of the file',
    inFolder(async ({ path, run }) => {
      mkdirSync(path('backup', 'big.vhdx'), { recursive: true });
      const { code, stderr } = await run('copy', 'big.vhdx', 'backup');
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `odx: ${join('backup', 'big.vhdx')} is a folder.\nnext: Name a file.\n`,
      });
    }),
  );

  it(
    'writes progress as one JSON object per line to stderr with --progress json',
    inFolder(async ({ run }) => {
      const args = ['copy', 'big.vhdx', 'copy.vhdx', '--progress', 'json'] as const;
      const { code, stdout, stderr } = await run(...args);
      expect(code).toBe(0);
      expect(stdout).toContain('big.vhdx -> copy.vhdx\n');
      const lines: unknown[] = stderr
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.at(-1)).toMatchObject({
        source: 'big.vhdx',
        destination: 'copy.vhdx',
        bytesDone: '3000001',
        totalBytes: '3000001',
      });
      const both = await run(...args, '--json');
      expect(JSON.parse(both.stdout)).toMatchObject({ bytes: '3000001' });
      expect(both.stderr).toContain('"bytesDone":"3000001"');
    }),
  );

  it(
    'prints a stack only with --debug',
    inFolder(async ({ run }) => {
      const { stderr } = await run('copy', 'none.vhdx', 'copy.vhdx', '--debug');
      expect(stderr).toMatch(/\n {4}at /);
      expect((await run('copy', 'none.vhdx', 'copy.vhdx')).stderr).not.toMatch(/\n {4}at /);
    }),
  );
});

describe
  .skipIf(underWine)
  .concurrent(
    'odx copy of several files (skipped under Wine, where a process takes seconds to start)',
    () => {
      it(
        'copies several files into a folder',
        inFolder(async ({ path, run }) => {
          writeFileSync(path('other.vhdx'), pattern(400_000));
          mkdirSync(path('backup'));
          const { code, stdout, stderr } = await run('copy', 'big.vhdx', 'other.vhdx', 'backup', '--verify');
          expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
          expect(stdout).toContain('2 files copied\n');
          expect(stdout).toContain('offloaded  all 3.2 MiB (2 offload reads, 2 offload writes)');
          for (const name of ['big.vhdx', 'other.vhdx'])
            expect(hashOf(path('backup', name))).toBe(hashOf(path(name)));
        }),
      );

      it(
        'copies one file into a folder under its own name',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('backup'));
          expect((await run('copy', 'big.vhdx', 'backup')).stdout).toContain(
            `big.vhdx -> ${join('backup', 'big.vhdx')}\n`,
          );
        }),
      );

      it(
        'copies a folder with everything in it, and creates the folders that it needs',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('tree', 'deep', 'empty'), { recursive: true });
          writeFileSync(path('tree', 'top'), pattern(300_000));
          writeFileSync(path('tree', 'deep', 'below'), pattern(10));
          const { code, stdout } = await run('copy', 'tree', 'new', '--json');
          expect(code).toBe(0);
          expect(JSON.parse(stdout)).toMatchObject({
            bytes: '300010',
            offloadedBytes: '300000',
            systemBytes: '10',
            files: [
              {
                source: join('tree', 'deep', 'below'),
                destination: join('new', 'deep', 'below'),
                bytes: '10',
              },
              { source: join('tree', 'top'), destination: join('new', 'top'), bytes: '300000' },
            ],
          });
          expect(hashOf(path('new', 'deep', 'below'))).toBe(hashOf(path('tree', 'deep', 'below')));
          expect(existsSync(path('new', 'deep', 'empty'))).toBe(true);
          expect((await run('copy', 'tree', 'new')).code).toBe(0);
          expect(existsSync(path('new', 'tree', 'top'))).toBe(true);
        }),
      );

      it(
        'reports each file that it could not copy on one line, copies the rest and exits with 1',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('backup'));
          writeFileSync(path('other.vhdx'), pattern(400_000));
          writeFileSync(path('backup', 'other.vhdx'), 'precious');
          const { code, stdout, stderr } = await run(
            'copy',
            'big.vhdx',
            'other.vhdx',
            'backup',
            '--no-overwrite',
          );
          expect(code).toBe(1);
          expect(stdout).toContain('1 of 2 files copied\n');
          expect(stderr).toMatch(/^odx: not copied: other\.vhdx: ERROR_FILE_EXISTS .+\n$/);
          expect(hashOf(path('backup', 'big.vhdx'))).toBe(hashOf(path('big.vhdx')));
        }),
      );

      it(
        'does not claim to have checked a copy when nothing was copied',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('backup'));
          const args = ['copy', 'none.vhdx', 'nor.vhdx', 'backup', '--verify'] as const;
          const { code, stdout } = await run(...args);
          expect({ code, stdout }).toEqual({ code: 1, stdout: '0 of 2 files copied\n' });
          expect(JSON.parse((await run(...args, '--json')).stdout)).toMatchObject({ verified: false });
        }),
      );

      it(
        'copies the other files when one is missing',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('backup'));
          const { code, stdout, stderr } = await run('copy', 'none.vhdx', 'big.vhdx', 'backup');
          expect(code).toBe(1);
          expect(stdout).toContain('1 of 2 files copied\n');
          expect(stderr).toBe(
            'odx: not copied: none.vhdx cannot be read (ENOENT: no such file or directory).\n',
          );
          expect((await run('copy', 'none.vhdx', 'backup')).stderr).toContain('next: Check the path.');
        }),
      );

      it(
        'groups files that were not offloaded by the reason',
        inFolder(async ({ path, run }) => {
          writeFileSync(path('other.vhdx'), pattern(400_000));
          mkdirSync(path('backup'));
          const { stdout } = await run('copy', 'big.vhdx', 'other.vhdx', 'backup', '--incapable');
          expect(stdout).toMatch(
            /\n2 files not wholly offloaded, big\.vhdx from offset 0: ERROR_NOT_SUPPORTED .+\n$/,
          );
        }),
      );

      it.skipIf(process.platform === 'win32')(
        'follows no symbolic link (skipped on Windows, where creating one needs a privilege)',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('tree'));
          symlinkSync('../big.vhdx', path('tree', 'link'));
          const { code, stdout, stderr } = await run('copy', 'tree', 'new');
          expect(code).toBe(1);
          expect(stdout).toContain('0 of 1 file copied');
          expect(stderr).toBe('odx: not copied: tree/link is a symbolic link, which is not followed.\n');
        }),
      );

      it(
        'refuses two sources that would become one file',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('a'));
          mkdirSync(path('backup'));
          writeFileSync(path('a', 'big.vhdx'), 'another');
          const { code, stderr } = await run('copy', 'big.vhdx', join('a', 'big.vhdx'), 'backup');
          expect(code).toBe(2);
          expect(stderr).toContain(
            `would both become ${join('backup', 'big.vhdx')}; copy one of them under another name.`,
          );
        }),
      );

      it.each([
        [
          'a file of a folder',
          ['tree', 'backup/tree/one'],
          `${join('tree', 'one')} would replace backup/tree/one, which is to be copied too; copy it first.`,
        ],
        [
          'a file of the same name, named before it',
          ['tree/one', 'backup/one'],
          `tree/one and backup/one would both become ${join('backup', 'one')}; copy one of them under another name.`,
        ],
        [
          'a file of the same name, named behind it',
          ['backup/one', 'tree/one'],
          `backup/one and tree/one would both become ${join('backup', 'one')}; copy one of them under another name.`,
        ],
      ])(
        'refuses a copy in which a source would be replaced by %s',
        inFolder(async ({ path, run }, _what, sources, sentence) => {
          mkdirSync(path('tree'));
          mkdirSync(path('backup', 'tree'), { recursive: true });
          writeFileSync(path('tree', 'one'), 'another');
          const kept = [path('backup', 'one'), path('backup', 'tree', 'one')];
          for (const name of kept) writeFileSync(name, 'precious');
          const { code, stdout, stderr } = await run('copy', ...sources, 'backup');
          expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
          expect(stderr.split('\n')[0]).toBe(`odx: ${sentence}`);
          for (const name of kept) expect(readFileSync(name, 'utf8')).toBe('precious');
        }),
      );

      it(
        'leaves out a file that is in the destination already',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('tree'));
          writeFileSync(path('tree', 'one'), 'precious');
          const { code, stdout, stderr } = await run('copy', 'tree/one', 'big.vhdx', 'tree');
          expect({ code, stderr }).toEqual({
            code: 1,
            stderr: 'odx: not copied: tree/one is the destination itself.\n',
          });
          expect(stdout).toMatch(/^1 of 2 files copied\n/);
          expect(readFileSync(path('tree', 'one'), 'utf8')).toBe('precious');
          expect(hashOf(path('tree', 'big.vhdx'))).toBe(hashOf(path('big.vhdx')));
        }),
      );

      it.skipIf(process.platform === 'win32')(
        'copies the files of a folder in the order of their names, and leaves out what is no regular file (skipped on Windows, which has no FIFOs)',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('tree'));
          for (const name of ['e', 'b', 'd', 'a', 'c']) writeFileSync(path('tree', name), name);
          execFileSync('mkfifo', [path('tree', 'fifo')]);
          const { code, stdout } = await run('copy', 'tree', 'new', '--json');
          expect(code).toBe(1);
          expect(JSON.parse(stdout)).toMatchObject({
            files: [
              ...['a', 'b', 'c', 'd', 'e'].map((name) => ({ source: `tree/${name}`, bytes: '1' })),
              { source: 'tree/fifo', error: { message: 'tree/fifo is not a regular file.' } },
            ],
          });
          expect(readdirSync(path('new'))).toEqual(['a', 'b', 'c', 'd', 'e']);
        }),
      );

      it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
        'leaves out a folder that may not be read (skipped on Windows and for root, who may read everything)',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('tree', 'secret'), { recursive: true });
          writeFileSync(path('tree', 'one'), 'public');
          chmodSync(path('tree', 'secret'), 0);
          const { code, stdout, stderr } = await run('copy', 'tree', 'new');
          chmodSync(path('tree', 'secret'), 0o700);
          expect({ code, stderr }).toEqual({
            code: 1,
            stderr: 'odx: not copied: tree/secret cannot be read (EACCES: permission denied).\n',
          });
          expect(stdout).toMatch(/^1 of 2 files copied\n/);
          expect(readFileSync(path('new', 'one'), 'utf8')).toBe('public');
        }),
      );

      it(
        'names the folder that it cannot create, because a file has its name',
        inFolder(async ({ path, run }) => {
          mkdirSync(path('tree', 'sub'), { recursive: true });
          mkdirSync(path('backup', 'tree'), { recursive: true });
          writeFileSync(path('backup', 'tree', 'sub'), 'precious');
          expect(await run('copy', 'tree', 'backup')).toEqual({
            code: 1,
            stdout: '',
            stderr: `odx: ${join('backup', 'tree', 'sub')} cannot be created (EEXIST: file already exists).\nnext: Choose another name, or remove what is there.\n`,
          });
          expect(readFileSync(path('backup', 'tree', 'sub'), 'utf8')).toBe('precious');
        }),
      );
    },
  );

describe.skipIf(underWine).concurrent('odx copy --dry-run (skipped under Wine)', () => {
  it(
    'names every source and its destination on stdout, and changes nothing',
    inFolder(async ({ path, run }) => {
      mkdirSync(path('tree', 'deep'), { recursive: true });
      writeFileSync(path('tree', 'deep', 'one.img'), pattern(10));
      const before = readdirSync(path());
      const { code, stdout, stderr } = await run('copy', 'big.vhdx', 'none.vhdx', 'tree', '--dry-run');
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: 'odx: would not be copied: none.vhdx cannot be read (ENOENT: no such file or directory).\n',
      });
      expect(stdout).toBe(
        `big.vhdx -> ${join('tree', 'big.vhdx')}\n1 file would be copied; nothing was changed\n`,
      );
      const copy = await run('copy', 'big.vhdx', 'copy.vhdx', '--dry-run');
      expect(copy).toEqual({
        code: 0,
        stdout: 'big.vhdx -> copy.vhdx\n1 file would be copied; nothing was changed\n',
        stderr: '',
      });
      const folder = await run('copy', 'tree', 'new', '--dry-run', '--json');
      expect(JSON.parse(folder.stdout)).toEqual({
        dryRun: true,
        files: [
          {
            source: join('tree', 'deep', 'one.img'),
            destination: join('new', 'deep', 'one.img'),
            bytes: '10',
          },
        ],
        skipped: [],
      });
      expect(readdirSync(path())).toEqual(before);
    }),
  );
});

describe('the report of a copy that was offloaded only in part', () => {
  it('says how many bytes were copied in which way, and from where', () => {
    const reason = new Win32Error(
      { errno: 50, ntstatus: 0xc000_00bb },
      { syscall: 'FSCTL_OFFLOAD_WRITE', path: 'b', offset: 1_048_576n },
    );
    const report = {
      bytes: 4_194_304n,
      offloadedBytes: 1_048_576n,
      zeroedBytes: 1_048_576n,
      bufferedBytes: 2_097_152n,
      systemBytes: 0n,
      reads: 1,
      writes: 1,
      elapsedMs: 2000,
      verified: 'disk',
      fallback: { at: 2_097_152n, reason },
    } as const;
    const { text } = resultOfOne({ source: 'a', destination: 'b', bytes: 4_194_304n }, report);
    const rows = text?.split('\n').slice(0, 6);
    expect(rows).toEqual([
      'a -> b',
      '  bytes      4,194,304 bytes (4 MiB) in 2.0 s, 2 MiB/s',
      '  offloaded  1 MiB (1 offload read, 1 offload write)',
      '  zeroed     1 MiB, zeros that were not read',
      '  copied     2 MiB by ordinary reads and writes',
      expect.stringMatching(/^ {2}fallback {3}from offset 2,097,152: ERROR_NOT_SUPPORTED \(50, /),
    ]);
    expect(text).toMatch(
      /\n {2}checked {4}identical: both files were read again from the disk and compared$/,
    );
  });
});

describe('wildcards in the sources of odx copy', () => {
  const names = ['one.img', 'TWO.IMG', 'three.vhdx', 'plain', '.hidden'];

  it.each<[string, string[]]>([
    ['*.img', ['TWO.IMG', 'one.img']],
    ['t*', ['TWO.IMG', 'three.vhdx']],
    ['???.img', ['TWO.IMG', 'one.img']],
    ['*.*', ['.hidden', 'TWO.IMG', 'one.img', 'plain', 'three.vhdx']],
    ['p[l]ain*', []],
  ])(
    'match like those of Windows: %s',
    inFolder(async ({ path }, pattern, expected) => {
      mkdirSync(path('disks'));
      for (const name of names) writeFileSync(path('disks', name), '');
      const found = expandWildcards([`${path('disks')}/${pattern}`]);
      if (expected.length > 0)
        expect(await found).toEqual(expected.map((name) => `${path('disks')}/${name}`));
      else await expect(found).rejects.toThrow(`No file matches ${path('disks')}/${pattern}.`);
    }),
  );

  it(
    'select folders too, keep the order of the patterns and leave other paths alone',
    inFolder(async ({ path }) => {
      for (const name of ['a1', 'a2', 'x1']) mkdirSync(path(name));
      for (const name of ['a1', 'x1']) writeFileSync(path(name, 'disk.img'), '');
      const folder = path();
      expect(
        await expandWildcards([`${folder}/x*`, `${folder}/a?/disk.*`, 'missing', '\\\\?\\C:\\x']),
      ).toEqual([`${folder}/x1`, `${folder}/a1/disk.img`, 'missing', '\\\\?\\C:\\x']);
      // As many separators as were typed.
      expect(await expandWildcards([`${folder}//a?//*`])).toEqual([`${folder}//a1//disk.img`]);
      expect(await expandWildcards([`${folder}/x*/`])).toEqual([`${folder}/x1/`]);
    }),
  );

  it('match names of the working folder', async () => {
    expect(await expandWildcards(['package.j*'])).toEqual(['package.json']);
  });
});

describe.concurrent('the kernel of odx copy', () => {
  it.skipIf(process.platform === 'win32')(
    'is the emulator where there is no Windows, and stderr says so (skipped on Windows)',
    inFolder(async ({ odx }) => {
      const { code, stdout, stderr } = await odx(['copy', 'big.vhdx', 'copy.vhdx', '--json']);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: 'There is no kernel32.dll here, so the emulator is used, on real files.\n',
      });
      // Such a copy is a demonstration, so it is always checked.
      expect(JSON.parse(stdout)).toMatchObject({ bytes: '3000001', verified: 'cache' });
    }),
  );

  it.runIf(process.platform === 'win32')(
    'is kernel32.dll on Windows, and the file is copied even where the volume does not offload (skipped off Windows)',
    inFolder(async ({ path, odx }) => {
      const { code, stdout, stderr } = await odx(['copy', 'big.vhdx', 'copy.vhdx', '--verify', '--json']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(stdout)).toMatchObject({
        bytes: '3000001',
        verified: expect.stringMatching(/^(disk|cache)$/),
      });
      expect(hashOf(path('copy.vhdx'))).toBe(hashOf(path('big.vhdx')));
    }),
  );

  it.runIf(process.platform === 'win32')(
    'takes options of the emulator only with --emulate (skipped off Windows)',
    inFolder(async ({ odx }) => {
      const { code, stderr } = await odx(['copy', 'big.vhdx', 'copy.vhdx', '--latency', '1']);
      expect(code).toBe(2);
      expect(stderr).toContain('--latency is an option of the emulator; add --emulate.');
    }),
  );

  it(
    'has the limits that the options of the emulator set',
    inFolder(async ({ run }) => {
      const { stdout } = await run(
        'copy',
        'big.vhdx',
        'c',
        '--sector',
        '4096',
        '--max-transfer',
        '1M',
        '--max-write',
        '512K',
        '--json',
      );
      expect(JSON.parse(stdout)).toMatchObject({ reads: 3, writes: 6, offloadedBytes: '3000001' });
    }),
  );
});

describe.concurrent('the colours of odx', () => {
  it(
    'are left out in a pipe and with NO_COLOR',
    inFolder(async ({ run, odx }) => {
      const plain = await run('copy', 'none.vhdx', 'c');
      expect(plain.stderr).not.toContain('\u001b');
      const never = await odx(['copy', '--emulate', 'none.vhdx', 'c'], { env: { NO_COLOR: '1' } });
      expect(never.stderr).toBe(plain.stderr);
    }),
  );

  it(
    'appear with FORCE_COLOR',
    inFolder(async ({ odx }) => {
      const { stderr } = await odx(['copy', '--emulate', 'none.vhdx', 'c'], { env: { FORCE_COLOR: '1' } });
      expect(stderr).toContain('\u001b[31modx:');
    }),
  );
});
