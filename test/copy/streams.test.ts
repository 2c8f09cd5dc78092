import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { AbortError } from '../../src/errors.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { expectSame, failureOf, noise, onWindows, Workspace, withFiles } from './kit.ts';

const SIZE = 1_000_001;
const [ACCESS_DENIED, NETWORK, DISK_FULL] = [5, 59, 112];
const ZONE = ':Zone.Identifier:$DATA';
const BIG = ':big:$DATA';
const STALE = ':stale:$DATA';
const workspace = new Workspace();

/** A kernel on which each file "name:stream:$DATA" of this host is a stream of the file "name", and what it did. */
function withStreams(replaced: (files: FileKernel) => Partial<FileKernel> = () => ({})) {
  const emulator = createEmulator();
  const files = filesOf(emulator);
  const paths = new Map<bigint, string>();
  const opened = new Set<bigint>();
  const removed: string[] = [];
  const resized: string[] = [];
  const basic = withFiles(emulator, {
    async open(path, request) {
      const handle = await files.open(path, request);
      paths.set(handle, path);
      opened.add(handle);
      return handle;
    },
    async close(handle) {
      await files.close(handle);
      opened.delete(handle);
    },
    async remove(handle) {
      removed.push(paths.get(handle) ?? '');
      return files.remove(handle);
    },
    async setSize(handle, size) {
      resized.push(paths.get(handle) ?? '');
      return files.setSize(handle, size);
    },
    async streams(handle) {
      const path = paths.get(handle) ?? '';
      const name = basename(path);
      // In the order of their names, as the system lists them in some order of its own.
      const found = readdirSync(dirname(path)).filter((other) => other.startsWith(`${name}:`));
      return found.sort().map((other) => other.slice(name.length));
    },
  });
  const kernel: Kernel = withFiles(basic, replaced(filesOf(basic)));
  return { kernel, opened, removed, resized };
}

/** A source with two streams. */
function source(): string {
  const path = workspace.file(SIZE);
  writeFileSync(path + ZONE, '[ZoneTransfer]');
  writeFileSync(path + BIG, noise(2_500_000));
  return path;
}

/** An existing destination with a stream that the source does not have, and one that both have. */
function existing(): string {
  const path = workspace.written(noise(100), 'destination');
  writeFileSync(path + STALE, 'old');
  writeFileSync(path + ZONE, 'old, and much longer than the new one will be');
  return path;
}

const PLATFORM = onWindows ? ' [files of another host stand for streams]' : '';

describe.skipIf(onWindows)(`the named streams of a file${PLATFORM}`, () => {
  test('are copied to a new destination, and only the bytes of the file itself are counted', async () => {
    const [from, to] = [source(), workspace.path()];
    const { kernel, opened, removed, resized } = withStreams();
    const report = await copyFileWith(kernel, from, to);
    expect(report).toMatchObject({ bytes: BigInt(SIZE), offloadedBytes: BigInt(SIZE), bufferedBytes: 0n });
    for (const name of ['', ZONE, BIG]) expectSame(to + name, from + name);
    expect(removed).toEqual([]);
    expect(resized).toEqual([to]);
    expect(opened.size).toBe(0);
  });

  test('replace those of an existing destination, of which only the others are removed', async () => {
    const [from, to] = [source(), existing()];
    const { kernel, opened, removed, resized } = withStreams();
    await copyFileWith(kernel, from, to);
    for (const name of ['', ZONE, BIG]) expectSame(to + name, from + name);
    expect(removed).toEqual([to + STALE]);
    expect(resized).toEqual([to, to + STALE, to + ZONE]);
    expect(existsSync(to + STALE)).toBe(false);
    expect(opened.size).toBe(0);
  });

  test.each([80, 183])(
    'are overwritten where the system calls an existing stream error %i',
    async (errno) => {
      const [from, to] = [source(), existing()];
      const { kernel } = withStreams(({ open }) => ({
        async open(path, request) {
          if (path === to + ZONE && request.disposition === 'create-new') throw new KernelFailure(errno);
          return open(path, request);
        },
      }));
      await copyFileWith(kernel, from, to);
      expectSame(to + ZONE, from + ZONE);
    },
  );

  test('that only the destination has are emptied if they cannot be removed', async () => {
    const [from, to] = [source(), existing()];
    const { kernel, opened } = withStreams(() => ({
      remove: async () => {
        throw new KernelFailure(ACCESS_DENIED);
      },
    }));
    await copyFileWith(kernel, from, to);
    expect(statSync(to + STALE).size).toBe(0);
    expect(opened.size).toBe(0);
  });

  test.each([123, 87, 50])(
    'are lost where the destination can have none, which the first of them shows by error %i',
    async (errno) => {
      const [from, to] = [source(), workspace.path()];
      const refused: string[] = [];
      const { kernel, opened } = withStreams(({ open }) => ({
        async open(path, request) {
          if (!path.startsWith(`${to}:`)) return open(path, request);
          refused.push(path);
          throw new KernelFailure(errno);
        },
      }));
      const report = await copyFileWith(kernel, from, to);
      expect(report).toMatchObject({ offloadedBytes: BigInt(SIZE) });
      expectSame(to, from);
      expect(refused).toEqual([to + ZONE]);
      expect(opened.size).toBe(0);
    },
  );

  // The step, the error of the copy, and whether the path that is to be shown is that of the source.
  test.each([
    ['listed in the source', 'streams', '', 'source', 'GetFileInformationByHandleEx'],
    ['listed in the destination', 'streams', '', 'destination', 'GetFileInformationByHandleEx'],
    ['opened in the source', 'open', ZONE, 'source', 'CreateFileW'],
    ['created', 'open', BIG, 'destination', 'CreateFileW'],
    ['opened to be removed', 'open', STALE, 'destination', 'CreateFileW'],
    ['opened to be overwritten', 'open', ZONE, 'destination', 'CreateFileW'],
    ['emptied to be overwritten', 'setSize', ZONE, 'destination', 'SetFileInformationByHandle'],
    ['read', 'read', ZONE, 'source', 'ReadFile'],
    ['written', 'write', BIG, 'destination', 'WriteFile'],
    ['closed', 'close', BIG, 'destination', 'CloseHandle'],
  ] as const)('that cannot be %s fail the copy', async (_, method, name, side, syscall) => {
    const [from, to] = [source(), existing()].map((path) => relative(process.cwd(), path)) as [
      string,
      string,
    ];
    const path = (side === 'source' ? from : to) + name;
    const handles = new Set<bigint>();
    const { kernel, opened } = withStreams((files) => {
      const call = files[method] as (...given: unknown[]) => Promise<unknown>;
      const isMeant = (given: unknown) =>
        typeof given === 'string' ? given.endsWith(path.replace(/^[./]+/, '')) : handles.has(given as bigint);
      const refusing = async (...given: unknown[]) => {
        const isNew = (given[1] as { disposition?: string })?.disposition === 'create-new';
        // A new stream is refused when it is to be created, an existing one when it is to be opened after that.
        const isOther = method === 'open' && isNew === existsSync(path);
        if (!isMeant(given[0]) || isOther) return call(...given);
        // A handle is closed in any case.
        if (method === 'close') await call(...given);
        throw new KernelFailure(NETWORK);
      };
      const open: FileKernel['open'] = async (file, request) => {
        const handle = await files.open(file, request);
        if (isMeant(file)) handles.add(handle);
        return handle;
      };
      return { open, [method]: refusing };
    });
    const failure = await failureOf(copyFileWith(kernel, from, to));
    expect(failure).toMatchObject({ errno: NETWORK, syscall, path, dest: to });
    expect(opened.size).toBe(0);
    expect(existsSync(to)).toBe(false);
  });

  test('are not copied after an abort', async () => {
    const [from, to] = [source(), workspace.path()];
    const controller = new AbortController();
    const { kernel, opened } = withStreams(({ close }) => ({
      async close(handle) {
        await close(handle);
        controller.abort('enough');
      },
    }));
    const failure = await failureOf(copyFileWith(kernel, from, to, { signal: controller.signal }));
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({ cause: 'enough' });
    expect(existsSync(to + ZONE)).toBe(true);
    expect(existsSync(to + BIG)).toBe(false);
    expect(opened.size).toBe(0);
  });

  test('are the last of the copy, so that a full disk leaves no finished file', async () => {
    const [from, to] = [source(), workspace.path()];
    const { kernel } = withStreams(() => ({
      write: async () => {
        throw new KernelFailure(DISK_FULL);
      },
    }));
    const failure = await failureOf(copyFileWith(kernel, from, to));
    expect(failure).toMatchObject({ errno: DISK_FULL, syscall: 'WriteFile', path: to + ZONE, offset: 0n });
    expect(existsSync(to)).toBe(false);
  });
});
