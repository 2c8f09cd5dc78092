import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from './built.ts';
import { importsOf, sourceFiles } from './imports.ts';

const ENTRIES = ['src/index.ts', 'src/structs.ts', 'src/emulator/index.ts', 'src/kernel/kernel32.ts'];

interface PublicFunction {
  readonly name: string;
  readonly file: string;
  readonly comment: string;
}

/** The functions that an entry point defines or hands on, each with the comment before it. */
function publicFunctions(): PublicFunction[] {
  const found = new Map<string, PublicFunction>();
  for (const entry of ENTRIES) {
    const names = exportedNames(entry);
    for (const file of [entry, ...importsOf(entry).map(({ to }) => to)]) {
      if (!sourceFiles().includes(file)) continue;
      const text = readFileSync(join(root, file), 'utf8');
      for (const { 1: comment = '', 2: name = '' } of text.matchAll(DECLARATION)) {
        if (names.has(name))
          found.set(name, { name, file, comment: comment.replaceAll(/^\s*\* ?/gm, '').trim() });
      }
    }
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const DECLARATION = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*export (?:async )?function (\w+)/g;

function exportedNames(entry: string): Set<string> {
  const text = readFileSync(join(root, entry), 'utf8');
  const listed = [...text.matchAll(/export \{([^}]*)\}/g)].flatMap(([, names = '']) => names.split(','));
  const declared = [...text.matchAll(/export (?:async )?function (\w+)/g)].map(([, name = '']) => name);
  return new Set([
    ...listed.map((name) => name.trim()).filter((name) => !name.startsWith('type ')),
    ...declared,
  ]);
}

const functions = publicFunctions();
// A blocking form says in one line what it is the blocking form of, and how to call it.
const isBlocking = ({ name }: PublicFunction): boolean => name.endsWith('Sync');
const asynchronous = functions.filter((one) => !isBlocking(one));

test('these are the public functions', () => {
  expect(functions.map(({ name }) => name)).toEqual(
    [
      'copyFile',
      'copyFiles',
      'createEmulator',
      'createOdx',
      'dsmOffloadRead',
      'dsmOffloadReadSync',
      'dsmOffloadWrite',
      'dsmOffloadWriteSync',
      'explainStatus',
      'layoutOf',
      'loadKernel32',
      'offloadRead',
      'offloadReadSync',
      'offloadWrite',
      'offloadWriteSync',
      'openFile',
      'openFileSync',
      'probe',
      'queryCopyOffload',
      'zeroRange',
    ].sort((a, b) => a.localeCompare(b)),
  );
});

describe.each(functions.map((one) => [one.name, one] as const))('the comment of %s', (_, one) => {
  test('begins with a sentence', () => {
    const [first = ''] = one.comment.split(/\n\s*\n|\n(?=@)/);
    expect(first.replaceAll('\n', ' ')).toMatch(/^(?:[A-Z]|\{@link \w+\}).*[.:)]$/);
  });

  test('has an example', () => expect(one.comment).toMatch(/@example\n\S/));

  test('links to pages of Microsoft without a locale', () => {
    expect(one.comment).not.toMatch(/microsoft\.com\/[a-z]{2}-[a-z]{2}\//i);
  });
});

describe.each(asynchronous.map((one) => [one.name, one] as const))('the comment of %s', (_, one) => {
  test('says where Microsoft documents what it calls', () => {
    expect(one.comment).toMatch(/@see https:\/\/learn\.microsoft\.com\//);
  });

  test('says what it throws', () => {
    expect(one.comment).toMatch(/@throws \{\w+\} /);
  });

  test('says what it takes and gives', () => {
    expect(one.comment).toMatch(/@param \w+ /);
    expect(one.comment).toMatch(/@returns /);
  });
});

describe.each(functions.filter(isBlocking).map((one) => [one.name, one] as const))(
  'the comment of %s',
  (name, one) => {
    test('links to the form that does not block', () => {
      expect(one.comment).toContain(`{@link ${name.slice(0, -'Sync'.length)}}`);
      expect(one.comment).toContain('blocking');
    });
  },
);
