import { defaultKernel } from '../kernel/default.ts';
import type { FileFacts, Kernel, OpenRequest } from '../kernel/kernel.ts';
import { checkOpenFile, type OpenFileOptions, type OpenFlags } from '../schema/open-file.ts';
import { calling, callingSync } from './calling.ts';
import { makeOffloadFile, type OffloadFile } from './offload-file.ts';

/**
 * Opens a file, volume or disk for offloaded transfer (`CreateFileW` with FILE_FLAG_OVERLAPPED), shared for reading,
 * writing and deleting, and learns its size and logical sector.
 *
 * @param path an ordinary path, long or not, or a device: `\\.\D:`, `\\.\PhysicalDrive1`. Relative to the working folder.
 * @param flags 'r' to read; 'r+' to read and write what exists; 'w' to create or empty; 'wx' to create what must not exist.
 * @param options `size`: bytes to set the size to at once. Offload writes never extend a file.
 * @returns the open file; the caller closes it.
 * @throws {InvalidArgumentError} when an argument is not legal.
 * @throws {Win32Error} ERROR_FILE_NOT_FOUND, ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_FILE_EXISTS and others.
 * @throws {UnsupportedPlatformError} off Windows.
 * @see https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew
 * @example
 * await using source = await openFile('big.vhdx', 'r');
 * await using destination = await openFile('copy.vhdx', 'wx', { size: source.size });
 */
export async function openFile(
  path: string,
  flags: OpenFlags,
  options?: OpenFileOptions,
): Promise<OffloadFile> {
  return openFileWith(defaultKernel(), path, flags, options);
}

/**
 * {@link openFile}, blocking.
 *
 * @example
 * using source = openFileSync('big.vhdx', 'r');
 */
export function openFileSync(path: string, flags: OpenFlags, options?: OpenFileOptions): OffloadFile {
  return openFileSyncWith(defaultKernel(), path, flags, options);
}

export async function openFileWith(
  kernel: Kernel,
  path: string,
  flags: OpenFlags,
  options?: OpenFileOptions,
): Promise<OffloadFile> {
  const order = checkOpenFile(path, flags, options);
  const handle = await calling(creating(order.path), () => kernel.open(order.path, REQUESTS[order.flags]));
  try {
    const size = order.size;
    if (size !== undefined) await calling(sizing(order.path), () => kernel.setSize(handle, size));
    const facts = await calling(asking(order.path), () => kernel.facts(handle, order.path));
    return opened(kernel, order.path, handle, facts);
  } catch (error) {
    await kernel.close(handle);
    throw error;
  }
}

export function openFileSyncWith(
  kernel: Kernel,
  path: string,
  flags: OpenFlags,
  options?: OpenFileOptions,
): OffloadFile {
  const order = checkOpenFile(path, flags, options);
  const handle = callingSync(creating(order.path), () => kernel.openSync(order.path, REQUESTS[order.flags]));
  try {
    const size = order.size;
    if (size !== undefined) callingSync(sizing(order.path), () => kernel.setSizeSync(handle, size));
    return opened(
      kernel,
      order.path,
      handle,
      callingSync(asking(order.path), () => kernel.factsSync(handle, order.path)),
    );
  } catch (error) {
    kernel.closeSync(handle);
    throw error;
  }
}

function opened(kernel: Kernel, path: string, handle: bigint, facts: FileFacts): OffloadFile {
  const { size, sectorSize, isDevice } = facts;
  return makeOffloadFile({ kernel, path, handle, size, sectorSize, isDevice });
}

const REQUESTS: Record<OpenFlags, OpenRequest> = {
  r: { read: true, write: false, disposition: 'open' },
  'r+': { read: true, write: true, disposition: 'open' },
  w: { read: true, write: true, disposition: 'create' },
  wx: { read: true, write: true, disposition: 'create-new' },
};

const creating = (path: string) => ({ syscall: 'CreateFileW', path });
const sizing = (path: string) => ({ syscall: 'SetFileInformationByHandle', path });
const asking = (path: string) => ({ syscall: 'GetFileInformationByHandle', path });
