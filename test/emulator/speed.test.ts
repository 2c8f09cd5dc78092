import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import { offloadReadSyncWith, offloadReadWith } from '../../src/offload-read.ts';
import { offloadWriteWith } from '../../src/offload-write.ts';
import { builtModule } from '../built.ts';
import { makePair, onWindows, openOn, pattern, temporaryPath } from './harness.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe('the latency of an emulator', () => {
  test('a call takes the latency', async () => {
    const { emulator, source } = makePair(pattern(4096), { latency: 5 });
    await offloadReadWith(emulator, source, { copyLength: 4096 });
    for (let round = 0; round < 40; round++) {
      const started = performance.now();
      await offloadReadWith(emulator, source, { copyLength: 4096 });
      expect(performance.now() - started).toBeGreaterThanOrEqual(5);
    }
  });

  test('a Sync call takes the latency, also when it fails', () => {
    const { emulator, source } = makePair(pattern(4096), { latency: 5 });
    const started = performance.now();
    expect(() => offloadReadSyncWith(emulator, source, { fileOffset: 8192, copyLength: 512 })).toThrow();
    expect(performance.now() - started).toBeGreaterThanOrEqual(5);
  });

  test('the latencies of calls made at once overlap', async () => {
    // One after the other they would take ten times as long as a test may.
    const { emulator, source } = makePair(pattern(1 << 20), { latency: 600 });
    const read = (fileOffset: number) => offloadReadWith(emulator, source, { fileOffset, copyLength: 512 });
    await Promise.all(Array.from({ length: 500 }, (_, at) => read(at * 512)));
    expect(emulator.calls).toHaveLength(500);
  });
});

test('copies 6 GiB with a few islands of data in one call, and leaves the copy sparse', async () => {
  const size = 6 * GIB;
  const islands = [0, 3 * GIB + 5, 5 * GIB + 4095, size - 4];
  const sourcePath = temporaryPath();
  const source = openSync(sourcePath, 'w');
  ftruncateSync(source, size);
  for (const at of islands) writeSync(source, 'data', at);
  closeSync(source);
  const { destinationPath, lengthWritten } = await copyInOneCall(sourcePath, size);
  expect(lengthWritten).toBe(BigInt(size));
  expect(statSync(destinationPath).blocks * 512).toBeLessThan(64 * MIB);
  const copy = openSync(destinationPath, 'r');
  for (const at of islands) {
    const four = Buffer.alloc(4);
    readSync(copy, four, 0, 4, at);
    expect(four.toString()).toBe('data');
  }
  closeSync(copy);
}, 120_000);

test('copies 20 GiB that were never written without disk space', async () => {
  const size = 20 * GIB;
  const sourcePath = temporaryPath();
  const source = openSync(sourcePath, 'w');
  ftruncateSync(source, size);
  closeSync(source);
  const { destinationPath, lengthWritten } = await copyInOneCall(sourcePath, size);
  expect(lengthWritten).toBe(BigInt(size));
  expect(statSync(destinationPath)).toMatchObject({ size, blocks: 0 });
});

test.skipIf(onWindows)('an idle emulator keeps no process alive [needs pipes, which Wine has not]', () => {
  const emulator = builtModule('emulator.js');
  const script = `import { createEmulator } from ${JSON.stringify(emulator)};
    const emulator = createEmulator({ latency: 5 });
    await emulator.files.open(${JSON.stringify(fileURLToPath(import.meta.url))}, { read: true, write: false, disposition: 'open' });
    console.log('done');`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 });
  expect(output.toString()).toBe('done\n');
});

async function copyInOneCall(sourcePath: string, size: number) {
  const emulator = createEmulator();
  const destinationPath = temporaryPath();
  const destination = openOn(emulator, destinationPath, 'w');
  await emulator.files.setSize(destination, BigInt(size));
  const source = openOn(emulator, sourcePath, 'r');
  const { token, transferLength } = await offloadReadWith(emulator, source, { copyLength: size });
  const { lengthWritten } = await offloadWriteWith(emulator, destination, {
    token,
    copyLength: transferLength,
  });
  return { destinationPath, lengthWritten };
}
