import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import type { CopyFileOptions } from '../../src/copy/options.ts';
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import {
  DEVICE_COPY_OFFLOAD_DESCRIPTOR,
  FSCTL_OFFLOAD_READ_INPUT,
  IOCTL_STORAGE_QUERY_PROPERTY,
} from '../../structs/index.ts';
import { Workspace, withFiles } from './kit.ts';

const MIB = 1_048_576;
const workspace = new Workspace();

async function countCodes(size: number, array: EmulatorOptions, options: CopyFileOptions = {}) {
  const kernel = createEmulator(array);
  const { reads, writes } = await copyFileWith(kernel, workspace.file(size), workspace.path(), options);
  const counted = kernel.calls.filter(({ name }) => name.startsWith('FSCTL_OFFLOAD_'));
  expect(counted).toHaveLength(reads + writes);
  return { reads, writes, others: kernel.calls.length - counted.length };
}

describe('copyFile', () => {
  test('sends one read and one write if one token covers the file, and nothing else', async () => {
    expect(await countCodes(8 * MIB, {})).toEqual({ reads: 1, writes: 1, others: 0 });
  });

  test('sends as many reads and writes as the array needs, and queries its limit once', async () => {
    const array = { maximumTransferSize: 4 * MIB, maximumWriteSize: MIB };
    expect(await countCodes(16 * MIB, array)).toEqual({ reads: 4, writes: 16, others: 1 });
    expect(await countCodes(16 * MIB + 1, array)).toEqual({ reads: 5, writes: 17, others: 1 });
  });

  // The query runs beside the copy; here the first write waits for its end.
  test.each([
    ['as much as the device reports as its limit', { maximum: 4 * MIB }, [16, 12, 4, 4]],
    ['all that is left where the device reports no limit', { maximum: 0 }, [16, 12, 8, 4]],
    ['all that is left where the query fails', { status: 0xc000_00bb }, [16, 12, 8, 4]],
  ])('reads %s', async (_, query: { maximum?: number; status?: number }, expected) => {
    let endQuery = (): void => {};
    const queried = new Promise<void>((resolve) => {
      endQuery = resolve;
    });
    const lengths: number[] = [];
    const emulator = createEmulator({
      maximumTransferSize: 4 * MIB,
      intercept: async ({ name, input }) => {
        if (name === 'IOCTL_STORAGE_QUERY_PROPERTY')
          return query.status ? { status: query.status } : undefined;
        const { offsetOf } = FSCTL_OFFLOAD_READ_INPUT;
        const view = new DataView(input.buffer, input.byteOffset);
        if (name === 'FSCTL_OFFLOAD_READ') {
          lengths.push(Number(view.getBigUint64(offsetOf.CopyLength, true)) / MIB);
        } else await queried;
        return undefined;
      },
    });
    let device: bigint | undefined;
    const kernel = withFiles(
      {
        ...emulator,
        async control(handle, code, buffers, ...rest) {
          const returned = await emulator.control(handle, code, buffers, ...rest);
          if (code === IOCTL_STORAGE_QUERY_PROPERTY) {
            const { MaximumTransferSize } = DEVICE_COPY_OFFLOAD_DESCRIPTOR.offsetOf;
            buffers.outputView.setBigUint64(MaximumTransferSize, BigInt((query.maximum ?? 0) / 512), true);
          }
          return returned;
        },
      },
      {
        async openDevice(path) {
          device = await emulator.files.openDevice(path);
          return device;
        },
        async close(handle) {
          await emulator.files.close(handle);
          if (handle === device) setImmediate(endQuery);
        },
      },
    );
    const { offloadedBytes } = await copyFileWith(kernel, workspace.file(16 * MIB), workspace.path());
    expect(offloadedBytes).toBe(BigInt(16 * MIB));
    expect(lengths).toEqual(expected);
  });

  test('rounds chunkSize down to the sector', async () => {
    const array = { sectorSize: 4096 };
    expect(await countCodes(MIB, array, { chunkSize: 65_537 })).toEqual({ reads: 16, writes: 16, others: 0 });
    expect(await countCodes(10_000, array, { chunkSize: 1, minimumSize: 0n })).toEqual({
      reads: 3,
      writes: 3,
      others: 0,
    });
  });

  test('sends no control code for an empty file, nor for one below minimumSize', async () => {
    expect(await countCodes(0, {}, { mode: 'require' })).toEqual({ reads: 0, writes: 0, others: 0 });
    expect(await countCodes(262_143, {})).toEqual({ reads: 0, writes: 0, others: 0 });
    expect(await countCodes(262_144, {})).toEqual({ reads: 1, writes: 1, others: 0 });
    expect(await countCodes(1, {}, { mode: 'require' })).toEqual({ reads: 1, writes: 1, others: 0 });
  });

  test('reads the next token while it writes one', async () => {
    const inFlight: string[] = [];
    let overlaps = 0;
    const kernel = createEmulator({
      latency: 5,
      maximumTransferSize: MIB,
      intercept: ({ name }) => {
        if (name === 'FSCTL_OFFLOAD_WRITE' && inFlight.at(-1) === 'FSCTL_OFFLOAD_READ') overlaps++;
        inFlight.push(name);
      },
    });
    await copyFileWith(kernel, workspace.file(8 * MIB), workspace.path());
    const reads = inFlight.filter((name) => name === 'FSCTL_OFFLOAD_READ').length;
    expect(reads).toBe(8);
    // The second read begins before the first write.
    expect(inFlight.filter((name) => name !== 'IOCTL_STORAGE_QUERY_PROPERTY').slice(0, 3)).toEqual([
      'FSCTL_OFFLOAD_READ',
      'FSCTL_OFFLOAD_READ',
      'FSCTL_OFFLOAD_WRITE',
    ]);
    expect(overlaps).toBeGreaterThan(5);
  });
});
