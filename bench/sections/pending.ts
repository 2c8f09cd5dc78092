import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import type { Section } from '../figure.ts';
import { median } from '../measure.ts';
import { MEGABYTES } from '../request.ts';
import { buildStub } from '../workspace.ts';

const { length: copyLength, offsetOf } = MEGABYTES;
const IN_FLIGHT = 256;
const CALLS = 25_600;

/** Asynchronous calls on an overlapped handle: each is pending first and completes through the completion port. */
export async function pending(rounds: number): Promise<Section> {
  const stub = buildStub();
  const { openFile, offloadRead, offloadWrite } = createOdx({
    kernel: loadKernel32({ kernel32: stub, ntdll: stub }),
  });
  const file = await openFile('C:\\bench', 'r+');
  const { token } = await offloadRead(file, { copyLength });
  const read = (fileOffset: number) => offloadRead(file, { copyLength, fileOffset });
  const write = (fileOffset: number) => offloadWrite(file, { token, copyLength, fileOffset });
  const rates = { read: [] as number[], write: [] as number[] };
  for (let round = -2; round < rounds; round++) {
    const [reads, writes] = [await rateOf(read), await rateOf(write)];
    if (round < 0) continue;
    rates.read.push(reads);
    rates.write.push(writes);
  }
  await file.close();
  return {
    title: `Asynchronous calls, ${IN_FLIGHT} in flight`,
    figures: [
      { name: 'writes', value: median(rates.write), unit: 'calls/s', atLeast: 100_000 },
      { name: 'reads', value: median(rates.read), unit: 'calls/s', atLeast: 100_000 },
    ],
  };
}

async function rateOf(call: (fileOffset: number) => Promise<unknown>): Promise<number> {
  let begun = 0;
  const start = performance.now();
  const worker = async () => {
    while (begun < CALLS) await call(offsetOf(begun++));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (begun * 1000) / (performance.now() - start);
}
