import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { commandHelp, generalHelp } from '../../src/cli/help.ts';
import { odx } from './odx-process.ts';

const names = commands.map(({ name }) => name);
const plain = (_format: unknown, text: string): string => text;

describe.concurrent('the help of odx', () => {
  it('is printed on stdout with --help', async () => {
    const { code, stdout, stderr } = await odx(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of names) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect(stdout).toContain('Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted.');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    'describes %s, with examples, in lines of at most 80 characters',
    async (name, command) => {
      const [long, short] = await Promise.all([odx([name, '--help']), odx(['help', name])]);
      expect(long).toEqual({ code: 0, stdout: short.stdout, stderr: '' });
      expect(long.stdout).toContain(`odx ${name}`);
      expect(long.stdout).toContain('Examples');
      expect(long.stdout).toContain('--json');
      for (const option of ['--emulate', '--sector SIZE', '--latency TIME', '--max-transfer SIZE']) {
        expect([option, long.stdout.includes(option)]).toEqual([option, command.usesKernel]);
      }
      for (const line of long.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  it('shows the options of the emulator for the commands that work on files', () => {
    const onFiles = commands.filter(({ usesKernel }) => usesKernel).map(({ name }) => name);
    expect(onFiles).toEqual(['copy', 'probe', 'try', 'zero', 'read', 'write', 'repl']);
  });

  it.each(names)('fits a terminal of 50 columns for %s, except for command lines', (name) => {
    const command = commands.find((each) => each.name === name);
    const style = { paint: plain, columns: 50 };
    const about = { version: '1.2.3', description: 'Copies files.' };
    const texts = [command && commandHelp(command, style), generalHelp(commands, about, style)];
    for (const line of texts.join('\n').split('\n')) {
      if (!line.startsWith('  odx ')) expect(line.length).toBeLessThanOrEqual(50);
    }
  });

  it.each([
    [['-h'], ['--help']],
    [['help'], ['--help']],
    [
      ['copy', '-h'],
      ['copy', '--help'],
    ],
    [['-V'], ['--version']],
  ])('is the same for %j and %j', async (short, long) => {
    const [one, other] = [await odx(short), await odx(long)];
    expect(one.code).toBe(0);
    expect(one).toEqual(other);
  });

  it('is printed on stderr, with exit code 2, without arguments', async () => {
    const { code, stdout, stderr } = await odx([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Commands');
    expect(stderr).toMatch(/odx: A command is missing\.\n$/);
  });

  it.each([
    ['an unknown command', ['copie', 'a', 'b'], 'odx: Unknown command copie; did you mean copy?'],
    ['a misspelled command', ['cpy', 'a', 'b'], 'odx: Unknown command cpy; did you mean copy?'],
    ['a misspelled command after help', ['help', 'prob'], 'odx: Unknown command prob; did you mean probe?'],
    ['a command like no other', ['bogus'], 'odx: Unknown command bogus.'],
    [
      'a misspelled option',
      ['copy', 'a', 'b', '--chunck', '1M'],
      'odx: Unknown option --chunck; did you mean --chunk?',
    ],
    [
      'a misspelled option without a value',
      ['copy', 'a', 'b', '--verfy'],
      'odx: Unknown option --verfy; did you mean --verify?',
    ],
    [
      'a misspelled option without a command',
      ['--verson'],
      'odx: Unknown option --verson; did you mean --version?',
    ],
    [
      'an option like no other',
      ['copy', 'a', 'b', '-x'],
      'odx: Unknown option -x. If it is a file name, write -- before it.',
    ],
    [
      'an option without its value',
      ['copy', 'a', 'b', '--chunk'],
      'odx: --chunk needs a value: --chunk SIZE.',
    ],
    [
      'a value that begins with a dash',
      ['copy', 'a', 'b', '--chunk', '-1'],
      'odx: --chunk needs a value; write one that begins with a dash as --chunk=-1.',
    ],
    [
      'an illegal choice',
      ['copy', 'a', 'b', '--progress', 'fast'],
      "odx: --progress is 'fast'; it must be json or none.",
    ],
    [
      'a negative size',
      ['zero', 'a', '0', '-1'],
      "odx: LENGTH is '-1'; write bytes as 65536, 0x10000, 64KiB, 64MiB or 1G.",
    ],
    [
      'a value for an option without one',
      ['copy', 'a', 'b', '--verify=yes'],
      'odx: --verify takes no value.',
    ],
    ['too few operands', ['copy', 'a'], 'odx: odx copy needs SRC... DST.'],
    ['too many operands', ['probe', 'a', 'b'], "odx: odx probe takes PATH; 'b' is one too many."],
    [
      'an operand for a command without one',
      ['repl', 'a'],
      "odx: odx repl takes no operand, but 'a' was given.",
    ],
    [
      'a size that is not a number',
      ['zero', 'a', '0', 'much'],
      "odx: LENGTH is 'much'; write bytes as 65536, 0x10000, 64KiB, 64MiB or 1G.",
    ],
    [
      'a time that is not a number',
      ['probe', '.', '--latency', 'long', '--emulate'],
      "odx: --latency is 'long'; write milliseconds as 20 or 20ms, seconds as 1.5s.",
    ],
    ['a missing token', ['write', 'a'], 'odx: odx write needs --token FILE.'],
  ])('is printed on stderr after %s', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await odx(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage\n');
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(sentence);
  });

  it.each([
    [['probe', ''], "odx: odx probe takes PATH, but one of them is ''."],
    [['copy', 'a', ''], "odx: odx copy takes SRC... DST, but one of them is ''."],
    [['read', 'a', '--out', ''], "odx: --out is ''; name a file."],
  ])('is not printed after an empty name: %j', async (args, sentence) => {
    const { code, stdout, stderr } = await odx(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toBe(sentence);
  });

  it('is one document with --json, and so is a usage error', async () => {
    const { stdout } = await odx(['copy', '--help', '--json']);
    expect(JSON.parse(stdout)).toEqual({ help: expect.stringContaining('odx copy') });
    const usage = await odx(['copy', '--json']);
    expect(usage).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(usage.stdout)).toEqual({
      error: { name: 'UsageError', message: 'odx copy needs SRC... DST.', code: 'ERR_ODX_USAGE' },
    });
  });
});

describe.concurrent('the command line of odx', () => {
  it('takes an argument after -- for a name, not for an option', async () => {
    const { code, stdout, stderr } = await odx(['probe', '--emulate', '--', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^odx: ERROR_FILE_NOT_FOUND .+'--json'/);
  });

  it('accepts shared options before the command', async () => {
    const { code, stdout } = await odx(['--json', '--latency', '1', '--emulate', 'explain', '315']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'ERROR_INVALID_TOKEN', value: 315 });
  });

  it('prints the version of package.json with --version', async () => {
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    const { code, stdout, stderr } = await odx(['--version']);
    expect(manifest).toMatchObject({ version: stdout.trim() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse((await odx(['--version', '--json'])).stdout)).toEqual({ version: stdout.trim() });
  });
});
