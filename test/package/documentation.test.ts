import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { importsOf, sourceFiles } from './source-files.ts';

const ENTRIES = ['src/index.ts', 'src/structs.ts', 'src/emulator/index.ts', 'src/kernel/kernel32.ts'];

interface PublicFunction {
  readonly name: string;
  readonly file: string;
  readonly comment: string;
}

/** The functions that the entry points define or re-export, each with its doc comment. */
function publicFunctions(): PublicFunction[] {
  const found = new Map<string, PublicFunction>();
  for (const entry of ENTRIES) {
    const names = exportedNames(entry);
    for (const file of [entry, ...importsOf(entry).map(({ to }) => to)]) {
      if (!sourceFiles().includes(file)) continue;
      const text = readFileSync(join(ROOT, file), 'utf8');
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
  const text = readFileSync(join(ROOT, entry), 'utf8');
  const listed = [...text.matchAll(/export \{([^}]*)\}/g)].flatMap(([, names = '']) => names.split(','));
  const declared = [...text.matchAll(/export (?:async )?function (\w+)/g)].map(([, name = '']) => name);
  return new Set([
    ...listed.map((name) => name.trim()).filter((name) => !name.startsWith('type ')),
    ...declared,
  ]);
}

const functions = publicFunctions();
// The comment of a blocking form is one line that links to the asynchronous form, and an example.
const isBlocking = ({ name }: PublicFunction): boolean => name.endsWith('Sync');
const asynchronous = functions.filter((one) => !isBlocking(one));

test('The package exports exactly the documented list of functions', () => {
  expect(functions.map(({ name }) => name)).toEqual(
    [
      'copyFile',
      'copyFiles',
      'copyRange',
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
      'tryOffload',
      'zeroRange',
    ].sort((a, b) => a.localeCompare(b)),
  );
});

describe.each(functions.map((one) => [one.name, one] as const))('The doc comment of %s', (_, one) => {
  test('begins with a sentence', () => {
    const [first = ''] = one.comment.split(/\n\s*\n|\n(?=@)/);
    expect(first.replaceAll('\n', ' ')).toMatch(/^(?:[A-Z]|\{@link \w+\}).*[.:)]$/);
  });

  test('contains an example', () => expect(one.comment).toMatch(/@example\n\S/));

  test('links to pages of Microsoft without a locale in the address', () => {
    expect(one.comment).not.toMatch(/microsoft\.com\/[a-z]{2}-[a-z]{2}\//i);
  });
});

describe.each(asynchronous.map((one) => [one.name, one] as const))('The doc comment of %s', (_, one) => {
  test('links to the page of Microsoft about the call', () => {
    expect(one.comment).toMatch(/@see https:\/\/learn\.microsoft\.com\//);
  });

  test('documents what the function throws', () => {
    expect(one.comment).toMatch(/@throws \{\w+\} /);
  });

  test('documents the parameters and the result', () => {
    expect(one.comment).toMatch(/@param \w+ /);
    expect(one.comment).toMatch(/@returns /);
  });
});

describe.each(functions.filter(isBlocking).map((one) => [one.name, one] as const))(
  'The doc comment of %s',
  (name, one) => {
    test('links to the asynchronous form', () => {
      expect(one.comment).toContain(`{@link ${name.slice(0, -'Sync'.length)}}`);
      expect(one.comment).toContain('blocking');
    });
  },
);
