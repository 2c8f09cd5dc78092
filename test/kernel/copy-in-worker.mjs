// A worker thread that copies a file by the system, and posts the first progress.
import { parentPort, workerData } from 'node:worker_threads';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const { library, source, destination } = workerData;
const { copyFile } = createOdx({ kernel: loadKernel32({ kernel32: library, ntdll: library }) });
const onProgress = ({ percent }) => {
  if (percent > 0) parentPort.postMessage(percent);
};
await copyFile(source, destination, { minimumSize: Number.MAX_SAFE_INTEGER, onProgress });
