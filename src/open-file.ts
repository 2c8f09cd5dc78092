import type { ByteCount } from './byte-count.ts';
import { ignoreErrors, ignoreErrorsSync, withCallContext, withCallContextSync } from './call-context.ts';
import { describeValue } from './describe.ts';
import { byteCount, oneOf, optional } from './fields.ts';
import { defaultKernel } from './kernel/default-kernel.ts';
import { type FileInfo, type FileKernel, filesOf, type Kernel, type OpenRequest } from './kernel/kernel.ts';
import { makeOffloadFile, type OffloadFile } from './offload-file.ts';
import { checkNewPath, checkPath, type FilePath } from './path.ts';
import { checkArgument, optionsSchema, refuse } from './request.ts';

/** The mode of {@link openFile}: 'r' reads; 'r+' reads and writes an existing file; 'w' creates or truncates; 'wx' creates a file that must not exist. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'wx';

/** Options of {@link openFile}. */
export interface OpenFileOptions {
  /** Size in bytes to set when the file is opened, 0 to 2^63-1; it need not be aligned. Not allowed with 'r'. */
  readonly size?: ByteCount | undefined;
}

const flagsField = oneOf('r', 'r+', 'w', 'wx');
const openOptions = optionsSchema('openFile', { size: optional(byteCount) });

const REQUESTS: Record<OpenFlags, OpenRequest> = {
  r: { read: true, write: false, disposition: 'open' },
  'r+': { read: true, write: true, disposition: 'open' },
  w: { read: true, write: true, disposition: 'create' },
  wx: { read: true, write: true, disposition: 'create-new', removable: true },
};

/**
 * Opens a file, volume or disk for offloaded transfer (`CreateFileW` with FILE_FLAG_OVERLAPPED), shared for reading,
 * writing and deleting, and queries its size and logical sector.
 *
 * A volume, `\\.\D:`, is not locked here, because reading it or querying it must not depend on who uses it: copyFile and copyRange
 * lock and dismount it before their first write. Other writes to a mounted volume are refused with ERROR_ACCESS_DENIED.
 *
 * @param path a path of any length, a `file:` URL, or a device: `\\.\D:`, `\\.\PhysicalDrive1`. Relative to the current directory.
 * @param flags 'r' reads; 'r+' reads and writes an existing file; 'w' creates or truncates; 'wx' creates a file that must not exist.
 * @param options `size`: the size in bytes to set, because offload writes never extend a file.
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
  path: FilePath,
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
export function openFileSync(path: FilePath, flags: OpenFlags, options?: OpenFileOptions): OffloadFile {
  return openFileSyncWith(defaultKernel(), path, flags, options);
}

/** {@link openFile} on a kernel. */
export async function openFileWith(
  kernel: Kernel,
  path: FilePath,
  flags: OpenFlags,
  options?: OpenFileOptions,
): Promise<OffloadFile> {
  const checked = checkOpening(path, flags, options);
  const { file } = await openWith(kernel, checked.path, REQUESTS[checked.flags], checked.size);
  return file;
}

/** {@link openFileSync} on a kernel. */
export function openFileSyncWith(
  kernel: Kernel,
  path: FilePath,
  flags: OpenFlags,
  options?: OpenFileOptions,
): OffloadFile {
  const checked = checkOpening(path, flags, options);
  return openSyncWith(kernel, checked.path, REQUESTS[checked.flags], checked.size);
}

function checkOpening(
  givenPath: unknown,
  givenFlags: unknown,
  options: unknown,
): { path: string; flags: OpenFlags; size: bigint | undefined } {
  const given = checkPath('path', givenPath);
  const flags = checkArgument('flags', flagsField, givenFlags);
  const path = flags.startsWith('w') ? checkNewPath('path', given) : given;
  const { size } = openOptions.check(options);
  if (size !== undefined && flags === 'r') {
    const shown = describeValue(size);
    refuse('size', `size is ${shown}, but a file opened with 'r' cannot be resized; open it with 'r+'.`);
  }
  return { path, flags, size: size === undefined ? undefined : BigInt(size) };
}

/** An open file and its state when it was opened. */
export interface Opened {
  /** The path as it was given, for messages. */
  readonly path: string;
  /** The path for the kernel. */
  readonly absolutePath: string;
  readonly handle: bigint;
  readonly info: FileInfo;
  readonly file: OffloadFile;
}

/**
 * Opens a file and queries its state. If that fails, it closes the file, and removes it if it is new. With an
 * `absolutePath` for the kernel, `path` is only shown.
 */
export async function openWith(
  kernel: Kernel,
  path: string,
  request: OpenRequest,
  size?: bigint,
  absolutePath: string = path,
): Promise<Opened> {
  const files = filesOf(kernel);
  const handle = await withCallContext(creating(path), () => files.open(absolutePath, request));
  try {
    if (size !== undefined) await withCallContext(resizing(path), () => files.setSize(handle, size));
    const info = await withCallContext(querying(path), () => files.info(handle, absolutePath));
    return { path, absolutePath, handle, info, file: offloadFile(kernel, files, path, handle, info) };
  } catch (error) {
    if (request.disposition === 'create-new') await ignoreErrors(() => files.remove(handle));
    await ignoreErrors(() => files.close(handle));
    throw error;
  }
}

function openSyncWith(kernel: Kernel, path: string, request: OpenRequest, size?: bigint): OffloadFile {
  const files = filesOf(kernel);
  const handle = withCallContextSync(creating(path), () => files.openSync(path, request));
  try {
    if (size !== undefined) withCallContextSync(resizing(path), () => files.setSizeSync(handle, size));
    const info = withCallContextSync(querying(path), () => files.infoSync(handle, path));
    return offloadFile(kernel, files, path, handle, info);
  } catch (error) {
    if (request.disposition === 'create-new') ignoreErrorsSync(() => files.removeSync(handle));
    ignoreErrorsSync(() => files.closeSync(handle));
    throw error;
  }
}

/** The public object for an open handle. */
export function offloadFile(
  kernel: Kernel,
  files: FileKernel,
  path: string,
  handle: bigint,
  { size, sectorSize, isDevice }: FileInfo,
): OffloadFile {
  return makeOffloadFile({ kernel, files, path, handle, size, sectorSize, isDevice });
}

const creating = (path: string) => ({ syscall: 'CreateFileW', path });
const resizing = (path: string) => ({ syscall: 'SetFileInformationByHandle', path });
const querying = (path: string) => ({ syscall: 'GetFileInformationByHandle', path });
