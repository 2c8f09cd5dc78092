import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../built.ts';
import { contentsOf, fill } from '../conformance/fixture.ts';
import { expectSameBytes, patternBytes, temporaryFolder } from '../kit.ts';
import * as driver from '../wine/driver.ts';
import { odx, onDriver } from './with-driver.ts';

const MIB = 1_048_576;
const SIZE = 3 * MIB;
const [FROM = '', TO = ''] = driver.DISKS.map(({ path }) => path);
const FSCTL_OFFLOAD_WRITE = 0x0009_8268;

describe.skipIf(!onDriver)('carry-token.mjs, two processes and one array [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it('writes in one process what another one has read, and reads and writes no byte of the disks itself', async () => {
    const folder = temporaryFolder();
    const data = patternBytes(SIZE);
    driver.setSize(0, SIZE);
    const source = await odx.openFile(FROM, 'r+');
    await fill(odx, source, data);
    await source.close();
    driver.setLimits(undefined, { read: MIB, write: MIB / 2 });
    const before = [driver.state(0).reads, driver.state(1).writes];

    const tokens = folder.path('tokens.json');
    const reader = start(['read', FROM, tokens], folder.path('reader.txt'));
    while (!existsSync(tokens) && reader.child.exitCode === null) await sleep(50);
    const writer = start(['write', tokens, TO], folder.path('writer.txt'));
    expect(await writer.ended).toEqual({
      code: 0,
      output: `${SIZE} bytes were copied with 3 tokens of another process.\n`,
    });
    expect((await reader.ended).code).toBe(0);
    expect(existsSync(tokens)).toBe(false);

    expect([driver.state(0).reads, driver.state(1).writes]).toEqual(before);
    const writes = driver.log(1).filter(({ code }) => code === FSCTL_OFFLOAD_WRITE);
    expect(writes.map(({ status, process }) => [status, process])).toEqual(
      Array.from({ length: 6 }, () => [0, writes[0]?.process]),
    );
    const destination = await odx.openFile(TO, 'r');
    expectSameBytes(await contentsOf(odx, destination, SIZE), data);
    await destination.close();
  });
});

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

// Files as stdio: under Wine a pipe gives EBADF.
function start(
  args: readonly string[],
  outputPath: string,
): { child: ChildProcess; ended: Promise<{ code: number | null; output: string }> } {
  const output = openSync(outputPath, 'w');
  const program = join(ROOT, 'examples', 'carry-token.mjs');
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', output, output] });
  closeSync(output);
  onTestFinished(() => void child.kill());
  const ended = once(child, 'exit').then(([code]) => ({
    code: code as number | null,
    output: readFileSync(outputPath, 'utf8'),
  }));
  return { child, ended };
}
