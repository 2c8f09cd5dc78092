import { types } from 'node:util';
import { withCallContextSync } from './call-context.ts';
import { describeValue, hrefOf, isRevokedProxy } from './describe.ts';
import type { ControlKernel } from './kernel/kernel.ts';
import { isOffloadFile, type OffloadFile, openedFile } from './offload-file.ts';
import { refuse } from './request.ts';

/**
 * The file of a call: an OffloadFile from openFile, a FileHandle from node:fs/promises, a number (a Node.js file descriptor)
 * or a bigint (a Win32 HANDLE). The last three are borrowed: this package never closes them.
 */
export type FileSource =
  | OffloadFile
  | {
      /** The descriptor of a FileHandle. */
      readonly fd: number;
    }
  | number
  | bigint;

/** A handle and the facts about its file. A borrowed handle has no facts. */
export interface ResolvedFile {
  readonly handle: bigint;
  readonly path?: string | undefined;
  readonly size?: bigint | undefined;
  readonly sectorSize?: number | undefined;
  readonly isDevice?: boolean | undefined;
  checkOpen?(): void;
}

const HIGHEST_FD = 0x7fff_ffff;
const HANDLE_BITS = 64;

/** Finds the handle of a file. Throws InvalidArgumentError if it has none. */
export function resolveFile(kernel: ControlKernel, file: unknown): ResolvedFile {
  return typeof file === 'bigint' ? { handle: checkHandle(file) } : resolveOther(kernel, file);
}

function resolveOther(kernel: ControlKernel, file: unknown): ResolvedFile {
  if (typeof file === 'number') return { handle: handleOfDescriptor(kernel, file, describeValue(file)) };
  if (typeof file === 'object' && file !== null && !isRevokedProxy(file)) {
    if (isOffloadFile(file)) return openedFile(file, kernel);
    const fd = descriptorOf(file);
    if (typeof fd === 'number') {
      return { handle: handleOfDescriptor(kernel, fd, `an object with fd ${describeValue(fd)}`) };
    }
  }
  return refuse('file', `file is ${describeValue(file)}; ${hintFor(file)}`);
}

function hintFor(file: unknown): string {
  if (types.isPromise(file)) return 'did you forget await?';
  if (hrefOf(file) !== undefined) return 'open it with openFile first.';
  return 'it must be an OffloadFile, a FileHandle, a file descriptor (number) or a HANDLE (bigint).';
}

function checkHandle(handle: bigint): bigint {
  return BigInt.asUintN(HANDLE_BITS, handle) === handle ? handle : refuseHandle(handle);
}

function refuseHandle(handle: bigint): never {
  refuse(
    'file',
    `file is ${describeValue(handle)}; a HANDLE is a bigint from 0 to 2^64-1, such as file.handle.`,
  );
}

function handleOfDescriptor(kernel: ControlKernel, fd: number, shown: string): bigint {
  if (!Number.isInteger(fd) || fd < 0 || fd > HIGHEST_FD) {
    return refuse(
      'file',
      `file is ${shown}; a file descriptor is a whole number from 0 to ${HIGHEST_FD}, as fs.openSync returns it; -1 means that it is closed.`,
    );
  }
  return withCallContextSync({ syscall: 'uv_get_osfhandle' }, () => kernel.handleOf(fd));
}

// The `fd` of a FileHandle is a getter of its class. An `fd` that every object has comes from a polluted Object.prototype.
function descriptorOf(file: object & { fd?: unknown }): unknown {
  const isPolluted = 'fd' in EMPTY;
  return isPolluted && !Object.hasOwn(file, 'fd') && !Object.hasOwn(classOf(file), 'fd')
    ? undefined
    : file.fd;
}

const EMPTY: object = {};

function classOf(file: object): object {
  const prototype: object | null = Object.getPrototypeOf(file);
  return prototype !== null && prototype !== Object.prototype ? prototype : Object.create(null);
}
