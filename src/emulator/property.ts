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
import type { ControlRequest, Storage } from './storage.ts';

const HEADER = STORAGE_DESCRIPTOR_HEADER;
const QUERY = STORAGE_PROPERTY_QUERY;
const COPY_OFFLOAD = DEVICE_COPY_OFFLOAD_DESCRIPTOR;
const ALIGNMENT = STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR;

// Reported where there is no limit, because an array has to name one.
const USUAL_TRANSFER_SIZE = 268_435_456n;
const USUAL_PHYSICAL_SECTOR = 4096;
const MOST_RANGES = 65_536;
const LARGEST_U32 = 0xffff_ffff;
const FIXED_MEDIA = 12;

/** IOCTL_STORAGE_QUERY_PROPERTY for the two properties that matter here, with the checks of the class driver in order. */
export function queryProperty(storage: Storage, request: ControlRequest): number {
  const { inputLength, outputLength } = request;
  const { inputView, outputView } = request.buffers;

  if (inputLength < QUERY.size) refuse('INFO_LENGTH_MISMATCH');
  const property = inputView.getUint32(QUERY.offsetOf.PropertyId, true);
  const type = inputView.getUint32(QUERY.offsetOf.QueryType, true);
  const isCopyOffload = property === StorageDeviceCopyOffloadProperty;
  if (!isCopyOffload && property !== StorageAccessAlignmentProperty) refuse('NOT_SUPPORTED');
  // The class driver confirms that the copy-offload property exists, whatever the device can do.
  if (type === PropertyExistsQuery) return 0;
  if (type !== PropertyStandardQuery) refuse('NOT_SUPPORTED');
  if (outputLength < HEADER.size) refuse('BUFFER_TOO_SMALL');
  const { size } = isCopyOffload ? COPY_OFFLOAD : ALIGNMENT;
  if (outputLength < size) {
    outputView.setUint32(HEADER.offsetOf.Version, size, true);
    outputView.setUint32(HEADER.offsetOf.Size, size, true);
    return HEADER.size;
  }
  if (isCopyOffload && !storage.settings.supported) refuse('DEVICE_FEATURE_NOT_SUPPORTED');

  if (isCopyOffload) putCopyOffload(outputView, storage.settings);
  else putAlignment(outputView, storage.settings);
  return size;
}

/** IOCTL_DISK_GET_LENGTH_INFO. The file stands for the disk. */
export function queryDiskLength(storage: Storage, { open, buffers, outputLength }: ControlRequest): number {
  const { size, offsetOf } = GET_LENGTH_INFORMATION;
  if (outputLength < size) refuse('BUFFER_TOO_SMALL');
  buffers.outputView.setBigInt64(offsetOf.Length, storage.observe(open).stat.size, true);
  return size;
}

/** IOCTL_DISK_GET_DRIVE_GEOMETRY. Only the sector size in it has a meaning. */
export function queryDiskGeometry({ settings }: Storage, { buffers, outputLength }: ControlRequest): number {
  const { size, offsetOf } = DISK_GEOMETRY;
  if (outputLength < size) refuse('BUFFER_TOO_SMALL');
  const view = buffers.outputView;
  view.setBigInt64(offsetOf.Cylinders, 1n, true);
  view.setUint32(offsetOf.MediaType, FIXED_MEDIA, true);
  view.setUint32(offsetOf.TracksPerCylinder, 1, true);
  view.setUint32(offsetOf.SectorsPerTrack, 1, true);
  view.setUint32(offsetOf.BytesPerSector, settings.sectorSize, true);
  return size;
}

// In logical blocks and with version 1, as in the class driver. Its documentation says bytes and version 48.
function putCopyOffload(view: DataView, settings: Settings): void {
  const { offsetOf, size } = COPY_OFFLOAD;
  const { maximumTransferSize = USUAL_TRANSFER_SIZE, maximumWriteSize = maximumTransferSize } = settings;
  const transferBlocks = maximumTransferSize / BigInt(settings.sectorSize);
  const writeBlocks = maximumWriteSize / BigInt(settings.sectorSize);
  // Lifetimes are in seconds; 0 means that there is no limit.
  const lifetime = Number.isFinite(settings.tokenLifetime) ? Math.ceil(settings.tokenLifetime / 1000) : 0;
  view.setUint32(offsetOf.Version, 1, true);
  view.setUint32(offsetOf.Size, size, true);
  view.setUint32(offsetOf.MaximumTokenLifetime, lifetime, true);
  view.setUint32(offsetOf.DefaultTokenLifetime, lifetime, true);
  view.setBigUint64(offsetOf.MaximumTransferSize, transferBlocks, true);
  view.setBigUint64(offsetOf.OptimalTransferCount, writeBlocks, true);
  view.setUint32(offsetOf.MaximumDataDescriptors, MOST_RANGES, true);
  view.setUint32(offsetOf.MaximumTransferLengthPerDescriptor, asU32(transferBlocks), true);
  view.setUint32(offsetOf.OptimalTransferLengthPerDescriptor, asU32(writeBlocks), true);
  view.setUint16(offsetOf.OptimalTransferLengthGranularity, 1, true);
  view.setUint16(offsetOf.Reserved, 0, true);
}

function putAlignment(view: DataView, { sectorSize }: Settings): void {
  const { offsetOf, size } = ALIGNMENT;
  view.setUint32(offsetOf.Version, size, true);
  view.setUint32(offsetOf.Size, size, true);
  view.setUint32(offsetOf.BytesPerCacheLine, 0, true);
  view.setUint32(offsetOf.BytesOffsetForCacheAlignment, 0, true);
  view.setUint32(offsetOf.BytesPerLogicalSector, sectorSize, true);
  view.setUint32(offsetOf.BytesPerPhysicalSector, Math.max(sectorSize, USUAL_PHYSICAL_SECTOR), true);
  view.setUint32(offsetOf.BytesOffsetForSectorAlignment, 0, true);
}

function asU32(blocks: bigint): number {
  return Math.min(Number(blocks), LARGEST_U32);
}
