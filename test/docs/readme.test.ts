import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as emulator from '../../src/emulator/index.ts';
import * as library from '../../src/index.ts';
import * as structs from '../../src/structs.ts';
import { ROOT } from '../built.ts';
import { prose, readPage, rowsBelow } from './markdown.ts';

const { text } = readPage('README.md');

describe('The README', () => {
  test('names every function, class and collection that the package exports', () => {
    const errors = Object.keys(library).filter((name) => name.endsWith('Error'));
    // Neither is called by a program that uses the package: classes whose objects openFile and the kernel make.
    const made = ['OffloadFile', 'KernelFailure', 'isSupported'];
    const exported = [...Object.keys(library), ...Object.keys(emulator), 'structs', 'layoutOf'];
    const expected = exported.filter((name) => !errors.includes(name) && !made.includes(name));
    const named = rowsBelow('README.md', 'What it offers').flatMap((row) =>
      [...row.join(' ').matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    expect(named.filter((name) => name !== 'odx').sort()).toEqual([...new Set(expected)].sort());
    for (const name of ['structs', 'layoutOf']) expect(structs).toHaveProperty(name);
  });

  test('states the versions of Node.js and TypeScript that package.json states', () => {
    const { engines, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      engines: { node: string };
      devDependencies: Record<string, string>;
    };
    const oldest = Object.keys(devDependencies)
      .filter((name) => name.startsWith('typescript-'))
      .map((name) => name.slice('typescript-'.length))
      .sort();
    expect(text).toContain(`| Node.js | ${engines.node.slice('>='.length)} or later`);
    expect(text).toContain(`| TypeScript | ${oldest[0]} or later`);
  });

  test('repeats figures of speed only as the guide has them', () => {
    const [, section = ''] = prose(text).split('\n## Speed\n');
    const [speed = ''] = section.split('\n## ');
    const figures = speed.match(/\d+(\.\d+)? microseconds/g) ?? [];
    expect(figures.length).toBeGreaterThan(0);
    for (const figure of figures) expect(readPage('docs/speed.md').text).toContain(figure);
  });

  test('shows the two commands that try the package and run its tests', () => {
    for (const command of [
      'npm ci && npm start -- copy package-lock.json copy-of-lock.json --require --verify',
      'npm ci && npm test',
    ]) {
      expect(text.split('\n')).toContain(command);
    }
  });
});
