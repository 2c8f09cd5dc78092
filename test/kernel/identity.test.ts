import { describe, expect, test } from 'vitest';
import { fileInfo, fileInfoSync } from '../../src/kernel/win32/file-info.ts';
import type { Native, Pointer } from '../../src/kernel/win32/native.ts';
import { BY_HANDLE_FILE_INFORMATION, FILE_ID_INFO } from '../../structs/index.ts';
import { nativeOf, poolCall } from './pool-call.ts';

const FileIdInfo = 18;
const VOLUME = '1122334455667788';
const SERIAL = 0x1234_5678;
const ZEROS = '00'.repeat(16);
const ONES = 'ff'.repeat(16);
const ID = '0100000000000000000000000000a0ff';

describe('the identity of a file', () => {
  // FileIdInfo of the file, or undefined where the file system does not know it; its 64-bit index, with the same meaning.
  test.each<[string, string | undefined, bigint | undefined, string | undefined]>([
    ['its 128-bit id', ID, 7n, `${VOLUME}:${ID}`],
    ['its index where there is no such id', undefined, 0x5_0000_0001n, '12345678:0000000500000001'],
    ['its index where the id is zero (MS-FSCC 2.1.10)', ZEROS, 9n, '12345678:0000000000000009'],
    ['nothing where both are zero (MS-FSCC 2.1.9)', ZEROS, 0n, undefined],
    ['nothing where both are all ones', ONES, 2n ** 64n - 1n, undefined],
    ['nothing where the index is zero and there is no id', undefined, 0n, undefined],
    ['nothing where the file system knows neither', undefined, undefined, undefined],
  ])('is %s', async (_, id, index, expected) => {
    const native = fileOf(id, index);
    expect(fileInfoSync(native, 0x100n, 'file').identity).toBe(expected);
    expect((await fileInfo(poolCall(native), 0x100n, 'file')).identity).toBe(expected);
  });
});

function fileOf(id: string | undefined, index: bigint | undefined): Native {
  const native: Partial<Native> = {
    GetFileSizeEx: () => 1,
    GetFinalPathNameByHandleW: () => 0,
    GetVolumePathNameW: () => 0,
    GetLastError: () => 1,
    GetFileInformationByHandleEx(_handle, kind, into) {
      if (kind !== FileIdInfo || id === undefined) return 0;
      bytesOf(into).set(Buffer.from(VOLUME, 'hex'), FILE_ID_INFO.offsetOf.VolumeSerialNumber);
      bytesOf(into).set(Buffer.from(id, 'hex'), FILE_ID_INFO.offsetOf.FileId);
      return 1;
    },
    GetFileInformationByHandle(_handle, into) {
      if (index === undefined) return 0;
      const view = new DataView(bytesOf(into).buffer);
      const { dwVolumeSerialNumber, nFileIndexHigh, nFileIndexLow } = BY_HANDLE_FILE_INFORMATION.offsetOf;
      view.setUint32(dwVolumeSerialNumber, SERIAL, true);
      view.setUint32(nFileIndexHigh, Number(index >> 32n), true);
      view.setUint32(nFileIndexLow, Number(index & 0xffff_ffffn), true);
      return 1;
    },
  };
  return nativeOf(native);
}

function bytesOf(pointer: Pointer): Uint8Array {
  if (pointer === null) throw new TypeError('The test expects memory to write to.');
  return pointer;
}
