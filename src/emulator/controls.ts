import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_WRITE,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  IOCTL_STORAGE_QUERY_PROPERTY,
} from '../../structs/index.ts';
import { manageDataSet } from './dsm.ts';
import { offloadRead } from './offload-read.ts';
import { offloadWrite } from './offload-write.ts';
import { diskGeometry, diskLength, queryProperty } from './property.ts';
import { refuse } from './refusal.ts';
import type { Control, Request } from './request.ts';
import type { Storage } from './storage.ts';
import type { Work } from './work.ts';

const controls: ReadonlyMap<number, Control> = new Map<number, Control>([
  [FSCTL_OFFLOAD_READ, offloadRead],
  [FSCTL_OFFLOAD_WRITE, offloadWrite],
  [IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, manageDataSet],
  [IOCTL_STORAGE_QUERY_PROPERTY, queryProperty],
  [IOCTL_DISK_GET_LENGTH_INFO, diskLength],
  [IOCTL_DISK_GET_DRIVE_GEOMETRY, diskGeometry],
]);

// The access bits of CTL_CODE.
const NEEDS_READ = 0x4000;
const NEEDS_WRITE = 0x8000;

/** DeviceIoControl: the I/O manager checks buffers and access, then the driver has its say. */
export function runControl(storage: Storage, code: number, request: Request): Work<number> {
  const { open, frame, inputLength, outputLength } = request;
  if (inputLength > frame.input.length || outputLength > frame.output.length) refuse('INVALID_USER_BUFFER');
  if (code & NEEDS_READ && !open.read) refuse('ACCESS_DENIED');
  if (code & NEEDS_WRITE && !open.write) refuse('ACCESS_DENIED');
  const control = controls.get(code) ?? refuse('INVALID_DEVICE_REQUEST');
  return control(storage, request);
}
