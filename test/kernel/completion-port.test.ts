import { expect, test } from 'vitest';
import type { KernelFailure } from '../../src/kernel/kernel.ts';
import { CompletionPort } from '../../src/kernel/win32/completion-port.ts';
import type { Native } from '../../src/kernel/win32/native.ts';

const ERROR_NO_SYSTEM_RESOURCES = 1450;
const PORT = 0x600n;
const NULL = null;

// What CreateIoCompletionPort answers when it is to make the port, and when it is to take a handle into it.
test.each([
  ['cannot be made', NULL, NULL],
  ['does not take the handle', PORT, NULL],
])('a port that %s is a failure', (_, made, taken) => {
  const native: Partial<Native> = {
    CreateIoCompletionPort: (_file, port) => (port === 0n ? made : taken),
    GetLastError: () => ERROR_NO_SYSTEM_RESOURCES,
  };
  expect(() => new CompletionPort(native as Native).adopt(0x100n)).toThrow(
    expect.objectContaining({ errno: ERROR_NO_SYSTEM_RESOURCES }) as KernelFailure,
  );
});
