import { expect } from 'vitest';
import {
  type DataSetRange,
  type DsmOffloadReadResult,
  type DsmOffloadWriteResult,
  type OffloadFile,
  OffloadToken,
} from '../../src/index.ts';
import { expectSameBytes } from '../kit.ts';
import { type Case, describeCases, expectRefusal, onEveryKernel } from './cases.ts';
import type { Fixture } from './fixture.ts';

interface ReadRequest {
  readonly ranges: readonly DataSetRange[];
  readonly sectorSize?: number;
}

interface WriteRequest extends ReadRequest {
  readonly token: OffloadToken;
  readonly tokenOffset?: number;
}

interface Form {
  readonly name: string;
  read(fixture: Fixture, file: OffloadFile, request: ReadRequest): Promise<DsmOffloadReadResult>;
  write(fixture: Fixture, file: OffloadFile, request: WriteRequest): Promise<DsmOffloadWriteResult>;
}

const FORMS: readonly Form[] = [
  {
    name: 'async',
    read: ({ odx }, file, request) => odx.dsmOffloadRead(file, request),
    write: ({ odx }, file, request) => odx.dsmOffloadWrite(file, request),
  },
  {
    name: 'Sync',
    read: async ({ odx }, file, request) => odx.dsmOffloadReadSync(file, request),
    write: async ({ odx }, file, request) => odx.dsmOffloadWriteSync(file, request),
  },
];

const SECTORS = 32;
const plain = (sector: number) => ({ source: { size: SECTORS * sector } });
const needs = ['answersDsm'] as const;

/** Ranges in sectors: where each begins, and how long it is. */
function ranges(sector: number, ...pairs: readonly (readonly [number, number])[]): DataSetRange[] {
  return pairs.map(([at, length]) => ({ startingOffset: at * sector, lengthInBytes: length * sector }));
}

// "classpnp": ClassDeviceProcessOffloadRead and -Write in class.c of Microsoft's sample of the inbox disk driver.
const READ_CASES: readonly Case<Form>[] = [
  {
    title: 'a token covers the range (ntddstor.h STORAGE_OFFLOAD_READ_OUTPUT: LengthProtected)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const result = await form.read(fixture, fixture.source, { ranges: ranges(sector, [0, SECTORS]) });
      expect(result).toMatchObject({ lengthProtected: BigInt(SECTORS * sector), truncated: false, flags: 0 });
      expect(result.token.isZeroData).toBe(false);
    },
  },
  {
    title:
      'the device may protect less than the range and reports it (ntddstor.h: STORAGE_OFFLOAD_READ_RANGE_TRUNCATED)',
    needs: [...needs, 'canLimit'],
    options: (sector) => ({ ...plain(sector), limits: { read: 8 * sector } }),
    async run(fixture, form, sector) {
      const result = await form.read(fixture, fixture.source, { ranges: ranges(sector, [0, 4], [8, 16]) });
      expect(result).toMatchObject({ lengthProtected: BigInt(8 * sector), truncated: true, flags: 1 });
    },
  },
  {
    title: 'a range beyond the device is refused with NONEXISTENT_SECTOR (classpnp)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const request = { ranges: ranges(sector, [0, 1], [SECTORS, 1]) };
      await expectRefusal(form.read(fixture, fixture.source, request), ['ERROR_SECTOR_NOT_FOUND']);
    },
  },
  {
    title:
      'an unaligned range is refused with INVALID_PARAMETER, even if another lies beyond the device (classpnp)',
    needs,
    leastSector: 4096,
    options: plain,
    async run(fixture, form, sector) {
      const beyond = ranges(sector, [SECTORS, 1]);
      const misaligned = [{ startingOffset: 512, lengthInBytes: sector }];
      for (const both of [
        [...beyond, ...misaligned],
        [...misaligned, ...beyond],
      ]) {
        const call = form.read(fixture, fixture.source, { ranges: both, sectorSize: 512 });
        await expectRefusal(call, ['ERROR_INVALID_PARAMETER']);
      }
    },
  },
  {
    title:
      'a handle without write access is refused with ACCESS_DENIED, for a read as well (FILE_WRITE_ACCESS in the code)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const file = await fixture.openReadOnly();
      try {
        const call = form.read(fixture, file, { ranges: ranges(sector, [0, 1]) });
        await expectRefusal(call, ['ERROR_ACCESS_DENIED']);
      } finally {
        await file.close();
      }
    },
  },
  {
    title: 'a device may refuse user mode with ACCESS_DENIED (classpnp: RequestorMode)',
    needs: [...needs, 'canRefuse'],
    options: (sector) => ({ ...plain(sector), dsmRefused: true }),
    async run(fixture, form, sector) {
      const call = form.read(fixture, fixture.source, { ranges: ranges(sector, [0, 1]) });
      await expectRefusal(call, ['ERROR_ACCESS_DENIED']);
    },
  },
];

const WRITE_CASES: readonly Case<Form>[] = [
  {
    title: 'the destination becomes identical (ntddstor.h STORAGE_OFFLOAD_WRITE_OUTPUT: LengthCopied)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const whole = ranges(sector, [0, SECTORS]);
      const { token } = await form.read(fixture, fixture.source, { ranges: whole });
      const result = await form.write(fixture, fixture.destination, { token, ranges: whole });
      const lengthCopied = BigInt(SECTORS * sector);
      expect(result).toEqual({ lengthCopied, truncated: false, tokenInvalid: false, flags: 0 });
      expectSameBytes(await fixture.contents(fixture.destination, SECTORS * sector), fixture.data);
    },
  },
  {
    title: 'ranges are gathered in their order, and scattered again from tokenOffset on (winioctl.h)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, {
        ranges: ranges(sector, [8, 2], [0, 1], [2, 3]),
      });
      const scattered = ranges(sector, [4, 3], [0, 2]);
      const { lengthCopied } = await form.write(fixture, fixture.destination, {
        token,
        tokenOffset: sector,
        ranges: scattered,
      });
      expect(lengthCopied).toBe(BigInt(5 * sector));
      const part = (at: number, length: number) => fixture.data.subarray(at * sector, (at + length) * sector);
      const gathered = Buffer.concat([part(8, 2), part(0, 1), part(2, 3)]).subarray(sector);
      const got = await fixture.contents(fixture.destination, SECTORS * sector);
      expectSameBytes(got.subarray(4 * sector, 7 * sector), gathered.subarray(0, 3 * sector));
      expectSameBytes(got.subarray(0, 2 * sector), gathered.subarray(3 * sector));
    },
  },
  {
    title:
      'the device may write less than the ranges and reports it (ntddstor.h: STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED)',
    needs: [...needs, 'canLimit'],
    options: (sector) => ({ ...plain(sector), limits: { write: 6 * sector } }),
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { ranges: ranges(sector, [0, 16]) });
      const result = await form.write(fixture, fixture.destination, {
        token,
        ranges: ranges(sector, [0, 4], [8, 12]),
      });
      const lengthCopied = BigInt(6 * sector);
      expect(result).toEqual({ lengthCopied, truncated: true, tokenInvalid: false, flags: 1 });
      const got = await fixture.contents(fixture.destination, SECTORS * sector);
      expectSameBytes(got.subarray(8 * sector, 10 * sector), fixture.data.subarray(4 * sector, 6 * sector));
      expect(got.subarray(10 * sector).every((byte) => byte === 0)).toBe(true);
    },
  },
  {
    title: 'the zero token writes zeros (MS-FSCC 2.1.11)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const token = OffloadToken.zeroData();
      const { lengthCopied } = await form.write(fixture, fixture.source, {
        token,
        ranges: ranges(sector, [1, 2], [6, 1]),
      });
      expect(lengthCopied).toBe(BigInt(3 * sector));
      const expected = Buffer.from(fixture.data);
      expected.fill(0, sector, 3 * sector).fill(0, 6 * sector, 7 * sector);
      expectSameBytes(await fixture.contents(fixture.source, SECTORS * sector), expected);
    },
  },
  {
    title: 'an unknown token is refused with INVALID_TOKEN (SPC-4: invalid token operation, token unknown)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const bytes = new Uint8Array(512).fill(0x5a);
      bytes.set([0, 1, 0, 0, 0, 0, 1, 0xf8]);
      const call = form.write(fixture, fixture.destination, {
        token: OffloadToken.from(bytes),
        ranges: ranges(sector, [0, 1]),
      });
      await expectRefusal(call, ['ERROR_INVALID_TOKEN']);
    },
  },
  {
    title: 'an expired token is refused with INVALID_TOKEN (SPC-4: token expired)',
    needs: [...needs, 'canExpire'],
    options: (sector) => ({ ...plain(sector), expiring: true }),
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { ranges: ranges(sector, [0, 4]) });
      await fixture.expireTokens();
      const call = form.write(fixture, fixture.destination, { token, ranges: ranges(sector, [0, 4]) });
      await expectRefusal(call, ['ERROR_INVALID_TOKEN']);
    },
  },
  {
    title: 'a token of the file system pair works with the storage pair (SPC-4: ROD tokens)',
    needs,
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await fixture.odx.offloadRead(fixture.source, { copyLength: SECTORS * sector });
      await form.write(fixture, fixture.destination, { token, ranges: ranges(sector, [0, SECTORS]) });
      expectSameBytes(await fixture.contents(fixture.destination, SECTORS * sector), fixture.data);
    },
  },
];

onEveryKernel((kernel, sector, setUp) => {
  describeCases(kernel, sector, setUp, 'DeviceDsmAction_OffloadRead', FORMS, READ_CASES);
  describeCases(kernel, sector, setUp, 'DeviceDsmAction_OffloadWrite', FORMS, WRITE_CASES);
});
