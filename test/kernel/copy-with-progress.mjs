// Copies a file by the system and prints what onProgress was told. Not in a worker thread, as the tests themselves are: there
// Windows has nobody to report to.
import { existsSync } from 'node:fs';
import koffi from 'koffi';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const [, , library, keep, minimumSize, failing, source, destination] = process.argv;
const stub = koffi.load(library);
const set = stub.func('int stub_set(const char *name, const char *what, int value)');
const { copyFile } = createOdx({ kernel: loadKernel32({ kernel32: library, ntdll: library }) });
set('DeviceIoControl', 'fail', 50);
set('CopyFileExW', 'delay', 20);
set('CopyFileExW', 'keep', Number(keep));

const steps = [];
const onProgress = ({ phase, percent, systemBytes }) => {
  steps.push({ phase, percent, systemBytes: Number(systemBytes) });
  if (systemBytes > 0n && failing === 'throws') throw new Error('mine');
  return systemBytes > 0n && failing === 'rejects' ? Promise.reject(new Error('mine')) : undefined;
};
let last = performance.now();
let gap = 0;
const timer = setInterval(() => {
  gap = Math.max(gap, performance.now() - last);
  last = performance.now();
}, 5);
const error = await copyFile(source, destination, { minimumSize: Number(minimumSize), onProgress }).then(
  () => undefined,
  ({ message }) => message,
);
clearInterval(timer);
console.log(JSON.stringify({ steps, gap, error, exists: existsSync(destination) }));
