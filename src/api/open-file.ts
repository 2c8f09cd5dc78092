import { defaultKernel } from '../kernel/default.ts';
import type { FileFacts, Kernel, OpenRequest } from '../kernel/kernel.ts';
import { checkOpenFile, type OpenFileOptions, type OpenFlags } from '../schema/open-file.ts';
import { calling, callingSync } from './calling.ts';
import { makeOffloadFile, type OffloadFile } from './offload-file.ts';
import { quietly, quietlySync } from './quietly.ts';

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
  const { file } = await openWith(kernel, order.path, REQUESTS[order.flags], order.size);
  return file;
}

export function openFileSyncWith(
  kernel: Kernel,
  path: string,
  flags: OpenFlags,
  options?: OpenFileOptions,
): OffloadFile {
  const order = checkOpenFile(path, flags, options);
  return openSyncWith(kernel, order.path, REQUESTS[order.flags], order.size);
}

/** An open file, and what it was when it was opened. */
export interface Opened {
  readonly path: string;
  readonly handle: bigint;
  readonly facts: FileFacts;
  readonly file: OffloadFile;
}

/** Opens a file and learns what there is to know of it. Where that fails it is closed, and removed if it is new. */
export async function openWith(
  kernel: Kernel,
  path: string,
  request: OpenRequest,
  size?: bigint,
): Promise<Opened> {
  const handle = await calling(creating(path), () => kernel.open(path, request));
  try {
    if (size !== undefined) await calling(sizing(path), () => kernel.setSize(handle, size));
    const facts = await calling(asking(path), () => kernel.facts(handle, path));
    return { path, handle, facts, file: offloadFile(kernel, path, handle, facts) };
  } catch (error) {
    if (request.disposition === 'create-new') await quietly(() => kernel.remove(handle));
    await quietly(() => kernel.close(handle));
    throw error;
  }
}

function openSyncWith(kernel: Kernel, path: string, request: OpenRequest, size?: bigint): OffloadFile {
  const handle = callingSync(creating(path), () => kernel.openSync(path, request));
  try {
    if (size !== undefined) callingSync(sizing(path), () => kernel.setSizeSync(handle, size));
    const facts = callingSync(asking(path), () => kernel.factsSync(handle, path));
    return offloadFile(kernel, path, handle, facts);
  } catch (error) {
    if (request.disposition === 'create-new') quietlySync(() => kernel.removeSync(handle));
    quietlySync(() => kernel.closeSync(handle));
    throw error;
  }
}

function offloadFile(kernel: Kernel, path: string, handle: bigint, facts: FileFacts): OffloadFile {
  const { size, sectorSize, isDevice } = facts;
  return makeOffloadFile({ kernel, path, handle, size, sectorSize, isDevice });
}

const REQUESTS: Record<OpenFlags, OpenRequest> = {
  r: { read: true, write: false, disposition: 'open' },
  'r+': { read: true, write: true, disposition: 'open' },
  w: { read: true, write: true, disposition: 'create' },
  wx: { read: true, write: true, disposition: 'create-new', removable: true },
};

const creating = (path: string) => ({ syscall: 'CreateFileW', path });
const sizing = (path: string) => ({ syscall: 'SetFileInformationByHandle', path });
const asking = (path: string) => ({ syscall: 'GetFileInformationByHandle', path });
