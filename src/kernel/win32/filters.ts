import {
  INSTANCE_AGGREGATE_STANDARD_INFORMATION,
  SUPPORTED_FS_FEATURES_OFFLOAD_READ,
  SUPPORTED_FS_FEATURES_OFFLOAD_WRITE,
} from '../../../structs/index.ts';
import { type FilterInfo, KernelFailure } from '../kernel.ts';
import type { Native } from './native.ts';
import { roomForNumber } from './room.ts';
import { textOf } from './strings.ts';

const InstanceAggregateStandardInformation = 3;
const FLTFL_IASI_IS_MINIFILTER = 0x1;
const E_ACCESSDENIED = 0x8007_0005;
// HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS)
const NO_MORE_ITEMS = 0x8007_0103;
const ROOM = 4096;
const {
  Flags,
  'Type.MiniFilter.FilterNameLength': NameLength,
  'Type.MiniFilter.FilterNameBufferOffset': NameOffset,
  'Type.MiniFilter.SupportedFeatures': Features,
} = INSTANCE_AGGREGATE_STANDARD_INFORMATION.offsetOf;

export interface Filters {
  readonly filters: readonly FilterInfo[] | undefined;
  readonly filtersUnknown: string | undefined;
}

/** The mini-filters on a volume and what they opted in to (FilterVolumeInstanceFindFirst). Absence is reported, not thrown. */
export function filtersOf(native: Native, volume: string): Filters {
  if (isWine(native)) return { filters: undefined, filtersUnknown: 'Wine has no filter manager' };
  try {
    return list(native, volume);
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    return { filters: undefined, filtersUnknown: 'fltlib.dll is not there' };
  }
}

// The functions of Wine's fltlib.dll are there, and end the process when they are called.
function isWine(native: Native): boolean {
  try {
    return native.wine_get_version() !== null;
  } catch (error) {
    if (error instanceof KernelFailure) return false;
    throw error;
  }
}

function list(native: Native, volume: string): Filters {
  const buffer = new Uint8Array(ROOM);
  const returned = roomForNumber();
  const find = roomForNumber();
  const kind = InstanceAggregateStandardInformation;
  let result = native.FilterVolumeInstanceFindFirst(volume, kind, buffer, ROOM, returned, find);
  const filters: FilterInfo[] = [];
  if (result !== 0) return listed(filters, result);
  const handle = new DataView(find.buffer).getBigUint64(0, true);
  try {
    while (result === 0) {
      const found = decode(buffer);
      if (found !== undefined) filters.push(found);
      result = native.FilterVolumeInstanceFindNext(handle, kind, buffer, ROOM, returned);
    }
  } finally {
    native.FilterVolumeInstanceFindClose(handle);
  }
  return listed(filters, result);
}

// A list that broke off may lack the one filter that stands in the way.
function listed(filters: readonly FilterInfo[], result: number): Filters {
  if (result === NO_MORE_ITEMS) return { filters, filtersUnknown: undefined };
  const filtersUnknown =
    result === E_ACCESSDENIED
      ? 'listing them takes an administrator'
      : `the filter manager answered 0x${result.toString(16)}`;
  return { filters: undefined, filtersUnknown };
}

// A legacy filter has no features to declare, and blocks nothing by that.
function decode(buffer: Uint8Array): FilterInfo | undefined {
  const view = new DataView(buffer.buffer);
  if ((view.getUint32(Flags, true) & FLTFL_IASI_IS_MINIFILTER) === 0) return undefined;
  const at = view.getUint16(NameOffset, true);
  const features = view.getUint32(Features, true);
  return {
    name: textOf(buffer.subarray(at, Math.min(at + view.getUint16(NameLength, true), ROOM))),
    offloadRead: (features & SUPPORTED_FS_FEATURES_OFFLOAD_READ) !== 0,
    offloadWrite: (features & SUPPORTED_FS_FEATURES_OFFLOAD_WRITE) !== 0,
  };
}
