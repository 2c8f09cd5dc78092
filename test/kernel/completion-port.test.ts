import { expect, test } from 'vitest';
import type { KernelFailure } from '../../src/kernel/kernel.ts';
import { CompletionPort } from '../../src/kernel/win32/completion-port.ts';
import type { Native } from '../../src/kernel/win32/native.ts';
import { nativeOf } from './pool-call.ts';

const ERROR_NO_SYSTEM_RESOURCES = 1450;
const PORT = 0x600n;
const NULL = null;

// What CreateIoCompletionPort returns when it creates the port, and when it associates a handle with it.
test.each([
  ['cannot be created', NULL, NULL],
  ['does not accept the handle', PORT, NULL],
])('a completion port that %s throws a KernelFailure', (_, created, associated) => {
  const native: Partial<Native> = {
    CreateIoCompletionPort: (_file, port) => (port === 0n ? created : associated),
    GetLastError: () => ERROR_NO_SYSTEM_RESOURCES,
  };
  expect(() => new CompletionPort(nativeOf(native)).adopt(0x100n)).toThrow(
    expect.objectContaining({ errno: ERROR_NO_SYSTEM_RESOURCES }) as KernelFailure,
  );
});
