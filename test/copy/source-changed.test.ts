import {
  appendFileSync,
  closeSync,
  openSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { SourceChangedError } from '../../src/errors.ts';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import {
  expectNothing,
  expectSame,
  failureOf,
  noise,
  stopsInTheMiddle,
  Workspace,
  watched,
  withFiles,
  withInfo,
} from './kit.ts';

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

test('copyFile leaves an existing destination unchanged if the source changes before its first offload read is refused', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.written(Buffer.from('mine'));
  const unchanged = watched(destination);
  const kernel = createEmulator({
    intercept: () => {
      appendFileSync(source, 'more');
      return { status: 0xc000_00bb };
    },
  });
  expect(await failureOf(copyFileWith(kernel, source, destination))).toBeInstanceOf(SourceChangedError);
  unchanged();
});

test('copyFile rejects with the error of a source that it cannot examine again, and removes the copy', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  let isGone = false;
  const emulator = createEmulator({
    intercept: () => {
      isGone = true;
    },
  });
  const kernel = withFiles(emulator, {
    async info(handle, path) {
      // ERROR_NETNAME_DELETED
      if (isGone && path === source) throw new KernelFailure(64);
      return emulator.files.info(handle, path);
    },
  });
  expect(await failureOf(copyFileWith(kernel, source, destination))).toMatchObject({
    code: 'ERROR_NETNAME_DELETED',
    syscall: 'GetFileInformationByHandle',
    path: source,
    dest: destination,
  });
  expectNothing(destination);
});

test('copyFile recognizes the source by its path where the file system gives it no identity', async () => {
  const source = workspace.file(SIZE);
  const emulator = createEmulator({
    intercept: ({ index }) => {
      if (index === 3) appendFileSync(source, 'more');
    },
  });
  const kernel = withInfo(emulator, '', { identity: undefined });
  const other = join(dirname(source), 'x', '..', 'source');
  expect(await failureOf(copyFileWith(kernel, source, other))).toMatchObject({
    code: 'ERR_ODX_INVALID_ARGUMENT',
    issues: [{ path: 'destination' }],
  });
  const destination = workspace.path();
  await copyFileWith(kernel, source, destination);
  expectSame(destination, source);
  expect(await failureOf(copyFileWith(kernel, source, destination))).toBeInstanceOf(SourceChangedError);
});
