import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { paragraph, table, toJson, wrap } from '../../src/cli/output.ts';
import { environment, type Finished, ODX } from './odx-process.ts';

/** What paragraph asks of a stream. */
const terminal = (columns: number): NodeJS.WriteStream =>
  ({ isTTY: true, columns }) as unknown as NodeJS.WriteStream;

describe('a text on a terminal', () => {
  it.each([
    ['is broken between words', 'one two three', 7, ['one two', 'three']],
    [
      'keeps a word that is longer than a line',
      'a longer-than-a-line b',
      6,
      ['a', 'longer-than-a-line', 'b'],
    ],
    ['may be empty', '', 6, ['']],
  ])('%s', (_title, text, columns, lines) => {
    expect(wrap(text, columns)).toEqual(lines);
  });

  it.each([
    ['leaves room for its prefix', 'one two three', 12, ' one two\nthree'],
    ['keeps its lines', 'one.\ntwo three', 40, ' one.\ntwo three'],
    [
      'has 80 columns where the terminal does not say',
      `${'a'.repeat(70)} bcde`,
      0,
      ` ${'a'.repeat(70)} bcde`,
    ],
  ])('%s as a message', (_title, text, columns, expected) => {
    expect(paragraph('odx:', text, terminal(columns))).toBe(expected);
  });
});

describe('a table of facts', () => {
  const rows = [
    ['bytes', '1,024 bytes'],
    ['left out', undefined],
    ['fallback', 'the storage did not accept the token'],
  ] as const;

  it('has its texts beside their names', () => {
    expect(table(rows, 40).split('\n')).toEqual([
      '  bytes     1,024 bytes',
      '  fallback  the storage did not accept',
      '            the token',
    ]);
  });

  it('has its texts beneath their names where there is little room', () => {
    expect(table(rows, 30).split('\n')).toEqual([
      '  bytes',
      '      1,024 bytes',
      '  fallback',
      '      the storage did not',
      '      accept the token',
    ]);
  });

  it('may be empty', () => {
    expect(table([], 80)).toBe('');
  });
});

describe('a document of --json', () => {
  it('has a bigint as a decimal string, and an error without its stack and its cause', () => {
    const error = Object.assign(new Error('No.', { cause: new Error('deeper') }), {
      code: 'E',
      toJSON: () => 'x',
    });
    expect(JSON.parse(toJson({ bytes: 2n ** 63n, error }))).toEqual({
      bytes: '9223372036854775808',
      error: { name: 'Error', message: 'No.', code: 'E' },
    });
  });
});

describe('an output that cannot be written', () => {
  it.skipIf(process.platform === 'win32')(
    'is no failure where the reader has gone, as head does (skipped on Windows, which closes pipes in another way)',
    async () => {
      expect(await withOutput('pipe')).toEqual({ code: 0, stdout: '', stderr: '' });
    },
  );

  it.skipIf(!existsSync('/dev/full'))(
    'is a failure where the disk is full (skipped where there is no /dev/full)',
    async () => {
      const full = openSync('/dev/full', 'w');
      try {
        expect(await withOutput(full)).toEqual({
          code: 1,
          stdout: '',
          stderr: expect.stringMatching(/^odx: Writing the output failed \(ENOSPC: .+\)\.\n$/),
        });
      } finally {
        closeSync(full);
      }
    },
  );

  it.skipIf(!existsSync('/dev/full'))(
    'is a failure for messages too, whatever they say (skipped where there is no /dev/full)',
    async () => {
      const full = openSync('/dev/full', 'w');
      try {
        const child = spawn(process.execPath, [ODX, 'explain', ''], {
          env: environment(),
          stdio: ['ignore', 'ignore', full],
        });
        expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1);
      } finally {
        closeSync(full);
      }
    },
  );

  /** Runs a command with this stdout, of which nothing is read. */
  async function withOutput(output: 'pipe' | number): Promise<Finished> {
    const child = spawn(process.execPath, [ODX, 'explain', 'the'], {
      env: environment(),
      stdio: ['ignore', output, 'pipe'],
    });
    child.stdout?.destroy();
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout: '', stderr };
  }
});
