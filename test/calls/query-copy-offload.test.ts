import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { EmulatorOptions } from '../../src/emulator/index.ts';
import { ProtocolError, Win32Error } from '../../src/errors.ts';
import { type FileKernel, KernelFailure } from '../../src/kernel/kernel.ts';
import { createOdx } from '../../src/odx.ts';
import { withFiles, withInfo } from '../copy/kit.ts';
import { failureOf, workspace } from '../kit.ts';
import { answering } from './replies.ts';

describe('queryCopyOffload', () => {
  test('sends the documented bytes', async () => {
    const { odx, emulator, file: make } = workspace();
    const file = await odx.openFile(make('file', 512), 'r');
    await odx.queryCopyOffload(file);
    const { code, input } = emulator.calls.at(-1) ?? {};
    expect(code).toBe(0x2d1400);
    expect(Buffer.from(input ?? []).toString('hex')).toBe('0d0000000000000000000000');
    await file.close();
  });

  test.each([512, 4096])('returns sizes in blocks and in bytes, with a sector of %i', async (sectorSize) => {
    const { odx, file: make } = workspace({
      sectorSize,
      maximumTransferSize: 1_048_576,
      maximumWriteSize: 65_536,
      tokenLifetime: 30_000,
    });
    const file = await odx.openFile(make('file', 512), 'r');
    const expected = {
      version: 1,
      size: 48,
      maximumTokenLifetime: 30,
      defaultTokenLifetime: 30,
      maximumTransferSize: BigInt(1_048_576 / sectorSize),
      optimalTransferCount: BigInt(65_536 / sectorSize),
      maximumDataDescriptors: 65_536,
      maximumTransferLengthPerDescriptor: 1_048_576 / sectorSize,
      optimalTransferLengthPerDescriptor: 65_536 / sectorSize,
      optimalTransferLengthGranularity: 1,
      maximumTransferBytes: 1_048_576n,
      optimalTransferBytes: 65_536n,
    };
    expect(await odx.queryCopyOffload(file)).toEqual(expected);
    expect(await odx.queryCopyOffload(file.handle)).toEqual(expected);
    await file.close();
  });

  // The sector size queries that the device refuses, and the sector size that is used.
  test.each([
    [['alignment'], 4096n],
    [['alignment', 'geometry'], 512n],
  ])('uses, for a borrowed handle that refuses %j, a sector of %i', async (refused, sector) => {
    const {
      odx,
      emulator,
      file: make,
    } = workspace({
      sectorSize: 4096,
      intercept: ({ name, input }) =>
        refused.includes(
          name === 'IOCTL_DISK_GET_DRIVE_GEOMETRY' ? 'geometry' : input[0] === 6 ? 'alignment' : '',
        )
          ? { status: 0xc000_00bb }
          : undefined,
    });
    const fd = openSync(make('file', 512), 'r');
    const { maximumTransferSize, maximumTransferBytes } = await odx.queryCopyOffload(fd);
    expect(emulator.calls.map(({ name, input }) => [name, input[0]])).toEqual([
      ['IOCTL_STORAGE_QUERY_PROPERTY', 13],
      ['IOCTL_STORAGE_QUERY_PROPERTY', 6],
      ['IOCTL_DISK_GET_DRIVE_GEOMETRY', undefined],
    ]);
    expect(maximumTransferBytes).toBe(maximumTransferSize * sector);
    closeSync(fd);
  });

  test('rejects with ERROR_DEVICE_FEATURE_NOT_SUPPORTED where the device has none', async () => {
    const { odx, file: make } = workspace({ supported: false });
    const file = await odx.openFile(make('file', 512), 'r');
    const error = await failureOf(() => odx.queryCopyOffload(file));
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({
      code: 'ERROR_DEVICE_FEATURE_NOT_SUPPORTED',
      errno: 316,
      action: 'fallback',
    });
    await file.close();
  });

  test.each([0, 8, 47])('rejects a reply of %i bytes as impossible', async (returned) => {
    const { emulator, file: make } = workspace();
    const odx = createOdx({ kernel: answering(emulator, () => returned) });
    const file = await odx.openFile(make('file', 512), 'r');
    const error = await failureOf(() => odx.queryCopyOffload(file));
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toContain(`the reply holds ${returned} bytes instead of 48.`);
    await file.close();
  });
});

// No function gives the handle of the volume to the caller, so the kernel notes which is opened, asked and closed.
describe('queryCopyOffload asks', () => {
  const noting = (options?: EmulatorOptions, replace?: (files: FileKernel) => Partial<FileKernel>) => {
    const steps: string[] = [];
    const made = workspace(options);
    const { files, control } = made.emulator;
    const kernel = withFiles(made.emulator, {
      async openDevice(path) {
        const handle = await files.openDevice(path);
        steps.push(`open ${path} as ${handle}`);
        return handle;
      },
      async close(handle) {
        steps.push(`close ${handle}`);
        await files.close(handle);
      },
      ...replace?.(files),
    });
    const observed = {
      ...kernel,
      control(...parameters: Parameters<typeof control>) {
        steps.push(`ask ${parameters[0]}`);
        return control(...parameters);
      },
    };
    return { ...made, kernel: observed, steps };
  };

  test('the volume of an ordinary file, and closes it', async () => {
    const { kernel, steps, file: make } = noting();
    const odx = createOdx({ kernel });
    const file = await odx.openFile(make('file', 512), 'r');
    await odx.queryCopyOffload(file);
    const handle = steps[0]?.split(' as ')[1];
    expect(steps).toEqual([`open ${file.path} as ${handle}`, `ask ${handle}`, `close ${handle}`]);
    expect(handle).not.toBe(`${file.handle}`);
    await file.close();
  });

  test('the volume of an ordinary file, and closes it when the device has no copy offload', async () => {
    const { kernel, steps, file: make } = noting({ supported: false });
    const odx = createOdx({ kernel });
    const file = await odx.openFile(make('file', 512), 'r');
    const error = await failureOf(odx.queryCopyOffload(file));
    expect(error).toMatchObject({ errno: 316, syscall: 'IOCTL_STORAGE_QUERY_PROPERTY', path: file.path });
    const handle = steps[0]?.split(' as ')[1];
    expect(steps).toEqual([`open ${file.path} as ${handle}`, `ask ${handle}`, `close ${handle}`]);
    await file.close();
  });

  test('the volume of an ordinary file, whether it can be closed or not', async () => {
    const { kernel, file: make } = noting({}, (files) => ({
      async close(handle) {
        await files.close(handle);
        throw new KernelFailure(6);
      },
    }));
    const odx = createOdx({ kernel });
    const file = await odx.openFile(make('file', 512), 'r');
    expect(await odx.queryCopyOffload(file)).toMatchObject({ size: 48 });
    expect(await failureOf(file.close())).toMatchObject({ errno: 6 });
  });

  test('nothing where the volume of a file cannot be opened, and names the call and the file', async () => {
    const {
      kernel,
      steps,
      file: make,
    } = noting({}, () => ({
      openDevice: () => Promise.reject(new KernelFailure(5)),
    }));
    const odx = createOdx({ kernel });
    const file = await odx.openFile(make('file', 512), 'r');
    const error = await failureOf(odx.queryCopyOffload(file));
    expect(error).toBeInstanceOf(Win32Error);
    expect(error).toMatchObject({ code: 'ERROR_ACCESS_DENIED', syscall: 'CreateFileW', path: file.path });
    expect(steps).toEqual([]);
    await file.close();
  });

  test('a device itself, and counts in its sectors', async () => {
    const { kernel, steps, file: make } = noting();
    const odx = createOdx({ kernel: withInfo(kernel, 'disk', { isDevice: true, sectorSize: 4096 }) });
    const disk = await odx.openFile(make('disk', 4096), 'r');
    const { maximumTransferSize, maximumTransferBytes } = await odx.queryCopyOffload(disk);
    expect(maximumTransferBytes).toBe(maximumTransferSize * 4096n);
    expect(steps).toEqual([`ask ${disk.handle}`]);
    await disk.close();
  });

  test('a device itself, and names it when it has no copy offload', async () => {
    const { kernel, steps, file: make } = noting({ supported: false });
    const odx = createOdx({ kernel: withInfo(kernel, 'disk', { isDevice: true }) });
    const disk = await odx.openFile(make('disk', 4096), 'r');
    const error = await failureOf(odx.queryCopyOffload(disk));
    expect(error).toMatchObject({ errno: 316, syscall: 'IOCTL_STORAGE_QUERY_PROPERTY', path: disk.path });
    expect(steps).toEqual([`ask ${disk.handle}`]);
    await disk.close();
  });
});
