import { describe, expect, it } from 'vitest';
import type { OffloadReadResult, OffloadWriteResult } from '../../src/index.ts';
import { type FileSource, OffloadToken } from '../../src/index.ts';
import { filesOf } from '../../src/kernel/kernel.ts';
import type { OffloadReadSyncRequest } from '../../src/offload-read.ts';
import type { OffloadWriteSyncRequest } from '../../src/offload-write.ts';
import { FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE, statuses } from '../../structs/index.ts';
import { expectSameBytes } from '../kit.ts';
import { type Case, describeCases, expectRefusal, onEveryKernel } from './cases.ts';
import type { Stage } from './stage.ts';

interface Form {
  readonly name: string;
  read(stage: Stage, file: FileSource, request: OffloadReadSyncRequest): Promise<OffloadReadResult>;
  write(stage: Stage, file: FileSource, request: OffloadWriteSyncRequest): Promise<OffloadWriteResult>;
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
    title: 'a token stands for the whole range (SMB2 BVT_CopyOffload: TransferLength == CopyLength)',
    props: plain,
    async run(stage, form, sector) {
      const { token, transferLength, allZeroBeyondRange } = await form.read(stage, stage.source, {
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
    props: plain,
    async run(stage, form) {
      expect((await form.read(stage, stage.source, { copyLength: 0 })).transferLength).toBe(0n);
    },
  },
  {
    title: 'the device may cover less than was asked (MS-FSCC 2.3.42: TransferLength <= CopyLength)',
    needs: ['canLimit'],
    props: (sector) => ({ ...plain(sector), limits: { read: 3 * sector } }),
    async run(stage, form, sector) {
      const { transferLength } = await form.read(stage, stage.source, { copyLength: SECTORS * sector });
      expect(transferLength).toBe(BigInt(3 * sector));
    },
  },
  {
    title: 'two reads of one range give two tokens (offloaded-data-transfers, "tokens")',
    props: plain,
    async run(stage, form, sector) {
      const first = await form.read(stage, stage.source, { copyLength: sector });
      const second = await form.read(stage, stage.source, { copyLength: sector });
      expect(first.token.equals(second.token)).toBe(false);
    },
  },
  {
    title: 'an offset at the end of the file is END_OF_FILE (MS-FSA 2.1.5.10.20 #13)',
    props: plain,
    async run(stage, form, sector) {
      const request = { fileOffset: SECTORS * sector, copyLength: sector };
      await expectRefusal(form.read(stage, stage.source, request), ['ERROR_HANDLE_EOF']);
    },
  },
  {
    title: 'an offset beyond the valid data gives the zero token and ALL_ZERO (MS-FSA 2.1.5.10.20 #14)',
    props: (sector) => ({ source: { size: SECTORS * sector, valid: 8 * sector } }),
    async run(stage, form, sector) {
      const request = { fileOffset: 8 * sector, copyLength: 4 * sector };
      const { token, allZeroBeyondRange } = await form.read(stage, stage.source, request);
      expect(token.isZeroData).toBe(true);
      expect(allZeroBeyondRange).toBe(true);
    },
  },
  {
    title: 'a range that crosses the valid data is cut there, with ALL_ZERO (MS-FSA 2.1.5.10.20 #15)',
    props: (sector) => ({ source: { size: SECTORS * sector, valid: 8 * sector } }),
    async run(stage, form, sector) {
      const result = await form.read(stage, stage.source, { copyLength: SECTORS * sector });
      expect(result.transferLength).toBe(BigInt(8 * sector));
      expect(result.allZeroBeyondRange).toBe(true);
      expect(result.token.isZeroData).toBe(false);
    },
  },
  {
    title: 'valid data that ends within a sector is cut at the next boundary (offloaded-data-transfers)',
    props: (sector) => ({ source: { size: SECTORS * sector, valid: 7 * sector + 100 } }),
    async run(stage, form, sector) {
      const result = await form.read(stage, stage.source, { copyLength: SECTORS * sector });
      expect(result.transferLength).toBe(BigInt(8 * sector));
    },
  },
  {
    title: 'ALL_ZERO is cleared when the device covers less than the valid data (MS-FSA 2.1.5.10.20 #16)',
    needs: ['canLimit'],
    props: (sector) => ({
      source: { size: SECTORS * sector, valid: 8 * sector },
      limits: { read: 4 * sector },
    }),
    async run(stage, form, sector) {
      const result = await form.read(stage, stage.source, { copyLength: SECTORS * sector });
      expect(result.transferLength).toBe(BigInt(4 * sector));
      expect(result.allZeroBeyondRange).toBe(false);
    },
  },
  {
    title: 'a length that ends at an unaligned end of file is rounded up on the wire, and the result clamped',
    props: (sector) => ({ source: { size: 8 * sector + 100 } }),
    async run(stage, form, sector) {
      const size = 8 * sector + 100;
      const { transferLength } = await form.read(stage, stage.source, { copyLength: size });
      expect(transferLength).toBe(BigInt(size));
    },
  },
  {
    title: 'a volume without support answers NOT_SUPPORTED (MS-FSA 2.1.5.10.20 #1)',
    needs: ['canRefuse'],
    props: (sector) => ({ ...plain(sector), unsupported: true }),
    async run(stage, form, sector) {
      const error = await expectRefusal(form.read(stage, stage.source, { copyLength: sector }), [
        'ERROR_NOT_SUPPORTED',
      ]);
      expect(error.action).toBe('fallback');
    },
  },
];

const WRITE_CASES: readonly Case<Form>[] = [
  {
    title: 'the destination becomes identical (SMB2 BVT_CopyOffload)',
    props: plain,
    async run(stage, form, sector) {
      const length = SECTORS * sector;
      const { token } = await form.read(stage, stage.source, { copyLength: length });
      const { lengthWritten } = await form.write(stage, stage.destination, { token, copyLength: length });
      expect(lengthWritten).toBe(BigInt(length));
      expectSameBytes(await stage.contents(stage.destination, length), stage.data);
    },
  },
  {
    title: 'within one file, the first half becomes the second (CopyOffload_CopyContentWithinSameFile)',
    props: plain,
    async run(stage, form, sector) {
      const half = (SECTORS / 2) * sector;
      const { token } = await form.read(stage, stage.source, { copyLength: half });
      await form.write(stage, stage.source, { token, fileOffset: half, copyLength: half });
      const first = stage.data.subarray(0, half);
      expectSameBytes(await stage.contents(stage.source, 2 * half), Buffer.concat([first, first]));
    },
  },
  {
    title:
      'a length of 0 succeeds, whatever the token (MS-FSA 2.1.5.10.21 #6; FsCtl_Offload_Write_File_IsOffloadSupported)',
    props: plain,
    async run(stage, form) {
      const request = { token: new Uint8Array(512), copyLength: 0 };
      expect((await form.write(stage, stage.destination, request)).lengthWritten).toBe(0n);
    },
  },
  {
    title: 'transferOffset walks within the token (MS-FSCC 2.3.43)',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: SECTORS * sector });
      for (const [at, from] of [0, 5, 2].entries()) {
        const request = { token, fileOffset: at * sector, transferOffset: from * sector, copyLength: sector };
        await form.write(stage, stage.destination, request);
      }
      const piece = (at: number) => stage.data.subarray(at * sector, (at + 1) * sector);
      expectSameBytes(
        await stage.contents(stage.destination, 3 * sector),
        Buffer.concat([piece(0), piece(5), piece(2)]),
      );
    },
  },
  {
    title: 'the device may write less than was asked, and goes on from there (MS-FSCC 2.3.44)',
    needs: ['canLimit'],
    props: (sector) => ({ ...plain(sector), limits: { write: 5 * sector } }),
    async run(stage, form, sector) {
      const length = SECTORS * sector;
      const { token } = await form.read(stage, stage.source, { copyLength: length });
      let at = 0;
      let calls = 0;
      while (at < length) {
        const request = { token, fileOffset: at, transferOffset: at, copyLength: length - at };
        at += Number((await form.write(stage, stage.destination, request)).lengthWritten);
        calls++;
      }
      expect(calls).toBe(Math.ceil(SECTORS / 5));
      expectSameBytes(await stage.contents(stage.destination, length), stage.data);
    },
  },
  {
    title: 'an offset at the end of the file is END_OF_FILE: a write never extends (MS-FSA 2.1.5.10.21 #12)',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: sector });
      const request = { token, fileOffset: SECTORS * sector, copyLength: sector };
      await expectRefusal(form.write(stage, stage.destination, request), ['ERROR_HANDLE_EOF']);
    },
  },
  {
    title: 'an offset beyond the valid data is refused (MS-FSA #13: BEYOND_VDL; MS-FSCC: INVALID_PARAMETER)',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: sector });
      const request = { token, fileOffset: sector, copyLength: sector };
      const write = form.write(stage, stage.destination, request);
      await expectRefusal(write, ['ERROR_BEYOND_VDL', 'ERROR_INVALID_PARAMETER']);
    },
  },
  {
    title: 'a write raises the valid data length (MS-FSA 2.1.5.10.21 #14)',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: 4 * sector });
      await form.write(stage, stage.destination, { token, copyLength: 4 * sector });
      const { transferLength, allZeroBeyondRange } = await form.read(stage, stage.destination, {
        copyLength: SECTORS * sector,
      });
      expect(transferLength).toBe(BigInt(4 * sector));
      expect(allZeroBeyondRange).toBe(true);
    },
  },
  {
    title: 'the zero token writes zeros (MS-FSCC 2.1.11)',
    props: (sector) => ({ source: { size: SECTORS * sector }, destination: { size: SECTORS * sector } }),
    async run(stage, form, sector) {
      const request = { token: OffloadToken.zeroData(), fileOffset: 2 * sector, copyLength: 3 * sector };
      expect((await form.write(stage, stage.destination, request)).lengthWritten).toBe(BigInt(3 * sector));
      const expected = Buffer.from(stage.data).fill(0, 2 * sector, 5 * sector);
      expectSameBytes(await stage.contents(stage.destination, SECTORS * sector), expected);
    },
  },
  {
    title: 'a token nobody issued is INVALID_TOKEN (MS-FSCC 2.3.43.1)',
    props: plain,
    async run(stage, form, sector) {
      const request = { token: new Uint8Array(512).fill(7), copyLength: sector };
      const error = await expectRefusal(form.write(stage, stage.destination, request), [
        'ERROR_INVALID_TOKEN',
      ]);
      expect(error.action).toBe('refresh-token');
    },
  },
  {
    title: 'a token with one bit changed is INVALID_TOKEN (SPC-4: tokens are not edited)',
    props: plain,
    async run(stage, form, sector) {
      const token = (await form.read(stage, stage.source, { copyLength: sector })).token.bytes;
      token[300] = (token[300] ?? 0) ^ 1;
      const write = form.write(stage, stage.destination, { token, copyLength: sector });
      await expectRefusal(write, ['ERROR_INVALID_TOKEN']);
    },
  },
  {
    title: 'a token survives as base64',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: sector });
      const carried = OffloadToken.from(token.toBase64());
      await form.write(stage, stage.destination, { token: carried, copyLength: sector });
      expectSameBytes(await stage.contents(stage.destination, sector), stage.data.subarray(0, sector));
    },
  },
  {
    title:
      'a token whose source was written since is INVALID_TOKEN, or hides the change (SPC-4: point in time)',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: sector });
      await filesOf(stage.odx.kernel).write(stage.source.handle, Buffer.alloc(sector, 0xee), 0n);
      try {
        await form.write(stage, stage.destination, { token, copyLength: sector });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERROR_INVALID_TOKEN' });
        return;
      }
      expectSameBytes(await stage.contents(stage.destination, sector), stage.data.subarray(0, sector));
    },
  },
  {
    title: 'a token that has expired is INVALID_TOKEN (MS-FSCC 2.3.41: TokenTimeToLive)',
    needs: ['canExpire'],
    props: (sector) => ({ ...plain(sector), expiring: true }),
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: sector });
      await stage.expireTokens();
      const write = form.write(stage, stage.destination, { token, copyLength: sector });
      await expectRefusal(write, ['ERROR_INVALID_TOKEN']);
    },
  },
  {
    title: 'beyond what the token covers is INVALID_PARAMETER (illumos smb2_fsctl_odx.c)',
    needs: ['canForce'],
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: 2 * sector });
      const request = { token, transferOffset: 2 * sector, copyLength: sector };
      await expectRefusal(form.write(stage, stage.destination, request), ['ERROR_INVALID_PARAMETER']);
    },
  },
  {
    title: 'a handle without write access is ACCESS_DENIED (FILE_WRITE_ACCESS in the control code)',
    props: plain,
    async run(stage, form, sector) {
      const { token } = await form.read(stage, stage.source, { copyLength: sector });
      const readOnly = await stage.openReadOnly();
      try {
        await expectRefusal(form.write(stage, readOnly, { token, copyLength: sector }), [
          'ERROR_ACCESS_DENIED',
        ]);
      } finally {
        await readOnly.close();
      }
    },
  },
  {
    title: 'an unaligned end of file keeps its size, and the last bytes arrive',
    props: (sector) => ({ source: { size: 8 * sector + 100 } }),
    async run(stage, form, sector) {
      const size = 8 * sector + 100;
      const { token, transferLength } = await form.read(stage, stage.source, { copyLength: size });
      const request = { token, copyLength: transferLength };
      expect((await form.write(stage, stage.destination, request)).lengthWritten).toBe(BigInt(size));
      expectSameBytes(await stage.contents(stage.destination, size), stage.data);
      const { handle, path } = stage.destination;
      const info = await filesOf(stage.odx.kernel).info(handle, path);
      expect(info.size).toBe(BigInt(size));
    },
  },
  {
    title: 'a volume without support answers NOT_SUPPORTED (MS-FSA 2.1.5.10.21 #2)',
    needs: ['canRefuse'],
    props: (sector) => ({ ...plain(sector), unsupported: true }),
    async run(stage, form, sector) {
      const request = { token: OffloadToken.zeroData(), copyLength: sector };
      await expectRefusal(form.write(stage, stage.destination, request), ['ERROR_NOT_SUPPORTED']);
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

onEveryKernel((kernel, sector, take) => {
  describeCases(kernel, sector, take, 'FSCTL_OFFLOAD_READ', FORMS, READ_CASES);
  describeCases(kernel, sector, take, 'FSCTL_OFFLOAD_WRITE', FORMS, WRITE_CASES);

  describe.skipIf(!kernel.showsCalls)('bytes on the wire', () => {
    it.each(WIRE_CASES)('$title', async ({ request, hex }) => {
      const stage = await take({ source: { size: 0x10000 } });
      await stage.odx.offloadRead(stage.source, request);
      const [call] = stage.calls();
      expect(call?.code).toBe(0x0009_4264);
      expect(Buffer.from(call?.input ?? []).toString('hex')).toBe(hex);
    });

    it('FSCTL_OFFLOAD_WRITE_INPUT is 544 bytes: Size, Flags, FileOffset, CopyLength, TransferOffset, Token', async () => {
      const stage = await take({ source: { size: 0x10000 }, destination: { size: 0x10000 } });
      const { token } = await stage.odx.offloadRead(stage.source, { copyLength: 0x10000 });
      const request = { token, fileOffset: 0x1000, copyLength: 0x2000, transferOffset: 0x3000 };
      await stage.odx.offloadWrite(stage.destination, request);
      const call = stage.calls().at(-1);
      expect(call?.code).toBe(0x0009_8268);
      const head = '20020000000000000010000000000000002000000000000000300000000000' + '00';
      expect(Buffer.from(call?.input ?? []).toString('hex')).toBe(
        head + Buffer.from(token.bytes).toString('hex'),
      );
    });
  });

  describe.skipIf(!kernel.canForce)('every status that the device may answer', () => {
    it.each(statuses.filter(({ value }) => value >>> 30 === 3))('$name', async (status) => {
      const stage = await take(plain(sector));
      const calls = [
        [FSCTL_OFFLOAD_READ, 'FSCTL_OFFLOAD_READ', stage.source],
        [FSCTL_OFFLOAD_WRITE, 'FSCTL_OFFLOAD_WRITE', stage.destination],
      ] as const;
      for (const [code, syscall, file] of calls) {
        for (const form of FORMS) {
          stage.force(code, status.value);
          const request = { token: OffloadToken.zeroData(), copyLength: sector };
          const outcome =
            code === FSCTL_OFFLOAD_READ
              ? form.read(stage, file, { copyLength: sector })
              : form.write(stage, file, request);
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
    });
  });
});
