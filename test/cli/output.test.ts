import { describe, expect, it } from 'vitest';
import { paragraph, table, toJson, wrap } from '../../src/cli/output.ts';

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
