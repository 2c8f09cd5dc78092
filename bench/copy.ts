import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  promises,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOdx, type Odx, type OffloadToken } from 'win-odx';
import { createEmulator } from 'win-odx/emulator';
import { loadKernel32 } from 'win-odx/kernel32';
import { median, milliseconds } from './measure.ts';
import type { Section } from './report.ts';

const MIB = 1_048_576;
const SIZE = 512 * MIB;
const PER_TOKEN = 64 * MIB;
const PER_WRITE = 16 * MIB;
const LATENCY_MS = 20;
const READS = SIZE / PER_TOKEN;
const WRITES = SIZE / PER_WRITE;

// Every read but the first runs at the same time as a write.
const LATENCIES_MS = (1 + WRITES) * LATENCY_MS;

/** copyFile on the emulator, compared with the same control codes in a loop by hand. */
export async function copyEngine(rounds: number): Promise<Section> {
  return inTemporaryFolder(async (folder) => {
    const source = join(folder, 'source');
    const destination = join(folder, 'destination');
    makeSparse(source, SIZE, true);
    const kernel = createEmulator({
      latency: LATENCY_MS,
      maximumTransferSize: PER_TOKEN,
      maximumWriteSize: PER_WRITE,
    });
    const odx = createOdx({ kernel });
    const times = { copyFile: [] as number[], byHand: [] as number[] };
    let codes: string[] = [];
    for (let round = 0; round < rounds; round++) {
      kernel.calls.length = 0;
      times.copyFile.push(await milliseconds(() => odx.copyFile(source, destination, { mode: 'require' })));
      codes = kernel.calls.map(({ name }) => name);
      rmSync(destination);
      times.byHand.push(await milliseconds(() => copyByHand(odx, source, destination)));
      rmSync(destination);
    }
    const offloadCodes = codes.filter((name) => name.startsWith('FSCTL_OFFLOAD_'));
    return {
      title: `The copy engine: 512 MiB, 64 MiB per token, 16 MiB per write, ${LATENCY_MS} ms per control code`,
      figures: [
        { name: 'copyFile', value: median(times.copyFile), unit: 'ms' },
        { name: 'the same control codes by hand', value: median(times.byHand), unit: 'ms' },
        {
          name: 'copyFile / by hand',
          value: median(times.copyFile.map((time, at) => time / (times.byHand[at] ?? Number.NaN))),
          unit: 'times',
          atMost: 1.05,
        },
        { name: 'copyFile / latencies alone', value: median(times.copyFile) / LATENCIES_MS, unit: 'times' },
        {
          name: 'offload reads and writes',
          value: offloadCodes.length,
          unit: 'codes',
          atMost: READS + WRITES,
        },
        { name: 'all control codes, with queries', value: codes.length, unit: 'codes' },
      ],
    };
  });
}

/** copyFile of sparse files without data: the time must not grow with the size. */
export async function sparseCopies(rounds: number): Promise<Section> {
  const sizes = [
    ['1 MiB', MIB],
    ['1 GiB', 1024 * MIB],
    ['1 TiB', 1024 * 1024 * MIB],
  ] as const;
  const times = new Map(sizes.map(([name]): [string, number[]] => [name, []]));
  let codes = 0;
  await inTemporaryFolder(async (folder) => {
    const destination = join(folder, 'destination');
    const kernel = createEmulator();
    const { copyFile } = createOdx({ kernel });
    for (const [name, size] of sizes) makeSparse(join(folder, name), size, false);
    for (let round = -1; round < rounds; round++) {
      for (const [name] of sizes) {
        kernel.calls.length = 0;
        const time = await milliseconds(() => copyFile(join(folder, name), destination, { mode: 'require' }));
        // The first round only warms up.
        if (round >= 0) times.get(name)?.push(time);
        codes = kernel.calls.length;
        rmSync(destination);
      }
    }
  });
  return {
    title: 'Copying a sparse file without data, on the emulator',
    figures: [
      ...sizes.map(([name]) => ({ name, value: median(times.get(name) ?? []), unit: 'ms' as const })),
      { name: 'control codes for 1 TiB', value: codes, unit: 'codes', atMost: 1 },
    ],
  };
}

const SMALL_FILES = 5000;
const SMALL_SIZE = 3000;
const BATCH = 250;

/** copyFile where nothing can be offloaded, compared with fs.copyFile. On Windows on kernel32, elsewhere on the emulator. */
export async function systemCopies(rounds: number): Promise<Section> {
  return inTemporaryFolder(async (folder) => {
    const kernel = process.platform === 'win32' ? loadKernel32() : createEmulator({ supported: false });
    const { copyFile } = createOdx({ kernel });
    const large = join(folder, 'large');
    await writeRandom(large, 1024);
    const largeTimes = await comparePairs(rounds, async (copy) => {
      await copy(large, join(folder, 'destination'));
    });

    const small = Array.from({ length: SMALL_FILES }, (_, index) => join(folder, `small-${index}`));
    for (const path of small) writeFileSync(path, Buffer.alloc(SMALL_SIZE, 7));
    const smallTimes = await comparePairs((rounds * SMALL_FILES) / BATCH, async (copy, batch) => {
      const first = (batch * BATCH) % SMALL_FILES;
      for (const path of small.slice(first, first + BATCH)) await copy(path, `${path}.copy`);
    });

    /** Runs a job with both functions in turn, the first one alternating, and removes its copies. */
    async function comparePairs(
      pairs: number,
      job: (copy: (from: string, to: string) => Promise<unknown>, pair: number) => Promise<void>,
    ): Promise<{ ours: number[]; theirs: number[] }> {
      const times = { ours: [] as number[], theirs: [] as number[] };
      const ways = [
        { copy: copyFile, into: times.ours },
        { copy: promises.copyFile, into: times.theirs },
      ] as const;
      // The first pair only warms up.
      for (let pair = -1; pair < pairs; pair++) {
        for (const { copy, into } of pair % 2 === 0 ? ways : ways.toReversed()) {
          const time = await milliseconds(() => job(copy, Math.max(pair, 0)));
          if (pair >= 0) into.push(time);
          for (const name of readdirSync(folder)) {
            if (name === 'destination' || name.endsWith('.copy')) rmSync(join(folder, name));
          }
        }
      }
      return times;
    }

    const ratioOf = ({ ours, theirs }: { ours: number[]; theirs: number[] }): number =>
      median(ours.map((time, at) => time / (theirs[at] ?? Number.NaN)));
    const batches = SMALL_FILES / BATCH;
    return {
      title: `copyFile where nothing can be offloaded, on ${kernel.name}`,
      figures: [
        { name: '1 GiB, copyFile', value: median(largeTimes.ours), unit: 'ms' },
        { name: '1 GiB, fs.copyFile', value: median(largeTimes.theirs), unit: 'ms' },
        { name: '1 GiB, copyFile / fs.copyFile', value: ratioOf(largeTimes), unit: 'times', atMost: 1.1 },
        { name: '5,000 files of 3 kB, copyFile', value: median(smallTimes.ours) * batches, unit: 'ms' },
        { name: '5,000 files of 3 kB, fs.copyFile', value: median(smallTimes.theirs) * batches, unit: 'ms' },
        {
          name: '5,000 files of 3 kB, copyFile / fs.copyFile',
          value: ratioOf(smallTimes),
          unit: 'times',
          atMost: 1.1,
        },
      ],
    };
  });
}

async function writeRandom(path: string, mebibytes: number): Promise<void> {
  const file = await promises.open(path, 'w');
  for (let at = 0; at < mebibytes; at++) await file.write(randomBytes(MIB));
  await file.close();
}

async function copyByHand(odx: Odx, from: string, to: string): Promise<void> {
  await using source = await odx.openFile(from, 'r');
  await using destination = await odx.openFile(to, 'w', { size: SIZE });
  const tokenAt = async (fileOffset: number) =>
    (await odx.offloadRead(source, { fileOffset, copyLength: PER_TOKEN })).token;
  let next: Promise<OffloadToken> | undefined = tokenAt(0);
  for (let at = 0; at < SIZE; at += PER_TOKEN) {
    const token: OffloadToken = await (next ?? tokenAt(at));
    next = at + PER_TOKEN < SIZE ? tokenAt(at + PER_TOKEN) : undefined;
    for (let transferOffset = 0; transferOffset < PER_TOKEN; transferOffset += PER_WRITE) {
      const fileOffset = at + transferOffset;
      await odx.offloadWrite(destination, { token, fileOffset, transferOffset, copyLength: PER_WRITE });
    }
  }
}

/** Makes a file that takes no space. With a last byte, the whole file counts as data. */
function makeSparse(path: string, size: number, hasLastByte: boolean): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  if (hasLastByte) writeSync(fd, 'x', size - 1);
  closeSync(fd);
}

export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'win-odx-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
