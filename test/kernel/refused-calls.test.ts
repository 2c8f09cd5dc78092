import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { win32Kernel } from '../../src/kernel/win32/win32-kernel.ts';
import { failureOf } from '../kit.ts';
import { nativeOf } from './pool-call.ts';
import { BORROWED, hasStub, loadStub, type Stub, type StubFunction } from './stub-kernel.ts';

const OPEN = { read: true, write: true, disposition: 'open', removable: true } as const;
const PAGE = 4096;
const ERROR_ACCESS_DENIED = 5;
const ERROR_INVALID_HANDLE = 6;
const ERROR_SHARING_VIOLATION = 32;
const ERROR_GEN_FAILURE = 31;

// One stub for all tests: two would share its completion port.
describe.skipIf(!hasStub)('a call that Windows refuses [needs a C compiler]', () => {
  let stub: Stub;
  let folder = '';
  let path = '';
  beforeAll(() => {
    stub = loadStub();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'odx-refused-'));
    path = join(folder, 'file.bin');
    writeFileSync(path, 'contents');
  });
  afterEach(() => {
    stub.reset();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each<[string, StubFunction, (handle: bigint) => unknown]>([
    ['info', 'GetFileSizeEx', (handle) => stub.files.info(handle, path)],
    ['infoSync', 'GetFileSizeEx', (handle) => stub.files.infoSync(handle, path)],
    ['copyMetadata', 'GetFileInformationByHandleEx', (handle) => stub.files.copyMetadata(handle, handle)],
    ['setSize', 'SetFileInformationByHandle', (handle) => stub.files.setSize(handle, 0n)],
    ['setSizeSync', 'SetFileInformationByHandle', (handle) => stub.files.setSizeSync(handle, 0n)],
    ['remove', 'SetFileInformationByHandle', (handle) => stub.files.remove(handle)],
    ['removeSync', 'SetFileInformationByHandle', (handle) => stub.files.removeSync(handle)],
    ['flush', 'FlushFileBuffers', (handle) => stub.files.flush(handle)],
  ])('makes %s fail with the error of %s, once, and changes nothing', async (_, name, call) => {
    const handle = await stub.files.open(path, OPEN);
    stub.set(name, 'fail', ERROR_GEN_FAILURE);
    expect(await failureOf(async () => call(handle))).toMatchObject({ errno: ERROR_GEN_FAILURE });
    expect(stub.get(name, 'calls')).toBe(1);
    expect(readFileSync(path, 'utf8')).toBe('contents');
    await stub.files.close(handle);
  });

  // Windows refuses to remove a read-only file, so the attribute is dropped before a second try.
  test.each([
    [ERROR_ACCESS_DENIED, 2],
    [ERROR_SHARING_VIOLATION, 1],
  ])(
    'is made again without the read-only attribute only where it may be the reason: %i',
    async (errno, calls) => {
      const handle = await stub.files.open(path, OPEN);
      stub.set('SetFileInformationByHandle', 'fail', errno);
      expect(await failureOf(stub.files.remove(handle))).toMatchObject({ errno });
      expect(stub.get('SetFileInformationByHandle', 'calls')).toBe(calls);
      expect(existsSync(path)).toBe(true);
      await stub.files.close(handle);
    },
  );

  test.each(['close', 'closeSync'] as const)(
    'makes %s fail, and the handle is not known any more',
    async (close) => {
      const handle = await stub.files.open(path, OPEN);
      stub.set('CloseHandle', 'fail', ERROR_GEN_FAILURE);
      expect(await failureOf(async () => stub.files[close](handle))).toMatchObject({
        errno: ERROR_GEN_FAILURE,
      });
      expect(await failureOf(async () => stub.files[close](handle))).toMatchObject({
        errno: ERROR_INVALID_HANDLE,
      });
      expect(stub.get('CloseHandle', 'calls')).toBe(1);
      stub.set('CloseHandle', 'fail', 0);
      stub.closeElsewhere(handle);
    },
  );

  // It belongs to somebody else, who may use it.
  test.each(['close', 'closeSync'] as const)('%s never closes a handle of another module', async (close) => {
    expect(await failureOf(async () => stub.files[close](BORROWED))).toMatchObject({
      errno: ERROR_INVALID_HANDLE,
    });
    expect(stub.get('CloseHandle', 'calls')).toBe(0);
  });

  test('is refused before it is made with buffers of another kernel, which Windows must not write to', async () => {
    const foreign = createEmulator().acquire(32, 528);
    const control = [BORROWED, 0x9_4264, foreign, 32, 528] as const;
    expect(await failureOf(stub.kernel.control(...control))).toBeInstanceOf(TypeError);
    expect(() => stub.kernel.controlSync(...control)).toThrow('were not acquired from this kernel');
    expect(() => stub.kernel.release(foreign)).toThrow(TypeError);
    expect(stub.get('DeviceIoControl', 'calls')).toBe(0);
  });

  test('is refused before it is made with what is not memory, and does not block the calls after it', async () => {
    const handle = await stub.files.open(path, OPEN);
    const wrong = true as unknown as Uint8Array;
    expect(await failureOf(stub.files.read(handle, wrong, 0n))).toBeInstanceOf(TypeError);
    expect(stub.get('ReadFile', 'calls')).toBe(0);
    const bytes = Buffer.alloc(8);
    expect(await stub.files.read(handle, bytes, 0n)).toBe(8);
    expect(bytes.toString()).toBe('contents');
    await stub.files.close(handle);
  });

  // Electron has no buffers outside V8, and cannot run here.
  test('is possible without buffers outside V8, in memory at the address of a page where it is unbuffered', async () => {
    const view = vi.spyOn(koffi, 'view').mockImplementation(() => {
      throw new Error('External buffers are not allowed.');
    });
    onTestFinished(() => view.mockRestore());
    const bytes = stub.files.allocate?.(3) ?? expect.fail('The kernel allocates no memory.');
    expect(bytes).toHaveLength(3);
    expect(Number(koffi.address(bytes)) % PAGE).toBe(0);
    // Larger than the buffers that the kernel has kept.
    const buffers = stub.kernel.acquire(600, 600);
    expect(view).toHaveBeenCalledTimes(2);
    buffers.inputView.setUint32(0, 32, true);
    buffers.inputView.setBigUint64(24, 512n, true);
    expect(await stub.kernel.control(BORROWED, 0x9_4264, buffers, 32, 528)).toBe(528);
    expect(buffers.outputView.getBigUint64(8, true)).toBe(512n);
    stub.kernel.release(buffers);
  });
});

// uv_get_osfhandle: -1 for a bad descriptor, -2 for one without a file behind it. Node.js for Linux returns the descriptor.
test.each([0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_fffen, 0n, null])(
  'a descriptor is refused where libuv returns %s for its handle',
  (handle) => {
    const kernel = win32Kernel(nativeOf({ uv_get_osfhandle: () => handle }));
    expect(() => kernel.handleOf(3)).toThrow(expect.objectContaining({ errno: ERROR_INVALID_HANDLE }));
  },
);
