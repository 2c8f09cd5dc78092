// A worker thread is terminated during a call on the first disk. Prints what happens to a call on the second one.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { offloadRead, openFile } from 'win-odx';

if (isMainThread) {
  const [, , first, second, wait] = process.argv;
  const worker = new Worker(new URL(import.meta.url), { workerData: first });
  const [handle] = await once(worker, 'message');
  // Until the call has been made.
  await sleep(200);
  const before = performance.now();
  await worker.terminate();
  const terminated = performance.now() - before;
  const file = await openFile(second, 'r');
  const { transferLength } = await offloadRead(file, { copyLength: 512 });
  const isReused = file.handle === handle;
  await file.close();
  await sleep(Number(wait));
  console.log(JSON.stringify({ terminated, transferLength: Number(transferLength), isReused }));
} else {
  const file = await openFile(workerData, 'r');
  parentPort.postMessage(file.handle);
  await offloadRead(file, { copyLength: 512 });
}
