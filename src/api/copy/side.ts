import { Win32Error } from '../../errors.ts';
import type { Kernel, OpenRequest } from '../../kernel/kernel.ts';
import { calling } from '../calling.ts';
import { makeOffloadFile } from '../offload-file.ts';
import type { Side } from './job.ts';

// A device is neither created nor replaced, others need it meanwhile, and file systems differ in what they answer to
// an attempt to create one.
const DEVICE = /^[\\/]{2}\.[\\/]|^[\\/]{2}\?[\\/]Volume\{[^}]*\}$/i;

export function isDevice(path: string): boolean {
  return DEVICE.test(path);
}

/** Opens a file and learns what a copy must know of it. A file that could not be looked at is closed, and removed if it is new. */
export async function openSide(kernel: Kernel, path: string, request: OpenRequest): Promise<Side> {
  const handle = await calling({ syscall: 'CreateFileW', path }, () => kernel.open(path, request));
  try {
    const facts = await calling({ syscall: 'GetFileInformationByHandle', path }, () =>
      kernel.facts(handle, path),
    );
    const { size, sectorSize, isDevice } = facts;
    const file = makeOffloadFile({ kernel, path, handle, size, sectorSize, isDevice });
    return { path, handle, facts, file };
  } catch (error) {
    await quietly(() => kernel.close(handle));
    if (request.disposition === 'create-new') await quietly(() => kernel.remove(path));
    throw error;
  }
}

/** For what is undone after a failure: a second failure must not hide the first, which is on its way to the caller. */
export async function quietly(undo: () => Promise<void>): Promise<void> {
  try {
    await undo();
  } catch {
    return;
  }
}

export const ERROR_SHARING_VIOLATION = 32;

export function isErrno(error: unknown, ...errnos: readonly number[]): boolean {
  return error instanceof Win32Error && errnos.includes(error.errno);
}
