import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completePath, historyFile, openString } from '../../src/cli/repl/interactive.ts';
import { hashOf, pattern, temporaryFolder } from './files.ts';
import { type Finished, odx, odxInTerminal, ptyOpener, until } from './odx-process.ts';

let folder: ReturnType<typeof temporaryFolder>;
const path = (name: string): string => join(folder.path, name);

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(path('big.vhdx'), pattern(300_001));
});
afterEach(() => folder.remove());

const repl = (lines: readonly string[], args: readonly string[] = []): Promise<Finished> =>
  odx(['repl', '--emulate', ...args], { cwd: folder.path, input: lines.join('\n') });

describe('odx repl fed from a pipe', () => {
  it('evaluates await offloadRead(...) and shows the token by its fingerprint', async () => {
    const { code, stdout, stderr } = await repl([
      "const file = await openFile('big.vhdx', 'r')",
      'await offloadRead(file, { copyLength: file.size })',
      'emulator.calls.length',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^\{\n {2}token: OffloadToken\([0-9a-f]{16}\),\n {2}transferLength: 300001n,\n {2}allZeroBeyondRange: true,\n {2}flags: 1\n\}\n1\n$/,
    );
  });

  it('runs the lines in order and awaits each of them', async () => {
    const { code, stdout } = await repl([
      'const seen = []',
      'await new Promise((resolve) => setTimeout(resolve, 100)).then(() => seen.push("slow"))',
      'seen.push("quick")',
      'await Promise.resolve(seen.join())',
    ]);
    expect(code).toBe(0);
    expect(stdout).toBe("1\n2\n'slow,quick'\n");
  });

  it('accepts the import lines of the README', async () => {
    const { code, stdout, stderr } = await repl([
      "import { copyFile } from 'win-odx';",
      "import { createEmulator } from 'win-odx/emulator'",
      'typeof copyFile',
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "'function'\n", stderr: '' });
  });

  it('prints the error of a line on stderr, runs the others, and exits with 1', async () => {
    const { code, stdout, stderr } = await repl([
      'nowhere',
      "await openFile('none.vhdx', 'r')",
      'throw undefined',
      'new Error("only a value").message',
    ]);
    expect(code).toBe(1);
    expect(stdout).toBe("'only a value'\n");
    expect(stderr).toMatch(
      /^odx: ReferenceError: nowhere is not defined\nodx: ERROR_FILE_NOT_FOUND .+\nnext: .+\nodx: undefined\n$/,
    );
  });

  it('runs statements of several lines, and reports one that has no end', async () => {
    expect((await repl(['const sum = (a, b) => {', '  return a + b', '}', 'sum(1n, 2n)'])).stdout).toBe(
      '3n\n',
    );
    const { code, stderr } = await repl(['const open = {']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'odx: SyntaxError: The input ends in the middle of a statement.\n',
    });
  });

  it.each([
    ['an unknown dot command', ['.nope', '1'], '1\n', 'odx: SyntaxError: Invalid REPL keyword.\n'],
    [
      '.load, which would not wait for statements',
      ['.load a.js'],
      '',
      'odx: SyntaxError: Invalid REPL keyword.\n',
    ],
    [
      'a statement that waits forever',
      ['1', 'await new Promise(() => {})', '2'],
      '1\n',
      'odx: Error: The statement waits for something that never happens.\n',
    ],
    [
      'an exception of a timer after the last line',
      ['setTimeout(() => { throw new Error("late") }, 50), 1'],
      '1\n',
      'odx: Error: late\n',
    ],
  ])('exits with 1 after %s', async (_, lines, stdout, stderr) => {
    expect(await repl(lines)).toEqual({ code: 1, stdout, stderr });
  });

  it('passes the options of a copy on, and refuses illegal ones as the library does', async () => {
    const { code, stdout, stderr } = await repl([
      "(await copyFile('big.vhdx', 'a', { verify: true })).verified",
      "(await copyFile('big.vhdx', 'b', { signal: new AbortController().signal })).bytes",
      "await copyFile('big.vhdx', 'c', { signal: AbortSignal.abort() })",
      "await copyFile('big.vhdx', 'c', { signal: 5 })",
      "await copyFile('big.vhdx', 'c', 5)",
      "await copyFiles([['big.vhdx', 'c']], null)",
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "'cache'\n300001n\n" });
    expect(stderr.split('\n')).toEqual([
      'odx: Interrupted.',
      'odx: signal is 5; it must be an AbortSignal.',
      'odx: copyFile takes its options as an object, not 5.',
      'odx: copyFiles takes its options as an object, not null.',
      '',
    ]);
    expect(readdirSync(folder.path)).toEqual(['a', 'b', 'big.vhdx']);
  });

  it('prints a stack with --debug', async () => {
    const { stderr } = await repl(["await openFile('none.vhdx', 'r')"], ['--debug']);
    expect(stderr).toMatch(/^Win32Error: ERROR_FILE_NOT_FOUND .+\n {4}at /);
  });

  it('has everything that the package exports in scope', async () => {
    const names = [
      'odx',
      'openFile',
      'openFileSync',
      'offloadRead',
      'offloadReadSync',
      'offloadWrite',
      'offloadWriteSync',
      'dsmOffloadRead',
      'dsmOffloadWrite',
      'copyFile',
      'copyFiles',
      'copyRange',
      'zeroRange',
      'probe',
      'queryCopyOffload',
      'explainStatus',
      'createOdx',
      'OffloadToken',
      'OffloadFile',
      'Win32Error',
      'InvalidArgumentError',
      'createEmulator',
      'emulator',
      'loadKernel32',
      'structs',
      'layoutOf',
      'constants',
      'statuses',
    ];
    const { stdout } = await repl([
      `[${names.map((name) => `typeof ${name}`).join()}].includes('undefined')`,
    ]);
    expect(stdout).toBe('false\n');
  });

  it('shows a first copy with .help, in five lines that run as they are', async () => {
    const { stdout: lesson } = await repl(['.help']);
    const lines = lesson.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    const { code, stderr } = await repl(lines);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const copy of ['copy.vhdx', 'other.vhdx']) {
      expect(hashOf(path(copy))).toBe(hashOf(path('big.vhdx')));
    }
  });

  it('stops at .exit', async () => {
    expect(await repl(['1', '.exit', '2'])).toEqual({ code: 0, stdout: '1\n', stderr: '' });
  });

  it('prints one document with --json, whatever the statements print and return', async () => {
    const { code, stdout, stderr } = await repl(
      ["console.log('aside')", 'const circle = {}', 'circle.self = circle', '42n'],
      ['--json'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'aside\n' });
    expect(JSON.parse(stdout)).toEqual({
      statements: [{ value: '<ref *1> { self: [Circular *1] }' }, { value: '42' }],
    });
  });

  it('collects the values of the statements with --json', async () => {
    const { code, stdout, stderr } = await repl(
      ['2n ** 60n', 'OffloadToken.zeroData()', 'nowhere'],
      ['--json'],
    );
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      statements: [
        { value: '1152921504606846976' },
        { value: { fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) } },
        { error: { name: 'ReferenceError', message: 'nowhere is not defined' } },
      ],
    });
  });
});

describe.skipIf(ptyOpener === undefined)(
  `odx repl in a pseudo-terminal (${ptyOpener?.name ?? 'skipped: neither util-linux script nor python3 opens one here'})`,
  () => {
    it('greets, awaits, completes names and paths, and keeps its history', async () => {
      const history = path('history');
      const session = odxInTerminal(['repl', '--emulate'], folder.path, { ODX_REPL_HISTORY: history });
      const shown = (): string => stripVTControlCharacters(session.shown());
      const type = async (keys: string, answer: RegExp): Promise<void> => {
        session.child.stdin?.write(keys);
        await until(() => answer.test(shown()), shown);
      };
      await type('', /odx \d+\.\d+\.\d+ on the emulator\. \.help shows .+\r\nodx> /);
      await type('(await openFile("big.vhdx", "r")).size\r', /\n300001n\r\n/);
      await type('offloadW\t', /offloadWrite/);
      await type('\u0015(await openFile("bi', /openFile\("big\.vhdx/);
      await type('\t', /vhdx/);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await type('", "r")).size + 1n\r', /\n300002n\r\n/);
      await type('\u0015.exit\r', /\.exit/);
      expect(await session.ended).toBe(0);
      expect(readFileSync(history, 'utf8')).toContain('(await openFile("big.vhdx", "r")).size');
      expect(statSync(history).mode & 0o077).toBe(0);
    });

    it('prints an error as one sentence, and aborts copies on Ctrl-C and at its end', async () => {
      const args = ['repl', '--emulate', '--latency', '100ms', '--max-write', '512'];
      const session = odxInTerminal(args, folder.path, { ODX_REPL_HISTORY: '' });
      const shown = (): string => stripVTControlCharacters(session.shown());
      const type = (keys: string): unknown => session.child.stdin?.write(keys);
      await until(() => shown().includes('odx> '), shown);
      type('await offloadRead(await openFile("big.vhdx", "r"), { copyLength: 7 })\r');
      await until(() => /Uncaught odx: copyLength is 7; [^\n]+\r\n(odx> )$/.test(shown()), shown);
      type('await copyFile("big.vhdx", "first")\r');
      await until(() => existsSync(path('first')), shown);
      type('\u0003');
      await until(() => !existsSync(path('first')), shown);
      type('copyFile("big.vhdx", "second"), 0\r');
      await until(() => existsSync(path('second')), shown);
      type('.exit\r');
      expect(await session.ended).toBe(0);
      expect(existsSync(path('second'))).toBe(false);
    });

    it('aborts a trial at its end, and leaves no scratch file behind', async () => {
      const args = ['repl', '--emulate', '--latency', '500ms'];
      const session = odxInTerminal(args, folder.path, { ODX_REPL_HISTORY: '' });
      const scratchFiles = (): string[] =>
        readdirSync(folder.path).filter((name) => name.startsWith('odx-try-'));
      await until(() => session.shown().includes('odx> '), session.shown);
      session.child.stdin?.write('tryOffload("."), 0\r');
      await until(() => scratchFiles().length > 0, session.shown);
      session.child.stdin?.write('.exit\r');
      expect(await session.ended).toBe(0);
      expect(scratchFiles()).toEqual([]);
    });

    it('refuses --json, because a document has one end', async () => {
      const session = odxInTerminal(['repl', '--emulate', '--json'], folder.path);
      expect(await session.ended).toBe(2);
      expect(JSON.parse(stripVTControlCharacters(session.shown()))).toMatchObject({
        error: { name: 'UsageError', message: 'odx repl --json needs a file or a pipe as input.' },
      });
    });

    it('runs without a history where the file cannot be created', async () => {
      const history = join(path('big.vhdx'), 'history');
      const session = odxInTerminal(['repl', '--emulate'], folder.path, { ODX_REPL_HISTORY: history });
      await until(() => session.shown().includes('odx> '), session.shown);
      session.child.stdin?.write('.exit\r');
      expect(await session.ended).toBe(0);
      expect(existsSync(history)).toBe(false);
    });
  },
);

describe('the history file of odx repl', () => {
  it('is in the state folder of the user unless ODX_REPL_HISTORY names another file', () => {
    const windows = process.platform === 'win32';
    const env = windows ? { LOCALAPPDATA: 'state' } : { XDG_STATE_HOME: 'state' };
    expect(historyFile(env)).toBe(join('state', 'win-odx', 'repl_history'));
    expect(historyFile({})).toContain(
      windows ? join('AppData', 'Local', 'win-odx') : join('.local', 'state', 'win-odx'),
    );
    expect(historyFile({ ODX_REPL_HISTORY: 'here' })).toBe('here');
    for (const empty of ['', ' ']) expect(historyFile({ ODX_REPL_HISTORY: empty })).toBeUndefined();
    const unset = windows ? { LOCALAPPDATA: '' } : { XDG_STATE_HOME: '' };
    expect(historyFile(unset)).toBe(historyFile({}));
  });
});

describe('path completion in odx repl', () => {
  it.each<[string, string | undefined]>([
    ['openFile("big', 'big'],
    ["copyFile('a', 'b/c", 'b/c'],
    ['copyFile("a", ', undefined],
    ['"it\'s', "it's"],
    ['"a\\"b', 'a\\"b'],
    ['`a\\\\`', undefined],
    ['"a" + "b', 'b'],
    ['require("node:f', undefined],
    ['await import("node:f', undefined],
    ['offloadW', undefined],
  ])('finds the open string of %j: %j', (line, text) => {
    expect(openString(line)).toBe(text);
  });

  it('completes files and folders, with the separator that was typed', async () => {
    mkdirSync(path('disks'));
    writeFileSync(path(join('disks', "o'ne.img")), '');
    const parent = folder.path.replaceAll('\\', '/');
    expect(await completePath(`${parent}/`)).toEqual([['big.vhdx', 'disks/'], '']);
    expect(await completePath(`${parent}/bi`)).toEqual([['big.vhdx'], 'bi']);
    expect(await completePath(`${parent}/disks/o`)).toEqual([["o\\'ne.img"], 'o']);
    expect(await completePath(`${parent}/nowhere/x`)).toEqual([[], 'x']);
  });

  it('completes behind a doubled backslash with another one', async () => {
    // Elsewhere than on Windows, a backslash is a part of the name.
    mkdirSync(path('disks\\'));
    mkdirSync(`${path('disks\\')}/old`);
    const parent = folder.path.replaceAll('\\', '/');
    expect(await completePath(`${parent}/disks\\\\o`)).toEqual([['old\\\\'], 'o']);
  });

  it('completes names of the working folder', async () => {
    expect(await completePath('package.j')).toEqual([['package.json'], 'package.j']);
  });
});
