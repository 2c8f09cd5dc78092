import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { odx } from './odx-process.ts';

const names = commands.map(({ name }) => name);

describe.concurrent('help', () => {
  it('is printed on stdout when it is asked for', async () => {
    const { code, stdout, stderr } = await odx(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const name of names) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    expect(stdout).toContain('Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted.');
  });

  it.each(names)('tells about %s, with examples, in lines that fit', async (name) => {
    const [asked, helped] = await Promise.all([odx([name, '--help']), odx(['help', name])]);
    expect(asked).toEqual({ code: 0, stdout: helped.stdout, stderr: '' });
    expect(asked.stdout).toContain(`odx ${name}`);
    expect(asked.stdout).toContain('Examples');
    for (const option of ['--json', '--emulate', '--sector SIZE', '--latency TIME', '--max-transfer SIZE']) {
      expect(asked.stdout).toContain(option);
    }
    for (const line of asked.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it.each([
    [['-h'], ['--help']],
    [
      ['copy', '-h'],
      ['copy', '--help'],
    ],
    [['-V'], ['--version']],
  ])('is given to %o as to %o', async (short, long) => {
    const [one, other] = [await odx(short), await odx(long)];
    expect(one.code).toBe(0);
    expect(one).toEqual(other);
  });

  it('comes on stderr, with exit code 2, when nothing was asked', async () => {
    const { code, stdout, stderr } = await odx([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Commands');
    expect(stderr).toMatch(/odx: A command is missing\.\n$/);
  });

  it.each([
    ['an unknown command', ['copie', 'a', 'b'], 'odx: copie is no command of odx; did you mean copy?'],
    ['a command like none', ['bogus'], 'odx: bogus is no command of odx.'],
    [
      'an unknown option',
      ['copy', 'a', 'b', '--chunck', '1M'],
      'odx: --chunck is no option here; after -- it would be taken for a name.',
    ],
    [
      'an option without its value',
      ['copy', 'a', 'b', '--chunk'],
      'odx: --chunk needs a value: --chunk SIZE.',
    ],
    [
      'a value that begins with a dash',
      ['copy', 'a', 'b', '--chunk', '-1'],
      'odx: --chunk needs a value; one that begins with a dash is written --chunk=-1.',
    ],
    [
      'a size below nothing',
      ['zero', 'a', '0', '-1'],
      "odx: LENGTH is '-1'; write bytes as 65536, 0x10000, 64KiB, 64MiB or 1G.",
    ],
    [
      'a value where none belongs',
      ['copy', 'a', 'b', '--verify=yes'],
      "odx: Option '--verify' does not take an argument.",
    ],
    ['too few operands', ['copy', 'a'], 'odx: odx copy needs SRC... DST.'],
    ['too many operands', ['probe', 'a', 'b'], "odx: odx probe takes PATH; 'b' is one too many."],
    ['an operand where none belongs', ['repl', 'a'], "odx: odx repl takes no operand, but 'a' was given."],
    [
      'a size that is none',
      ['zero', 'a', '0', 'much'],
      "odx: LENGTH is 'much'; write bytes as 65536, 0x10000, 64KiB, 64MiB or 1G.",
    ],
    [
      'a time that is none',
      ['probe', '.', '--latency', 'long', '--emulate'],
      "odx: --latency is 'long'; write milliseconds as 20 or 20ms, seconds as 1.5s.",
    ],
    ['a missing token', ['write', 'a'], 'odx: odx write needs --token FILE.'],
  ])('comes on stderr after %s', async (_what, args, sentence) => {
    const { code, stdout, stderr } = await odx(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage\n');
    expect(stderr.trimEnd().split('\n').at(-1)).toBe(sentence);
  });

  it.each([
    [['probe', ''], "odx: odx probe takes PATH, but '' was given for one of them."],
    [['copy', 'a', ''], "odx: odx copy takes SRC... DST, but '' was given for one of them."],
    [['read', 'a', '--out', ''], "odx: --out is ''; name a file."],
  ])('is not in the way of a name that is empty: %j', async (args, sentence) => {
    const { code, stdout, stderr } = await odx(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')[0]).toBe(sentence);
  });

  it('takes what stands behind -- for a name, not for an option', async () => {
    const { code, stdout, stderr } = await odx(['probe', '--emulate', '--', '--json']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^odx: ERROR_FILE_NOT_FOUND .+'--json'/);
  });

  it('is one document with --json', async () => {
    const { stdout } = await odx(['copy', '--help', '--json']);
    expect(JSON.parse(stdout)).toEqual({ help: expect.stringContaining('odx copy') });
    const usage = await odx(['copy', '--json']);
    expect(usage).toMatchObject({ code: 2, stderr: '' });
    expect(JSON.parse(usage.stdout)).toEqual({
      error: { name: 'UsageError', message: 'odx copy needs SRC... DST.', code: 'ERR_ODX_USAGE' },
    });
  });

  it('finds the command behind options of every command', async () => {
    const { code, stdout } = await odx(['--json', '--latency', '1', '--emulate', 'explain', '315']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'ERROR_INVALID_TOKEN', value: 315 });
  });
});

describe('version', () => {
  it('is the one of package.json', async () => {
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    const { code, stdout, stderr } = await odx(['--version']);
    expect(manifest).toMatchObject({ version: stdout.trim() });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse((await odx(['--version', '--json'])).stdout)).toEqual({ version: stdout.trim() });
  });
});
