import {
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { copyFilesWith } from '../../src/copy/copy-files.ts';
import { copyRangeWith } from '../../src/copy/copy-range.ts';
import type { CopyProgress } from '../../src/copy/progress.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { AbortError, ProtocolError, SourceChangedError } from '../../src/errors.ts';
import { type FileKernel, filesOf, type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { openFileWith } from '../../src/open-file.ts';
import { ERROR_SHARING_VIOLATION, FSCTL_OFFLOAD_WRITE } from '../../structs/index.ts';
import {
  expectConsistent,
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

const SMALL = 3000;
const LARGE = 2_000_001;
const DISK_FULL = 112;
const ENCRYPTION_FAILED = { code: 'ERROR_ENCRYPTION_FAILED', errno: 6000, syscall: 'WriteFile' };
const MINE = new Error('mine');
const workspace = new Workspace();
const refusing = (): Kernel => createEmulator({ supported: false });

/** A kernel whose system copy is another one. */
function copiesBy(copy: FileKernel['copy'], kernel: Kernel = refusing()): Kernel {
  return withFiles(kernel, { copy });
}

const SIZES = [SMALL, LARGE];
// `undefined`: the destination does not exist before.
const EVERYWHERE = SIZES.flatMap((size) => [undefined, 100, size].map((before) => [size, before] as const));

function destinationOf(before: number | undefined): string {
  return before === undefined ? workspace.path() : workspace.written(noise(before), 'destination');
}

describe('the system copies', () => {
  test.each([0, 1, SMALL, 262_143])(
    'a file of %i bytes, without an offload call or a fallback',
    async (size) => {
      for (const before of [undefined, 0, 100, size]) {
        const emulator = createEmulator();
        const [source, destination] = [workspace.file(size), destinationOf(before)];
        const report = await copyFileWith(emulator, source, destination);
        expect(report).toMatchObject({ systemBytes: BigInt(size), bufferedBytes: 0n, reads: 0, writes: 0 });
        expect(report).not.toHaveProperty('fallback');
        expect(emulator.calls).toEqual([]);
        expectSame(destination, source);
        expect(statSync(destination).mtimeMs).toBe(statSync(source).mtimeMs);
      }
    },
  );

  test('no file of minimumSize, and with 0 not even an empty one by a fallback', async () => {
    const report = await copyFileWith(createEmulator(), workspace.file(SMALL), workspace.path(), {
      minimumSize: SMALL,
    });
    expect(report).toMatchObject({ offloadedBytes: BigInt(SMALL), systemBytes: 0n });
    const empty = await copyFileWith(createEmulator(), workspace.file(0), workspace.path(), {
      minimumSize: 0,
    });
    expect(empty).not.toHaveProperty('fallback');
  });

  test.each([undefined, 100, LARGE])(
    'a file whose first offload read is refused, over a destination of %s bytes, and reports why',
    async (before) => {
      const [source, destination] = [workspace.file(LARGE), destinationOf(before)];
      const report = await copyFileWith(refusing(), source, destination);
      expectConsistent(report, LARGE);
      expect(report).toMatchObject({
        systemBytes: BigInt(LARGE),
        fallback: { at: 0n, reason: { code: 'ERROR_NOT_SUPPORTED' } },
      });
      expectSame(destination, source);
    },
  );

  test.each([undefined, 100, LARGE])(
    'a file whose first offload write is refused, over a destination of %s bytes',
    async (before) => {
      const [source, destination] = [workspace.file(LARGE), destinationOf(before)];
      const emulator = createEmulator({
        intercept: ({ code }) => (code === FSCTL_OFFLOAD_WRITE ? { status: 0xc000_a2a4 } : undefined),
      });
      const report = await copyFileWith(emulator, source, destination);
      expect(report).toMatchObject({ systemBytes: BigInt(LARGE), fallback: { at: 0n }, writes: 0 });
      expectSame(destination, source);
    },
  );

  test.each(SIZES)('a file of %i bytes, and is asked for its progress only with onProgress', async (size) => {
    const emulator = refusing();
    const asked: boolean[] = [];
    const kernel = copiesBy((source, destination, request, signal) => {
      asked.push(request.onProgress !== undefined);
      return filesOf(emulator).copy(source, destination, request, signal);
    }, emulator);
    for (const options of [{}, { onProgress() {} }]) {
      await copyFileWith(kernel, workspace.file(size), workspace.path(), options);
    }
    expect(asked).toEqual([false, true]);
  });

  test('many files', async () => {
    const pairs = [SMALL, LARGE, 0].map((size) => [workspace.file(size), workspace.path()] as const);
    const reports = await copyFilesWith(refusing(), pairs);
    expect(reports).toMatchObject([SMALL, LARGE, 0].map((size) => ({ systemBytes: BigInt(size) })));
    for (const [source, destination] of pairs) expectSame(destination, source);
  });
});

describe('ordinary reads and writes copy', () => {
  test('the rest of a file whose offload stops in the middle', async () => {
    const [source, destination] = [workspace.file(LARGE), workspace.path()];
    const report = await copyFileWith(stopsInTheMiddle(), source, destination);
    expect(report).toMatchObject({ systemBytes: 0n, bufferedBytes: BigInt(LARGE - 1_048_576) });
    expectSame(destination, source);
  });

  test.each(['source', 'disk'])('from and to a device (%s)', async (device) => {
    for (const size of SIZES) {
      const source = workspace.file(size, 'source');
      const destination = workspace.written(noise(2_097_152), 'disk');
      const kernel = withInfo(refusing(), device, { isDevice: true });
      const report = await copyFileWith(kernel, source, destination, { verify: true });
      expect(report).toMatchObject({ systemBytes: 0n, bufferedBytes: BigInt(size) });
    }
  });

  test('a range of a file', async () => {
    const kernel = refusing();
    const source = await openFileWith(kernel, workspace.file(LARGE), 'r');
    const destination = await openFileWith(kernel, workspace.path(), 'w');
    const report = await copyRangeWith(kernel, source, destination, { length: LARGE });
    expect(report).toMatchObject({ systemBytes: 0n, bufferedBytes: BigInt(LARGE), fallback: { at: 0n } });
    await source.close();
    await destination.close();
  });
});

describe('with overwrite: false, the system', () => {
  test.each(SIZES)('never touches an existing destination (%i bytes)', async (size) => {
    const destination = workspace.written(Buffer.from('mine'));
    const unchanged = watched(destination);
    const copying = copyFileWith(refusing(), workspace.file(size), destination, { overwrite: false });
    expect(await failureOf(copying)).toMatchObject({ code: 'ERROR_FILE_EXISTS', path: destination });
    unchanged();
  });

  test.each(SIZES)(
    'never touches a destination that another program creates at the last moment (%i bytes)',
    async (size) => {
      const destination = workspace.path();
      const kernel = refusing();
      const late = copiesBy((...args) => {
        writeFileSync(destination, 'theirs');
        return filesOf(kernel).copy(...args);
      }, kernel);
      const copying = copyFileWith(late, workspace.file(size), destination, { overwrite: false });
      expect(await failureOf(copying)).toMatchObject({ code: 'ERROR_FILE_EXISTS', path: destination });
      expect(readFileSync(destination, 'utf8')).toBe('theirs');
    },
  );

  test('never removes a file that another program creates while the source cannot be opened', async () => {
    const [source, destination] = [workspace.file(SMALL), workspace.path()];
    const kernel = refusing();
    const { open } = filesOf(kernel);
    const locked = withFiles(kernel, {
      async open(path, request) {
        if (path === source) throw new KernelFailure(ERROR_SHARING_VIOLATION);
        return open(path, request);
      },
      async copy() {
        writeFileSync(destination, 'theirs');
        throw new KernelFailure(ERROR_SHARING_VIOLATION);
      },
    });
    const copying = copyFileWith(locked, source, destination, { overwrite: false });
    expect(await failureOf(copying)).toMatchObject({ code: 'ERROR_SHARING_VIOLATION', path: source });
    expect(readFileSync(destination, 'utf8')).toBe('theirs');
  });

  test.each(SIZES)('copies %i bytes to a new destination', async (size) => {
    const [source, destination] = [workspace.file(size), workspace.path()];
    const report = await copyFileWith(refusing(), source, destination, { overwrite: false });
    expect(report.systemBytes).toBe(BigInt(size));
    expectSame(destination, source);
  });
});

test('the system overwrites a destination that appears at the last moment', async () => {
  const [source, destination] = [workspace.file(SMALL), workspace.path()];
  const kernel = refusing();
  let isLate = true;
  const late = copiesBy((...args) => {
    if (isLate) writeFileSync(destination, 'theirs');
    isLate = false;
    return filesOf(kernel).copy(...args);
  }, kernel);
  expect(await copyFileWith(late, source, destination)).toMatchObject({ systemBytes: BigInt(SMALL) });
  expectSame(destination, source);
});

describe.each(EVERYWHERE)('a copy by the system of %i bytes over %s', (size, before) => {
  const halfOf = (source: string, destination: string): void =>
    writeFileSync(destination, readFileSync(source).subarray(0, size / 2));

  test('leaves nothing half-made if it fails and the system leaves the destination', async () => {
    const source = workspace.file(size);
    const unchanged = watched(source);
    const destination = destinationOf(before);
    const kernel = copiesBy(async () => {
      halfOf(source, destination);
      throw new KernelFailure(DISK_FULL);
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toMatchObject({ errno: DISK_FULL, syscall: 'CopyFileExW', dest: destination });
    expectNothing(destination);
    unchanged();
  });

  test('is removed by the system itself if that does so', async () => {
    const destination = destinationOf(before);
    const kernel = copiesBy(async () => {
      if (existsSync(destination)) unlinkSync(destination);
      throw new KernelFailure(DISK_FULL);
    });
    const failure = await failureOf(copyFileWith(kernel, workspace.file(size), destination));
    expect(failure).toMatchObject({ errno: DISK_FULL });
    expectNothing(destination);
  });

  test('leaves an existing destination unchanged if the system fails before it has opened it', async () => {
    const destination = destinationOf(before);
    const unchanged = before === undefined ? () => expectNothing(destination) : watched(destination);
    const kernel = copiesBy(async () => {
      throw new KernelFailure(5);
    });
    const failure = await failureOf(copyFileWith(kernel, workspace.file(size), destination));
    expect(failure).toMatchObject({ code: 'ERROR_ACCESS_DENIED' });
    unchanged();
  });

  test('can be aborted, and leaves nothing half-made', async () => {
    const source = workspace.file(size);
    const destination = destinationOf(before);
    const controller = new AbortController();
    const kernel = copiesBy(async (_from, _to, _request, signal) => {
      halfOf(source, destination);
      setTimeout(() => controller.abort('enough'), 10);
      await new Promise<void>((resolve) => signal?.addEventListener('abort', resolve));
      throw new KernelFailure(1235);
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination, { signal: controller.signal }));
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({ cause: 'enough' });
    expectNothing(destination);
  });

  test('leaves everything unchanged if it is aborted before the system was asked', async () => {
    const destination = destinationOf(before);
    const unchanged = before === undefined ? undefined : watched(destination);
    const controller = new AbortController();
    const kernel = copiesBy(async () => {
      controller.abort();
      throw new KernelFailure(995);
    });
    const copying = copyFileWith(kernel, workspace.file(size), destination, { signal: controller.signal });
    expect(await failureOf(copying)).toBeInstanceOf(AbortError);
    if (unchanged === undefined) expectNothing(destination);
    else unchanged();
  });

  test('is cancelled by an exception of onProgress, and leaves nothing half-made', async () => {
    const source = workspace.file(size);
    const destination = destinationOf(before);
    let wasCancelled = false;
    const kernel = copiesBy(async (_from, _to, { onProgress }) => {
      halfOf(source, destination);
      for (let done = 1; done < size && !wasCancelled; done++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        wasCancelled = onProgress?.(BigInt(done)) === false;
      }
      throw new KernelFailure(1235);
    });
    const onProgress = ({ bytesDone }: CopyProgress): void => {
      if (bytesDone > 0n) throw MINE;
    };
    expect(await failureOf(copyFileWith(kernel, source, destination, { onProgress }))).toBe(MINE);
    expect(wasCancelled).toBe(true);
    expectNothing(destination);
  });

  test('is removed if the system completes it despite an exception of onProgress', async () => {
    const destination = destinationOf(before);
    const { copy } = filesOf(refusing());
    const kernel = copiesBy(async (...given) => {
      await copy(...given);
      // A call is due once the shortest interval has passed since the first.
      while (given[2].onProgress?.(1n) === true) await new Promise((resolve) => setTimeout(resolve, 5));
    });
    const onProgress = ({ bytesDone }: CopyProgress): void => {
      if (bytesDone > 0n) throw MINE;
    };
    const copying = copyFileWith(kernel, workspace.file(size), destination, { onProgress });
    expect(await failureOf(copying)).toBe(MINE);
    expectNothing(destination);
  });

  test('is not made if the first call of onProgress throws', async () => {
    const destination = destinationOf(before);
    const unchanged = before === undefined ? () => expectNothing(destination) : watched(destination);
    const kernel = copiesBy(() => expect.unreachable('the system should not have been asked'));
    const onProgress = (): never => {
      throw MINE;
    };
    expect(await failureOf(copyFileWith(kernel, workspace.file(size), destination, { onProgress }))).toBe(
      MINE,
    );
    unchanged();
  });

  test('reports its progress in the phase "system"', async () => {
    const source = workspace.file(size);
    const destination = destinationOf(before);
    const steps: CopyProgress[] = [];
    const kernel = copiesBy(async (...args) => {
      for (const part of [0.25, 0.5, 2]) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        args[2].onProgress?.(BigInt(Math.ceil(size * part)));
      }
      return filesOf(refusing()).copy(...args);
    });
    const onProgress = (step: CopyProgress): void => {
      if (step.phase === 'system') steps.push(step);
    };
    const report = await copyFileWith(kernel, source, destination, { onProgress });
    expectConsistent(report, size);
    const percents = steps.map(({ percent }) => percent);
    expect(percents.at(-1)).toBe(100);
    expect(percents.filter((percent) => percent === 100)).toHaveLength(1);
    expect(percents).toEqual(expect.arrayContaining([25, 50]));
    for (const { systemBytes, bytesDone } of steps) expect(systemBytes).toBe(bytesDone);
  });

  test('is verified, and removed if its bytes differ', async () => {
    const [source, destination] = [workspace.file(size), destinationOf(before)];
    const phases = new Map<string, bigint>();
    const onProgress = ({ phase, verifiedBytes }: CopyProgress): void => {
      phases.set(phase, verifiedBytes);
    };
    const report = await copyFileWith(refusing(), source, destination, { verify: true, onProgress });
    expect(report.systemBytes).toBe(BigInt(size));
    expect(phases.get('verify')).toBe(BigInt(size));
    expectSame(destination, source);

    const kernel = copiesBy(async (from, to) => {
      const bytes = readFileSync(from);
      bytes[100] = 0;
      writeFileSync(to, bytes);
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination, { verify: true }));
    expect(failure).toBeInstanceOf(ProtocolError);
    expect(failure).toMatchObject({ path: destination, offset: 100n });
    expectNothing(destination);
  });

  test('is not taken for the file of another size that replaces it before it is verified', async () => {
    const [source, destination] = [workspace.file(size), destinationOf(before)];
    const { copy } = filesOf(refusing());
    const kernel = copiesBy(async (...parameters) => {
      await copy(...parameters);
      renameSync(destination, `${destination}.moved`);
      writeFileSync(destination, 'the file of someone else');
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination, { verify: true }));
    expect(failure).toMatchObject({
      code: 'ERR_ODX_PROTOCOL',
      syscall: 'verify',
      path: destination,
      message: `verify on '${destination}': another program has put another file in the place of the copy before it could be verified; that file was left alone.`,
    });
    expect(readFileSync(destination, 'utf8')).toBe('the file of someone else');
    unlinkSync(destination);
    unlinkSync(`${destination}.moved`);
  });

  test('succeeds without verify whatever has replaced its destination since', async () => {
    const [source, destination] = [workspace.file(size), destinationOf(before)];
    const { copy } = filesOf(refusing());
    const kernel = copiesBy(async (...parameters) => {
      await copy(...parameters);
      renameSync(destination, `${destination}.moved`);
      writeFileSync(destination, 'the file of someone else');
    });
    expect(await copyFileWith(kernel, source, destination)).toMatchObject({ systemBytes: BigInt(size) });
    expectSame(`${destination}.moved`, source);
    expect(readFileSync(destination, 'utf8')).toBe('the file of someone else');
  });

  test('passes on an error that is no failure of the kernel, and leaves nothing half-made', async () => {
    const [source, destination] = [workspace.file(size), destinationOf(before)];
    const kernel = copiesBy(async () => {
      halfOf(source, destination);
      throw MINE;
    });
    expect(await failureOf(copyFileWith(kernel, source, destination))).toBe(MINE);
    expectNothing(destination);
  });

  test('is removed if onProgress throws too late to cancel it', async () => {
    const [source, destination] = [workspace.file(size), destinationOf(before)];
    const { copy } = filesOf(refusing());
    const kernel = copiesBy(async (...parameters) => {
      await copy(...parameters);
      await new Promise((resolve) => setTimeout(resolve, 60));
      parameters[2].onProgress?.(BigInt(size - 1));
    });
    const onProgress = ({ bytesDone }: CopyProgress): void => {
      if (bytesDone > 0n) throw MINE;
    };
    expect(await failureOf(copyFileWith(kernel, source, destination, { onProgress }))).toBe(MINE);
    expectNothing(destination);
  });

  test('never reports fewer bytes than before', async () => {
    const [source, destination] = [workspace.file(size), destinationOf(before)];
    const percents: number[] = [];
    const kernel = copiesBy(async (...args) => {
      for (const part of [0.5, 0.25]) {
        await new Promise((resolve) => setTimeout(resolve, 60));
        args[2].onProgress?.(BigInt(Math.ceil(size * part)));
      }
      // Without progress of its own.
      return filesOf(refusing()).copy(args[0], args[1], { ...args[2], onProgress: undefined });
    });
    const onProgress = ({ percent, phase }: CopyProgress): void => {
      if (phase === 'system') percents.push(percent);
    };
    await copyFileWith(kernel, source, destination, { onProgress });
    expect(percents.filter((percent) => percent > 0)).toEqual([50, 50, 100]);
  });

  test('is removed if the source is changed at the same time', async () => {
    const source = workspace.file(size);
    const destination = destinationOf(before);
    const { copy } = filesOf(refusing());
    const kernel = copiesBy(async (...args) => {
      await copy(...args);
      utimesSync(source, new Date(), new Date());
    });
    expect(await failureOf(copyFileWith(kernel, source, destination))).toBeInstanceOf(SourceChangedError);
    expectNothing(destination);
  });
});

test('another file that has taken the name of an existing destination survives a failure of the system', async () => {
  const destination = workspace.written(noise(100), 'destination');
  const kernel = copiesBy(async () => {
    renameSync(destination, `${destination}.moved`);
    writeFileSync(destination, 'theirs');
    throw new KernelFailure(DISK_FULL);
  });
  await failureOf(copyFileWith(kernel, workspace.file(LARGE), destination));
  expect(readFileSync(destination, 'utf8')).toBe('theirs');
});

describe('a small file that the system copies to a new destination', () => {
  // Nobody can open the source from the moment when the system was asked.
  function locksSource(source: string, copy: FileKernel['copy'], kernel = refusing()): Kernel {
    let isLocked = false;
    const { open } = filesOf(kernel);
    return withFiles(kernel, {
      async copy(...given) {
        isLocked = true;
        return copy(...given);
      },
      async open(path, request) {
        if (isLocked && path === source) throw new KernelFailure(ERROR_SHARING_VIOLATION);
        return open(path, request);
      },
    });
  }

  test('rejects with an AbortError even if the source cannot be opened after the abort', async () => {
    const source = workspace.file(SMALL);
    const controller = new AbortController();
    const kernel = locksSource(source, async () => {
      controller.abort('enough');
      throw new KernelFailure(1235);
    });
    const { signal } = controller;
    const failure = await failureOf(copyFileWith(kernel, source, workspace.path(), { signal }));
    expect(failure).toBeInstanceOf(AbortError);
    expect(failure).toMatchObject({ cause: 'enough' });
  });

  test.each([
    ['removed', unlinkSync],
    [
      'moved, and another file has its name',
      (source: string) => {
        renameSync(source, `${source}.moved`);
        writeFileSync(source, noise(SMALL));
      },
    ],
  ] as const)('is removed if the source is %s at the same time', async (_, change) => {
    const [source, destination] = [workspace.file(SMALL), workspace.path()];
    const { copy } = filesOf(refusing());
    const kernel = copiesBy(async (...given) => {
      await copy(...given);
      change(source);
    });
    const failure = await failureOf(copyFileWith(kernel, source, destination));
    expect(failure).toBeInstanceOf(SourceChangedError);
    expect(failure).toMatchObject({ path: source });
    expectNothing(destination);
  });

  test('is removed if it is aborted in the end and the source cannot be opened any more', async () => {
    const [source, destination] = [workspace.file(SMALL), workspace.path()];
    const controller = new AbortController();
    const { copy } = filesOf(refusing());
    const kernel = locksSource(source, async (from, to, request) => {
      await copy(from, to, request, undefined);
      controller.abort();
    });
    const copying = copyFileWith(kernel, source, destination, { signal: controller.signal });
    expect(await failureOf(copying)).toBeInstanceOf(AbortError);
    expectNothing(destination);
  });

  test('leaves no file open when it fails', async () => {
    const [source, destination] = [workspace.file(SMALL), workspace.path()];
    const open = new Set<bigint>();
    let opened = 0;
    const { files } = createEmulator();
    const kernel = copiesBy(
      async () => {
        writeFileSync(destination, 'half');
        throw new KernelFailure(DISK_FULL);
      },
      withFiles(createEmulator(), {
        ...files,
        async open(path, request) {
          const handle = await files.open(path, request);
          opened++;
          open.add(handle);
          return handle;
        },
        async close(handle) {
          open.delete(handle);
          return files.close(handle);
        },
      }),
    );
    expect(await failureOf(copyFileWith(kernel, source, destination))).toMatchObject({ errno: DISK_FULL });
    expect(opened).toBeGreaterThan(0);
    expect(open).toEqual(new Set());
  });
});

test('another file of the same size that has taken the name of an existing destination survives its verification', async () => {
  const [source, destination] = [workspace.file(LARGE), workspace.written(noise(100), 'destination')];
  const theirs = noise(LARGE);
  const { copy } = filesOf(refusing());
  const kernel = copiesBy(async (...parameters) => {
    await copy(...parameters);
    renameSync(destination, `${destination}.moved`);
    writeFileSync(destination, theirs);
  });
  const failure = await failureOf(copyFileWith(kernel, source, destination, { verify: true }));
  expect(failure).toMatchObject({ code: 'ERR_ODX_PROTOCOL', syscall: 'verify', path: destination });
  expect(readFileSync(destination).equals(theirs)).toBe(true);
});

test.each(SIZES)(
  'a file that another program creates survives a copy of %i bytes that is aborted before the system was asked',
  async (size) => {
    const destination = workspace.path();
    const controller = new AbortController();
    const kernel = copiesBy(async () => {
      writeFileSync(destination, 'theirs');
      controller.abort();
      throw new KernelFailure(995);
    });
    const copying = copyFileWith(kernel, workspace.file(size), destination, { signal: controller.signal });
    expect(await failureOf(copying)).toBeInstanceOf(AbortError);
    expect(readFileSync(destination, 'utf8')).toBe('theirs');
  },
);

test('copyFile rejects with a Win32Error if the source cannot be looked up by its name', async () => {
  const find = async (): Promise<never> => {
    throw new KernelFailure(DISK_FULL);
  };
  const source = workspace.file(SMALL);
  const failure = await failureOf(copyFileWith(withFiles(refusing(), { find }), source, workspace.path()));
  expect(failure).toMatchObject({
    code: 'ERROR_DISK_FULL',
    syscall: 'GetFileAttributesExW',
    path: source,
  });
});

test('with mode require the system copies nothing', async () => {
  const kernel = copiesBy(
    () => expect.unreachable('the system should not have been asked'),
    createEmulator(),
  );
  for (const size of [SMALL, 0]) {
    const [source, destination] = [workspace.file(size), workspace.path()];
    const report = await copyFileWith(kernel, source, destination, { mode: 'require' });
    expect(report).toMatchObject({ systemBytes: 0n, offloadedBytes: BigInt(size) });
    expectSame(destination, source);
  }
});

describe('an encrypted source', () => {
  const encrypted = (kernel: Kernel): Kernel => withInfo(kernel, 'source', { isEncrypted: true });

  test.each([true, false])(
    'is copied by the system with the choice of the caller (%s)',
    async (allowDecrypted) => {
      for (const size of SIZES) {
        const asked: boolean[] = [];
        const kernel = copiesBy(async (...args) => {
          asked.push(args[2].allowDecrypted);
          return filesOf(refusing()).copy(...args);
        });
        const [source, destination] = [workspace.file(size), workspace.path()];
        await copyFileWith(encrypted(kernel), source, destination, { allowDecrypted });
        expect(asked).toEqual([allowDecrypted]);
      }
    },
  );

  test.each([
    ['by ordinary means to a device', refusing, 'disk'],
    ['by offload', createEmulator, 'destination'],
    ['by offload and ordinary means', stopsInTheMiddle, 'destination'],
  ] as const)('is not written as plain text %s, unless that is allowed', async (_, kernelOf, name) => {
    const source = workspace.file(LARGE);
    const destination = workspace.written(noise(2_097_152), name);
    const unchanged = watched(destination);
    const kernel = encrypted(withInfo(kernelOf(), 'disk', { isDevice: true }));
    expect(await failureOf(copyFileWith(kernel, source, destination))).toMatchObject({
      ...ENCRYPTION_FAILED,
      path: destination,
    });
    unchanged();
    await copyFileWith(kernel, source, destination, { allowDecrypted: true });
    expect(readFileSync(destination).subarray(0, LARGE).equals(readFileSync(source))).toBe(true);
  });

  test('is not written as plain text with mode require either, and a new destination is removed', async () => {
    const destination = workspace.path();
    const copying = copyFileWith(encrypted(createEmulator()), workspace.file(LARGE), destination, {
      mode: 'require',
    });
    expect(await failureOf(copying)).toMatchObject(ENCRYPTION_FAILED);
    expectNothing(destination);
  });

  test('is copied by every means to an encrypted destination', async () => {
    const source = workspace.file(LARGE);
    const destination = workspace.path('destination');
    const kernel = withInfo(encrypted(stopsInTheMiddle()), 'destination', { isEncrypted: true });
    expectConsistent(await copyFileWith(kernel, source, destination), LARGE);
    expectSame(destination, source);
  });

  test('is not copied as a range to an unencrypted file, unless that is allowed', async () => {
    const kernel = encrypted(createEmulator());
    const source = await openFileWith(kernel, workspace.file(LARGE), 'r');
    const destination = await openFileWith(kernel, workspace.path('destination'), 'w');
    const copy = (allowDecrypted: boolean) =>
      copyRangeWith(kernel, source, destination, { length: LARGE, allowDecrypted });
    expect(await failureOf(copy(false))).toMatchObject(ENCRYPTION_FAILED);
    expect(statSync(destination.path).size).toBe(0);
    expect(await copy(true)).toMatchObject({ offloadedBytes: BigInt(LARGE) });
    await source.close();
    await destination.close();
  });
});
