import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSameBytes, expectSameFiles, type Folder, patternBytes, temporaryFolder } from '../kit.ts';
import { type Ended, example, exampleWithEmulator, type Running, start } from './run-example.ts';

const hasRedis = process.platform !== 'win32' && spawnSync('redis-server', ['--version']).status === 0;
const SIZE = 3 * 1_048_576 + 777;
const PRECIOUS = Buffer.from('precious');

describe.skipIf(!hasRedis)('queue.mjs [needs redis-server]', () => {
  let redis: { url: string; stop: () => Promise<void> };

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  const startQueue = (folder: Folder, args: string[], program = example('queue.mjs')): Running =>
    start(program, args, folder.path('.'), { REDIS_URL: redis.url });

  async function startWorkers(folder: Folder, count: number, program?: string): Promise<Running[]> {
    const workers = Array.from({ length: count }, () => startQueue(folder, ['work'], program));
    await Promise.all(workers.map((worker) => worker.printed(/^ready$/m)));
    return workers;
  }

  function stop(workers: readonly Running[]): Promise<Ended[]> {
    for (const { child } of workers) child.kill('SIGTERM');
    return Promise.all(workers.map(({ ended }) => ended));
  }

  test('shares copies out to three workers, and leaves a file that exists as it is', {
    timeout: 60_000,
  }, async () => {
    const folder = temporaryFolder();
    const names = Array.from({ length: 12 }, (_, index) => `${index}`);
    for (const name of names) folder.file(`source${name}`, patternBytes(SIZE, Number(name) + 1));
    folder.file('exists', PRECIOUS);
    const workers = await startWorkers(folder, 3);

    const pairs = names.flatMap((name) => [`source${name}`, `copy${name}`]);
    const added = await startQueue(folder, ['add', ...pairs, 'source0', 'exists']).ended;
    const ended = await stop(workers);

    expect(added.stderr).toContain(`${folder.path('exists')} exists.`);
    expect(added.code).toBe(1);
    for (const name of names) expectSameFiles(folder.path(`copy${name}`), folder.path(`source${name}`));
    expectSameBytes(readFileSync(folder.path('exists')), PRECIOUS);
    // Nothing is left of the names in between.
    expect(readdirSync(folder.path('.')).length).toBe(2 * names.length + 1);
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(new Set(added.stdout.match(/worker \d+/g)).size).toBeGreaterThan(1);
  });

  test('hands the copies of a worker that is killed to another one', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder();
    folder.file('source', SIZE);
    // Control codes are slow, so that the copy is in flight when the worker dies.
    const slow = exampleWithEmulator(folder, 'queue.mjs', '{ latency: 400, maximumTransferSize: 1048576 }');
    const [victim] = await startWorkers(folder, 1, slow);
    const adding = startQueue(folder, ['add', 'source', 'copy']);
    await untilListed(folder, /^copy\.job-/);
    victim?.child.kill('SIGKILL');
    const workers = await startWorkers(folder, 1);
    const added = await adding.ended;
    await stop(workers);
    expect(added).toMatchObject({ code: 0, stderr: expect.not.stringContaining('copy:') });
    expectSameFiles(folder.path('copy'), folder.path('source'));
    expect(readdirSync(folder.path('.')).sort()).toEqual(['copy', 'project', 'source']);
  });

  test('leaves a file that is created during the copy as it is, and nothing else', {
    timeout: 60_000,
  }, async () => {
    const folder = temporaryFolder();
    folder.file('source', SIZE);
    const slow = exampleWithEmulator(folder, 'queue.mjs', '{ latency: 400, maximumTransferSize: 1048576 }');
    const workers = await startWorkers(folder, 1, slow);
    const adding = startQueue(folder, ['add', 'source', 'copy']);
    await untilListed(folder, /^copy\.job-/);
    folder.file('copy', PRECIOUS);
    const added = await adding.ended;
    await stop(workers);
    expect(added.code).toBe(1);
    expectSameBytes(readFileSync(folder.path('copy')), PRECIOUS);
    expect(readdirSync(folder.path('.')).sort()).toEqual(['copy', 'project', 'source']);
  });

  test('runs a copy again that was cancelled because its worker was stopped', {
    timeout: 60_000,
  }, async () => {
    const folder = temporaryFolder();
    folder.file('source', SIZE);
    const slow = exampleWithEmulator(folder, 'queue.mjs', '{ latency: 400, maximumTransferSize: 1048576 }');
    const stopped = await startWorkers(folder, 1, slow);
    const adding = startQueue(folder, ['add', 'source', 'copy']);
    await untilListed(folder, /^copy\.job-/);
    const [ended] = await stop(stopped);
    expect(ended?.code).toBe(0);
    expect(readdirSync(folder.path('.')).sort()).toEqual(['project', 'source']);
    const workers = await startWorkers(folder, 1);
    const added = await adding.ended;
    await stop(workers);
    expect(added.code).toBe(0);
    expectSameFiles(folder.path('copy'), folder.path('source'));
  });
});

async function untilListed(folder: Folder, name: RegExp): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!readdirSync(folder.path('.')).some((listed) => name.test(listed))) {
    if (performance.now() > deadline) throw new Error(`No file was named like ${name} within 20 seconds.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A Redis server on a free port, which keeps nothing on disk. */
async function startRedis(): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'close');
  await new Promise<void>((resolve, reject) => {
    let log = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (/ready to accept connections/i.test(log)) resolve();
    });
    server.once('error', reject);
    server.once('close', () => reject(new Error(`redis-server ended:\n${log}`)));
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill();
      await ended;
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
