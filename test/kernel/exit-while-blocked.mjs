// A call blocks for ten minutes: process.exit must end the process all the same.
import koffi from 'koffi';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const [, , library, name, path] = process.argv;
const kernel = loadKernel32({ kernel32: library, ntdll: library });
const { copyFile, offloadRead } = createOdx({ kernel });
const set = koffi.load(library).func('int stub_set(const char *name, const char *what, int value)');
const open = () => kernel.files.open(path, { read: true, write: true, disposition: 'open' });
const handle = await open();
// In the middle of a copy that reports its progress.
if (name === 'progress') set('CopyFileExW', 'delay', 1);
else set(name, 'sleep', 600_000);
const copy = () => copyFile(path, `${path}.copy`, { minimumSize: 2 ** 40, onProgress() {} });
const calls = {
  DeviceIoControl: () => offloadRead(handle, { copyLength: 512 }),
  CreateFileW: open,
  CloseHandle: () => kernel.files.close(handle),
  GetFileSizeEx: () => kernel.files.info(handle, path),
  CopyFileExW: copy,
  progress: copy,
  ReadFile: () => kernel.files.read(handle, Buffer.alloc(512), 0n),
};
calls[name]().catch(() => {});
setTimeout(() => {
  console.log(Date.now());
  process.exit(3);
}, 100);
