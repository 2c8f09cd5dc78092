import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import koffi from 'koffi';
import { createOdx, type Odx } from '../../src/index.ts';
import type { FileKernel, Kernel } from '../../src/kernel/kernel.ts';
import { filesOf } from '../../src/kernel/kernel.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import { buildStub, canBuildStub } from '../stub/stub.ts';

export const hasStub: boolean = canBuildStub();

/** A handle that the stub did not open, so it counts as a synchronous one of another module. */
export const BORROWED = 0x9000_0000n;

/** The functions of the stub that the kernel calls and that Windows may block in. */
export const BLOCKING = [
  'DeviceIoControl',
  'CreateFileW',
  'CloseHandle',
  'ReadFile',
  'WriteFile',
  'ReOpenFile',
  'FlushFileBuffers',
  'GetFileSizeEx',
  'GetFinalPathNameByHandleW',
  'GetFileInformationByHandle',
  'GetFileInformationByHandleEx',
  'SetFileInformationByHandle',
  'GetFileAttributesW',
  'GetFileAttributesExW',
  'CopyFileExW',
  'GetDiskFreeSpaceW',
  'GetDriveTypeW',
  'GetVolumePathNameW',
  'GetVolumeInformationW',
  'GetVolumeNameForVolumeMountPointW',
] as const;

export type StubFunction = (typeof BLOCKING)[number] | 'GetQueuedCompletionStatusEx' | 'CancelIoEx';

type Switch = 'sleep' | 'hold' | 'release' | 'fail' | 'delay' | 'damage' | 'busy' | 'break' | 'keep';

export interface Stub {
  readonly library: string;
  readonly kernel: Kernel;
  readonly files: FileKernel;
  readonly odx: Odx;
  set(name: StubFunction, what: Switch, value: number): void;
  /** Calls that began, that are inside now, and that the thread of JavaScript made itself. */
  get(name: StubFunction, what: 'calls' | 'inside' | 'here'): number;
  /** Waits until a number of calls are inside a function, without blocking the event loop. */
  untilInside(name: StubFunction, calls: number): Promise<void>;
  /** Threads inside the stub at the same time, of functions that sleep or fail. */
  most(): number;
  /** Calls on the number of a handle that was closed. */
  strays(): number;
  /** Volumes locked, dismounted, and damaged: dismounted without a lock, or written under a mounted file system. */
  volumes(): { readonly locks: number; readonly dismounts: number; readonly torn: number };
  /** Makes drive S: a SUBST drive for a folder of this host. */
  subst(folder: string): void;
  /** Handles that are open. */
  handles(): number;
  /** Closes a handle as another module of the process would. */
  closeElsewhere(handle: bigint): void;
  reset(): void;
}

let loaded = 0;

/**
 * The win32 kernel on the stub of kernel32 (test/stub/kernel32.c), whose switches the tests set. Test files share their
 * process, so each call loads a copy of the library, with switches of its own.
 */
export function loadStub(): Stub {
  const built = buildStub();
  const library = `${built}.${threadId}.${loaded++}.so`;
  if (!existsSync(library)) {
    copyFileSync(built, `${library}.${process.pid}`);
    renameSync(`${library}.${process.pid}`, library);
  }
  const stub = koffi.load(library);
  const set = stub.func('int stub_set(const char *name, const char *what, int value)');
  const get = stub.func('int stub_get(const char *name, const char *what)');
  const subst = stub.func('void stub_subst(const char *folder)');
  const reset = stub.func('void stub_reset()');
  const close = stub.func('int CloseHandle(void *handle)');
  const kernel = loadKernel32({ kernel32: library, ntdll: library });
  reset();
  return {
    library,
    kernel,
    files: filesOf(kernel),
    odx: createOdx({ kernel }),
    set(name, what, value) {
      if (set(name, what, value) !== 1) throw new Error(`The stub has no switch ${what} for ${name}.`);
    },
    get: (name, what) => get(name, what),
    async untilInside(name, calls) {
      while (get(name, 'inside') < calls) await sleep(5);
    },
    most: () => get('*', 'most'),
    strays: () => get('*', 'strays'),
    volumes: () => ({ locks: get('*', 'locks'), dismounts: get('*', 'dismounts'), torn: get('*', 'torn') }),
    subst: (folder) => subst(folder),
    handles: () => get('*', 'handles'),
    closeElsewhere: (handle) => void close(handle),
    reset: () => reset(),
  };
}
