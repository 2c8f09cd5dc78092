import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { contentsOf, fill } from '../conformance/fixture.ts';
import { expectSameBytes, patternBytes } from '../kit.ts';
import * as driver from '../wine/driver.ts';
import { openForeign } from './sync-handle.ts';
import { files, odx, onDriver } from './with-driver.ts';

const SECTOR = 512;
const SIZE = 64 * SECTOR;
const [source = '', destination = ''] = driver.DISKS.map(({ path }) => path);

// fastfat, read.c: without FSCTL_ALLOW_EXTENDED_DASD_IO a volume ends where its file system ends, a sector before
// IOCTL_DISK_GET_LENGTH_INFO.
describe.skipIf(!onDriver)('a volume whose file system ends a sector early [needs the driver]', () => {
  const data = patternBytes(SIZE);
  beforeEach(async () => {
    driver.reset();
    for (const disk of [0, 1]) driver.setSize(disk, SIZE);
    const file = await odx.openFile(source, 'r+');
    await fill(odx, file, data);
    await file.close();
    driver.setSwitches(0, 'volume', 'notImplemented');
  });
  afterAll(() => driver.reset());

  it('cannot be read to its end on a handle of another module', async () => {
    const foreign = openForeign(source, 'synchronous');
    expect(await files.read(foreign.handle, Buffer.alloc(SECTOR), BigInt(SIZE - SECTOR))).toBe(0);
    foreign.close();
  });

  it.each(['openFile', 'openFileSync'] as const)('can be read to its end after %s', async (open) => {
    const file = await odx[open](source, 'r');
    expect(file.size).toBe(BigInt(SIZE));
    expectSameBytes(await contentsOf(odx, file, SIZE), data);
    await file.close();
  });

  it('is copied with its last sector, and verified, where it does not offload', async () => {
    const report = await odx.copyFile(source, destination, { verify: true, minimumSize: 0 });
    expect(report).toMatchObject({ bytes: BigInt(SIZE), bufferedBytes: BigInt(SIZE) });
    const file = await odx.openFile(destination, 'r');
    expectSameBytes(await contentsOf(odx, file, SIZE), data);
    await file.close();
  });
});
