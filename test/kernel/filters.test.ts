import { describe, expect, test } from 'vitest';
import { KernelFailure } from '../../src/kernel/kernel.ts';
import { filtersOf } from '../../src/kernel/win32/filters.ts';
import type { NativeFunctions, Pointer } from '../../src/kernel/win32/native.ts';
import {
  INSTANCE_AGGREGATE_LEGACY_INFORMATION,
  INSTANCE_AGGREGATE_STANDARD_INFORMATION,
} from '../../structs/index.ts';
import { poolCall } from './pool-call.ts';

const S_OK = 0;
const E_ACCESSDENIED = 0x8007_0005;
const NO_MORE_ITEMS = 0x8007_0103;
const DEVICE_NOT_CONNECTED = 0x8007_048f;
const at = INSTANCE_AGGREGATE_STANDARD_INFORMATION.offsetOf;
const legacy = INSTANCE_AGGREGATE_LEGACY_INFORMATION.offsetOf;

type Filter = [name: string, features: number, isMinifilter?: boolean];

describe('the filters of a volume (FilterVolumeInstanceFindFirst, FilterVolumeInstanceFindNext)', () => {
  // SupportedFeatures: 1 offload read, 2 offload write.
  test('lists the filters with what they opted in to, and says which are legacy filters', async () => {
    const { native, closed } = manager([
      ['WdFilter', 3],
      ['Old', 0, false],
      ['Größe', 1],
      ['None', 0],
    ]);
    expect(await filtersOf(poolCall(native), ['D:'])).toEqual({
      filters: [
        { name: 'WdFilter', offloadRead: true, offloadWrite: true },
        { name: 'Old', offloadRead: false, offloadWrite: false, isLegacy: true },
        { name: 'Größe', offloadRead: true, offloadWrite: false },
        { name: 'None', offloadRead: false, offloadWrite: false },
      ],
      filtersUnknown: undefined,
    });
    expect(closed).toEqual([0x77n]);
  });

  test('lists no filters on a volume without any', async () => {
    expect(await filtersOf(poolCall(manager([]).native), ['D:'])).toEqual({
      filters: [],
      filtersUnknown: undefined,
    });
  });

  // How many filters are listed before; what the filter manager returns then.
  test.each([
    [0, E_ACCESSDENIED, 'listing them takes an administrator'],
    [0, DEVICE_NOT_CONNECTED, 'the filter manager answered 0x8007048f'],
    [2, DEVICE_NOT_CONNECTED, 'the filter manager answered 0x8007048f'],
  ])(
    'reports the filters as unknown when the answer after %i of them is 0x%x',
    async (count, answer, filtersUnknown) => {
      const { native, closed } = manager(
        Array.from({ length: count }, () => ['Filter', 3]),
        answer,
      );
      expect(await filtersOf(poolCall(native), ['D:'])).toEqual({ filters: undefined, filtersUnknown });
      expect(closed).toHaveLength(Math.sign(count));
    },
  );

  // winerror.h: the HRESULTs of ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, ERROR_INVALID_PARAMETER, ERROR_INVALID_NAME and
  // ERROR_FLT_VOLUME_NOT_FOUND.
  test.each([0x8007_0002, 0x8007_0003, 0x8007_0057, 0x8007_007b, 0x801f_0014])(
    'asks for the volume by its next name when the answer is 0x%x',
    async (answer) => {
      const { native } = manager([['WdFilter', 3]]);
      const asked: string[] = [];
      const first = native.FilterVolumeInstanceFindFirst;
      native.FilterVolumeInstanceFindFirst = (volume, ...rest) => {
        asked.push(volume);
        return volume === 'D:' ? answer : (first?.(volume, ...rest) ?? answer);
      };
      const { filters } = await filtersOf(poolCall(native), ['D:', '\\??\\Volume{1}', 'E:']);
      expect(filters).toEqual([{ name: 'WdFilter', offloadRead: true, offloadWrite: true }]);
      expect(asked).toEqual(['D:', '\\??\\Volume{1}']);
    },
  );

  test('does not ask again when the answer is not about the name', async () => {
    const { native } = manager([], E_ACCESSDENIED);
    const { filtersUnknown } = await filtersOf(poolCall(native), ['D:', 'E:']);
    expect(filtersUnknown).toBe('listing them takes an administrator');
  });

  test('reports the filters as unknown without fltlib.dll', async () => {
    const { native } = manager([]);
    native.FilterVolumeInstanceFindFirst = () => {
      throw new KernelFailure(127);
    };
    expect((await filtersOf(poolCall(native), ['D:'])).filtersUnknown).toBe('fltlib.dll is not there');
  });

  test.each(['wine_get_version', 'FilterVolumeInstanceFindFirst'] as const)(
    'does not take a defect in %s for a missing function',
    async (name) => {
      const { native } = manager([]);
      const bug = new TypeError('A bug.');
      native[name] = () => {
        throw bug;
      };
      await expect(filtersOf(poolCall(native), ['D:'])).rejects.toBe(bug);
    },
  );

  test('does not call the filter manager under Wine, whose function ends the process', async () => {
    const { native } = manager([['Filter', 0]]);
    native.wine_get_version = () => 1n;
    expect(await filtersOf(poolCall(native), ['D:'])).toEqual({
      filters: undefined,
      filtersUnknown: 'Wine has no filter manager',
    });
  });
});

/** A filter manager that lists these filters and then returns `end`. */
function manager(
  given: readonly Filter[],
  end = NO_MORE_ITEMS,
): { native: Partial<NativeFunctions>; closed: bigint[] } {
  const closed: bigint[] = [];
  const left = given.values();
  const next = (buffer: Pointer): number => {
    const { value } = left.next();
    if (value === undefined) return end;
    fill(buffer ?? new Uint8Array(), value);
    return S_OK;
  };
  const native: Partial<NativeFunctions> = {
    wine_get_version() {
      throw new KernelFailure(127);
    },
    FilterVolumeInstanceFindFirst(_volume, _kind, buffer, _length, _returned, find) {
      if (find !== null) new DataView(find.buffer).setBigUint64(0, 0x77n, true);
      return next(buffer);
    },
    FilterVolumeInstanceFindNext: (_find, _kind, buffer) => next(buffer),
    FilterVolumeInstanceFindClose(find) {
      closed.push(find);
      return S_OK;
    },
  };
  return { native, closed };
}

function fill(buffer: Uint8Array, [name, features, isMinifilter = true]: Filter): void {
  const view = new DataView(buffer.buffer);
  const text = Buffer.from(name, 'utf16le');
  const textAt = INSTANCE_AGGREGATE_STANDARD_INFORMATION.size;
  const [length, offset, supported] = isMinifilter
    ? [
        at['Type.MiniFilter.FilterNameLength'],
        at['Type.MiniFilter.FilterNameBufferOffset'],
        at['Type.MiniFilter.SupportedFeatures'],
      ]
    : [
        legacy['Type.LegacyFilter.FilterNameLength'],
        legacy['Type.LegacyFilter.FilterNameBufferOffset'],
        legacy['Type.LegacyFilter.SupportedFeatures'],
      ];
  buffer.fill(0xee);
  view.setUint32(at.Flags, isMinifilter ? 1 : 2, true);
  view.setUint16(length, text.length, true);
  view.setUint16(offset, textAt, true);
  view.setUint32(supported, features, true);
  buffer.set(text, textAt);
}
