import {
  ERROR_INVALID_DATA,
  GET_LENGTH_INFORMATION,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_QUERY_PROPERTY,
  StorageAccessAlignmentProperty,
} from '../../../structs/index.ts';
import {
  ACCESS_ALIGNMENT_SIZE,
  decodeBytesPerLogicalSector,
  decodeBytesPerSector,
  encodePropertyQuery,
  GEOMETRY_SIZE,
  PROPERTY_QUERY_SIZE,
} from '../../codec/storage-property.ts';
import { isSectorSize, SMALLEST_SECTOR } from '../../schema/sector.ts';
import { KernelFailure } from '../kernel.ts';
import { controlSync } from './control.ts';
import type { FramePool, Win32Frame } from './frame.ts';
import type { Native } from './native.ts';

/** Size of a disk or volume in bytes (IOCTL_DISK_GET_LENGTH_INFO). */
export function deviceSize(native: Native, frames: FramePool, handle: bigint): bigint {
  return asking(frames, (frame) => {
    const length = GET_LENGTH_INFORMATION.size;
    filled(length, controlSync(native, handle, IOCTL_DISK_GET_LENGTH_INFO, frame, 0, length));
    return frame.outputView.getBigInt64(GET_LENGTH_INFORMATION.offsetOf.Length, true);
  });
}

/** Logical sector of a disk or volume: of its access alignment, or else of its geometry. */
export function deviceSectorSize(native: Native, frames: FramePool, handle: bigint): number {
  const bytes =
    answer(frames, (frame) => {
      encodePropertyQuery(frame.inputView, frame.input, StorageAccessAlignmentProperty);
      const length = ACCESS_ALIGNMENT_SIZE;
      const code = IOCTL_STORAGE_QUERY_PROPERTY;
      filled(length, controlSync(native, handle, code, frame, PROPERTY_QUERY_SIZE, length));
      return decodeBytesPerLogicalSector(frame.outputView);
    }) ??
    answer(frames, (frame) => {
      const length = GEOMETRY_SIZE;
      filled(length, controlSync(native, handle, IOCTL_DISK_GET_DRIVE_GEOMETRY, frame, 0, length));
      return decodeBytesPerSector(frame.outputView);
    });
  return isSectorSize(bytes) ? bytes : SMALLEST_SECTOR;
}

// What a short reply leaves out would be read from the call before.
function filled(length: number, returned: number): void {
  if (returned < length) throw new KernelFailure(ERROR_INVALID_DATA);
}

function answer<T>(frames: FramePool, ask: (frame: Win32Frame) => T): T | undefined {
  try {
    return asking(frames, ask);
  } catch (error) {
    if (error instanceof KernelFailure) return undefined;
    throw error;
  }
}

function asking<T>(frames: FramePool, ask: (frame: Win32Frame) => T): T {
  const frame = frames.acquire(0, 0);
  try {
    return ask(frame);
  } finally {
    frames.release(frame);
  }
}
