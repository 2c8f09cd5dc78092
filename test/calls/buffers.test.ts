import { describe, expect, test } from 'vitest';
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import { AbortError, ProtocolError, Win32Error } from '../../src/errors.ts';
import { type IoBuffers, type Kernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { createOdx } from '../../src/odx.ts';
import { failureOf, temporaryFolder } from '../kit.ts';
import { answering } from './replies.ts';

const NOT_SUPPORTED = 0xc000_00bb;

/** A kernel that notes which buffers it has provided, which it got back, and which were out while it was called. */
function lending(options?: EmulatorOptions, change = (returned: number): number => returned) {
  const provided: IoBuffers[] = [];
  const returned: IoBuffers[] = [];
  const returnedAtCall: number[] = [];
  const emulator = createEmulator({
    ...options,
    intercept(call) {
      returnedAtCall.push(returned.length);
      return options?.intercept?.(call);
    },
  });
  const kernel: Kernel = {
    ...answering(emulator, (_, length) => change(length)),
    acquire(inputLength, outputLength) {
      const buffers = emulator.acquire(inputLength, outputLength);
      provided.push(buffers);
      return buffers;
    },
    release: (buffers) => void returned.push(buffers),
  };
  return { odx: createOdx({ kernel }), provided, returned, returnedAtCall };
}

function expectReturnedOnce({ provided, returned, returnedAtCall }: ReturnType<typeof lending>): void {
  expect(returnedAtCall).toEqual([0]);
  expect(provided).toHaveLength(1);
  expect(returned).toHaveLength(1);
  expect(returned[0]).toBe(provided[0]);
}

describe.each(['offloadRead', 'offloadReadSync'] as const)(
  '%s gives the buffers back to the kernel',
  (read) => {
    test('once it has the result', async () => {
      const kernel = lending();
      const file = kernel.odx.openFileSync(temporaryFolder().file('file', 4096), 'r');
      expect(await kernel.odx[read](file, { copyLength: 4096 })).toMatchObject({ transferLength: 4096n });
      expectReturnedOnce(kernel);
      await file.close();
    });

    test('when the device refuses', async () => {
      const kernel = lending({ intercept: () => ({ status: NOT_SUPPORTED }) });
      const file = kernel.odx.openFileSync(temporaryFolder().file('file', 4096), 'r');
      expect(await failureOf(() => kernel.odx[read](file, { copyLength: 4096 }))).toBeInstanceOf(Win32Error);
      expectReturnedOnce(kernel);
      await file.close();
    });

    test('when the reply is impossible', async () => {
      const kernel = lending({}, () => 1);
      const file = kernel.odx.openFileSync(temporaryFolder().file('file', 4096), 'r');
      expect(await failureOf(() => kernel.odx[read](file, { copyLength: 4096 }))).toBeInstanceOf(
        ProtocolError,
      );
      expectReturnedOnce(kernel);
      await file.close();
    });
  },
);

test('offloadRead gives the buffers back to the kernel when it is aborted', async () => {
  const controller = new AbortController();
  const kernel = lending({ intercept: () => void controller.abort() });
  const file = kernel.odx.openFileSync(temporaryFolder().file('file', 4096), 'r');
  const request = { copyLength: 4096, signal: controller.signal };
  expect(await failureOf(kernel.odx.offloadRead(file, request))).toBeInstanceOf(AbortError);
  expectReturnedOnce(kernel);
  await file.close();
});

// kernel32 loads its library here.
describe.each(['offloadRead', 'offloadReadSync'] as const)(
  '%s on a kernel that provides no buffers',
  (read) => {
    const refusing = (error: unknown) => {
      const emulator = createEmulator();
      const released: IoBuffers[] = [];
      const kernel: Kernel = {
        ...emulator,
        acquire() {
          throw error;
        },
        release: (buffers) => void released.push(buffers),
      };
      return { odx: createOdx({ kernel }), emulator, released };
    };

    test('fails with the error of the system and where the call was for, and gives nothing back', async () => {
      const { odx, emulator, released } = refusing(new KernelFailure(8));
      const file = odx.openFileSync(temporaryFolder().file('file', 4096), 'r');
      const error = await failureOf(() => odx[read](file, { copyLength: 512, fileOffset: 1024 }));
      expect(error).toBeInstanceOf(Win32Error);
      expect(error).toMatchObject({
        errno: 8,
        syscall: 'FSCTL_OFFLOAD_READ',
        path: file.path,
        offset: 1024n,
      });
      expect([emulator.calls, released]).toEqual([[], []]);
      await file.close();
    });

    test('passes on any other error as it is', async () => {
      const mine = new TypeError('mine');
      const { odx } = refusing(mine);
      const file = odx.openFileSync(temporaryFolder().file('file', 4096), 'r');
      expect(await failureOf(() => odx[read](file, { copyLength: 512 }))).toBe(mine);
      await file.close();
    });
  },
);
