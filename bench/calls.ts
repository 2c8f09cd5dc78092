import koffi from 'koffi';
import { createOdx, OffloadToken } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { buildStub } from '../test/stub/stub.ts';
import { CAPACITY, reset, setSize } from '../test/wine/driver.ts';
import { byHand } from './by-hand.ts';
import { addon, bareCalls, checked, MEBIBYTES, PAGES } from './contenders.ts';
import { type Effort, interleave, median, type Rounds, ratio } from './measure.ts';
import type { Figure, Section } from './report.ts';

/** A handle that the stub never returned. The stub treats it as a synchronous one. */
export const BORROWED = 0x8000_0004n;

/** A synchronous call on the stub: with all checks, without any, written by hand, and in C++. */
export function syncCalls(effort: Effort): Section {
  const stub = buildStub();
  const odx = createOdx({ kernel: loadKernel32({ kernel32: stub, ntdll: stub }) });
  const { token } = odx.offloadReadSync(BORROWED, { copyLength: MEBIBYTES.length });
  const rounds = interleave(
    [
      ...bareCalls(stub, BORROWED, token.bytes, MEBIBYTES),
      ...checked(odx, BORROWED, token, MEBIBYTES),
      ...addon(stub, BORROWED, token.bytes, MEBIBYTES),
      ...byHand(stub, BORROWED, token.bytes, MEBIBYTES),
    ],
    effort,
  );
  const ratios = [
    times(rounds, 'write, checked', 'write, bare call, Buffers', { atMost: 1.8 }),
    times(rounds, 'write, checked', 'write, bare call, addresses'),
    times(rounds, 'write, by hand', 'write, checked', { atLeast: 8 }),
    times(rounds, 'write, C++ addon', 'write, checked', { atLeast: 2.4 }),
    times(rounds, 'read, checked', 'read, bare call, Buffers', { atMost: 2 }),
    times(rounds, 'read, checked', 'read, bare call, addresses'),
    times(rounds, 'read, by hand', 'read, checked', { atLeast: 7 }),
    times(rounds, 'read, C++ addon', 'read, checked', { atLeast: 2.4 }),
  ];
  return { title: 'A synchronous call', figures: [...timesPerCall(rounds), ...ratios] };
}

/** The same against the driver in Windows Node under Wine, without the addon. */
export function driverCalls(effort: Effort): Section {
  const disk = 0;
  reset(disk);
  setSize(disk, CAPACITY);
  const handle = openSynchronous(`\\\\.\\OdxDisk${disk}`);
  const odx = createOdx({ kernel: loadKernel32() });
  const token = OffloadToken.zeroData();
  const rounds = interleave(
    [
      ...bareCalls(KERNEL32, handle, token.bytes, PAGES),
      ...checked(odx, handle, token, PAGES),
      ...byHand(KERNEL32, handle, token.bytes, PAGES),
    ],
    effort,
  );
  const ratios = ['write', 'read'].flatMap((call) => [
    times(rounds, `${call}, checked`, `${call}, bare call, Buffers`),
    times(rounds, `${call}, by hand`, `${call}, checked`),
  ]);
  return {
    title: 'A synchronous call to the driver, under Wine',
    figures: [...timesPerCall(rounds), ...ratios],
  };
}

const IN_FLIGHT = 256;
const CALLS = 25_600;

/** Asynchronous calls on an overlapped file of the stub. Each is pending at first and completes through the port. */
export async function asyncCalls(rounds: number): Promise<Section> {
  const { length: copyLength, offsetOf } = MEBIBYTES;
  const stub = buildStub();
  const { openFile, offloadRead, offloadWrite } = createOdx({
    kernel: loadKernel32({ kernel32: stub, ntdll: stub }),
  });
  const file = await openFile('C:\\bench', 'r+');
  const { token } = await offloadRead(file, { copyLength });
  const read = (call: number) => offloadRead(file, { copyLength, fileOffset: offsetOf(call) });
  const write = (call: number) => offloadWrite(file, { token, copyLength, fileOffset: offsetOf(call) });
  const rates = { read: [] as number[], write: [] as number[] };
  for (let round = -2; round < rounds; round++) {
    const [reads, writes] = [await callsPerSecond(read), await callsPerSecond(write)];
    // The first two rounds only warm up.
    if (round < 0) continue;
    rates.read.push(reads);
    rates.write.push(writes);
  }
  await file.close();
  return {
    title: `Asynchronous calls, ${IN_FLIGHT} in flight`,
    figures: [
      { name: 'writes', value: median(rates.write), unit: 'calls/s', atLeast: 15_000 },
      { name: 'reads', value: median(rates.read), unit: 'calls/s', atLeast: 15_000 },
    ],
  };
}

async function callsPerSecond(makeCall: (call: number) => Promise<unknown>): Promise<number> {
  let started = 0;
  const start = performance.now();
  const worker = async () => {
    while (started < CALLS) await makeCall(started++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (started * 1000) / (performance.now() - start);
}

function timesPerCall(rounds: Rounds): Figure[] {
  return [...rounds].map(([name, values]): Figure => ({ name, value: median(values), unit: 'ns' }));
}

function times(
  rounds: Rounds,
  numerator: string,
  denominator: string,
  budget: Pick<Figure, 'atMost' | 'atLeast'> = {},
): Figure {
  const name = `${numerator} / ${denominator.slice(denominator.indexOf(', ') + 2)}`;
  return { name, value: ratio(rounds, numerator, denominator), unit: 'times', ...budget };
}

const KERNEL32 = 'kernel32.dll';

// Not by openFile, which opens files for asynchronous calls: the benchmark measures calls that block.
function openSynchronous(path: string): bigint {
  const createFile = koffi
    .load(KERNEL32)
    .func(
      'void *CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, void *template)',
    );
  const GENERIC_READ_WRITE = 0xc000_0000;
  const SHARE_ALL = 7;
  const OPEN_EXISTING = 3;
  const handle: unknown = createFile(path, GENERIC_READ_WRITE, SHARE_ALL, null, OPEN_EXISTING, 0, null);
  if (typeof handle !== 'bigint') throw new Error(`${path} could not be opened.`);
  return handle;
}
