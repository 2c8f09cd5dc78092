// A call of a worker thread blocks for a while when the main thread calls process.exit.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const [library, milliseconds, handle] = isMainThread ? process.argv.slice(2) : workerData;
const stub = koffi.load(library);
if (isMainThread) {
  const get = stub.func('int stub_get(const char *name, const char *what)');
  const set = stub.func('int stub_set(const char *name, const char *what, int value)');
  set('DeviceIoControl', 'sleep', Number(milliseconds));
  console.log(Date.now());
  const worker = new Worker(new URL(import.meta.url), { workerData: [library, milliseconds, handle] });
  await once(worker, 'message');
  while (get('DeviceIoControl', 'inside') === 0) await new Promise(setImmediate);
  process.exit(3);
} else {
  const { offloadRead } = createOdx({ kernel: loadKernel32({ kernel32: library, ntdll: library }) });
  offloadRead(BigInt(handle), { copyLength: 512 });
  parentPort.postMessage('begun');
}
