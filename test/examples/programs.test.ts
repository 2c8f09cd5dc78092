import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { expectSameBytes, expectSameFiles, type Folder, patternBytes, temporaryFolder } from '../kit.ts';
import { example, exampleWithEmulator, run, start } from './run-example.ts';

const MIB = 1_048_576;
const PRECIOUS = Buffer.from('precious');
const SIZE = 5 * MIB + 777;
const SHORT = '{ maximumTransferSize: 2 * 1048576, maximumWriteSize: 3 * 65536 }';
const NONE = '{ supported: false }';
// The third control code and all that follow fail, as when the array goes away.
const FAILING =
  '{ maximumTransferSize: 1048576, intercept: ({ index }) => (index >= 2 ? { status: 0xc000a2a1 } : undefined) }';

const namesIn = (folder: Folder): string[] => readdirSync(folder.path('.')).sort();

// On Windows an example does not use the emulator, and Wine has no pipes for child processes.
describe.skipIf(process.platform === 'win32')('An example program [needs the emulator]', () => {
  test('clone.mjs clones an image to three files with one token', async () => {
    const folder = temporaryFolder();
    const image = folder.file('golden', SIZE);
    const { code, stdout } = await run(example('clone.mjs'), ['golden', 'a', 'b', 'c'], folder);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `3 clones of ${SIZE} bytes with 1 tokens.\n` });
    for (const name of ['a', 'b', 'c']) expectSameFiles(folder.path(name), image);
  });

  test('clone.mjs clones an empty image', async () => {
    const folder = temporaryFolder();
    folder.file('golden', 0);
    const { code } = await run(example('clone.mjs'), ['golden', 'a'], folder);
    expect([code, statSync(folder.path('a')).size]).toEqual([0, 0]);
  });

  test.each([
    ['tokens and writes are short', SHORT, 'with 3 tokens.\n'],
    ['the volume does not offload', NONE, `with 0 tokens.\n${2 * SIZE} bytes were not offloaded.\n`],
    ['offload fails in the middle', FAILING, 'bytes were not offloaded.\n'],
  ])('clone.mjs makes identical clones where %s', async (_, options, ending) => {
    const folder = temporaryFolder();
    const image = folder.file('golden', SIZE);
    const program = exampleWithEmulator(folder, 'clone.mjs', options);
    const { code, stdout } = await run(program, ['golden', 'a', 'b'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain(ending);
    for (const name of ['a', 'b']) expectSameFiles(folder.path(name), image);
  });

  test('clone.mjs leaves a file that exists as it is, and removes the clones made before', async () => {
    const folder = temporaryFolder();
    const image = folder.file('golden', SIZE);
    folder.file('b', PRECIOUS);
    const { code, stderr } = await run(example('clone.mjs'), ['golden', 'a', 'b', 'c'], folder);
    expect(code).toBe(1);
    expect(stderr).toContain('ERROR_FILE_EXISTS');
    expect(namesIn(folder)).toEqual(['b', 'golden']);
    expectSameBytes(readFileSync(folder.path('b')), PRECIOUS);
    expectSameBytes(readFileSync(image), patternBytes(SIZE));
  });

  test('clone.mjs removes its clones when the image changes meanwhile', async () => {
    const folder = temporaryFolder();
    const image = folder.file('golden', SIZE);
    const change = `{ intercept: ({ index }) => { if (index === 1) process.getBuiltinModule('fs').appendFileSync('${image}', 'x'); } }`;
    const program = exampleWithEmulator(folder, 'clone.mjs', change);
    const { code } = await run(program, ['golden', 'a', 'b'], folder);
    expect([code, namesIn(folder)]).toEqual([1, ['golden', 'project']]);
  });

  // The listed ranges: two that touch, two that overlap, and the end of the file, in no order.
  const changes = [
    { offset: 5 * MIB, length: 777 },
    { offset: 0, length: 4096 },
    { offset: 4096, length: 512 },
    { offset: 2 * MIB, length: 65_536 },
    { offset: 2 * MIB + 512, length: MIB },
  ];

  function merged(child: Buffer, parent: Buffer): Buffer {
    const expected = Buffer.from(parent);
    for (const { offset, length } of changes) child.copy(expected, offset, offset, offset + length);
    return expected;
  }

  test.each([
    ['the volume offloads', '{}'],
    ['tokens and writes are short', SHORT],
    ['the volume does not offload', NONE],
    ['offload fails in the middle', FAILING],
  ])('merge.mjs copies exactly the changed ranges where %s', async (_, options) => {
    const folder = temporaryFolder();
    const [childBytes, parentBytes] = [patternBytes(SIZE, 1), patternBytes(SIZE, 2)];
    const child = folder.file('child', childBytes);
    const parent = folder.file('parent', parentBytes);
    writeFileSync(folder.path('changes.json'), JSON.stringify(changes));
    const program = exampleWithEmulator(folder, 'merge.mjs', options);
    const { code, stdout } = await run(program, ['changes.json', 'child', 'parent'], folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ bytes in 3 ranges merged/);
    expectSameBytes(readFileSync(parent), merged(childBytes, parentBytes));
    expectSameBytes(readFileSync(child), childBytes);
  });

  test.each([
    [
      'is not aligned',
      [
        { offset: 0, length: 512 },
        { offset: 100, length: 512 },
      ],
      /not a multiple/,
    ],
    [
      'ends beyond the child',
      [
        { offset: 0, length: 512 },
        { offset: 5 * MIB, length: 4096 },
      ],
      /beyond the child/,
    ],
    ['has no length', [{ offset: 0, length: 512 }, { offset: 4096 }], /Not a range/],
  ])('merge.mjs changes nothing where a range of the list %s', async (_, list, message) => {
    const folder = temporaryFolder();
    folder.file('child', patternBytes(SIZE, 1));
    const parent = folder.file('parent', patternBytes(SIZE, 2));
    writeFileSync(folder.path('changes.json'), JSON.stringify(list));
    const { code, stderr } = await run(example('merge.mjs'), ['changes.json', 'child', 'parent'], folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expectSameBytes(readFileSync(parent), patternBytes(SIZE, 2));
  });

  test('zero.mjs erases nothing without --erase', async () => {
    const folder = temporaryFolder();
    const image = folder.file('disk', SIZE);
    const { code, stdout } = await run(example('zero.mjs'), ['disk'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain(`disk holds ${SIZE} bytes.`);
    expectSameBytes(readFileSync(image), patternBytes(SIZE));
  });

  test.each([
    ['the volume offloads', '{}', `${SIZE} of them`],
    ['writes are short', SHORT, `${SIZE} of them`],
    ['the volume does not offload', NONE, '0 of them'],
    [
      'offload fails in the middle',
      '{ maximumWriteSize: 65536, intercept: ({ index }) => (index >= 2 ? { status: 0xc000a2a1 } : undefined) }',
      '0 of them',
    ],
  ])('zero.mjs writes zeros to all of an image where %s', async (_, options, ending) => {
    const folder = temporaryFolder();
    const image = folder.file('disk', SIZE);
    const program = exampleWithEmulator(folder, 'zero.mjs', options);
    const { code, stdout } = await run(program, ['disk', '--erase'], folder);
    expect(code).toBe(0);
    expect(stdout).toContain(ending);
    expectSameBytes(readFileSync(image), Buffer.alloc(SIZE));
  });

  test('carry-token.mjs keeps its tokens to their owner, and copies the file itself where another process may not use them', async () => {
    const folder = temporaryFolder();
    const source = folder.file('source', SIZE);
    const reader = start(example('carry-token.mjs'), ['read', 'source', 'tokens'], folder.path('.'));
    await reader.printed(/1 tokens/);
    expect(statSync(folder.path('tokens')).mode & 0o777).toBe(0o600);
    const writer = await run(example('carry-token.mjs'), ['write', 'tokens', 'copy'], folder);
    expect(writer).toMatchObject({ code: 0, stdout: `${SIZE} bytes were copied without them.\n` });
    expect(writer.stderr).toContain('ERROR_INVALID_TOKEN');
    expect((await reader.ended).code).toBe(0);
    expect(namesIn(folder)).toEqual(['copy', 'source']);
    expectSameFiles(folder.path('copy'), source);
  });

  test('carry-token.mjs leaves a file that exists as it is, and removes its tokens', async () => {
    const folder = temporaryFolder();
    folder.file('source', SIZE);
    folder.file('copy', PRECIOUS);
    const reader = start(example('carry-token.mjs'), ['read', 'source', 'tokens'], folder.path('.'));
    await reader.printed(/1 tokens/);
    const writer = await run(example('carry-token.mjs'), ['write', 'tokens', 'copy'], folder);
    expect(writer.code).toBe(1);
    expect((await reader.ended).code).toBe(0);
    expect(namesIn(folder)).toEqual(['copy', 'source']);
    expectSameBytes(readFileSync(folder.path('copy')), PRECIOUS);
  });

  test('carry-token.mjs removes its tokens when the first process is interrupted', async () => {
    const folder = temporaryFolder();
    folder.file('source', SIZE);
    const reader = start(example('carry-token.mjs'), ['read', 'source', 'tokens'], folder.path('.'));
    await reader.printed(/1 tokens/);
    reader.child.kill('SIGINT');
    expect((await reader.ended).code).toBe(0);
    expect(namesIn(folder)).toEqual(['source']);
  });

  test('watch-copy.mjs prints every control code of a copy', async () => {
    const folder = temporaryFolder();
    const source = folder.file('source', SIZE);
    const program = exampleWithEmulator(folder, 'watch-copy.mjs', '{ maximumTransferSize: 4 * 1048576 }');
    const { code, stdout } = await run(program, ['source', 'copy'], folder);
    expect(code).toBe(0);
    const lines = stdout.match(/^(FSCTL|IOCTL)_.*$/gm) ?? [];
    const calls = stdout.match(
      /^FSCTL_OFFLOAD_(READ|WRITE) \d+ bytes at \d+: ERROR_SUCCESS, \d+ done, [\d.]+ ms$/gm,
    );
    expect(calls?.length).toBe(4);
    expect(stdout).toContain(`${SIZE} bytes copied with ${lines.length} control codes.\n`);
    expectSameFiles(folder.path('copy'), source);
  });

  test('watch-copy.mjs leaves a file that exists as it is', async () => {
    const folder = temporaryFolder();
    folder.file('source', SIZE);
    folder.file('copy', PRECIOUS);
    const { code } = await run(example('watch-copy.mjs'), ['source', 'copy'], folder);
    expect(code).toBe(1);
    expectSameBytes(readFileSync(folder.path('copy')), PRECIOUS);
  });
});

describe('The README of the examples', () => {
  const programs = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.mjs'));
  const readme = readFileSync(join(ROOT, 'examples', 'README.md'), 'utf8');
  const tests = ['programs', 'queue'].map((name) =>
    readFileSync(join(ROOT, `test/examples/${name}.test.ts`), 'utf8'),
  );

  test.each(programs)('lists %s, whose head comment says how to run it, and a test runs it', (name) => {
    expect(readme).toContain(`| [${name}](${name}) |`);
    const head = readFileSync(example(name), 'utf8').split(/^[^/]/m)[0];
    expect(head).toContain(`node examples/${name} `);
    expect(tests.join('')).toContain(`'${name}'`);
  });

  test('links to files that exist', () => {
    for (const [, link = ''] of readme.matchAll(/\]\(([^)]+)\)/g))
      expect(existsSync(example(link)), link).toBe(true);
  });
});
