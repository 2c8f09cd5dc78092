import { describe, expect, test } from 'vitest';
import { type ControlKernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { deviceInfo, deviceInfoSync } from '../../src/kernel/win32/file-info.ts';
import {
  DISK_GEOMETRY,
  FSCTL_ALLOW_EXTENDED_DASD_IO,
  GET_LENGTH_INFORMATION,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_GET_DEVICE_NUMBER,
  IOCTL_STORAGE_QUERY_PROPERTY,
  STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR,
  STORAGE_DEVICE_NUMBER,
} from '../../structs/index.ts';

const HANDLE = 0x40n;
const PATH = '\\\\.\\GLOBALROOT/Device/Disk7';
const LENGTH = 1n << 40n;

/** Writes a reply and returns its length, or throws what the kernel throws. */
type Answer = (view: DataView) => number;
type Answers = ReadonlyMap<number, Answer>;

const FUNCTIONS = [
  ['deviceInfo', (kernel: ControlKernel) => deviceInfo(kernel, HANDLE, PATH)],
  ['deviceInfoSync', async (kernel: ControlKernel) => deviceInfoSync(kernel, HANDLE, PATH)],
] as const;

describe.each(FUNCTIONS)('the state of a device by %s', (_, infoOf) => {
  // The logical sector by IOCTL_STORAGE_QUERY_PROPERTY, that by IOCTL_DISK_GET_DRIVE_GEOMETRY, and the one that is used.
  test.each([
    ['the logical sector', 4096, 512, 4096],
    ['the sector of the geometry where there is no property', undefined, 2048, 2048],
    ['the sector of the geometry where the property holds none', 0, 2048, 2048],
    ['the sector of the geometry where that of the property is no power of two', 520, 4096, 4096],
    ['the smallest sector where neither is legal', 520, 0, 512],
    ['the smallest sector where the device answers neither query', undefined, undefined, 512],
  ])('has %s', async (_name, property, geometry, expected) => {
    const kernel = device([
      [IOCTL_STORAGE_QUERY_PROPERTY, property === undefined ? refuse : alignment(property)],
      [IOCTL_DISK_GET_DRIVE_GEOMETRY, geometry === undefined ? refuse : sector(geometry)],
    ]);
    expect(await infoOf(kernel)).toMatchObject({ size: LENGTH, sectorSize: expected, isDevice: true });
  });

  test('has the identity of its number, which all its names share', async () => {
    const kernel = device([[IOCTL_STORAGE_GET_DEVICE_NUMBER, number(7, 3, 2)]]);
    expect((await infoOf(kernel)).identity).toBe('device:7:3:2');
  });

  test.each([
    ['refuses the query', refuse],
    ['gives a short reply', () => STORAGE_DEVICE_NUMBER.size - 1],
  ])('has the identity of its name where it %s for its number', async (_name, answer) => {
    const kernel = device([[IOCTL_STORAGE_GET_DEVICE_NUMBER, answer]]);
    expect((await infoOf(kernel)).identity).toBe('device:globalroot\\device\\disk7');
  });

  test('fails with the error of Windows where the device does not report its length', async () => {
    const failure = new KernelFailure(21, 0xc000_026e);
    const kernel = device([[IOCTL_DISK_GET_LENGTH_INFO, () => raise(failure)]]);
    await expect(infoOf(kernel)).rejects.toEqual(failure);
  });

  test('fails with ERROR_INVALID_DATA where the reply with its length is too short', async () => {
    const kernel = device([[IOCTL_DISK_GET_LENGTH_INFO, () => GET_LENGTH_INFORMATION.size - 1]]);
    await expect(infoOf(kernel)).rejects.toEqual(new KernelFailure(13));
  });

  test.each([
    ['IOCTL_DISK_GET_LENGTH_INFO', IOCTL_DISK_GET_LENGTH_INFO],
    ['IOCTL_STORAGE_GET_DEVICE_NUMBER', IOCTL_STORAGE_GET_DEVICE_NUMBER],
    ['IOCTL_STORAGE_QUERY_PROPERTY', IOCTL_STORAGE_QUERY_PROPERTY],
  ])('does not take a defect in %s for a refusal of the device', async (_name, code) => {
    const bug = new TypeError('A bug.');
    await expect(infoOf(device([[code, () => raise(bug)]]))).rejects.toBe(bug);
  });
});

/** A device that answers every query, some of them otherwise. */
function device(others: readonly (readonly [number, Answer])[]): ControlKernel {
  const answers: Answers = new Map<number, Answer>([
    // A disk refuses this one, which is for volumes.
    [FSCTL_ALLOW_EXTENDED_DASD_IO, refuse],
    [IOCTL_DISK_GET_LENGTH_INFO, length],
    [IOCTL_STORAGE_GET_DEVICE_NUMBER, number(7, 1, 0)],
    [IOCTL_STORAGE_QUERY_PROPERTY, alignment(512)],
    [IOCTL_DISK_GET_DRIVE_GEOMETRY, sector(512)],
    ...others,
  ]);
  const control: ControlKernel['controlSync'] = (_handle, code, { outputView }) =>
    (answers.get(code) ?? refuse)(outputView);
  return {
    name: 'device',
    acquire(inputLength, outputLength) {
      const [input, output] = [new Uint8Array(inputLength), new Uint8Array(outputLength)];
      return {
        input,
        inputView: new DataView(input.buffer),
        output,
        outputView: new DataView(output.buffer),
      };
    },
    release() {},
    control: async (handle, code, buffers, inputLength, outputLength) =>
      control(handle, code, buffers, inputLength, outputLength),
    controlSync: control,
    handleOf: () => HANDLE,
  };
}

function length(view: DataView): number {
  view.setBigInt64(GET_LENGTH_INFORMATION.offsetOf.Length, LENGTH, true);
  return GET_LENGTH_INFORMATION.size;
}

function number(type: number, disk: number, partition: number): Answer {
  const { DeviceType, DeviceNumber, PartitionNumber } = STORAGE_DEVICE_NUMBER.offsetOf;
  return (view) => {
    view.setUint32(DeviceType, type, true);
    view.setUint32(DeviceNumber, disk, true);
    view.setUint32(PartitionNumber, partition, true);
    return STORAGE_DEVICE_NUMBER.size;
  };
}

function alignment(bytes: number): Answer {
  return (view) => {
    view.setUint32(STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR.offsetOf.BytesPerLogicalSector, bytes, true);
    return STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR.size;
  };
}

function sector(bytes: number): Answer {
  return (view) => {
    view.setUint32(DISK_GEOMETRY.offsetOf.BytesPerSector, bytes, true);
    return DISK_GEOMETRY.size;
  };
}

function refuse(): never {
  throw new KernelFailure(1, 0xc000_0010);
}

function raise(error: unknown): never {
  throw error;
}
