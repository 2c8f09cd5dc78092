import { ERROR_ACCESS_DENIED, ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED } from '../../structs/index.ts';
import { perform } from '../control.ts';
import { Win32Error } from '../errors.ts';
import { dismountVolume, lockVolume } from '../kernel/device-queries.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { OffloadFile } from '../offload-file.ts';
import { type CopyEndpoint, isErrno } from './source.ts';

const IN_USE = {
  meaning: 'Files on the volume are open, so it could not be locked; nothing was written to it.',
  advice:
    'Close every program, window and share that uses the volume, and run it again. The volume that Windows runs from can never be locked.',
};

// Windows refuses to lock a volume a second time, also through the same handle.
const reserved = new WeakMap<OffloadFile, Promise<void>>();

/**
 * Reserves a volume for its handle, until that is closed; to be awaited before the first write of `length` bytes. Windows
 * refuses writes to a mounted volume unless their handle has locked or dismounted it. A lock alone is not enough, because the
 * file system would later write what it remembers of the old content. A dismount alone would cut off every open file, so it
 * only follows a lock, which no open file survives. Does nothing for a file, or for a disk, which refuses the lock.
 */
export async function reserveVolume(kernel: Kernel, endpoint: CopyEndpoint, length: bigint): Promise<void> {
  const { file, info } = endpoint;
  if (!info.isDevice || length === 0n) return;
  let reserving = reserved.get(file);
  if (reserving === undefined) {
    reserving = lockAndDismount(kernel, endpoint);
    reserved.set(file, reserving);
  }
  try {
    await reserving;
  } catch (error) {
    reserved.delete(file);
    throw error;
  }
}

async function lockAndDismount(kernel: Kernel, { file, path }: CopyEndpoint): Promise<void> {
  const volume = { handle: file.handle, path };
  try {
    await perform(kernel, lockVolume, volume, undefined);
  } catch (error) {
    if (isNoVolume(error)) return;
    throw isErrno(error, ERROR_ACCESS_DENIED) ? inUse(path) : error;
  }
  try {
    await perform(kernel, dismountVolume, volume, undefined);
  } catch (error) {
    // Wine pretends to lock any device.
    if (!isNoVolume(error)) throw error;
  }
}

function isNoVolume(error: unknown): boolean {
  return isErrno(error, ERROR_INVALID_FUNCTION, ERROR_NOT_SUPPORTED);
}

function inUse(path: string): Win32Error {
  const context = { syscall: lockVolume.name, path, explanation: IN_USE };
  return new Win32Error({ errno: ERROR_ACCESS_DENIED }, context);
}
