// Opens and closes files and makes calls on one kernel, many times. Prints what the process holds before and after.
import { getEventListeners } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { createOdx, OffloadToken } from 'win-odx';
import { createEmulator } from 'win-odx/emulator';
import { loadKernel32 } from 'win-odx/kernel32';

const IN_FLIGHT = 64;
const SECTOR = 512;
const [, , kernelName, path, opens, calls, library] = process.argv;
const zeros = OffloadToken.zeroData();
const kernel =
  kernelName === 'emulator'
    ? createEmulator()
    : loadKernel32(library && { kernel32: library, ntdll: library });
const odx = createOdx({ kernel });
const stub = library && koffi.load(library).func('int stub_get(const char *name, const char *what)');
// One for all calls, as a program has it that aborts everything when it ends.
const { signal } = new AbortController();

await round(opens / 10, calls / 10);
const before = await holds();
const started = performance.now();
await round(Number(opens), Number(calls));
const seconds = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({ before, after: await holds(), seconds, strays: stub ? stub('*', 'strays') : 0 }),
);

async function round(opens, calls) {
  await inFlight(opens, openAndClose);
  const file = await odx.openFile(path, 'r+');
  await inFlight(calls, (at) => call(file, at));
  await file.close();
}

async function inFlight(count, make) {
  let at = 0;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (at < count) await make(at++);
    }),
  );
  if (kernel.calls) kernel.calls.length = 0;
}

// In each way, once or again, also with a call in flight.
async function openAndClose(at) {
  if (at % 10 === 0) {
    const file = odx.openFileSync(path, 'r');
    file[Symbol.dispose]();
    return file[Symbol.dispose]();
  }
  const file = await odx.openFile(path, 'r');
  const call = at % 3 === 0 ? odx.offloadRead(file, { copyLength: SECTOR }).catch(() => {}) : undefined;
  if (at % 5 === 0) file[Symbol.dispose]();
  await Promise.all([file.close(), file[Symbol.asyncDispose](), call]);
}

async function call(file, at) {
  if (kernel.calls && at % 1000 === 0) kernel.calls.length = 0;
  if (at % 100 === 0) return abortedCall(file);
  if (at % 50 === 1) return odx.offloadReadSync(file, { copyLength: SECTOR });
  // Few, because the emulator remembers 65,536 tokens.
  if (at % 10 === 2) return odx.offloadRead(file, { copyLength: SECTOR, signal });
  return odx.offloadWrite(file, { token: zeros, copyLength: SECTOR, signal });
}

async function abortedCall(file) {
  const controller = new AbortController();
  const call = odx.offloadRead(file, { copyLength: SECTOR, signal: controller.signal }).catch(() => {});
  controller.abort();
  await call;
}

async function holds() {
  // Longer than a thread waits at a completion port.
  await sleep(600);
  for (let at = 0; at < 5; at++) {
    globalThis.gc();
    await sleep(20);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const isLinux = process.platform === 'linux';
  return {
    descriptors: isLinux ? readdirSync('/proc/self/fd').length : 0,
    handles: stub ? stub('*', 'handles') : 0,
    threads: isLinux ? Number(/Threads:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) : 0,
    listeners: getEventListeners(signal, 'abort').length,
    exitListeners: process.listenerCount('exit'),
    active: process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap').length,
    rss: rss / 1e6,
    heap: heapUsed / 1e6,
    external: external / 1e6,
  };
}
