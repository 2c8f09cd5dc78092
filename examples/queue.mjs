// A queue of copies that several workers share, on one host or on many: BullMQ on Redis.
//
//   npm install bullmq ioredis
//   node examples/queue.mjs work                               a worker; start as many as you like, stop each with Ctrl-C
//   node examples/queue.mjs add \\server\a.vhdx \\server\b.vhdx   queues copies, SOURCE DESTINATION..., and waits for them
//
// REDIS_URL names the server, by default redis://127.0.0.1:6379. No destination may exist yet. A copy has a name of its
// own until it is complete, so that a worker that dies leaves no half of a destination; another worker then takes the
// job over. Nothing in this package blocks the event loop, so BullMQ can renew the lock of a job during a long copy.
// The destinations need a file system with hard links, such as NTFS. Off Windows this uses the emulator, which works on
// real files.
import { link, stat, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import * as windows from 'win-odx';
import { createEmulator } from 'win-odx/emulator';

const { createOdx, isSupported } = windows;
const { copyFile } = isSupported ? windows : createOdx({ kernel: createEmulator() });
if (!isSupported) console.error('Not Windows: using the emulator.');

const QUEUE = 'copies';
const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };

const [role, ...paths] = process.argv.slice(2);
if (role === 'work' && paths.length === 0) work();
else if (role === 'add' && paths.length > 0 && paths.length % 2 === 0) await add(paths);
else {
  console.error('Usage: node queue.mjs work | add SOURCE DESTINATION...');
  process.exit(2);
}

function work() {
  const stop = new AbortController();
  const worker = new Worker(QUEUE, (job) => copy(job, stop.signal), {
    connection,
    concurrency: 2,
    // How soon the jobs of a worker that died are taken over.
    lockDuration: 5000,
    stalledInterval: 5000,
    maxStalledCount: 3,
  });
  worker.on('ready', () => console.log('ready'));
  worker.on('completed', ({ data }) => console.log(`copied ${data.destination}`));
  worker.on('failed', (job, error) => console.error(`failed ${job?.data.destination}: ${error.message}`));
  worker.on('error', (error) => console.error(String(error)));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      // The copies in flight are cancelled; they run again on another worker.
      stop.abort();
      await worker.close();
    });
  }
}

async function copy(job, signal) {
  const { source, destination } = job.data;
  if (await exists(destination)) throw new UnrecoverableError(`${destination} exists.`);
  // What an earlier attempt has left under this name is overwritten.
  const partial = `${destination}.job-${job.id}`;
  const { bytes, offloadedBytes } = await copyFile(source, partial, {
    signal,
    verify: true,
    onProgress: ({ percent }) => void job.updateProgress(percent).catch(() => {}),
  });
  // Unlike a rename, a link never replaces a file that someone else has created since.
  try {
    await link(partial, destination);
  } finally {
    await unlink(partial);
  }
  return { bytes: `${bytes}`, offloadedBytes: `${offloadedBytes}`, worker: process.pid };
}

function exists(path) {
  return stat(path).then(
    () => true,
    (error) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

async function add(paths) {
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  try {
    await events.waitUntilReady();
    const jobs = [];
    for (let at = 0; at < paths.length; at += 2) {
      const data = { source: resolve(paths[at]), destination: resolve(paths[at + 1]) };
      // Each failure but an existing destination is tried again, a little later each time.
      const options = { attempts: 4, backoff: { type: 'exponential', delay: 500 } };
      jobs.push(await queue.add('copy', data, options));
    }
    const results = await Promise.allSettled(jobs.map((job) => job.waitUntilFinished(events)));
    for (const [at, result] of results.entries()) {
      const { destination } = jobs[at].data;
      if (result.status === 'rejected') console.error(`${destination}: ${result.reason.message}`);
      else console.log(`${destination}: ${result.value.bytes} bytes, by worker ${result.value.worker}`);
    }
    if (results.some(({ status }) => status === 'rejected')) process.exitCode = 1;
  } finally {
    await events.close();
    await queue.close();
  }
}
