import {
  DEVICE_COPY_OFFLOAD_DESCRIPTOR,
  DISK_GEOMETRY,
  GET_LENGTH_INFORMATION,
  PropertyExistsQuery,
  PropertyStandardQuery,
  STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR,
  STORAGE_DESCRIPTOR_HEADER,
  STORAGE_PROPERTY_QUERY,
  StorageAccessAlignmentProperty,
  StorageDeviceCopyOffloadProperty,
} from '../../structs/index.ts';
import type { Settings } from './options.ts';
import { refuse } from './refusal.ts';
import type { Request } from './request.ts';
import type { Storage } from './storage.ts';
import type { Work } from './work.ts';

const query = STORAGE_PROPERTY_QUERY.offsetOf;
const header = STORAGE_DESCRIPTOR_HEADER.offsetOf;
const copyOffload = DEVICE_COPY_OFFLOAD_DESCRIPTOR.offsetOf;
const alignment = STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR.offsetOf;
const geometry = DISK_GEOMETRY.offsetOf;

// What the descriptor says where no limit was set; an array has to name one.
const USUAL_TRANSFER = 268_435_456;
const USUAL_PHYSICAL_SECTOR = 4096;
const MOST_RANGES = 65_536;
const U32 = 0xffff_ffff;
const FIXED_MEDIA = 12;

/** IOCTL_STORAGE_QUERY_PROPERTY for the two properties that matter here, as the class driver answers it. */
// biome-ignore lint/correctness/useYield: nothing of it takes time.
export function* queryProperty(storage: Storage, request: Request): Work<number> {
  if (request.inputLength < STORAGE_PROPERTY_QUERY.size) refuse('INFO_LENGTH_MISMATCH');
  const { inputView, outputView } = request.frame;
  const property = inputView.getUint32(query.PropertyId, true);
  const type = inputView.getUint32(query.QueryType, true);
  if (property !== StorageDeviceCopyOffloadProperty && property !== StorageAccessAlignmentProperty) {
    refuse('NOT_SUPPORTED');
  }
  // For copy offload the class driver says yes whatever the device can do.
  if (type === PropertyExistsQuery) return 0;
  if (type !== PropertyStandardQuery) refuse('NOT_SUPPORTED');
  if (request.outputLength < STORAGE_DESCRIPTOR_HEADER.size) refuse('BUFFER_TOO_SMALL');
  const isCopyOffload = property === StorageDeviceCopyOffloadProperty;
  const { size } = isCopyOffload ? DEVICE_COPY_OFFLOAD_DESCRIPTOR : STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR;
  if (request.outputLength < size) {
    outputView.setUint32(header.Version, size, true);
    outputView.setUint32(header.Size, size, true);
    return STORAGE_DESCRIPTOR_HEADER.size;
  }
  if (isCopyOffload) putCopyOffload(outputView, storage.settings);
  else putAlignment(outputView, storage.settings);
  return size;
}

/** IOCTL_DISK_GET_LENGTH_INFO: the file is the disk. */
// biome-ignore lint/correctness/useYield: nothing of it takes time.
export function* diskLength(storage: Storage, request: Request): Work<number> {
  if (request.outputLength < GET_LENGTH_INFORMATION.size) refuse('BUFFER_TOO_SMALL');
  const { size } = storage.see(request.open);
  request.frame.outputView.setBigInt64(GET_LENGTH_INFORMATION.offsetOf.Length, BigInt(size), true);
  return GET_LENGTH_INFORMATION.size;
}

/** IOCTL_DISK_GET_DRIVE_GEOMETRY; only the sector of it means something. */
// biome-ignore lint/correctness/useYield: nothing of it takes time.
export function* diskGeometry(storage: Storage, request: Request): Work<number> {
  if (request.outputLength < DISK_GEOMETRY.size) refuse('BUFFER_TOO_SMALL');
  const view = request.frame.outputView;
  view.setBigInt64(geometry.Cylinders, 1n, true);
  view.setUint32(geometry.MediaType, FIXED_MEDIA, true);
  view.setUint32(geometry.TracksPerCylinder, 1, true);
  view.setUint32(geometry.SectorsPerTrack, 1, true);
  view.setUint32(geometry.BytesPerSector, storage.settings.sectorSize, true);
  return DISK_GEOMETRY.size;
}

// In logical blocks and with version 1, as the class driver has it; its documentation says bytes and 48.
function putCopyOffload(view: DataView, settings: Settings): void {
  if (!settings.supported) refuse('DEVICE_FEATURE_NOT_SUPPORTED');
  const { sectorSize, maximumTransferSize, maximumWriteSize, tokenLifetime } = settings;
  const transfer = (Number.isFinite(maximumTransferSize) ? maximumTransferSize : USUAL_TRANSFER) / sectorSize;
  const write = Number.isFinite(maximumWriteSize) ? maximumWriteSize / sectorSize : transfer;
  // Lifetimes are seconds; 0 names no limit.
  const lifetime = Number.isFinite(tokenLifetime) ? Math.ceil(tokenLifetime / 1000) : 0;
  const { size } = DEVICE_COPY_OFFLOAD_DESCRIPTOR;
  view.setUint32(copyOffload.Version, 1, true);
  view.setUint32(copyOffload.Size, size, true);
  view.setUint32(copyOffload.MaximumTokenLifetime, lifetime, true);
  view.setUint32(copyOffload.DefaultTokenLifetime, lifetime, true);
  view.setBigUint64(copyOffload.MaximumTransferSize, BigInt(transfer), true);
  view.setBigUint64(copyOffload.OptimalTransferCount, BigInt(write), true);
  view.setUint32(copyOffload.MaximumDataDescriptors, MOST_RANGES, true);
  view.setUint32(copyOffload.MaximumTransferLengthPerDescriptor, Math.min(transfer, U32), true);
  view.setUint32(copyOffload.OptimalTransferLengthPerDescriptor, Math.min(write, U32), true);
  view.setUint16(copyOffload.OptimalTransferLengthGranularity, 1, true);
  view.setUint16(copyOffload.Reserved, 0, true);
}

function putAlignment(view: DataView, { sectorSize }: Settings): void {
  const { size } = STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR;
  view.setUint32(alignment.Version, size, true);
  view.setUint32(alignment.Size, size, true);
  view.setUint32(alignment.BytesPerCacheLine, 0, true);
  view.setUint32(alignment.BytesOffsetForCacheAlignment, 0, true);
  view.setUint32(alignment.BytesPerLogicalSector, sectorSize, true);
  view.setUint32(alignment.BytesPerPhysicalSector, Math.max(sectorSize, USUAL_PHYSICAL_SECTOR), true);
  view.setUint32(alignment.BytesOffsetForSectorAlignment, 0, true);
}
