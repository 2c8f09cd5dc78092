import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import type { CopyFileOptions } from '../../src/copy/options.ts';
import type { Intercept } from '../../src/emulator/index.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { ProtocolError, Win32Error } from '../../src/errors.ts';
import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_WRITE,
  IOCTL_STORAGE_QUERY_PROPERTY,
} from '../../structs/index.ts';
import { expectNothing, expectSame, failureOf, noise, onWindows, Workspace } from './kit.ts';

const KIB = 1024;
const SIZE = 150_001;
const READS = 3;
const INVALID_TOKEN = 315;
const workspace = new Workspace();
const modes = ['prefer', 'require'] as const;

function emulator(intercept: Intercept) {
  const sizes = { maximumTransferSize: 64 * KIB, maximumWriteSize: 32 * KIB };
  return createEmulator({ ...sizes, intercept });
}

function copy(source: string, destination: string, options: CopyFileOptions, intercept: Intercept) {
  return copyFileWith(emulator(intercept), source, destination, { minimumSize: 0, ...options });
}

describe.each(modes)('with mode %s', (mode) => {
  test('copyFile tries one fresh token per position if the array refuses every token', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    let writes = 0;
    const refused = ({ code }: { code: number }) => {
      if (code !== FSCTL_OFFLOAD_WRITE) return;
      writes++;
      return { status: 0xc000_0465 };
    };
    const outcome = await copy(source, destination, { mode }, refused).catch((error: unknown) => error);
    expect(writes).toBe(2);
    if (mode === 'require') {
      expect(outcome).toMatchObject({ errno: INVALID_TOKEN });
      expectNothing(destination);
    } else {
      expect(outcome).toMatchObject({ fallback: { at: 0n, reason: { errno: INVALID_TOKEN } }, writes: 0 });
      expectSame(destination, source);
    }
  });

  test('copyFile reads a fresh token each time if the array refuses every other write', async () => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    let writes = 0;
    const report = await copy(source, destination, { mode }, ({ code }) =>
      code === FSCTL_OFFLOAD_WRITE && writes++ % 2 === 0 ? { status: 0xc000_0465 } : undefined,
    );
    expect(report.offloadedBytes).toBe(BigInt(SIZE));
    expect(report.reads).toBeGreaterThan(READS);
    expectSame(destination, source);
  });

  test('copyFile rejects with an exception of the intercept option unchanged', async () => {
    const source = workspace.file(SIZE);
    for (const index of [0, 1, 2]) {
      const destination = workspace.path();
      const mine = new Error('mine');
      let offloads = 0;
      const failure = await failureOf(
        copy(source, destination, { mode }, ({ code }) => {
          // A failed query of the device's limits is ignored.
          if (code !== IOCTL_STORAGE_QUERY_PROPERTY && offloads++ === index) throw mine;
        }),
      );
      expect(failure).toBe(mine);
      expectNothing(destination);
    }
  });
});

test.each([SIZE, SIZE + 1000, 1000])(
  'copyFile leaves an existing destination of %i bytes unchanged if the first offload read is refused',
  async (size) => {
    const source = workspace.file(SIZE);
    const destination = workspace.path();
    const old = noise(size);
    writeFileSync(destination, old);
    const { mtimeNs } = statSync(destination, { bigint: true });
    const failure = await failureOf(
      copyFileWith(createEmulator({ supported: false }), source, destination, { mode: 'require' }),
    );
    expect(failure).toBeInstanceOf(Win32Error);
    expect(Buffer.compare(readFileSync(destination), old)).toBe(0);
    expect(statSync(destination, { bigint: true }).mtimeNs).toBe(mtimeNs);
  },
);

test('copyFile reports the refusal of a token as the reason if the token cannot be read again', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  let isRefused = false;
  const report = await copy(source, destination, {}, ({ code }) => {
    if (code === FSCTL_OFFLOAD_WRITE) {
      isRefused = true;
      return { status: 0xc000_0465 };
    }
    return isRefused ? { status: 0xc000_00bb } : undefined;
  });
  expect(report.fallback).toMatchObject({ at: 0n, reason: { errno: INVALID_TOKEN } });
  expectSame(destination, source);
});

// The control code that is refused, and the file it was for. `dest` is the destination in both cases.
test.each([
  [FSCTL_OFFLOAD_READ, 'source'],
  [FSCTL_OFFLOAD_WRITE, 'destination'],
] as const)(
  'the error of a refused control code 0x%x names the %s and the destination',
  async (refused, which) => {
    const [source, destination] = [workspace.file(SIZE), workspace.path()];
    const path = which === 'source' ? source : destination;
    const refuse = ({ code }: { code: number }) => (code === refused ? { status: 0xc000_00bb } : undefined);
    const required = copy(source, destination, { mode: 'require' }, refuse);
    await expect(required).rejects.toMatchObject({ path, dest: destination });
    const { fallback } = await copy(source, destination, {}, refuse);
    expect(fallback?.reason).toMatchObject({ path, dest: destination });
  },
);

test.each([FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE])(
  'the report counts a control code 0x%x that succeeded without progress',
  async (code) => {
    let seen = 0;
    const kernel = emulator((call) => (call.code === code && ++seen === 2 ? { truncate: 0n } : undefined));
    const report = await copyFileWith(kernel, workspace.file(SIZE), workspace.path(), { minimumSize: 0 });
    const succeeded = (which: number) =>
      kernel.calls.filter((call) => call.code === which && call.status === 0).length;
    expect(report.fallback?.reason).toBeInstanceOf(ProtocolError);
    expect(report.reads).toBe(succeeded(FSCTL_OFFLOAD_READ));
    expect(report.writes).toBe(succeeded(FSCTL_OFFLOAD_WRITE));
  },
);

test.skipIf(onWindows)(
  'copyFile does not remove a file that has taken the place of its destination, and empties the moved one [Windows refuses to move an open destination]',
  async () => {
    const source = workspace.file(SIZE);
    for (const before of [undefined, noise(SIZE)]) {
      const destination = before === undefined ? workspace.path() : workspace.written(before, 'destination');
      const moved = `${destination}.moved`;
      const failed = copy(source, destination, { mode: 'require' }, ({ index }) => {
        if (index !== 4) return undefined;
        renameSync(destination, moved);
        writeFileSync(destination, 'other data');
        return { status: 0xc000_00bb };
      });
      await expect(failed).rejects.toBeInstanceOf(Win32Error);
      expect(readFileSync(destination, 'utf8')).toBe('other data');
      expect(statSync(moved).size).toBe(0);
    }
  },
);

test('copyFile writes the tokens it has read before a failed read ends the offload', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  let reads = 0;
  const report = await copy(source, destination, {}, ({ code }) =>
    code === FSCTL_OFFLOAD_READ && ++reads === 2 ? { status: 0xc000_00bb } : undefined,
  );
  expect(report).toMatchObject({ offloadedBytes: 65_536n, fallback: { at: 65_536n }, writes: 2 });
});

test('copyFile continues from the position of a refused write, which the report names, in a new file', async () => {
  const source = workspace.file(SIZE);
  const destination = workspace.path();
  let writes = 0;
  const report = await copy(source, destination, {}, ({ code }) =>
    code === FSCTL_OFFLOAD_WRITE && ++writes === 2 ? { status: 0xc000_00bb } : undefined,
  );
  expect(report).toMatchObject({
    offloadedBytes: 32_768n,
    zeroedBytes: 0n,
    bufferedBytes: BigInt(SIZE - 32_768),
    fallback: { at: 32_768n, reason: { syscall: 'FSCTL_OFFLOAD_WRITE', path: destination, offset: 32_768n } },
  });
  expectSame(destination, source);
});

test('copyFile sends no other control code once the device has refused one', async () => {
  const source = workspace.file(SIZE);
  const codes: number[] = [];
  await copy(source, workspace.path(), {}, ({ code }) => {
    codes.push(code);
    return { status: 0xc000_00bb };
  });
  expect(codes).toEqual([FSCTL_OFFLOAD_READ]);
});

test('copyFile leaves an existing destination alone if the signal is aborted from the start', async () => {
  const destination = workspace.path();
  writeFileSync(destination, 'mine');
  const signal = AbortSignal.abort('no');
  const failure = await failureOf(copy(workspace.file(SIZE), destination, { signal }, () => undefined));
  expect(failure).toMatchObject({ code: 'ABORT_ERR', cause: 'no' });
  expect(existsSync(destination)).toBe(true);
});
