// A worker thread is terminated during a call that takes long. Prints what happens to it, and to the calls of others.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const parameters = isMainThread ? process.argv.slice(2) : workerData;
const [library, name, how, duration, path] = parameters;
const kernel = loadKernel32({ kernel32: library, ntdll: library });
const odx = createOdx({ kernel });
const open = () => kernel.files.open(path, { read: true, write: true, disposition: 'open' });

if (isMainThread) {
  const stub = koffi.load(library);
  const set = stub.func('int stub_set(const char *name, const char *what, int value)');
  const get = stub.func('int stub_get(const char *name, const char *what)');
  const workers = [1, 2].map(() => new Worker(new URL(import.meta.url), { workerData: parameters }));
  const handles = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
  // Then copyRange reads and writes.
  if (name !== 'DeviceIoControl') set('DeviceIoControl', 'fail', 1);
  set(name, how, Number(duration));
  const calls = get(name, 'calls');
  const before = performance.now();
  for (const worker of workers) worker.postMessage('go');
  while (get(name, 'calls') < calls + 2) await sleep(5);
  set(name, how, 0);
  set('DeviceIoControl', 'fail', 0);
  const others = once(workers[1], 'message');
  await workers[0].terminate();
  const pending = get('*', 'pending');
  const elapsed = performance.now() - before;
  const mine = await open();
  const { transferLength } = await odx.offloadRead(mine, { copyLength: 512 });
  const isReused = mine === handles[0];
  await kernel.files.close(mine);
  const [other] = await others;
  // Until the call of the terminated worker has completed as well, and has written to its memory.
  await sleep(Number(duration));
  await workers[1].terminate();
  const [strays, freed] = ['strays', 'freed'].map((what) => get('*', what));
  console.log(
    JSON.stringify({ pending, elapsed, mine: Number(transferLength), other, isReused, strays, freed }),
  );
} else {
  const handle = await open();
  parentPort.once('message', async () => {
    if (name === 'DeviceIoControl') await odx.offloadRead(handle, { copyLength: 512 });
    else await copy(`${path}.${handle}`);
    parentPort.postMessage('completed');
  });
  parentPort.postMessage(handle);
}

async function copy(to) {
  const [source, destination] = [await odx.openFile(path, 'r'), await odx.openFile(to, 'w')];
  await odx.copyRange(source, destination, { length: source.size });
}
