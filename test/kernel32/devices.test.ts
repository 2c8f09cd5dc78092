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

describe.skipIf(!onDriver)('a device through kernel32 [needs the driver]', () => {
  beforeEach(() => driver.reset());

  it('is refused as the destination of a copy of itself under another name', async () => {
    const error: unknown = await odx.copyFile('\\\\.\\OdxDisk1', '\\\\?\\OdxDisk1').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(driver.state(1).writes).toBe(0);
  });

  it('takes a file by ordinary writes although it is no volume that could be locked', async () => {
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
    rmSync(folder, { recursive: true });
  });
});
