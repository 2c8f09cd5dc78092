import { expect, test } from 'vitest';
import { WHOLE_FILE } from '../../src/emulator/host-file.ts';
import { OpenFiles } from '../../src/emulator/open-files.ts';
import { checkOptions } from '../../src/emulator/options.ts';
import { Storage } from '../../src/emulator/storage.ts';

// More files than this are more than one process has seen for as long as a token lives.
const REMEMBERED_FILES = 65_536;

test('a file is forgotten after 65,536 newer ones, unless a token stands for it or it is being changed', () => {
  const storage = new Storage(checkOptions({}), new OpenFiles());
  const [covered, changing, idle] = ['covered', 'changing', 'idle'].map((key) => storage.fileOf(key));
  covered?.tokens.add({ extents: WHOLE_FILE, isRevoked: false });
  changing?.beginChange([]);
  for (let count = 3; count < REMEMBERED_FILES; count++) storage.fileOf(`file ${count}`);
  expect(storage.fileOf('idle')).toBe(idle);
  storage.fileOf('one too many');
  expect(storage.fileOf('covered')).toBe(covered);
  expect(storage.fileOf('changing')).toBe(changing);
  expect(storage.fileOf('idle')).not.toBe(idle);
});
