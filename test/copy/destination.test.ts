import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError } from '../../src/errors.ts';
import {
  type FileKernel,
  filesOf,
  type Kernel,
  KernelFailure,
  type OpenRequest,
} from '../../src/kernel/kernel.ts';
import { FSCTL_DISMOUNT_VOLUME, FSCTL_LOCK_VOLUME } from '../../structs/index.ts';
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

const SIZE = 2_000_001;
const [FILE_NOT_FOUND, ACCESS_DENIED, INVALID_HANDLE] = [2, 5, 6];
const [SHARING_VIOLATION, FILE_EXISTS, DISK_FULL] = [32, 80, 112];
const workspace = new Workspace();
const newDestination = (): string => workspace.path('destination');
const existing = (size = 100): string => workspace.written(noise(size), 'destination');
const refusing = (): Kernel => createEmulator({ supported: false });

/** A kernel that calls `before` before it opens the destination, and the requests to open that. */
function watchingOpens(
  kernel: Kernel,
  before: (request: OpenRequest, count: number, path: string) => number | undefined,
): { kernel: Kernel; requests: OpenRequest[] } {
  const { open } = filesOf(kernel);
  const requests: OpenRequest[] = [];
  const watching = withFiles(kernel, {
    async open(path, request) {
      if (basename(path) !== 'destination') return open(path, request);
      const errno = before(request, requests.push(request), path);
      if (errno !== undefined) throw new KernelFailure(errno);
      return open(path, request);
    },
  });
  return { kernel: watching, requests };
}

/** A kernel that records the arguments of each call of one function after the handle. */
function recording(kernel: Kernel, name: 'setSize' | 'remove' | 'copyMetadata') {
  const calls: unknown[][] = [];
  const call = filesOf(kernel)[name] as (...given: unknown[]) => Promise<void>;
  const record = async (...given: unknown[]) => {
    calls.push(given.slice(1));
    return call(...given);
  };
  return { kernel: withFiles(kernel, { [name]: record } as Partial<FileKernel>), calls };
}

describe('an existing destination', () => {
  test('is created again if it is removed just before it can be opened', async () => {
    const [source, destination] = [workspace.file(SIZE), existing()];
    const { kernel, requests } = watchingOpens(createEmulator(), (_, count, path) => {
      if (count === 2) unlinkSync(path);
      return undefined;
    });
    await copyFileWith(kernel, source, destination);
    expect(requests.map(({ disposition }) => disposition)).toEqual(['create-new', 'open', 'create-new']);
    expectSame(destination, source);
  });

  test('is given up if it is there and gone again a second time', async () => {
    const { kernel, requests } = watchingOpens(createEmulator(), ({ disposition }, count) => {
      if (count > 10) return DISK_FULL;
      return disposition === 'create-new' ? FILE_EXISTS : FILE_NOT_FOUND;
    });
    const destination = existing();
    const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    expect(failure).toMatchObject({ errno: FILE_NOT_FOUND, syscall: 'CreateFileW', path: destination });
    expect(requests).toHaveLength(4);
  });

  test.each([
    ['create-new', ['create-new']],
    ['open', ['create-new', 'open']],
  ])('is not tried again, nor changed, if the disposition "%s" fails', async (refused, dispositions) => {
    const destination = existing();
    const unchanged = watched(destination);
    const { kernel, requests } = watchingOpens(createEmulator(), ({ disposition }) =>
      disposition === refused ? DISK_FULL : undefined,
    );
    const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    expect(failure).toMatchObject({ errno: DISK_FULL, syscall: 'CreateFileW', path: destination });
    expect(requests.map(({ disposition }) => disposition)).toEqual(dispositions);
    unchanged();
  });

  test.each([
    [false, 'none'],
    [true, 'read'],
  ] as const)('is overwritten without the right to remove it (verify: %s)', async (verify, sharing) => {
    const [source, destination] = [workspace.file(SIZE), existing()];
    const { kernel, requests } = watchingOpens(createEmulator(), ({ disposition, removable }) =>
      disposition === 'open' && removable ? ACCESS_DENIED : undefined,
    );
    await copyFileWith(kernel, source, destination, { verify });
    const request = { read: true, write: true, sharing };
    expect(requests).toEqual([
      { ...request, disposition: 'create-new', removable: true },
      { ...request, disposition: 'open', removable: true },
      { ...request, disposition: 'open', removable: false },
    ]);
    expectSame(destination, source);
  });

  test('is reported as existing with overwrite: false if nothing else can be known of it', async () => {
    const destination = existing();
    const { kernel } = watchingOpens(createEmulator(), ({ disposition }) =>
      disposition === 'open' ? ACCESS_DENIED : undefined,
    );
    const copying = copyFileWith(kernel, workspace.file(SIZE), destination, { overwrite: false });
    expect(await failureOf(copying)).toMatchObject({ code: 'ERROR_FILE_EXISTS', path: destination });
  });
});

// A second change of the size would cut what was written in the meantime by another program that shares the file.
test.each([
  ['new', undefined, [[BigInt(SIZE)]]],
  ['smaller', 100, [[BigInt(SIZE)]]],
  ['larger', SIZE + 100, [[BigInt(SIZE)]]],
  ['equally large', SIZE, []],
])('a %s destination is resized once at most', async (_, before, resized) => {
  const [source, destination] = [workspace.file(SIZE), before ? existing(before) : newDestination()];
  const { kernel, calls } = recording(stopsInTheMiddle(), 'setSize');
  await copyFileWith(kernel, source, destination);
  expect(calls).toEqual(resized);
  expectSame(destination, source);
});

test.each([undefined, 100])(
  'a finished copy is not removed if it cannot be closed, because its handle may belong to another file (over %s bytes)',
  async (before) => {
    const [source, destination] = [workspace.file(SIZE), before ? existing(before) : newDestination()];
    const { kernel, calls } = recording(createEmulator(), 'remove');
    const { open, close } = filesOf(kernel);
    const handles: bigint[] = [];
    const stubborn = withFiles(kernel, {
      async open(path, request) {
        const handle = await open(path, request);
        if (path === destination) handles.push(handle);
        return handle;
      },
      async close(handle) {
        await close(handle);
        if (handles.includes(handle)) throw new KernelFailure(INVALID_HANDLE);
      },
    });
    const failure = await failureOf(copyFileWith(stubborn, source, destination));
    expect(failure).toMatchObject({ errno: INVALID_HANDLE, syscall: 'CloseHandle', path: destination });
    expect(calls).toEqual([]);
    expectSame(destination, source);
  },
);

describe('times and attributes', () => {
  test('are given to a destination that was offloaded', async () => {
    const { kernel, calls } = recording(createEmulator(), 'copyMetadata');
    await copyFileWith(kernel, workspace.file(SIZE), newDestination());
    expect(calls).toHaveLength(1);
  });

  test.each(['source', 'destination'])('are not copied where the %s is a device', async (device) => {
    const { kernel, calls } = recording(createEmulator(), 'copyMetadata');
    const source = workspace.file(SIZE);
    const destination = existing(2_097_152);
    await copyFileWith(withInfo(kernel, device, { isDevice: true }), source, destination);
    expect(calls).toEqual([]);
  });

  // A copy of a read-only file is read-only by then.
  test('are left to the system if that has copied the file', async () => {
    const [source, destination] = [workspace.file(SIZE), newDestination()];
    const { kernel, calls } = recording(refusing(), 'copyMetadata');
    expect(await copyFileWith(kernel, source, destination, { verify: true })).toMatchObject({
      systemBytes: BigInt(SIZE),
    });
    expect(calls).toEqual([]);
  });
});

describe('a destination that the system has written', () => {
  test.each([undefined, 100])(
    'is verified although it is read-only like its source, over %s bytes',
    async (before) => {
      const [source, destination] = [workspace.file(SIZE), before ? existing(before) : newDestination()];
      let isCopied = false;
      const { kernel, requests } = watchingOpens(refusing(), ({ write }) =>
        isCopied && write ? ACCESS_DENIED : undefined,
      );
      const { copy } = filesOf(kernel);
      const readOnly = withFiles(kernel, {
        async copy(...given) {
          await copy(...given);
          isCopied = true;
        },
      });
      const report = await copyFileWith(readOnly, source, destination, { verify: true });
      // A handle without write access cannot flush.
      expect(report).toMatchObject({ systemBytes: BigInt(SIZE), verified: 'cache' });
      const request = { read: true, disposition: 'open', sharing: 'read', removable: true };
      expect(requests.slice(-2)).toEqual([
        { ...request, write: true },
        { ...request, write: false },
      ]);
      expectSame(destination, source);
    },
  );

  test('is removed if it cannot be opened to be verified, which is tried once', async () => {
    const [source, destination] = [workspace.file(SIZE), newDestination()];
    const { kernel, requests } = watchingOpens(refusing(), ({ disposition, sharing }) =>
      disposition === 'open' && sharing === 'read' ? DISK_FULL : undefined,
    );
    const failure = await failureOf(copyFileWith(kernel, source, destination, { verify: true }));
    expect(failure).toMatchObject({ errno: DISK_FULL, syscall: 'CreateFileW', path: destination });
    expect(requests.filter(({ sharing }) => sharing === 'read')).toHaveLength(2);
    expectNothing(destination);
  });
});

describe('what the system has left of a failed copy', () => {
  /** A system that fails after it has written half of the destination. */
  function failing(kernel: Kernel): Kernel {
    return withFiles(kernel, {
      async copy(from, to) {
        writeFileSync(to, readFileSync(from).subarray(0, SIZE / 2));
        throw new KernelFailure(DISK_FULL);
      },
    });
  }

  test.each([undefined, 100])(
    'is removed although another program has it open, over %s bytes',
    async (before) => {
      const destination = before ? existing(before) : newDestination();
      const opensBefore = before ? 2 : 1;
      const { kernel, requests } = watchingOpens(failing(refusing()), ({ write }, count) =>
        count > opensBefore && write ? SHARING_VIOLATION : undefined,
      );
      const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
      expect(failure).toMatchObject({ errno: DISK_FULL, syscall: 'CopyFileExW' });
      expect(requests.at(-1)).toEqual({ read: false, write: false, disposition: 'open', removable: true });
      expectNothing(destination);
    },
  );

  test('is emptied if it cannot be removed, so that it does not look finished', async () => {
    const destination = existing();
    const kernel = withFiles(failing(refusing()), {
      remove: async () => {
        throw new KernelFailure(ACCESS_DENIED);
      },
    });
    const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
    expect(failure).toMatchObject({ errno: DISK_FULL });
    expect(statSync(destination).size).toBe(0);
  });

  // What another program writes to it between two looks would be taken for the half-made copy.
  test('is looked for once in an existing destination', async () => {
    const destination = existing();
    const unchanged = watched(destination);
    const { kernel, requests } = watchingOpens(refusing(), () => undefined);
    const failed = withFiles(kernel, {
      async copy() {
        requests.length = 0;
        throw new KernelFailure(DISK_FULL);
      },
    });
    await failureOf(copyFileWith(failed, workspace.file(SIZE), destination));
    expect(requests).toHaveLength(1);
    unchanged();
  });
});

test('a new destination that cannot be removed for the system is emptied, and the system is not asked', async () => {
  const destination = newDestination();
  const kernel = withFiles(refusing(), {
    copy: () => expect.unreachable('the system should not have been asked'),
    remove: async () => {
      throw new KernelFailure(ACCESS_DENIED);
    },
  });
  const failure = await failureOf(copyFileWith(kernel, workspace.file(SIZE), destination));
  expect(failure).toMatchObject({
    errno: ACCESS_DENIED,
    syscall: 'SetFileInformationByHandle',
    path: destination,
  });
  expect(statSync(destination).size).toBe(0);
});

describe('a device as destination', () => {
  const DEVICE = '\\\\.\\Z:';

  /** A kernel on which Z: is a device, whose bytes are those of a file. */
  function withDevice(kernel: Kernel, bytes: string): Kernel {
    const { open, info } = filesOf(kernel);
    return withFiles(kernel, {
      open: (path, request) => open(path === DEVICE ? bytes : path, request),
      async info(handle, path) {
        const actual = await info(handle, path);
        return path === DEVICE || path === bytes ? { ...actual, isDevice: true } : actual;
      },
    });
  }

  test('is not touched with overwrite: false, because it always exists', async () => {
    const bytes = existing(4096);
    const unchanged = watched(bytes);
    const kernel = withDevice(createEmulator(), bytes);
    const copying = copyFileWith(kernel, workspace.file(4096), DEVICE, { overwrite: false });
    expect(await failureOf(copying)).toMatchObject({
      code: 'ERROR_FILE_EXISTS',
      syscall: 'CreateFileW',
      path: DEVICE,
      dest: DEVICE,
    });
    const onItself = copyFileWith(kernel, bytes, DEVICE, { overwrite: false });
    expect(await failureOf(onItself)).toBeInstanceOf(InvalidArgumentError);
    unchanged();
  });

  test('is opened as it is, for others to read and write, and never created', async () => {
    const [source, bytes] = [workspace.file(4096), existing(8192)];
    const { kernel, requests } = watchingOpens(createEmulator(), () => undefined);
    await copyFileWith(withDevice(kernel, bytes), source, DEVICE);
    expect(requests).toEqual([{ read: true, write: true, disposition: 'open' }]);
    expect(readFileSync(bytes).subarray(0, 4096).equals(readFileSync(source))).toBe(true);
  });

  test('may be exactly as large as the source, and is refused if it is smaller', async () => {
    const bytes = existing(4096);
    const kernel = withDevice(createEmulator(), bytes);
    const source = workspace.file(4096);
    await copyFileWith(kernel, source, DEVICE);
    expectSame(bytes, source);
    const failure = await failureOf(copyFileWith(kernel, workspace.file(4097), DEVICE));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    const message = `destination is '${DEVICE}', a device of 4096 bytes; the source has 4097, copy to a device at least that large.`;
    expect(failure).toMatchObject({ issues: [{ path: 'destination', message }] });
    expectSame(bytes, source);
  });

  // Wine pretends to lock any device.
  test.each([1, 50])('need not be dismounted if it knows no volumes (error %i)', async (errno) => {
    const [source, bytes] = [workspace.file(4096), existing(4096)];
    const emulator = createEmulator();
    const codes: number[] = [];
    const kernel: Kernel = {
      ...withDevice(emulator, bytes),
      async control(handle, code, ...rest) {
        if (code === FSCTL_DISMOUNT_VOLUME) codes.push(code);
        if (code === FSCTL_DISMOUNT_VOLUME) throw new KernelFailure(errno);
        return code === FSCTL_LOCK_VOLUME ? 0 : emulator.control(handle, code, ...rest);
      },
    };
    await copyFileWith(kernel, source, DEVICE);
    expect(codes).toEqual([FSCTL_DISMOUNT_VOLUME]);
    expectSame(bytes, source);
  });
});
