import {
  DEVICE_COPY_OFFLOAD_DESCRIPTOR,
  DISK_GEOMETRY,
  PropertyStandardQuery,
  STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR,
  STORAGE_PROPERTY_QUERY,
} from '../../structs/index.ts';

const query = STORAGE_PROPERTY_QUERY.offsetOf;
const copyOffload = DEVICE_COPY_OFFLOAD_DESCRIPTOR.offsetOf;
const alignment = STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR.offsetOf;

export const PROPERTY_QUERY_SIZE: number = STORAGE_PROPERTY_QUERY.size;
export const COPY_OFFLOAD_SIZE: number = DEVICE_COPY_OFFLOAD_DESCRIPTOR.size;
export const ACCESS_ALIGNMENT_SIZE: number = STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR.size;
export const GEOMETRY_SIZE: number = DISK_GEOMETRY.size;

/** DEVICE_COPY_OFFLOAD_DESCRIPTOR as it came: lifetimes in seconds, sizes in logical blocks. */
export interface CopyOffloadDescriptor {
  /** 1 from the class driver, the size of the structure according to the documentation. */
  readonly version: number;
  /** Of the structure, in bytes. */
  readonly size: number;
  /** The longest that a token can be asked to live, in seconds. */
  readonly maximumTokenLifetime: number;
  /** How long a token lives that was asked for nothing else, in seconds. */
  readonly defaultTokenLifetime: number;
  /** The most that one token covers, in logical blocks. */
  readonly maximumTransferSize: bigint;
  /** What the device likes best in one command, in logical blocks; 0 where it does not say. */
  readonly optimalTransferCount: bigint;
  /** Ranges that one command of the device takes. */
  readonly maximumDataDescriptors: number;
  /** The most that one of these ranges covers, in logical blocks; 0 where it does not say, as in the next two. */
  readonly maximumTransferLengthPerDescriptor: number;
  /** What the device likes best in one range, in logical blocks. */
  readonly optimalTransferLengthPerDescriptor: number;
  /** What the length of a range is best a multiple of, in logical blocks. */
  readonly optimalTransferLengthGranularity: number;
}

/** Writes all 12 bytes of a STORAGE_PROPERTY_QUERY. */
export function encodePropertyQuery(view: DataView, bytes: Uint8Array, propertyId: number): void {
  bytes.fill(0, 0, PROPERTY_QUERY_SIZE);
  view.setUint32(query.PropertyId, propertyId, true);
  view.setUint32(query.QueryType, PropertyStandardQuery, true);
}

export function decodeCopyOffload(view: DataView): CopyOffloadDescriptor {
  return {
    version: view.getUint32(copyOffload.Version, true),
    size: view.getUint32(copyOffload.Size, true),
    maximumTokenLifetime: view.getUint32(copyOffload.MaximumTokenLifetime, true),
    defaultTokenLifetime: view.getUint32(copyOffload.DefaultTokenLifetime, true),
    maximumTransferSize: view.getBigUint64(copyOffload.MaximumTransferSize, true),
    optimalTransferCount: view.getBigUint64(copyOffload.OptimalTransferCount, true),
    maximumDataDescriptors: view.getUint32(copyOffload.MaximumDataDescriptors, true),
    maximumTransferLengthPerDescriptor: view.getUint32(copyOffload.MaximumTransferLengthPerDescriptor, true),
    optimalTransferLengthPerDescriptor: view.getUint32(copyOffload.OptimalTransferLengthPerDescriptor, true),
    optimalTransferLengthGranularity: view.getUint16(copyOffload.OptimalTransferLengthGranularity, true),
  };
}

export function decodeBytesPerLogicalSector(view: DataView): number {
  return view.getUint32(alignment.BytesPerLogicalSector, true);
}

/** Of a DISK_GEOMETRY. */
export function decodeBytesPerSector(view: DataView): number {
  return view.getUint32(DISK_GEOMETRY.offsetOf.BytesPerSector, true);
}
