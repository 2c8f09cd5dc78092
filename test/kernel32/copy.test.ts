import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AbortError, type CopyReport, SourceChangedError, Win32Error } from '../../src/index.ts';
import { statuses } from '../../structs/index.ts';
import { contentsOf, fill } from '../conformance/fixture.ts';
import { patternBytes } from '../kit.ts';
import * as driver from '../wine/driver.ts';
import { odx, onDriver } from './with-driver.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const FSCTL_OFFLOAD_READ = 0x0009_4264;
const FSCTL_OFFLOAD_WRITE = 0x0009_8268;
const offloads = (code: number) => driver.log().filter((entry) => entry.code === code).length;

describe.skipIf(!onDriver)('a copy from disk to disk through kernel32 [needs the driver]', () => {
  beforeEach(() => driver.reset());
  afterAll(() => driver.reset());

  describe.each([
    [512, 0, 1],
    [4096, 2, 3],
    ['mixed', 0, 2],
  ])('on sectors of %s bytes', (_, from, to) => {
    it.each([0, 1, 511, 512, 513, 4095, 4096, 4097, 64 * KIB, MIB + 1, 8 * MIB + 777])(
      'copies %i bytes exactly, and offloads as much as the sectors allow',
      async (size) => {
        const data = await write(from, size);
        // A token of the source's last sector is shorter than a larger sector of the destination, so that tail cannot be
        // offloaded; where sectors are the same, all of it can.
        const covered = Math.ceil(size / 512) * 512;
        const tail = from < 2 && to >= 2 && covered % 4096 !== 0 ? size % 4096 : 0;
        const mode = tail === 0 ? 'require' : 'prefer';
        const report = await odx.copyFile(path(from), path(to), { mode, minimumSize: 0 });
        expectHonest(report, size);
        expect(report.bufferedBytes).toBe(BigInt(tail));
        expect((await read(to, size)).equals(data)).toBe(true);
      },
    );

    it('sends as many control codes as the limits of the array require', async () => {
      const data = await write(from, 8 * MIB);
      driver.setLimits(undefined, { read: 2 * MIB, write: 512 * KIB });
      const report = await odx.copyFile(path(from), path(to), { mode: 'require', verify: true });
      expect(report).toMatchObject({ reads: 4, writes: 16, offloadedBytes: BigInt(8 * MIB) });
      expect(offloads(FSCTL_OFFLOAD_READ)).toBe(4);
      expect(offloads(FSCTL_OFFLOAD_WRITE)).toBe(16);
      expect((await read(to, data.length)).equals(data)).toBe(true);
    });
  });

  it('writes the zeros beyond the valid data of the source with the zero token', async () => {
    await write(1, 4 * MIB);
    const data = await write(0, MIB);
    driver.setSize(0, 4 * MIB, MIB);
    const report = await odx.copyFile(path(0), path(1), { mode: 'require' });
    expect(report).toMatchObject({ offloadedBytes: BigInt(MIB), zeroedBytes: BigInt(3 * MIB) });
    const copied = await read(1, 4 * MIB);
    expect(copied.subarray(0, MIB).equals(data)).toBe(true);
    expect(copied.subarray(MIB).equals(Buffer.alloc(3 * MIB))).toBe(true);
  });

  const refusals = statuses.filter(({ value }) => value >>> 30 === 3);
  describe.each(refusals)('$name', (status) => {
    it.each([
      [FSCTL_OFFLOAD_READ, 'the first read', 0],
      [FSCTL_OFFLOAD_READ, 'the second read', 1],
      [FSCTL_OFFLOAD_WRITE, 'the first write', 0],
      [FSCTL_OFFLOAD_WRITE, 'the third write', 2],
    ])(
      '%i (%s): falls back to an identical copy in prefer mode, and rejects with that name in require mode',
      async (code, _, skip) => {
        const size = 64 * KIB;
        const data = await write(0, size);
        driver.setLimits(undefined, { read: 32 * KIB, write: 16 * KIB });
        // A refused token earns a fresh one, so that one has to be refused as well.
        const isToken = status.win32.value === 315 && code === FSCTL_OFFLOAD_WRITE;
        const force = () => driver.force(undefined, status.value, { code, skip, count: isToken ? 2 : 1 });
        force();
        const report = await odx.copyFile(path(0), path(1), { minimumSize: 0 });
        expectHonest(report, size);
        expect(report.fallback?.reason).toMatchObject({ errno: status.win32.value });
        expect(report.fallback?.reason).toMatchObject({ ntstatus: { value: status.value } });
        expect((await read(1, size)).equals(data)).toBe(true);
        driver.clearRules();
        force();
        const error: unknown = await odx
          .copyFile(path(0), path(1), { mode: 'require', minimumSize: 0 })
          .catch((e: unknown) => e);
        expect(error).toBeInstanceOf(Win32Error);
        expect(error).toMatchObject({ errno: status.win32.value, ntstatus: { value: status.value } });
        expect((await read(0, size)).equals(data)).toBe(true);
      },
    );
  });

  it.each(['half', 'zero', 'tooMuch', 'short', 'unaligned'] as const)(
    'handles a reply of the kind "%s"',
    async (reply) => {
      const size = 512 * KIB;
      const data = await write(0, size);
      for (const code of [FSCTL_OFFLOAD_READ, FSCTL_OFFLOAD_WRITE]) {
        driver.garbage(undefined, reply, { code });
        const report = await odx.copyFile(path(0), path(1));
        expectHonest(report, size);
        expect((await read(1, size)).equals(data)).toBe(true);
        driver.clearRules();
      }
    },
  );

  it('reads a fresh token after one was refused, and goes on offloading', async () => {
    const data = await write(0, MIB);
    driver.force(undefined, 0xc000_0465, { code: FSCTL_OFFLOAD_WRITE });
    const report = await odx.copyFile(path(0), path(1), { mode: 'require' });
    expect(report).toMatchObject({ offloadedBytes: BigInt(MIB), reads: 2, writes: 1 });
    expect((await read(1, MIB)).equals(data)).toBe(true);
  });

  it('stops when it is aborted in the middle of a write that would never end', async () => {
    await write(0, MIB);
    driver.hold(1, { code: FSCTL_OFFLOAD_WRITE });
    const controller = new AbortController();
    const copy = odx
      .copyFile(path(0), path(1), { signal: controller.signal })
      .catch((error: unknown) => error);
    await driver.untilPending(1);
    controller.abort();
    expect(await copy).toBeInstanceOf(AbortError);
    expect(driver.state(1)).toMatchObject({ cancelled: 1, pending: 0 });
  });
});

const path = (disk: number): string => driver.DISKS[disk]?.path ?? '';

async function write(disk: number, size: number): Promise<Buffer> {
  const data = patternBytes(size);
  driver.setSize(disk, Math.max(size, 1), 0);
  const file = await odx.openFile(path(disk), 'r+');
  await fill(odx, file, data);
  await file.close();
  driver.setSize(disk, size, size);
  return data;
}

async function read(disk: number, length: number): Promise<Buffer> {
  const file = await odx.openFile(path(disk), 'r');
  const bytes = await contentsOf(odx, file, length);
  await file.close();
  return bytes;
}

function expectHonest(report: CopyReport, size: number): void {
  expect(report.bytes).toBe(BigInt(size));
  const { offloadedBytes, zeroedBytes, bufferedBytes, systemBytes } = report;
  expect(offloadedBytes + zeroedBytes + bufferedBytes + systemBytes).toBe(BigInt(size));
  expect(report.fallback?.reason).not.toBeInstanceOf(SourceChangedError);
}
