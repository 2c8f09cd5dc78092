import { describe, expect, test } from 'vitest';
import { createEmulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import {
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_QUERY_PROPERTY,
} from '../../structs/index.ts';
import { openOn, pattern, send, statusOf, temporaryFile } from './harness.ts';

const COPY_OFFLOAD = 13;
const ALIGNMENT = 6;

async function query(
  property: number,
  type: number,
  outputLength: number,
  options?: EmulatorOptions,
  inputLength = 12,
) {
  const emulator = createEmulator(options);
  const device = await emulator.files.openDevice(temporaryFile('x'));
  const input = Buffer.alloc(12);
  input.writeUInt32LE(property, 0);
  input.writeUInt32LE(type, 4);
  return send(emulator, device, IOCTL_STORAGE_QUERY_PROPERTY, input.subarray(0, inputLength), outputLength);
}

describe('StorageDeviceCopyOffloadProperty (odx-facts 4.5)', () => {
  test.each([
    ['succeeds for PropertyExistsQuery, whatever the device can do', COPY_OFFLOAD, 1, 0, 'SUCCESS', 0],
    ['refuses other queries', COPY_OFFLOAD, 2, 0, 'NOT_SUPPORTED', 0],
    ['refuses an output shorter than 8 bytes', COPY_OFFLOAD, 0, 7, 'BUFFER_TOO_SMALL', 0],
    ['returns the header into an output of 8 bytes', COPY_OFFLOAD, 0, 8, 'SUCCESS', 8],
    ['returns the header into an output shorter than 48 bytes', COPY_OFFLOAD, 0, 47, 'SUCCESS', 8],
    [
      'refuses an output of 48 bytes without copy offload',
      COPY_OFFLOAD,
      0,
      48,
      'DEVICE_FEATURE_NOT_SUPPORTED',
      0,
    ],
    ['reports the alignment even without copy offload', ALIGNMENT, 0, 28, 'SUCCESS', 28],
    ['refuses other properties', 7, 0, 48, 'NOT_SUPPORTED', 0],
  ])('a property query %s', async (_name, property, type, outputLength, status, returned) => {
    const outcome = await query(property, type, outputLength, { supported: false });
    expect(outcome.status).toBe(status === 'SUCCESS' ? 0 : statusOf(status));
    expect(outcome.returned).toBe(returned);
    if (property === COPY_OFFLOAD && returned === 8) {
      expect([outcome.output.readUInt32LE(0), outcome.output.readUInt32LE(4)]).toEqual([48, 48]);
    }
  });

  test('a property query refuses an input shorter than 12 bytes', async () => {
    const outcome = await query(COPY_OFFLOAD, 0, 48, {}, 11);
    expect(outcome.status).toBe(statusOf('INFO_LENGTH_MISMATCH'));
  });

  test('the copy-offload property counts in logical blocks', async () => {
    const options = {
      sectorSize: 4096,
      maximumTransferSize: 1 << 26,
      maximumWriteSize: 1 << 24,
      tokenLifetime: 30_000,
    };
    const { output, returned } = await query(COPY_OFFLOAD, 0, 64, options);
    expect(returned).toBe(48);
    expect([0, 4, 8, 12].map((at) => output.readUInt32LE(at))).toEqual([1, 48, 30, 30]);
    expect([16, 24].map((at) => output.readBigUInt64LE(at))).toEqual([16_384n, 4096n]);
  });

  test('the copy-offload property reports 256 MiB where there is no limit', async () => {
    const { output } = await query(COPY_OFFLOAD, 0, 48);
    expect([16, 24].map((at) => output.readBigUInt64LE(at))).toEqual([524_288n, 524_288n]);
  });
});

test('StorageAccessAlignmentProperty reports the logical and the physical sector', async () => {
  const { output, returned } = await query(ALIGNMENT, 0, 28, { sectorSize: 8192 });
  expect(returned).toBe(28);
  expect([0, 4, 16, 20].map((at) => output.readUInt32LE(at))).toEqual([28, 28, 8192, 8192]);
});

test('IOCTL_DISK_GET_LENGTH_INFO reports the size to a handle with read access', async () => {
  const emulator = createEmulator();
  const path = temporaryFile(pattern(5000));
  const handle = openOn(emulator, path, 'r');
  const outcome = await send(emulator, handle, IOCTL_DISK_GET_LENGTH_INFO, Buffer.alloc(0), 8);
  expect([outcome.returned, outcome.output.readBigInt64LE()]).toEqual([8, 5000n]);
  const device = await emulator.files.openDevice(path);
  const refused = await send(emulator, device, IOCTL_DISK_GET_LENGTH_INFO, Buffer.alloc(0), 8);
  expect(refused.status).toBe(statusOf('ACCESS_DENIED'));
});

test('IOCTL_DISK_GET_DRIVE_GEOMETRY reports the sector size', async () => {
  const emulator = createEmulator({ sectorSize: 4096 });
  const device = await emulator.files.openDevice(temporaryFile('x'));
  const outcome = await send(emulator, device, IOCTL_DISK_GET_DRIVE_GEOMETRY, Buffer.alloc(0), 24);
  expect([outcome.returned, outcome.output.readUInt32LE(20)]).toEqual([24, 4096]);
});
