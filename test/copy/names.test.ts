import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError, Win32Error } from '../../src/errors.ts';
import { openFileWith } from '../../src/open-file.ts';
import { FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import { expectNothing, expectSame, failureOf, onWindows, Workspace, watched } from './kit.ts';

const SIZE = 300_000;
const NEEDS_LINKS = ' [needs symbolic links, which take a privilege on Windows and fail under Wine]';
const workspace = new Workspace();

describe('a copy onto itself', () => {
  const otherNames: [string, (source: string) => string][] = [
    ['the path', (source) => source],
    ['a relative path', (source) => relative(process.cwd(), source)],
    ['a path with dots', (source) => join(dirname(source), '.', 'x', '..', 'source')],
    [
      'a hard link',
      (source) => {
        linkSync(source, `${source}.link`);
        return `${source}.link`;
      },
    ],
    [
      'a symbolic link',
      (source) => {
        symlinkSync(source, `${source}.symlink`);
        return `${source}.symlink`;
      },
    ],
  ];

  for (const [name, nameOf] of otherNames) {
    const isLink = name === 'a symbolic link';
    test.skipIf(isLink && onWindows)(
      `is refused if the destination is ${name} of the source${isLink ? NEEDS_LINKS : ''}`,
      async () => {
        const source = workspace.file(SIZE);
        const destination = nameOf(source);
        const unchanged = watched(source);
        const kernel = createEmulator();
        for (const options of [{ mode: 'prefer' }, { mode: 'require' }, { overwrite: false }] as const) {
          const failure = await failureOf(copyFileWith(kernel, source, destination, options));
          expect(failure).toBeInstanceOf(InvalidArgumentError);
          const otherName = destination === source ? '' : ` ('${source}') under another name`;
          const message = `destination is '${destination}', which is the source itself${otherName}; copy to another file.`;
          expect(failure).toMatchObject({ issues: [{ path: 'destination', message }] });
        }
        unchanged();
        expect(kernel.calls).toEqual([]);
      },
    );
  }
});

describe('copyFile with overwrite: false', () => {
  test('leaves an existing file unchanged', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.written(Buffer.from('mine'), 'destination');
    const unchanged = watched(destination);
    const failure = await failureOf(
      copyFileWith(createEmulator(), source, destination, { overwrite: false }),
    );
    expect(failure).toMatchObject({ code: 'ERROR_FILE_EXISTS', errno: 80, path: destination });
    unchanged();
  });

  test('lets exactly one of several simultaneous copies succeed', async () => {
    const kernel = createEmulator({ latency: 2 });
    for (let round = 0; round < 10; round++) {
      const sources = [0, 1, 2, 3].map(() => workspace.file(SIZE));
      const destination = workspace.path();
      const outcomes = await Promise.allSettled(
        sources.map((source) => copyFileWith(kernel, source, destination, { overwrite: false })),
      );
      const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ errno: 80 });
      }
      expectSame(destination, sources[winners[0] ?? 0] ?? '');
    }
  });

  test('does not remove the result of another copy when it fails', async () => {
    for (let round = 0; round < 50; round++) {
      let writes = 0;
      const kernel = createEmulator({
        latency: round % 3,
        intercept: ({ code }) =>
          code === FSCTL_OFFLOAD_WRITE && ++writes === 1 ? { status: 0xc000_0185 } : undefined,
      });
      const [source, other] = [workspace.file(SIZE), workspace.file(SIZE)];
      const destination = workspace.path();
      const first = copyFileWith(kernel, source, destination, { mode: 'require', overwrite: false });
      const failed = failureOf(first);
      // Its destination is open by then, so that the first write is its own.
      while (kernel.calls.length === 0) await nextTurn();
      for (let isCopied = false; !isCopied; ) {
        isCopied = await copyFileWith(kernel, other, destination).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^ERROR_(SHARING_VIOLATION|FILE_EXISTS)$/),
            });
            return false;
          },
        );
      }
      expect(await failed).toBeInstanceOf(Win32Error);
      expectSame(destination, other);
    }
  });

  test('creates a file that does not exist', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    await copyFileWith(createEmulator(), source, destination, { overwrite: false });
    expectSame(destination, source);
  });
});

describe('copyFile', () => {
  test('leaves an existing destination unchanged and creates no new one if the source is missing', async () => {
    const missing = workspace.path('missing');
    const destination = workspace.written(Buffer.from('mine'));
    const absent = workspace.path();
    for (const path of [destination, absent]) {
      const failure = await failureOf(copyFileWith(createEmulator(), missing, path));
      expect(failure).toMatchObject({ code: 'ERROR_FILE_NOT_FOUND', path: missing });
    }
    expect(readFileSync(destination, 'utf8')).toBe('mine');
    expectNothing(absent);
  });

  test('rejects with ERROR_PATH_NOT_FOUND if the folder of the destination is missing', async () => {
    const destination = join(workspace.path(), 'x', 'y');
    const failure = await failureOf(copyFileWith(createEmulator(), workspace.file(1), destination));
    expect(failure).toBeInstanceOf(Win32Error);
    expect(failure).toMatchObject({ code: 'ERROR_PATH_NOT_FOUND', path: destination });
  });

  test('rejects if the source or the destination is a folder', async () => {
    const folder = workspace.path('folder');
    mkdirSync(folder);
    const source = workspace.file(SIZE);
    const absent = workspace.path();
    expect(await failureOf(copyFileWith(createEmulator(), source, folder))).toBeInstanceOf(Win32Error);
    expect(await failureOf(copyFileWith(createEmulator(), folder, absent))).toBeInstanceOf(Win32Error);
    expect(readdirSync(folder)).toEqual([]);
    expectNothing(absent);
  });
});

test.skipIf(onWindows)(
  `a failed copy through a symbolic link removes the file and leaves the link${NEEDS_LINKS}`,
  async () => {
    const target = workspace.path();
    writeFileSync(target, 'old');
    const link = workspace.path('link');
    symlinkSync(target, link);
    const kernel = createEmulator({
      intercept: ({ code }) => (code === FSCTL_OFFLOAD_WRITE ? { status: 0xc000_0185 } : undefined),
    });
    const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), link, { mode: 'require' }));
    expect(failure).toMatchObject({ code: 'ERROR_IO_DEVICE' });
    expectNothing(target);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  },
);

describe('during a copy', () => {
  // An emulator whose first offload write waits until `go` is called.
  function halted() {
    let go = (): void => {};
    let begin = (): void => {};
    const going = new Promise<void>((resolve) => {
      go = resolve;
    });
    const began = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const kernel = createEmulator({
      async intercept({ code }) {
        if (code !== FSCTL_OFFLOAD_WRITE) return undefined;
        begin();
        await going;
        return undefined;
      },
    });
    return { kernel, go, began };
  }

  test('other copies can neither write to its destination, under any name, nor read it', async () => {
    const source = workspace.file(SIZE);
    const other = workspace.file(SIZE);
    const destination = workspace.path();
    writeFileSync(destination, 'old');
    const alias = workspace.path('alias');
    linkSync(destination, alias);
    const { kernel, go, began } = halted();
    const options = { mode: 'require' } as const;
    const copying = copyFileWith(kernel, source, destination, options);
    await began;
    const refused = { code: 'ERROR_SHARING_VIOLATION', errno: 32 };
    expect(await failureOf(copyFileWith(kernel, other, alias, options))).toMatchObject(refused);
    const absent = workspace.path();
    expect(await failureOf(copyFileWith(kernel, alias, absent, options))).toMatchObject(refused);
    expectNothing(absent);
    go();
    await copying;
    expectSame(destination, source);
  });

  test('its source can be read, but not opened for writing', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const second = workspace.path();
    const { kernel, go, began } = halted();
    const copying = copyFileWith(kernel, source, destination, { mode: 'require' });
    await began;
    const failure = await failureOf(openFileWith(kernel, source, 'r+'));
    expect(failure).toMatchObject({ code: 'ERROR_SHARING_VIOLATION' });
    expect(await failureOf(openFileWith(kernel, source, 'w'))).toMatchObject({ errno: 32 });
    const side = copyFileWith(kernel, source, second, { mode: 'require' });
    go();
    await Promise.all([copying, side]);
    expectSame(destination, source);
    expectSame(second, source);
  });

  test('its source may be open for writing from before', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const kernel = createEmulator();
    const file = await openFileWith(kernel, source, 'r+');
    await copyFileWith(kernel, source, destination);
    await file.close();
    expectSame(destination, source);
  });
});

test.skipIf(onWindows)(
  `copyFile writes through a symbolic link to an existing file${NEEDS_LINKS}`,
  async () => {
    const source = workspace.file(SIZE);
    const target = workspace.path();
    writeFileSync(target, 'old');
    const link = workspace.path('link');
    symlinkSync(target, link);
    await copyFileWith(createEmulator(), source, link);
    expectSame(target, source);
  },
);
