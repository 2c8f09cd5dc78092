import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../src/index.ts';
import { hasStub, loadStub, type Stub } from '../kernel/stub-kernel.ts';

const FILE = 'C:\\file';
const READ = { copyLength: 512 };
const FOREVER = 60_000;

// On the emulator: test/calls/open-file.test.ts.
describe.skipIf(!hasStub)('the end of an OffloadFile [needs a C compiler]', () => {
  let stub: Stub;
  beforeAll(() => {
    stub = loadStub();
  });
  afterEach(() => {
    expect(stub.handles()).toBe(0);
    stub.reset();
  });

  test('closes its handle once, however often and in whatever way it is closed', async () => {
    const file = await stub.odx.openFile(FILE, 'r');
    await Promise.all([file.close(), file.close(), file[Symbol.asyncDispose]()]);
    file[Symbol.dispose]();
    await file.close();
    expect(stub.get('CloseHandle', 'calls')).toBe(1);
    expect(() => file.handle).toThrow(InvalidArgumentError);
    await expect(stub.odx.offloadRead(file, READ)).rejects.toThrow(InvalidArgumentError);
    expect(stub.strays()).toBe(0);
  });

  test('does not wait in Symbol.dispose for a pending call, which is cancelled before the handle is closed', async () => {
    const file = await stub.odx.openFile(FILE, 'r');
    stub.set('DeviceIoControl', 'delay', FOREVER);
    const call = stub.odx.offloadRead(file, READ);
    await sleep(20);
    file[Symbol.dispose]();
    // Nobody has been told yet that the call has ended.
    expect(stub.handles()).toBe(1);
    await expect(call).rejects.toMatchObject({ code: 'ERROR_OPERATION_ABORTED' });
    while (stub.handles() > 0) await sleep(5);
    expect(stub.strays()).toBe(0);
  });

  test('reports a handle that another module has closed, and does not stay in the way of the next file', async () => {
    const file = await stub.odx.openFile(FILE, 'r');
    const { handle } = file;
    stub.closeElsewhere(handle);
    await expect(stub.odx.offloadRead(file, READ)).rejects.toMatchObject({ code: 'ERROR_INVALID_HANDLE' });
    await expect(file.close()).rejects.toMatchObject({
      code: 'ERROR_INVALID_HANDLE',
      syscall: 'CloseHandle',
    });
    const next = await stub.odx.openFile(FILE, 'r');
    expect(next.handle).toBe(handle);
    expect((await stub.odx.offloadRead(next, READ)).transferLength).toBe(512n);
    await next.close();
  });
});
