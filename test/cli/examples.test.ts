import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { temporaryFolder, writeExampleFiles } from './files.ts';
import { odx, underWine } from './odx-process.ts';

const EXAMPLE = /^ {2}odx (.+)$/gm;
const folders = new Map(commands.map(({ name }) => [name, temporaryFolder()]));

afterAll(() => {
  for (const folder of folders.values()) folder.remove();
});

// The emulator is used on Windows too, where the examples would use real storage otherwise.
describe
  .skipIf(underWine)
  .concurrent('odx COMMAND --help (skipped under Wine, where a process takes seconds to start)', () => {
    it.each(commands.map(({ name }) => name))('shows examples for %s that run as they are', async (name) => {
      const { stdout: help } = await odx([name, '--help']);
      const examples = help.slice(help.indexOf('\nExamples\n')).matchAll(EXAMPLE);
      const lines = Array.from(examples, ([, line = '']) => line);
      expect(lines).toEqual(
        commands.find((command) => command.name === name)?.examples.map(({ line }) => line),
      );

      const cwd = folders.get(name)?.path ?? '';
      writeExampleFiles(cwd);
      for (const line of lines) {
        const [words = '', from] = line.split(' < ');
        const args = [...words.split(' '), '--emulate'];
        const input = from === undefined ? '' : readFileSync(join(cwd, from), 'utf8');
        const { code, stdout, stderr } = await odx(args, { cwd, input });
        expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: '' });
        if (words.includes('--json')) expect(() => JSON.parse(stdout)).not.toThrow();
      }
    });
  });
