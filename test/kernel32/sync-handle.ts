import koffi from 'koffi';

const GENERIC_READ_WRITE = 0xc000_0000;
const SHARE_ALL = 7;
const OPEN_EXISTING = 3;
const FILE_FLAG_OVERLAPPED = 0x4000_0000;

/** Opens a HANDLE outside this package, overlapped or not. */
export function openForeign(
  path: string,
  kind: 'synchronous' | 'overlapped',
): { handle: bigint; close(): void } {
  const kernel32 = koffi.load('kernel32.dll');
  const create = kernel32.func('__stdcall', 'CreateFileW', 'void *', [
    'const char16_t *',
    'uint32_t',
    'uint32_t',
    'void *',
    'uint32_t',
    'uint32_t',
    'void *',
  ]);
  const close = kernel32.func('__stdcall', 'CloseHandle', 'int32_t', ['void *']);
  const flags = kind === 'overlapped' ? FILE_FLAG_OVERLAPPED : 0;
  const handle: bigint = create(path, GENERIC_READ_WRITE, SHARE_ALL, null, OPEN_EXISTING, flags, null);
  if (handle === 0xffff_ffff_ffff_ffffn) throw new Error(`${path} could not be opened.`);
  return { handle, close: () => close(handle) };
}
