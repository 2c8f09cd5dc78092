import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { OffloadToken } from '../../src/index.ts';
import * as driver from '../wine/driver.ts';
import { openForeign } from './sync-handle.ts';
import { odx, onDriver, pair } from './with-driver.ts';

const READ_DATA = 0x1;
const WRITE_DATA = 0x2;

const token = new Uint8Array(512).map((_, at) => (at * 7) & 0xff);
const tokenHex = Buffer.from(token).toString('hex');

// MS-FSCC 2.3.41, 2.3.43 and the SDK's winioctl.h, by hand.
const REQUESTS = [
  {
    title: 'FSCTL_OFFLOAD_READ, all fields',
    send: (file: bigint) =>
      odx.offloadRead(file, {
        fileOffset: 0x1_0000_1000,
        copyLength: 0x1000_0000,
        tokenTimeToLive: 30_000,
      }),
    code: 0x0009_4264,
    hex: '20000000' + '00000000' + '30750000' + '00000000' + '0010000001000000' + '0000001000000000',
    outputLength: 528,
  },
  {
    title: 'FSCTL_OFFLOAD_READ, the largest offset',
    send: (file: bigint) => odx.offloadRead(file, { fileOffset: 2n ** 63n - 1024n, copyLength: 512 }),
    code: 0x0009_4264,
    hex: '20000000' + '00000000' + '00000000' + '00000000' + '00fcffffffffff7f' + '0002000000000000',
    outputLength: 528,
  },
  {
    title: 'FSCTL_OFFLOAD_WRITE, all fields',
    send: (file: bigint) =>
      odx.offloadWrite(file, {
        token,
        fileOffset: 0x1000_0000,
        copyLength: 0x0400_0000,
        transferOffset: 0x0800_0000,
      }),
    code: 0x0009_8268,
    hex: '20020000' + '00000000' + '0000001000000000' + '0000000400000000' + '0000000800000000' + tokenHex,
    outputLength: 528,
  },
  {
    title: 'DeviceDsmAction_OffloadRead, one range',
    send: (file: bigint) =>
      odx.dsmOffloadRead(file, { ranges: [{ startingOffset: 0x10_0000, lengthInBytes: 0x20_0000 }] }),
    code: 0x002d_9404,
    hex:
      '1c000000' +
      '03000080' +
      '00000000' +
      '1c000000' +
      '10000000' +
      '30000000' +
      '10000000' +
      '00'.repeat(16) +
      '00'.repeat(4) +
      '0000100000000000' +
      '0000200000000000',
    outputLength: 576,
  },
  {
    title: 'DeviceDsmAction_OffloadWrite, one range',
    send: (file: bigint) =>
      odx.dsmOffloadWrite(file, {
        token,
        tokenOffset: 0x2000,
        ranges: [{ startingOffset: 0x10_0000, lengthInBytes: 0x20_0000 }],
      }),
    code: 0x002d_9404,
    hex:
      '1c000000' +
      '04000000' +
      '00000000' +
      '20000000' +
      '10020000' +
      '30020000' +
      '10000000' +
      '00'.repeat(4) +
      '00000000' +
      '00000000' +
      '0020000000000000' +
      tokenHex +
      '0000100000000000' +
      '0000200000000000',
    outputLength: 56,
  },
] as const;

describe.skipIf(!onDriver)('the bytes that reach the driver [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  it.each(REQUESTS)(
    '$title is sent with the expected bytes on a file of this package',
    async ({ send, code, hex, outputLength }) => {
      const { source, close } = await pair();
      // The reply does not matter here: most of the ranges are beyond the disks.
      await send(source.handle).catch(() => undefined);
      await close();
      const seen = driver.log().filter((entry) => entry.code === code);
      expect(seen).toHaveLength(1);
      expect(seen[0]?.input.toString('hex')).toBe(hex);
      expect(seen[0]).toMatchObject({ inputLength: hex.length / 2, outputLength });
    },
  );

  it.each(['synchronous', 'overlapped'] as const)(
    'every control code is sent with the expected bytes on a borrowed %s handle',
    async (kind) => {
      const foreign = openForeign(driver.DISKS[0]?.path ?? '', kind);
      for (const { send } of REQUESTS) await send(foreign.handle).catch(() => undefined);
      foreign.close();
      expect(driver.log().map((entry) => entry.input.toString('hex'))).toEqual(
        REQUESTS.map(({ hex }) => hex),
      );
    },
  );

  it("openFile opens with 'r' for reading only, and with 'r+' for both", async () => {
    for (const flags of ['r', 'r+'] as const) {
      const file = await odx.openFile(driver.DISKS[0]?.path ?? '', flags);
      await odx.offloadRead(file, { copyLength: 512 });
      await file.close();
    }
    const access = driver
      .log()
      .filter(({ code }) => code === 0x0009_4264)
      .map((entry) => (entry.access ?? 0) & (READ_DATA | WRITE_DATA));
    expect(access).toEqual([READ_DATA, READ_DATA | WRITE_DATA]);
  });

  it('the zero token is sent as the Windows headers define it', async () => {
    const { destination, close } = await pair();
    await odx.offloadWrite(destination, { token: OffloadToken.zeroData(), copyLength: 512 });
    await close();
    const input = driver.log().at(-1)?.input ?? Buffer.alloc(0);
    expect(input.subarray(32).toString('hex')).toBe(`ffff0001000001f8${'00'.repeat(504)}`);
  });
});
