// A worker thread that copies a file by the system, with progress, until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';

const { library, source, destination } = workerData;
const { copyFile } = createOdx({ kernel: loadKernel32({ kernel32: library, ntdll: library }) });
parentPort.postMessage('copying');
await copyFile(source, destination, { minimumSize: Number.MAX_SAFE_INTEGER, onProgress() {} });
