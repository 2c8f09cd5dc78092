import { type copyFile, copyFileWith } from './copy/copy-file.ts';
import { type copyFiles, copyFilesWith } from './copy/copy-files.ts';
import { type copyRange, copyRangeWith } from './copy/copy-range.ts';
import { type queryCopyOffload, queryCopyOffloadWith } from './copy-offload.ts';
import { isRevokedProxy } from './describe.ts';
import {
  type dsmOffloadRead,
  type dsmOffloadReadSync,
  dsmOffloadReadSyncWith,
  dsmOffloadReadWith,
} from './dsm-offload-read.ts';
import {
  type dsmOffloadWrite,
  type dsmOffloadWriteSync,
  dsmOffloadWriteSyncWith,
  dsmOffloadWriteWith,
} from './dsm-offload-write.ts';
import { field, must } from './fields.ts';
import type { Kernel } from './kernel/kernel.ts';
import {
  type offloadRead,
  type offloadReadSync,
  offloadReadSyncWith,
  offloadReadWith,
} from './offload-read.ts';
import {
  type offloadWrite,
  type offloadWriteSync,
  offloadWriteSyncWith,
  offloadWriteWith,
} from './offload-write.ts';
import { type openFile, type openFileSync, openFileSyncWith, openFileWith } from './open-file.ts';
import { type probe, probeWith } from './probe/probe.ts';
import { type tryOffload, tryOffloadWith } from './probe/try-offload.ts';
import { refuse, requestSchema } from './request.ts';
import { type zeroRange, zeroRangeWith } from './zero-range.ts';

/** Every function that needs a kernel, bound to one. Each is documented at its own export. */
export interface Odx {
  /** The kernel that the functions are bound to. */
  readonly kernel: Kernel;
  /** {@link offloadRead} on this kernel. */
  readonly offloadRead: typeof offloadRead;
  /** {@link offloadReadSync} on this kernel. */
  readonly offloadReadSync: typeof offloadReadSync;
  /** {@link offloadWrite} on this kernel. */
  readonly offloadWrite: typeof offloadWrite;
  /** {@link offloadWriteSync} on this kernel. */
  readonly offloadWriteSync: typeof offloadWriteSync;
  /** {@link dsmOffloadRead} on this kernel. */
  readonly dsmOffloadRead: typeof dsmOffloadRead;
  /** {@link dsmOffloadReadSync} on this kernel. */
  readonly dsmOffloadReadSync: typeof dsmOffloadReadSync;
  /** {@link dsmOffloadWrite} on this kernel. */
  readonly dsmOffloadWrite: typeof dsmOffloadWrite;
  /** {@link dsmOffloadWriteSync} on this kernel. */
  readonly dsmOffloadWriteSync: typeof dsmOffloadWriteSync;
  /** {@link queryCopyOffload} on this kernel. */
  readonly queryCopyOffload: typeof queryCopyOffload;
  /** {@link probe} on this kernel. */
  readonly probe: typeof probe;
  /** {@link tryOffload} on this kernel. */
  readonly tryOffload: typeof tryOffload;
  /** {@link openFile} on this kernel. */
  readonly openFile: typeof openFile;
  /** {@link openFileSync} on this kernel. */
  readonly openFileSync: typeof openFileSync;
  /** {@link copyFile} on this kernel. */
  readonly copyFile: typeof copyFile;
  /** {@link copyFiles} on this kernel. */
  readonly copyFiles: typeof copyFiles;
  /** {@link copyRange} on this kernel. */
  readonly copyRange: typeof copyRange;
  /** {@link zeroRange} on this kernel. */
  readonly zeroRange: typeof zeroRange;
}

/**
 * Binds every function of this package to a kernel: the emulator, to develop without an array, another kernel32.dll, or a
 * kernel of your own. A file belongs to the kernel that opened it.
 *
 * @param options `kernel`: from createEmulator or loadKernel32, or your own; wrap one with `{ ...kernel, control: myControl }`.
 *   A kernel without `files` works with the functions that take a handle.
 * @returns the functions, which may be destructured: `const { offloadRead } = createOdx({ kernel })`.
 * @throws {InvalidArgumentError} when there is no kernel.
 * @see https://learn.microsoft.com/windows-hardware/drivers/storage/offloaded-data-transfer
 * @example
 * import { createOdx } from 'win-odx';
 * import { createEmulator } from 'win-odx/emulator';
 *
 * const { copyFile } = createOdx({ kernel: createEmulator() });
 * const report = await copyFile('a.bin', 'b.bin', { mode: 'require' });
 */
export function createOdx(options: { readonly kernel: Kernel }): Odx {
  if (isKernel(options)) refuse('kernel', 'createOdx takes an object with a kernel; pass { kernel }.');
  const { kernel } = odxOptions.check(options);
  return {
    kernel,
    offloadRead: (file, request) => offloadReadWith(kernel, file, request),
    offloadReadSync: (file, request) => offloadReadSyncWith(kernel, file, request),
    offloadWrite: (file, request) => offloadWriteWith(kernel, file, request),
    offloadWriteSync: (file, request) => offloadWriteSyncWith(kernel, file, request),
    dsmOffloadRead: (device, request) => dsmOffloadReadWith(kernel, device, request),
    dsmOffloadReadSync: (device, request) => dsmOffloadReadSyncWith(kernel, device, request),
    dsmOffloadWrite: (device, request) => dsmOffloadWriteWith(kernel, device, request),
    dsmOffloadWriteSync: (device, request) => dsmOffloadWriteSyncWith(kernel, device, request),
    queryCopyOffload: (device) => queryCopyOffloadWith(kernel, device),
    probe: (path) => probeWith(kernel, path),
    tryOffload: (folder, given) => tryOffloadWith(kernel, folder, given),
    openFile: (path, flags, given) => openFileWith(kernel, path, flags, given),
    openFileSync: (path, flags, given) => openFileSyncWith(kernel, path, flags, given),
    copyFile: (source, destination, given) => copyFileWith(kernel, source, destination, given),
    copyFiles: (pairs, given) => copyFilesWith(kernel, pairs, given),
    copyRange: (source, destination, given) => copyRangeWith(kernel, source, destination, given),
    zeroRange: (file, request) => zeroRangeWith(kernel, file, request),
  };
}

const odxOptions = requestSchema('createOdx', {
  kernel: field<Kernel>(isKernel, must('be a kernel, such as createEmulator() or loadKernel32() makes')),
});

function isKernel(value: unknown): value is Kernel {
  if (typeof value !== 'object' || value === null || isRevokedProxy(value)) return false;
  return METHODS.every((method) => typeof Reflect.get(value, method) === 'function');
}

const METHODS = ['acquire', 'release', 'control', 'controlSync', 'handleOf'] satisfies (keyof Kernel)[];
