import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/index.ts';
import { IOCTL_DISK_GET_DRIVE_GEOMETRY, IOCTL_STORAGE_QUERY_PROPERTY } from '../../structs/index.ts';
import * as driver from '../wine/driver.ts';
import { files, odx, onDriver, pair } from './with-driver.ts';

const SECTOR = 512;

// Kinds of replies, and whether a read and a write accept them. The Windows NFSv4.1 client replies to a write with 528 bytes.
const REPLIES: readonly [driver.Reply, 'refused' | 'accepted', 'refused' | 'accepted'][] = [
  ['proper', 'accepted', 'accepted'],
  ['short', 'refused', 'refused'],
  ['empty', 'refused', 'refused'],
  ['tooMuch', 'refused', 'refused'],
  ['huge', 'refused', 'refused'],
  ['zero', 'refused', 'refused'],
  ['long', 'accepted', 'accepted'],
  ['sizeZero', 'accepted', 'accepted'],
  ['half', 'accepted', 'accepted'],
];

describe.skipIf(!onDriver)('replies of a driver that are wrong or unusual [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  describe.each(REPLIES)('a reply of the kind "%s"', (reply, read, write) => {
    it.each(['async', 'Sync'] as const)(`to an offload read (%s) is ${read}`, async (form) => {
      const { source, close } = await pair();
      driver.garbage(0, reply);
      const request = { copyLength: 4 * SECTOR };
      const call = async () =>
        form === 'async' ? odx.offloadRead(source, request) : odx.offloadReadSync(source, request);
      await expectEnd(call(), read);
      await close();
    });

    it.each(['async', 'Sync'] as const)(`to an offload write (%s) is ${write}`, async (form) => {
      const { source, destination, close } = await pair();
      const { token } = await odx.offloadRead(source, { copyLength: 4 * SECTOR });
      driver.garbage(1, reply);
      const request = { token, copyLength: 4 * SECTOR };
      const call = async () =>
        form === 'async'
          ? odx.offloadWrite(destination, request)
          : odx.offloadWriteSync(destination, request);
      await expectEnd(call(), write);
      await close();
    });
  });

  it.each(['proper', 'dsmHeader', 'half'] as const)(
    'the storage pair accepts a reply of the kind "%s"',
    async (reply) => {
      const { source, destination, close } = await pair();
      await files.write(source.handle, Buffer.alloc(4 * SECTOR, 9), 0n);
      driver.garbage(0, reply);
      const ranges = [
        { startingOffset: 0, lengthInBytes: 2 * SECTOR },
        { startingOffset: 2 * SECTOR, lengthInBytes: 2 * SECTOR },
      ];
      const { token, lengthProtected } = await odx.dsmOffloadRead(source, { ranges });
      expect(lengthProtected).toBe(BigInt(reply === 'half' ? 2 * SECTOR : 4 * SECTOR));
      driver.garbage(1, reply);
      const { lengthCopied } = await odx.dsmOffloadWrite(destination, { token, ranges: ranges.slice(0, 1) });
      expect(lengthCopied).toBe(BigInt(reply === 'half' ? SECTOR : 2 * SECTOR));
      await close();
    },
  );

  it('the storage pair reports what was written before the token expired, with tokenInvalid', async () => {
    const { source, destination, close } = await pair();
    const ranges = [{ startingOffset: 0, lengthInBytes: 4 * SECTOR }];
    const { token } = await odx.dsmOffloadRead(source, { ranges });
    driver.garbage(1, 'tokenInvalid');
    const result = await odx.dsmOffloadWrite(destination, { token, ranges });
    expect(result).toMatchObject({ lengthCopied: BigInt(2 * SECTOR), truncated: true, tokenInvalid: true });
    await close();
  });

  it.each(['short', 'tooMuch', 'zero', 'huge'] as const)(
    'the storage pair refuses a reply of the kind "%s"',
    async (reply) => {
      const { source, destination, close } = await pair();
      const ranges = [{ startingOffset: 0, lengthInBytes: 4 * SECTOR }];
      const { token } = await odx.dsmOffloadRead(source, { ranges });
      driver.garbage(undefined, reply, { count: 2 });
      await expectEnd(odx.dsmOffloadRead(source, { ranges }), 'refused');
      await expectEnd(odx.dsmOffloadWrite(destination, { token, ranges }), 'refused');
      await close();
    },
  );

  it('the storage pair fails with ERROR_ACCESS_DENIED where user mode is refused', async () => {
    const { source, close } = await pair();
    driver.setSwitches(undefined, 'dsmRefused');
    const request = { ranges: [{ startingOffset: 0, lengthInBytes: SECTOR }] };
    await expect(odx.dsmOffloadRead(source, request)).rejects.toMatchObject({ errno: 5 });
    // Several NTSTATUS map to 5, so only the call on this thread can report which.
    expect(() => odx.dsmOffloadReadSync(source, request)).toThrow(
      expect.objectContaining({
        errno: 5,
        ntstatus: expect.objectContaining({ name: 'STATUS_ACCESS_DENIED' }),
      }),
    );
    await close();
  });

  it('the copy offload descriptor has its sizes in blocks and in bytes', async () => {
    for (const { path, sector } of driver.DISKS) {
      const disk = await odx.openFile(path, 'r');
      expect(disk).toMatchObject({ sectorSize: sector, size: BigInt(driver.CAPACITY) });
      const descriptor = await odx.queryCopyOffload(disk);
      expect(descriptor.maximumTransferBytes).toBe(descriptor.maximumTransferSize * BigInt(sector));
      await expect(odx.queryCopyOffload(disk.handle)).resolves.toEqual(descriptor);
      await disk.close();
    }
  });

  // Which of the two questions for the sector is answered with nothing, or with 8 bytes.
  it.each<[string, driver.Reply, number, number[]]>([
    ['access alignment', 'empty', 4096, [IOCTL_STORAGE_QUERY_PROPERTY]],
    ['access alignment', 'short', 4096, [IOCTL_STORAGE_QUERY_PROPERTY]],
    ['both', 'empty', 512, [IOCTL_STORAGE_QUERY_PROPERTY, IOCTL_DISK_GET_DRIVE_GEOMETRY]],
  ])('a sector is not read from what the call before left: %s, %s', async (_, reply, expected, codes) => {
    const [small, , large] = driver.DISKS;
    // Its sector is what would be left.
    const other = await odx.openFile(expected === 512 ? (large?.path ?? '') : (small?.path ?? ''), 'r');
    for (const code of codes) driver.garbage(large?.index, reply, { code });
    const disk = await odx.openFile(large?.path ?? '', 'r');
    expect(disk.sectorSize).toBe(expected);
    await disk.close();
    await other.close();
  });
});

async function expectEnd(call: Promise<unknown>, end: 'refused' | 'accepted'): Promise<void> {
  if (end === 'accepted') await expect(call).resolves.toBeDefined();
  else await expect(call).rejects.toBeInstanceOf(ProtocolError);
}
