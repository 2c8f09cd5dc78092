import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOdx, type Odx, type OffloadToken } from 'win-odx';
import { createEmulator } from 'win-odx/emulator';
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

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'win-odx-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
