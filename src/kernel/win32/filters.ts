import {
  INSTANCE_AGGREGATE_LEGACY_INFORMATION,
  INSTANCE_AGGREGATE_STANDARD_INFORMATION,
  SUPPORTED_FS_FEATURES_OFFLOAD_READ,
  SUPPORTED_FS_FEATURES_OFFLOAD_WRITE,
} from '../../../structs/index.ts';
import { type FilterInfo, KernelFailure } from '../kernel.ts';
import type { PoolCall } from './calls.ts';
import { nativeMemory, textOf } from './native.ts';

const InstanceAggregateStandardInformation = 3;
const FLTFL_IASI_IS_MINIFILTER = 0x1;
const E_ACCESSDENIED = 0x8007_0005;
// The HRESULTs of ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_INVALID_NAME and
// ERROR_FLT_VOLUME_NOT_FOUND: the filter manager does not know the volume by this name.
const UNKNOWN_NAME = [0x8007_0002, 0x8007_0003, 0x8007_0057, 0x8007_007b, 0x801f_0014];
// HRESULT_FROM_WIN32(ERROR_NO_MORE_ITEMS)
const NO_MORE_ITEMS = 0x8007_0103;
const ROOM = 4096;

const mini = INSTANCE_AGGREGATE_STANDARD_INFORMATION.offsetOf;
const legacy = INSTANCE_AGGREGATE_LEGACY_INFORMATION.offsetOf;
const { Flags } = mini;
const MINI_FILTER = {
  nameLength: mini['Type.MiniFilter.FilterNameLength'],
  nameOffset: mini['Type.MiniFilter.FilterNameBufferOffset'],
  supportedFeatures: mini['Type.MiniFilter.SupportedFeatures'],
};
const LEGACY_FILTER = {
  nameLength: legacy['Type.LegacyFilter.FilterNameLength'],
  nameOffset: legacy['Type.LegacyFilter.FilterNameBufferOffset'],
  supportedFeatures: legacy['Type.LegacyFilter.SupportedFeatures'],
};

export interface Filters {
  readonly filters: readonly FilterInfo[] | undefined;
  readonly filtersUnknown: string | undefined;
}

/**
 * The filters on a volume and what they opted in to (FilterVolumeInstanceFindFirst), inside a job. That they cannot
 * be listed is reported, not thrown.
 *
 * @param names of the volume, the one to try first at the beginning.
 */
export async function filtersOf(call: PoolCall, names: readonly string[]): Promise<Filters> {
  if (await isWine(call)) return { filters: undefined, filtersUnknown: 'Wine has no filter manager' };
  try {
    return await list(call, names);
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    return { filters: undefined, filtersUnknown: 'fltlib.dll is not there' };
  }
}

// Wine's fltlib.dll exports the functions, and calling them ends the process.
async function isWine(call: PoolCall): Promise<boolean> {
  try {
    return (await call('wine_get_version')).result !== null;
  } catch (error) {
    if (error instanceof KernelFailure) return false;
    throw error;
  }
}

async function list(call: PoolCall, names: readonly string[]): Promise<Filters> {
  const buffer = new Uint8Array(ROOM);
  const returned = nativeMemory(4);
  const find = nativeMemory(8);
  const kind = InstanceAggregateStandardInformation;
  const filters: FilterInfo[] = [];
  let result = NO_MORE_ITEMS;
  for (const name of names) {
    ({ result } = await call('FilterVolumeInstanceFindFirst', name, kind, buffer, ROOM, returned, find));
    if (!UNKNOWN_NAME.includes(result)) break;
  }
  if (result !== 0) return listed(filters, result);
  const handle = new DataView(find.buffer).getBigUint64(0, true);
  try {
    while (result === 0) {
      filters.push(decode(buffer));
      ({ result } = await call('FilterVolumeInstanceFindNext', handle, kind, buffer, ROOM, returned));
    }
  } finally {
    await call('FilterVolumeInstanceFindClose', handle);
  }
  return listed(filters, result);
}

// An incomplete list may lack the one filter that blocks offload.
function listed(filters: readonly FilterInfo[], result: number): Filters {
  if (result === NO_MORE_ITEMS) return { filters, filtersUnknown: undefined };
  const filtersUnknown =
    result === E_ACCESSDENIED
      ? 'listing them takes an administrator'
      : `the filter manager answered 0x${result.toString(16)}`;
  return { filters: undefined, filtersUnknown };
}

function decode(buffer: Uint8Array): FilterInfo {
  const view = new DataView(buffer.buffer);
  const isLegacy = (view.getUint32(Flags, true) & FLTFL_IASI_IS_MINIFILTER) === 0;
  const { nameOffset, nameLength, supportedFeatures } = isLegacy ? LEGACY_FILTER : MINI_FILTER;
  const at = view.getUint16(nameOffset, true);
  const features = view.getUint32(supportedFeatures, true);
  return {
    name: textOf(buffer.subarray(at, Math.min(at + view.getUint16(nameLength, true), ROOM))),
    offloadRead: (features & SUPPORTED_FS_FEATURES_OFFLOAD_READ) !== 0,
    offloadWrite: (features & SUPPORTED_FS_FEATURES_OFFLOAD_WRITE) !== 0,
    ...(isLegacy && { isLegacy }),
  };
}
