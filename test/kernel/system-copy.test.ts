import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AbortError, type CopyProgress } from '../../src/index.ts';
import { patternBytes } from '../kit.ts';
import { hasStub, loadStub, type Stub } from './stub-kernel.ts';

const SMALL = 3000;
const LARGE = 2_000_001;
const SIZES = [SMALL, LARGE];
const DISK_FULL = 112;
const OFFLOAD_READ_FILE_NOT_SUPPORTED = 4442;
const ENCRYPTION_FAILED = { code: 'ERROR_ENCRYPTION_FAILED', errno: 6000 };

let stub: Stub;
let folder = '';
const at = (name: string): string => join(folder, name);

function file(name: string, size: number): string {
  writeFileSync(at(name), patternBytes(size));
  return at(name);
}

function expectSame(actual: string, expected: string): void {
  expect(readFileSync(actual).equals(readFileSync(expected))).toBe(true);
}

interface Outcome {
  readonly steps: readonly CopyProgress[];
  readonly error: string | undefined;
  readonly exists: boolean;
}

/** Copies a large file slowly. */
async function copyWithProgress({
  keep = 0,
  minimumSize,
  failing,
}: {
  keep?: number;
  minimumSize: number;
  failing: 'never' | 'throws' | 'rejects';
}): Promise<Outcome> {
  stub.set('CopyFileExW', 'delay', 20);
  stub.set('CopyFileExW', 'keep', keep);
  const steps: CopyProgress[] = [];
  const mine = new Error('mine');
  const source = file('source', LARGE);
  const onProgress = (step: CopyProgress): unknown => {
    steps.push(step);
    if (step.systemBytes > 0n && failing === 'throws') throw mine;
    return step.systemBytes > 0n && failing === 'rejects' ? Promise.reject(mine) : undefined;
  };
  const error = await stub.odx.copyFile(source, at('copy'), { minimumSize, onProgress }).then(
    () => undefined,
    (reason: Error) => reason.message,
  );
  return { steps, error, exists: existsSync(at('copy')) };
}

beforeAll(() => {
  if (hasStub) stub = loadStub();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'odx-system-'));
});
afterEach(() => {
  if (hasStub) stub.reset();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasStub)('a copy by CopyFileExW [needs a C compiler]', () => {
  // What the stub offloads moves no bytes, so that large files must be refused.
  beforeEach(() => stub.set('DeviceIoControl', 'fail', OFFLOAD_READ_FILE_NOT_SUPPORTED));

  test('of a small file opens neither file, and copies bytes and last write time', async () => {
    const source = file('source', SMALL);
    const report = await stub.odx.copyFile(source, at('copy'));
    expect(report).toMatchObject({ systemBytes: BigInt(SMALL) });
    expect(report).not.toHaveProperty('fallback');
    expect(stub.get('CreateFileW', 'calls')).toBe(0);
    expect(stub.get('CopyFileExW', 'calls')).toBe(1);
    expectSame(at('copy'), source);
    expect(statSync(at('copy')).mtimeMs).toBeCloseTo(statSync(source).mtimeMs, 0);
  });

  test('of a refused file reports the reason, and replaces an existing destination', async () => {
    const source = file('source', LARGE);
    for (const before of [undefined, 10, LARGE]) {
      if (before !== undefined) file('copy', before);
      const report = await stub.odx.copyFile(source, at('copy'), { verify: true });
      expect(report).toMatchObject({
        systemBytes: BigInt(LARGE),
        fallback: { at: 0n, reason: { errno: OFFLOAD_READ_FILE_NOT_SUPPORTED } },
      });
      expectSame(at('copy'), source);
    }
    expect(stub.strays()).toBe(0);
  });

  test('counts a dangling link as an existing destination with overwrite: false', async () => {
    const source = file('source', SMALL);
    symlinkSync(at('target'), at('link'));
    await expect(stub.odx.copyFile(source, at('link'), { overwrite: false })).rejects.toMatchObject({
      code: 'ERROR_FILE_EXISTS',
    });
    expect(existsSync(at('target'))).toBe(false);
  });

  test('reports the bytes of the main stream while it runs, without blocking the event loop', async () => {
    for (const minimumSize of [0, LARGE + 1]) {
      const { steps, error } = await copyWithProgress({ minimumSize, failing: 'never' });
      expect(error).toBeUndefined();
      expect(stub.get('CopyFileExW', 'here')).toBe(0);
      expectSame(at('copy'), at('source'));
      rmSync(at('copy'));
      const system = steps.filter(({ phase }) => phase === 'system');
      expect(system.length).toBeGreaterThan(4);
      expect(steps[0]).toMatchObject({ percent: 0, systemBytes: 0n });
      expect(steps.at(-1)).toMatchObject({ percent: 100, systemBytes: BigInt(LARGE) });
      for (const [index, { systemBytes }] of steps.entries()) {
        // Blocks of 64 KiB; the stub reports another stream in between.
        expect(systemBytes === BigInt(LARGE) || systemBytes % 65_536n === 0n).toBe(true);
        expect(systemBytes).toBeGreaterThanOrEqual(steps[index - 1]?.systemBytes ?? 0n);
      }
    }
  });

  describe.each([0, 1])('of which CopyFileExW leaves a half-made destination: %i', (keep) => {
    beforeEach(() => stub.set('CopyFileExW', 'keep', keep));

    test.each(SIZES)('leaves nothing of %i bytes if it fails in the middle', async (size) => {
      const source = file('source', size);
      stub.set('CopyFileExW', 'break', DISK_FULL);
      for (const before of [undefined, 10, size]) {
        if (before !== undefined) file('copy', before);
        const copying = stub.odx.copyFile(source, at('copy'));
        await expect(copying).rejects.toMatchObject({ errno: DISK_FULL, syscall: 'CopyFileExW' });
        expect(existsSync(at('copy'))).toBe(false);
      }
    });

    test('leaves nothing if it is aborted, which takes effect at the next block', async () => {
      const source = file('source', LARGE);
      // Slower than the time limit of this test for all 31 blocks.
      stub.set('CopyFileExW', 'delay', 1000);
      for (const minimumSize of [0, LARGE + 1]) {
        const controller = new AbortController();
        const copying = stub.odx.copyFile(source, at('copy'), { minimumSize, signal: controller.signal });
        while (!existsSync(at('copy')) || stub.get('CopyFileExW', 'inside') === 0) await sleep(10);
        controller.abort();
        await expect(copying).rejects.toBeInstanceOf(AbortError);
        expect(existsSync(at('copy'))).toBe(false);
      }
    });

    test.each(['throws', 'rejects'] as const)('leaves nothing if onProgress %s', async (failing) => {
      for (const minimumSize of [0, LARGE + 1]) {
        const { error, exists, steps } = await copyWithProgress({ keep, minimumSize, failing });
        expect(error).toBe('mine');
        expect(exists).toBe(false);
        expect(steps.at(-1)?.percent).toBeLessThan(50);
      }
    });
  });

  test.each(SIZES)(
    'of %i bytes leaves an existing file alone if CopyFileExW refuses at once',
    async (size) => {
      const source = file('source', size);
      file('copy', 10);
      stub.set('CopyFileExW', 'fail', 5);
      await expect(stub.odx.copyFile(source, at('copy'))).rejects.toMatchObject({ errno: 5 });
      expect(readFileSync(at('copy')).equals(patternBytes(10))).toBe(true);
    },
  );

  test('runs beside another one, and beside calls on the same volume', async () => {
    const source = file('source', SMALL);
    stub.set('CopyFileExW', 'sleep', 300);
    await Promise.all(['a', 'b'].map((name) => stub.odx.copyFile(source, at(name))));
    expect(stub.most()).toBe(2);
    const copying = stub.odx.copyFile(source, at('c'));
    await stub.untilInside('CopyFileExW', 1);
    await (await stub.odx.openFile(source, 'r')).close();
    expect(stub.get('CopyFileExW', 'inside')).toBe(1);
    await copying;
  });

  test('is withdrawn by an abort while it waits for a lane, and the system is not asked', async () => {
    const source = file('source', SMALL);
    stub.set('CopyFileExW', 'sleep', 300);
    const copies = ['a', 'b'].map((name) => stub.odx.copyFile(source, at(name)));
    await stub.untilInside('CopyFileExW', 2);
    const controller = new AbortController();
    const { files } = stub;
    const queued = files.copy(
      source,
      at('c'),
      { failIfExists: true, allowDecrypted: false },
      controller.signal as never,
    );
    controller.abort();
    await expect(queued).rejects.toMatchObject({ errno: 995 });
    expect(stub.get('CopyFileExW', 'inside')).toBe(2);
    await Promise.all(copies);
    expect(stub.get('CopyFileExW', 'calls')).toBe(2);
  });

  test('in a worker thread reports its progress, and ends although the thread is terminated', async () => {
    const source = file('source', LARGE);
    stub.set('CopyFileExW', 'delay', 30);
    const worker = new Worker(new URL('copy-in-worker.mjs', import.meta.url), {
      workerData: { library: stub.library, source, destination: at('copy') },
    });
    const percent: number = await new Promise((resolve) => worker.once('message', resolve));
    expect(percent).toBeLessThan(100);
    // The thread that copies waits for nothing any more.
    await worker.terminate();
    expect(stub.get('CopyFileExW', 'inside')).toBe(0);
  });

  describe('of an encrypted file', () => {
    test.each(SIZES)('(%i bytes) is never plain text, unless that is allowed', async (size) => {
      const source = file('encrypted', size);
      await expect(stub.odx.copyFile(source, at('copy'))).rejects.toMatchObject(ENCRYPTION_FAILED);
      expect(existsSync(at('copy'))).toBe(false);
      await stub.odx.copyFile(source, at('copy'), { allowDecrypted: true });
      expectSame(at('copy'), source);
      await stub.odx.copyFile(source, at('also encrypted'));
      expectSame(at('also encrypted'), source);
    });

    test('is not replaced by an offloaded one in plain text', async () => {
      const source = file('encrypted', LARGE);
      stub.reset();
      for (const mode of ['prefer', 'require'] as const) {
        const copying = stub.odx.copyFile(source, at('copy'), { mode });
        await expect(copying).rejects.toMatchObject(ENCRYPTION_FAILED);
        expect(existsSync(at('copy'))).toBe(false);
      }
    });
  });
});

describe.skipIf(!hasStub)('the named streams of a file [needs a C compiler]', () => {
  const ZONE = ':Zone.Identifier:$DATA';
  const BIG = ':big:$DATA';

  function withStreams(name: string, size = LARGE): string {
    const source = file(name, size);
    writeFileSync(source + ZONE, '[ZoneTransfer]\r\nZoneId=3\r\n');
    writeFileSync(source + BIG, patternBytes(3_000_000, 7));
    return source;
  }

  test.each([undefined, 10])('survive an offloaded copy, over a destination of %s bytes', async (before) => {
    const source = withStreams('source');
    if (before !== undefined) {
      const old = file('copy', before);
      writeFileSync(`${old}:stale:$DATA`, 'old');
      writeFileSync(old + ZONE, 'old, and much longer than the new one will be');
    }
    const report = await stub.odx.copyFile(source, at('copy'));
    // Only the bytes of the file itself are counted.
    expect(report).toMatchObject({ offloadedBytes: BigInt(LARGE), bufferedBytes: 0n, bytes: BigInt(LARGE) });
    expect(stub.get('CopyFileExW', 'calls')).toBe(0);
    for (const stream of [ZONE, BIG]) expectSame(at('copy') + stream, source + stream);
    expect(existsSync(`${at('copy')}:stale:$DATA`)).toBe(false);
    expect(stub.strays()).toBe(0);
  });

  test('survive a copy by the system', async () => {
    const source = withStreams('source', SMALL);
    await stub.odx.copyFile(source, at('copy'));
    for (const stream of [ZONE, BIG]) expectSame(at('copy') + stream, source + stream);
  });

  test('are all found, however many there are', async () => {
    const source = file('source', LARGE);
    const names = Array.from({ length: 100 }, (_, index) => `:${'n'.repeat(100)}${index}:$DATA`);
    for (const name of names) writeFileSync(source + name, name);
    await stub.odx.copyFile(source, at('copy'));
    for (const name of names) expect(readFileSync(at('copy') + name, 'utf8')).toBe(name);
  });

  test('that cannot be copied fail the copy, which leaves nothing', async () => {
    const source = withStreams('source');
    stub.set('WriteFile', 'fail', DISK_FULL);
    await expect(stub.odx.copyFile(source, at('copy'))).rejects.toMatchObject({
      errno: DISK_FULL,
      path: expect.stringContaining(at('copy')),
    });
    for (const stream of ['', ZONE, BIG]) expect(existsSync(at('copy') + stream)).toBe(false);
  });

  test('that cannot be listed fail the copy', async () => {
    const source = withStreams('source');
    const { files } = stub;
    const handle = await files.open(source, { read: true, write: false, disposition: 'open' });
    stub.set('GetFileInformationByHandleEx', 'fail', 59);
    await expect(files.streams(handle)).rejects.toMatchObject({ errno: 59 });
    stub.set('GetFileInformationByHandleEx', 'fail', 120);
    expect(await files.streams(handle)).toEqual([]);
    await files.close(handle);
  });
});
