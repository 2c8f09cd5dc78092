import { describe, expect, it } from 'vitest';
import type { OffloadReadResult, OffloadWriteResult } from '../../src/index.ts';
import {
  type CopyRangeOptions,
  type CopyReport,
  type FileSource,
  InvalidArgumentError,
  type OffloadFile,
  OffloadToken,
} from '../../src/index.ts';
import { filesOf } from '../../src/kernel/kernel.ts';
import type { OffloadReadSyncRequest } from '../../src/offload-read.ts';
import type { OffloadWriteSyncRequest } from '../../src/offload-write.ts';
import { FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE, statuses } from '../../structs/index.ts';
import { expectSameBytes } from '../kit.ts';
import { type Case, describeCases, expectRefusal, onEveryKernel } from './cases.ts';
import type { Fixture } from './fixture.ts';

interface Form {
  readonly name: string;
  read(fixture: Fixture, file: FileSource, request: OffloadReadSyncRequest): Promise<OffloadReadResult>;
  write(fixture: Fixture, file: FileSource, request: OffloadWriteSyncRequest): Promise<OffloadWriteResult>;
}

const FORMS: readonly Form[] = [
  {
    name: 'async',
    read: ({ odx }, file, request) => odx.offloadRead(file, request),
    write: ({ odx }, file, request) => odx.offloadWrite(file, request),
  },
  {
    name: 'Sync',
    read: async ({ odx }, file, request) => odx.offloadReadSync(file, request),
    write: async ({ odx }, file, request) => odx.offloadWriteSync(file, request),
  },
];

const SECTORS = 32;
const plain = (sector: number) => ({ source: { size: SECTORS * sector } });

const READ_CASES: readonly Case<Form>[] = [
  {
    title: 'a token covers the whole range (SMB2 BVT_CopyOffload: TransferLength == CopyLength)',
    options: plain,
    async run(fixture, form, sector) {
      const { token, transferLength, allZeroBeyondRange } = await form.read(fixture, fixture.source, {
        copyLength: SECTORS * sector,
      });
      expect(transferLength).toBe(BigInt(SECTORS * sector));
      expect(allZeroBeyondRange).toBe(false);
      expect(token.isZeroData).toBe(false);
      expect(token.idLength).toBe(504);
    },
  },
  {
    title: 'a length of 0 succeeds (MS-FSA 2.1.5.10.20; FsCtl_Offload_Read_File_IsOffloadSupported)',
    options: plain,
    async run(fixture, form) {
      expect((await form.read(fixture, fixture.source, { copyLength: 0 })).transferLength).toBe(0n);
    },
  },
  {
    title:
      'the device may cover less than the requested range (MS-FSCC 2.3.42: TransferLength <= CopyLength)',
    needs: ['canLimit'],
    options: (sector) => ({ ...plain(sector), limits: { read: 3 * sector } }),
    async run(fixture, form, sector) {
      const { transferLength } = await form.read(fixture, fixture.source, { copyLength: SECTORS * sector });
      expect(transferLength).toBe(BigInt(3 * sector));
    },
  },
  {
    title: 'two reads of one range return two tokens (offloaded-data-transfers, "tokens")',
    options: plain,
    async run(fixture, form, sector) {
      const first = await form.read(fixture, fixture.source, { copyLength: sector });
      const second = await form.read(fixture, fixture.source, { copyLength: sector });
      expect(first.token.equals(second.token)).toBe(false);
    },
  },
  {
    title: 'an offset at the end of the file is refused with END_OF_FILE (MS-FSA 2.1.5.10.20 #13)',
    options: plain,
    async run(fixture, form, sector) {
      const request = { fileOffset: SECTORS * sector, copyLength: sector };
      await expectRefusal(form.read(fixture, fixture.source, request), ['ERROR_HANDLE_EOF']);
    },
  },
  {
    title: 'an offset beyond the valid data returns the zero token and ALL_ZERO (MS-FSA 2.1.5.10.20 #14)',
    options: (sector) => ({ source: { size: SECTORS * sector, valid: 8 * sector } }),
    async run(fixture, form, sector) {
      const request = { fileOffset: 8 * sector, copyLength: 4 * sector };
      const { token, allZeroBeyondRange } = await form.read(fixture, fixture.source, request);
      expect(token.isZeroData).toBe(true);
      expect(allZeroBeyondRange).toBe(true);
    },
  },
  {
    title: 'a range that crosses the valid data is cut there, with ALL_ZERO (MS-FSA 2.1.5.10.20 #15)',
    options: (sector) => ({ source: { size: SECTORS * sector, valid: 8 * sector } }),
    async run(fixture, form, sector) {
      const result = await form.read(fixture, fixture.source, { copyLength: SECTORS * sector });
      expect(result.transferLength).toBe(BigInt(8 * sector));
      expect(result.allZeroBeyondRange).toBe(true);
      expect(result.token.isZeroData).toBe(false);
    },
  },
  {
    title: 'valid data that ends within a sector is cut at the next boundary (offloaded-data-transfers)',
    options: (sector) => ({ source: { size: SECTORS * sector, valid: 7 * sector + 100 } }),
    async run(fixture, form, sector) {
      const result = await form.read(fixture, fixture.source, { copyLength: SECTORS * sector });
      expect(result.transferLength).toBe(BigInt(8 * sector));
    },
  },
  {
    title: 'ALL_ZERO is cleared when the device covers less than the valid data (MS-FSA 2.1.5.10.20 #16)',
    needs: ['canLimit'],
    options: (sector) => ({
      source: { size: SECTORS * sector, valid: 8 * sector },
      limits: { read: 4 * sector },
    }),
    async run(fixture, form, sector) {
      const result = await form.read(fixture, fixture.source, { copyLength: SECTORS * sector });
      expect(result.transferLength).toBe(BigInt(4 * sector));
      expect(result.allZeroBeyondRange).toBe(false);
    },
  },
  {
    title:
      'a length that ends at an unaligned end of file is rounded up on the wire, and the result is the requested length',
    options: (sector) => ({ source: { size: 8 * sector + 100 } }),
    async run(fixture, form, sector) {
      const size = 8 * sector + 100;
      const { transferLength } = await form.read(fixture, fixture.source, { copyLength: size });
      expect(transferLength).toBe(BigInt(size));
    },
  },
  {
    title: 'a volume without support answers NOT_SUPPORTED (MS-FSA 2.1.5.10.20 #1)',
    needs: ['canRefuse'],
    options: (sector) => ({ ...plain(sector), unsupported: true }),
    async run(fixture, form, sector) {
      const error = await expectRefusal(form.read(fixture, fixture.source, { copyLength: sector }), [
        'ERROR_NOT_SUPPORTED',
      ]);
      expect(error.action).toBe('fallback');
    },
  },
];

const WRITE_CASES: readonly Case<Form>[] = [
  {
    title: 'the destination becomes identical (SMB2 BVT_CopyOffload)',
    options: plain,
    async run(fixture, form, sector) {
      const length = SECTORS * sector;
      const { token } = await form.read(fixture, fixture.source, { copyLength: length });
      const { lengthWritten } = await form.write(fixture, fixture.destination, { token, copyLength: length });
      expect(lengthWritten).toBe(BigInt(length));
      expectSameBytes(await fixture.contents(fixture.destination, length), fixture.data);
    },
  },
  {
    title:
      'a file can be copied into itself, the first half to the second (CopyOffload_CopyContentWithinSameFile)',
    options: plain,
    async run(fixture, form, sector) {
      const half = (SECTORS / 2) * sector;
      const { token } = await form.read(fixture, fixture.source, { copyLength: half });
      await form.write(fixture, fixture.source, { token, fileOffset: half, copyLength: half });
      const first = fixture.data.subarray(0, half);
      expectSameBytes(await fixture.contents(fixture.source, 2 * half), Buffer.concat([first, first]));
    },
  },
  {
    title:
      'a length of 0 succeeds with any token (MS-FSA 2.1.5.10.21 #6; FsCtl_Offload_Write_File_IsOffloadSupported)',
    options: plain,
    async run(fixture, form) {
      const request = { token: new Uint8Array(512), copyLength: 0 };
      expect((await form.write(fixture, fixture.destination, request)).lengthWritten).toBe(0n);
    },
  },
  {
    title: 'transferOffset selects the position in the token (MS-FSCC 2.3.43)',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: SECTORS * sector });
      for (const [at, from] of [0, 5, 2].entries()) {
        const request = { token, fileOffset: at * sector, transferOffset: from * sector, copyLength: sector };
        await form.write(fixture, fixture.destination, request);
      }
      const piece = (at: number) => fixture.data.subarray(at * sector, (at + 1) * sector);
      expectSameBytes(
        await fixture.contents(fixture.destination, 3 * sector),
        Buffer.concat([piece(0), piece(5), piece(2)]),
      );
    },
  },
  {
    title:
      'the device may write less than requested, and the next call continues from there (MS-FSCC 2.3.44)',
    needs: ['canLimit'],
    options: (sector) => ({ ...plain(sector), limits: { write: 5 * sector } }),
    async run(fixture, form, sector) {
      const length = SECTORS * sector;
      const { token } = await form.read(fixture, fixture.source, { copyLength: length });
      let at = 0;
      let calls = 0;
      while (at < length) {
        const request = { token, fileOffset: at, transferOffset: at, copyLength: length - at };
        at += Number((await form.write(fixture, fixture.destination, request)).lengthWritten);
        calls++;
      }
      expect(calls).toBe(Math.ceil(SECTORS / 5));
      expectSameBytes(await fixture.contents(fixture.destination, length), fixture.data);
    },
  },
  {
    title:
      'an offset at the end of the file is refused with END_OF_FILE: a write never extends a file (MS-FSA 2.1.5.10.21 #12)',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: sector });
      const request = { token, fileOffset: SECTORS * sector, copyLength: sector };
      await expectRefusal(form.write(fixture, fixture.destination, request), ['ERROR_HANDLE_EOF']);
    },
  },
  {
    title: 'an offset beyond the valid data is refused (MS-FSA #13: BEYOND_VDL; MS-FSCC: INVALID_PARAMETER)',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: sector });
      const request = { token, fileOffset: sector, copyLength: sector };
      const write = form.write(fixture, fixture.destination, request);
      await expectRefusal(write, ['ERROR_BEYOND_VDL', 'ERROR_INVALID_PARAMETER']);
    },
  },
  {
    title: 'a write raises the valid data length (MS-FSA 2.1.5.10.21 #14)',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: 4 * sector });
      await form.write(fixture, fixture.destination, { token, copyLength: 4 * sector });
      const { transferLength, allZeroBeyondRange } = await form.read(fixture, fixture.destination, {
        copyLength: SECTORS * sector,
      });
      expect(transferLength).toBe(BigInt(4 * sector));
      expect(allZeroBeyondRange).toBe(true);
    },
  },
  {
    title: 'the zero token writes zeros (MS-FSCC 2.1.11)',
    options: (sector) => ({ source: { size: SECTORS * sector }, destination: { size: SECTORS * sector } }),
    async run(fixture, form, sector) {
      const request = { token: OffloadToken.zeroData(), fileOffset: 2 * sector, copyLength: 3 * sector };
      expect((await form.write(fixture, fixture.destination, request)).lengthWritten).toBe(
        BigInt(3 * sector),
      );
      const expected = Buffer.from(fixture.data).fill(0, 2 * sector, 5 * sector);
      expectSameBytes(await fixture.contents(fixture.destination, SECTORS * sector), expected);
    },
  },
  {
    title: 'an unknown token is refused with INVALID_TOKEN (MS-FSCC 2.3.43.1)',
    options: plain,
    async run(fixture, form, sector) {
      const request = { token: new Uint8Array(512).fill(7), copyLength: sector };
      const error = await expectRefusal(form.write(fixture, fixture.destination, request), [
        'ERROR_INVALID_TOKEN',
      ]);
      expect(error.action).toBe('refresh-token');
    },
  },
  {
    title: 'a token with one changed bit is refused with INVALID_TOKEN (SPC-4: tokens are not edited)',
    options: plain,
    async run(fixture, form, sector) {
      const token = (await form.read(fixture, fixture.source, { copyLength: sector })).token.bytes;
      token[300] = (token[300] ?? 0) ^ 1;
      const write = form.write(fixture, fixture.destination, { token, copyLength: sector });
      await expectRefusal(write, ['ERROR_INVALID_TOKEN']);
    },
  },
  {
    title: 'a token survives conversion to base64 and back',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: sector });
      const carried = OffloadToken.from(token.toBase64());
      await form.write(fixture, fixture.destination, { token: carried, copyLength: sector });
      expectSameBytes(await fixture.contents(fixture.destination, sector), fixture.data.subarray(0, sector));
    },
  },
  {
    title:
      'a token whose source was written to is refused with INVALID_TOKEN or holds the old data (SPC-4: point in time)',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: sector });
      await filesOf(fixture.odx.kernel).write(fixture.source.handle, Buffer.alloc(sector, 0xee), 0n);
      try {
        await form.write(fixture, fixture.destination, { token, copyLength: sector });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERROR_INVALID_TOKEN' });
        return;
      }
      expectSameBytes(await fixture.contents(fixture.destination, sector), fixture.data.subarray(0, sector));
    },
  },
  {
    title: 'an expired token is refused with INVALID_TOKEN (MS-FSCC 2.3.41: TokenTimeToLive)',
    needs: ['canExpire'],
    options: (sector) => ({ ...plain(sector), expiring: true }),
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: sector });
      await fixture.expireTokens();
      const write = form.write(fixture, fixture.destination, { token, copyLength: sector });
      await expectRefusal(write, ['ERROR_INVALID_TOKEN']);
    },
  },
  {
    title: 'a range beyond the token is refused with INVALID_PARAMETER (illumos smb2_fsctl_odx.c)',
    needs: ['canForce'],
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: 2 * sector });
      const request = { token, transferOffset: 2 * sector, copyLength: sector };
      await expectRefusal(form.write(fixture, fixture.destination, request), ['ERROR_INVALID_PARAMETER']);
    },
  },
  {
    title:
      'a handle without write access is refused with ACCESS_DENIED (FILE_WRITE_ACCESS in the control code)',
    options: plain,
    async run(fixture, form, sector) {
      const { token } = await form.read(fixture, fixture.source, { copyLength: sector });
      const readOnly = await fixture.openReadOnly();
      try {
        await expectRefusal(form.write(fixture, readOnly, { token, copyLength: sector }), [
          'ERROR_ACCESS_DENIED',
        ]);
      } finally {
        await readOnly.close();
      }
    },
  },
  {
    title: 'a file with an unaligned end keeps its size and is copied to its last byte',
    options: (sector) => ({ source: { size: 8 * sector + 100 } }),
    async run(fixture, form, sector) {
      const size = 8 * sector + 100;
      const { token, transferLength } = await form.read(fixture, fixture.source, { copyLength: size });
      const request = { token, copyLength: transferLength };
      expect((await form.write(fixture, fixture.destination, request)).lengthWritten).toBe(BigInt(size));
      expectSameBytes(await fixture.contents(fixture.destination, size), fixture.data);
      const { handle, path } = fixture.destination;
      const info = await filesOf(fixture.odx.kernel).info(handle, path);
      expect(info.size).toBe(BigInt(size));
    },
  },
  {
    title: 'a volume without support answers NOT_SUPPORTED (MS-FSA 2.1.5.10.21 #2)',
    needs: ['canRefuse'],
    options: (sector) => ({ ...plain(sector), unsupported: true }),
    async run(fixture, form, sector) {
      const request = { token: OffloadToken.zeroData(), copyLength: sector };
      await expectRefusal(form.write(fixture, fixture.destination, request), ['ERROR_NOT_SUPPORTED']);
    },
  },
];

// Golden bytes, written out by hand from MS-FSCC 2.3.41 and 2.3.43; TransferOffset and Token follow the first.
const WIRE_CASES = [
  {
    title:
      'FSCTL_OFFLOAD_READ_INPUT is 32 bytes: Size, Flags, TokenTimeToLive, Reserved, FileOffset, CopyLength',
    request: { fileOffset: 0x2000, copyLength: 0x3000, tokenTimeToLive: 30_000 },
    hex: `20000000${'00000000'}30750000${'00000000'}0020000000000000${'0030000000000000'}`,
  },
  {
    title: 'numbers and bigints are the same on the wire',
    request: { fileOffset: 0x2000n, copyLength: 0x3000n, tokenTimeToLive: 30_000 },
    hex: `20000000${'00000000'}30750000${'00000000'}0020000000000000${'0030000000000000'}`,
  },
] as const;

const FAILURES = statuses.filter(({ value }) => value >>> 30 === 3);

onEveryKernel((kernel, sector, setUp) => {
  describeCases(kernel, sector, setUp, 'FSCTL_OFFLOAD_READ', FORMS, READ_CASES);
  describeCases(kernel, sector, setUp, 'FSCTL_OFFLOAD_WRITE', FORMS, WRITE_CASES);

  describe.skipIf(!kernel.showsCalls)('bytes on the wire', () => {
    it.each(WIRE_CASES.map((row) => [row.title, row] as const))('%s', async (_, { request, hex }) => {
      const fixture = await setUp({ source: { size: 0x10000 } });
      await fixture.odx.offloadRead(fixture.source, request);
      const [call] = fixture.calls();
      expect(call?.code).toBe(0x0009_4264);
      expect(Buffer.from(call?.input ?? []).toString('hex')).toBe(hex);
    });

    it('FSCTL_OFFLOAD_WRITE_INPUT is 544 bytes: Size, Flags, FileOffset, CopyLength, TransferOffset, Token', async () => {
      const fixture = await setUp({ source: { size: 0x10000 }, destination: { size: 0x10000 } });
      const { token } = await fixture.odx.offloadRead(fixture.source, { copyLength: 0x10000 });
      const request = { token, fileOffset: 0x1000, copyLength: 0x2000, transferOffset: 0x3000 };
      await fixture.odx.offloadWrite(fixture.destination, request);
      const call = fixture.calls().at(-1);
      expect(call?.code).toBe(0x0009_8268);
      const head = '20020000000000000010000000000000002000000000000000300000000000' + '00';
      expect(Buffer.from(call?.input ?? []).toString('hex')).toBe(
        head + Buffer.from(token.bytes).toString('hex'),
      );
    });
  });

  describe.skipIf(!kernel.canForce)('every NTSTATUS of a device', () => {
    it.each(FAILURES.map((status) => [status.name, status] as const))(
      'becomes a Win32Error: %s',
      async (_, status) => {
        const fixture = await setUp(plain(sector));
        const calls = [
          [FSCTL_OFFLOAD_READ, 'FSCTL_OFFLOAD_READ', fixture.source],
          [FSCTL_OFFLOAD_WRITE, 'FSCTL_OFFLOAD_WRITE', fixture.destination],
        ] as const;
        for (const [code, syscall, file] of calls) {
          for (const form of FORMS) {
            fixture.force(code, status.value);
            const request = { token: OffloadToken.zeroData(), copyLength: sector };
            const outcome =
              code === FSCTL_OFFLOAD_READ
                ? form.read(fixture, file, { copyLength: sector })
                : form.write(fixture, file, request);
            const error = await expectRefusal(outcome, [status.win32.name]);
            expect(error).toMatchObject({
              errno: status.win32.value,
              syscall,
              path: file.path,
              offset: 0n,
            });
            const exact = { name: status.name, value: status.value };
            if (form.name === 'async') expect(error.ntstatus).toEqual(exact);
            else expect([undefined, exact]).toContainEqual(error.ntstatus);
          }
        }
      },
    );
  });
});

// copyRange, which is built on both calls.

interface RangeForm {
  readonly name: string;
  copy(stage: Fixture, to: OffloadFile, options: CopyRangeOptions): Promise<CopyReport>;
}

const RANGE_FORMS: readonly RangeForm[] = [
  { name: 'prefer', copy: ({ odx, source }, to, options) => odx.copyRange(source, to, options) },
  {
    name: 'require',
    copy: ({ odx, source }, to, options) => odx.copyRange(source, to, { ...options, mode: 'require' }),
  },
];

const written = (sector: number) => ({
  source: { size: SECTORS * sector },
  destination: { size: SECTORS * sector },
});

const RANGE_CASES: readonly Case<RangeForm>[] = [
  {
    title: 'copies a range in the middle, and keeps what surrounds it',
    options: written,
    async run(stage, form, sector) {
      const options = { sourceOffset: 3 * sector, destinationOffset: 8 * sector, length: 10 * sector };
      const report = await form.copy(stage, stage.destination, { ...options, verify: true });
      expect(report).toMatchObject({ bytes: BigInt(10 * sector) });
      const expected = Buffer.from(stage.data);
      stage.data.copy(expected, 8 * sector, 3 * sector, 13 * sector);
      expectSameBytes(await stage.contents(stage.destination, SECTORS * sector), expected);
    },
  },
  {
    title: 'continues after tokens and writes that are shorter than requested (MS-FSCC 2.3.42, 2.3.44)',
    needs: ['canLimit'],
    options: (sector) => ({ ...written(sector), limits: { read: 7 * sector, write: 3 * sector } }),
    async run(stage, form, sector) {
      const options = { sourceOffset: sector, destinationOffset: 2 * sector, length: 20 * sector };
      const report = await form.copy(stage, stage.destination, options);
      expect(report).toMatchObject({ offloadedBytes: BigInt(20 * sector), reads: 3, writes: 8 });
      const expected = Buffer.from(stage.data);
      stage.data.copy(expected, 2 * sector, sector, 21 * sector);
      expectSameBytes(await stage.contents(stage.destination, SECTORS * sector), expected);
    },
  },
  {
    title: 'copies within one file where the ranges touch (CopyOffload_CopyContentWithinSameFile)',
    options: written,
    async run(stage, form, sector) {
      const half = (SECTORS / 2) * sector;
      await form.copy(stage, stage.source, { destinationOffset: half, length: half });
      const first = stage.data.subarray(0, half);
      expectSameBytes(await stage.contents(stage.source, 2 * half), Buffer.concat([first, first]));
    },
  },
  {
    title: 'refuses ranges of one file that overlap',
    options: written,
    async run(stage, form, sector) {
      const options = { destinationOffset: 3 * sector, length: 4 * sector };
      const copying = form.copy(stage, stage.source, options);
      await expect(copying).rejects.toBeInstanceOf(InvalidArgumentError);
      expectSameBytes(await stage.contents(stage.source, SECTORS * sector), stage.data);
    },
  },
  {
    title: 'leaves zeros in the gap where the range begins beyond the valid data (MS-FSA 2.1.5.10.21 #13)',
    options: (sector) => ({
      source: { size: SECTORS * sector },
      destination: { size: SECTORS * sector, valid: 3 * sector },
    }),
    async run(stage, form, sector) {
      const options = { sourceOffset: sector, destinationOffset: 9 * sector, length: 4 * sector };
      await form.copy(stage, stage.destination, options);
      const expected = Buffer.alloc(SECTORS * sector);
      stage.data.copy(expected, 0, 0, 3 * sector);
      stage.data.copy(expected, 9 * sector, sector, 5 * sector);
      expectSameBytes(await stage.contents(stage.destination, SECTORS * sector), expected);
    },
  },
  {
    title: 'keeps what follows a tail that ends inside a longer destination, or refuses it with require',
    options: (sector) => ({
      source: { size: 8 * sector + 100 },
      destination: { size: SECTORS * sector },
    }),
    async run(stage, form, sector) {
      const before = await stage.contents(stage.destination, SECTORS * sector);
      const length = 6 * sector + 100;
      const copying = form.copy(stage, stage.destination, { sourceOffset: 2 * sector, length });
      if (form.name === 'require') {
        await expect(copying).rejects.toBeInstanceOf(InvalidArgumentError);
      } else {
        expect(await copying).toMatchObject({ bytes: BigInt(length) });
        stage.data.copy(before, 0, 2 * sector);
      }
      expectSameBytes(await stage.contents(stage.destination, SECTORS * sector), before);
    },
  },
  {
    title: 'refuses a range that ends beyond the source',
    options: written,
    async run(stage, form, sector) {
      const options = { sourceOffset: sector, length: SECTORS * sector };
      await expect(form.copy(stage, stage.destination, options)).rejects.toBeInstanceOf(InvalidArgumentError);
    },
  },
  {
    title: 'copies by ordinary means on a volume without support, or rejects with require',
    needs: ['canRefuse'],
    options: (sector) => ({ ...written(sector), unsupported: true }),
    async run(stage, form, sector) {
      const options = { sourceOffset: 5 * sector, length: 10 * sector };
      const copying = form.copy(stage, stage.destination, options);
      const expected = Buffer.from(stage.data);
      if (form.name === 'require') {
        await expectRefusal(copying, ['ERROR_NOT_SUPPORTED']);
      } else {
        expect(await copying).toMatchObject({ bufferedBytes: BigInt(10 * sector) });
        stage.data.copy(expected, 0, 5 * sector, 15 * sector);
      }
      expectSameBytes(await stage.contents(stage.destination, SECTORS * sector), expected);
    },
  },
];

onEveryKernel((kernel, sector, take) => {
  describeCases(kernel, sector, take, 'copyRange', RANGE_FORMS, RANGE_CASES);
});
