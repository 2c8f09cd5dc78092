import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OffloadToken } from 'win-odx';
import { createOdx, type Odx } from 'win-odx';
import { createEmulator } from 'win-odx/emulator';
import type { Section } from '../figure.ts';
import { median } from '../measure.ts';

const MIB = 1_048_576;
const SIZE = 512 * MIB;
const PER_TOKEN = 64 * MIB;
const PER_WRITE = 16 * MIB;
const LATENCY = 5;
const READS = SIZE / PER_TOKEN;
const WRITES = SIZE / PER_WRITE;

// The first read cannot be hidden behind a write, all others can.
const IDEAL = (1 + WRITES) * LATENCY;

/** The copy engine on the emulator: how near it comes to writes in a row with every read but the first hidden. */
export async function copyEngine(rounds: number): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'win-odx-bench-'));
  const source = join(folder, 'source');
  const destination = join(folder, 'destination');
  try {
    sparse(source, SIZE, true);
    const kernel = createEmulator({
      latency: LATENCY,
      maximumTransferSize: PER_TOKEN,
      maximumWriteSize: PER_WRITE,
    });
    const odx = createOdx({ kernel });
    const times = { engine: [] as number[], inARow: [] as number[] };
    let codes: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = kernel.calls.length;
      times.engine.push(await milliseconds(() => odx.copyFile(source, destination, { mode: 'require' })));
      codes = kernel.calls.slice(before).map(({ name }) => name);
      rmSync(destination);
      times.inARow.push(await milliseconds(() => inARow(odx, source, destination)));
      rmSync(destination);
    }
    return {
      title: `The copy engine: 512 MiB, 64 MiB a token, 16 MiB a write, ${LATENCY} ms a control code`,
      figures: [
        { name: 'copyFile', value: median(times.engine), unit: 'ms' },
        { name: 'the same control codes by hand', value: median(times.inARow), unit: 'ms' },
        {
          name: 'copyFile / by hand',
          value: median(times.engine.map((time, at) => time / (times.inARow[at] ?? Number.NaN))),
          unit: 'times',
          atMost: 1.02,
        },
        { name: 'copyFile / latencies alone', value: median(times.engine) / IDEAL, unit: 'times' },
        {
          name: 'offload reads and writes',
          value: codes.filter((name) => name.startsWith('FSCTL_OFFLOAD_')).length,
          unit: 'codes',
          atMost: READS + WRITES,
        },
        { name: 'with questions about the device', value: codes.length, unit: 'codes' },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How the cost of a sparse source grows with its size. */
export async function sparseSources(rounds: number): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'win-odx-bench-'));
  const destination = join(folder, 'destination');
  const sizes = [
    ['1 MiB', MIB],
    ['1 GiB', 1024 * MIB],
    ['1 TiB', 1024 * 1024 * MIB],
  ] as const;
  const times = new Map(sizes.map(([name]): [string, number[]] => [name, []]));
  let codes = 0;
  try {
    const kernel = createEmulator();
    const { copyFile } = createOdx({ kernel });
    for (const [name, size] of sizes) sparse(join(folder, name), size, false);
    for (let round = -1; round < rounds; round++) {
      for (const [name] of sizes) {
        const before = kernel.calls.length;
        const time = await milliseconds(() => copyFile(join(folder, name), destination, { mode: 'require' }));
        if (round >= 0) times.get(name)?.push(time);
        codes = kernel.calls.length - before;
        rmSync(destination);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    title: 'Copying a source without data, on the emulator',
    figures: [
      ...sizes.map(([name]) => ({ name, value: median(times.get(name) ?? []), unit: 'ms' as const })),
      { name: 'control codes for 1 TiB', value: codes, unit: 'codes', atMost: 1 },
    ],
  };
}

async function inARow(odx: Odx, from: string, to: string): Promise<void> {
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

/** A file that takes no room. With a last byte, all before it counts as data. */
function sparse(path: string, size: number, hasLastByte: boolean): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, size);
  if (hasLastByte) writeSync(fd, 'x', size - 1);
  closeSync(fd);
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
