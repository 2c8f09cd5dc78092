import { describeValue, isRevokedProxy } from '../describe.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { refuse } from '../schema/refuse.ts';
import { callingSync } from './calling.ts';
import { isOffloadFile, type OffloadFile, type OpenedFile, openedFile } from './offload-file.ts';

/**
 * What a call works on: a file that openFile opened, a FileHandle of node:fs/promises, a number (a file descriptor of
 * Node) or a bigint (a Win32 HANDLE). The last three are borrowed: they stay the caller's and are never closed here.
 */
export type FileSource = OffloadFile | { readonly fd: number } | number | bigint;

const HIGHEST_FD = 0x7fff_ffff;
const HANDLE_BITS = 64;

/** What an OffloadFile knows of itself; undefined for what is borrowed. */
export function openedSource(kernel: Kernel, file: unknown): OpenedFile | undefined {
  return typeof file !== 'bigint' && isOffloadFile(file) ? openedFile(file, kernel) : undefined;
}

export function handleOf(kernel: Kernel, file: unknown): bigint {
  return typeof file === 'bigint' && BigInt.asUintN(HANDLE_BITS, file) === file
    ? file
    : handleBehind(kernel, file);
}

function handleBehind(kernel: Kernel, file: unknown): bigint {
  if (typeof file === 'bigint') {
    return refuse(
      'file',
      `file is ${describeValue(file)}; a HANDLE is a bigint from 0 to 2^64-1, such as file.handle.`,
    );
  }
  if (typeof file === 'number') return handleOfDescriptor(kernel, file, describeValue(file));
  if (typeof file === 'object' && file !== null) {
    if (isOffloadFile(file)) return openedFile(file, kernel).handle;
    const fd = isRevokedProxy(file) ? undefined : fdOf(file);
    if (typeof fd === 'number')
      return handleOfDescriptor(kernel, fd, `an object with fd ${describeValue(fd)}`);
  }
  return refuse(
    'file',
    `file is ${describeValue(file)}; it must be an OffloadFile, a FileHandle, a file descriptor (number) or a HANDLE (bigint).`,
  );
}

function handleOfDescriptor(kernel: Kernel, fd: number, said: string): bigint {
  if (!Number.isInteger(fd) || fd < 0 || fd > HIGHEST_FD) {
    return refuse(
      'file',
      `file is ${said}; a file descriptor is a whole number from 0 to ${HIGHEST_FD}, as fs.openSync gives it, and -1 once it is closed.`,
    );
  }
  return callingSync({ syscall: 'uv_get_osfhandle' }, () => kernel.handleOf(fd));
}

// Of a FileHandle it is a getter of its class. What stands on the prototype of every object is a pollution.
function fdOf(file: object & { fd?: unknown }): unknown {
  return 'fd' in EMPTY && !Object.hasOwn(file, 'fd') && !Object.hasOwn(classOf(file), 'fd')
    ? undefined
    : file.fd;
}

const EMPTY: object = {};

function classOf(file: object): object {
  const prototype: unknown = Object.getPrototypeOf(file);
  return typeof prototype === 'object' && prototype !== null && prototype !== Object.prototype
    ? prototype
    : Object.create(null);
}
