import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as driver from '../wine/driver.ts';
import { runProgram } from './run-program.ts';
import { onDriver } from './with-driver.ts';

const DURATION = 1500;
const FSCTL_OFFLOAD_READ = 0x0009_4264;
const [first = '', second = ''] = driver.DISKS.map(({ path }) => path);

describe.skipIf(!onDriver)('a worker thread that is terminated [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it('leaves its pending call to the driver and its handle open, and other threads go on', async () => {
    const handles = driver.state(0).handles;
    driver.delay(0, DURATION);
    const { code, output } = await runProgram('terminate-worker.mjs', [first, second, String(DURATION)]);
    expect(code).toBe(0);
    const { terminated, ...rest } = JSON.parse(output) as Record<string, number>;
    expect(rest).toEqual({ transferLength: 512, isReused: false });
    expect(terminated).toBeLessThan(DURATION - 200);
    const call = driver.log(0).find((entry) => entry.code === FSCTL_OFFLOAD_READ);
    expect(call).toMatchObject({ pended: true, completed: true, cancelled: false, status: 0 });
    // The end of the process has closed it.
    expect(driver.state(0).handles).toBe(handles);
  });

  it('ends when its call that blocks has returned', async () => {
    driver.block(0, DURATION);
    const { code, output } = await runProgram('terminate-worker.mjs', [first, second, '0']);
    expect(code).toBe(0);
    const { terminated } = JSON.parse(output) as Record<string, number>;
    expect(terminated).toBeGreaterThan(DURATION - 700);
    expect(driver.log(0).at(-1)).toMatchObject({ pended: false, completed: true, cancelled: false });
  });
});
