import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { InvalidArgumentError } from '../../src/index.ts';
import { contentsOf } from '../conformance/fixture.ts';
import { patternBytes } from '../kit.ts';
import * as driver from '../wine/driver.ts';
import { odx, onDriver } from './with-driver.ts';

const SIZE = 100_000;
const FSCTL_LOCK_VOLUME = 0x0009_0018;
const FSCTL_DISMOUNT_VOLUME = 0x0009_0020;
const ACCESS_DENIED = 0xc000_0022;
const locks = () =>
  driver.log(1).filter(({ code }) => code === FSCTL_LOCK_VOLUME || code === FSCTL_DISMOUNT_VOLUME);

describe.skipIf(!onDriver)('a device through kernel32 [needs the driver]', () => {
  beforeEach(() => driver.reset());

  it('is refused as the destination of a copy of itself under another name', async () => {
    const error: unknown = await odx.copyFile('\\\\.\\OdxDisk1', '\\\\?\\OdxDisk1').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(driver.state(1).writes).toBe(0);
  });

  it('takes a file by ordinary writes when it is no volume and refuses the lock', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'odx-devices-'));
    const source = join(folder, 'source.bin');
    const data = patternBytes(SIZE);
    writeFileSync(source, data);
    const report = await odx.copyFile(source, '\\\\.\\OdxDisk1', { verify: true });
    expect(report).toMatchObject({
      bufferedBytes: BigInt(SIZE),
      verified: expect.stringMatching(/^(disk|cache)$/),
    });
    const disk = await odx.openFile('\\\\.\\OdxDisk1', 'r');
    expect((await contentsOf(odx, disk, SIZE)).equals(data)).toBe(true);
    await disk.close();
    expect(locks().map(({ code }) => code)).toEqual([FSCTL_LOCK_VOLUME]);
    rmSync(folder, { recursive: true });
  });

  it('is not written to when the lock is refused because files are open', async () => {
    driver.force(1, ACCESS_DENIED, { code: FSCTL_LOCK_VOLUME });
    const error: unknown = await odx.copyFile('\\\\.\\OdxDisk0', '\\\\.\\OdxDisk1').catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'ERROR_ACCESS_DENIED',
      syscall: 'FSCTL_LOCK_VOLUME',
      advice: expect.stringMatching(/^Close every program/),
    });
    expect(driver.state(1).writes).toBe(0);
    expect(locks().map(({ code }) => code)).toEqual([FSCTL_LOCK_VOLUME]);
  });
});
