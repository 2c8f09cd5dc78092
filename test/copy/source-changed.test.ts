import {
  appendFileSync,
  closeSync,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { SourceChangedError } from '../../src/errors.ts';
import { expectNothing, failureOf, noise, stopsInTheMiddle, Workspace, withFiles } from './kit.ts';

const KIB = 1024;
const SIZE = 400_000;
const workspace = new Workspace();

function overwriteStart(path: string): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, noise(512), 0, 512, 0);
  closeSync(fd);
}

const changes: [string, (path: string) => void][] = [
  ['overwritten at its start', overwriteStart],
  ['rewritten', (path) => writeFileSync(path, noise(SIZE))],
  ['appended to', (path) => appendFileSync(path, 'more')],
  ['cut', (path) => truncateSync(path, 100_000)],
  ['emptied', (path) => truncateSync(path, 0)],
  ['touched', (path) => utimesSync(path, new Date(), new Date())],
];

const moments = ['prefer', 'require'].flatMap((mode) =>
  [1, 2, 3, 5, 8, 11].map((index) => ({ mode: mode as 'prefer' | 'require', index })),
);

describe.each(changes)('copyFile rejects if the source is %s', (_, change) => {
  test.each(moments)('before control code $index, with mode $mode', async ({ mode, index }) => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const kernel = createEmulator({
      maximumTransferSize: 128 * KIB,
      maximumWriteSize: 32 * KIB,
      intercept: ({ index: at }) => {
        if (at === index) change(source);
      },
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination, { mode, minimumSize: 0 }));
    if (mode === 'prefer') expect(failure).toBeInstanceOf(SourceChangedError);
    else expect(['ERR_ODX_SOURCE_CHANGED', 'ERROR_HANDLE_EOF']).toContain((failure as { code: string }).code);
    expectNothing(destination);
  });

  test.each([false, true])('during ordinary reads, with verify: %s', async (verify) => {
    const source = workspace.file(4_000_000);
    const destination = workspace.path();
    const emulator = stopsInTheMiddle();
    let writes = 0;
    const kernel = withFiles(emulator, {
      write: (...args) => {
        if (++writes === 2) change(source);
        return emulator.files.write(...args);
      },
    });
    expect(await failureOf(copyFileWith(kernel, source, destination, { verify }))).toBeInstanceOf(
      SourceChangedError,
    );
    expectNothing(destination);
  });
});
