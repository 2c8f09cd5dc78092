import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { longestGap } from '../test/kernel/longest-gap.ts';
import { BLOCKING, loadStub } from '../test/kernel/stub-kernel.ts';
import { useEveryFunction } from '../test/kernel/use-every-function.ts';
import { ROOT } from '../test/stub/stub.ts';
import { inTemporaryFolder } from './copy.ts';
import { median } from './measure.ts';
import type { Section } from './report.ts';

const SLEEP = 300;

/** What a program notices of native calls that block: the gaps of its event loop, and how late process.exit ends it. */
export async function blocking(rounds: number): Promise<Section> {
  return inTemporaryFolder(async (folder) => {
    const source = join(folder, 'source.bin');
    writeFileSync(source, Buffer.alloc(2048, 7));
    const stub = loadStub();
    const gaps: number[] = [];
    for (const name of BLOCKING) {
      stub.set(name, 'sleep', SLEEP);
      gaps.push(await longestGap(() => useEveryFunction(stub, folder, source)));
      stub.reset();
    }
    const exits = Array.from({ length: rounds }, () => exitTime(stub.library, source));
    return {
      title: `Native calls that block: ${BLOCKING.length} functions, ${SLEEP} ms each`,
      figures: [
        { name: 'longest gap of the event loop', value: Math.max(...gaps), unit: 'ms', atMost: 100 },
        { name: 'from process.exit to the end', value: median(exits), unit: 'ms', atMost: 2000 },
      ],
    };
  });
}

function exitTime(library: string, path: string): number {
  const program = join(ROOT, 'test', 'kernel', 'exit-while-blocked.mjs');
  const { stdout } = spawnSync(process.execPath, [program, library, 'DeviceIoControl', path]);
  return Date.now() - Number(stdout);
}
