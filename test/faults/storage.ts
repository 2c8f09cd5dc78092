import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator } from '../../src/emulator/index.ts';
import { filesOf, type Kernel } from '../../src/kernel/kernel.ts';
import { loadKernel32 } from '../../src/kernel/kernel32.ts';
import * as driver from '../wine/driver.ts';
import type { Step } from './stepped-kernel.ts';

/** The most bytes of one token and of one offload write, so that a small file takes several of both. */
interface Limits {
  readonly read: number;
  readonly write: number;
}

export const LIMITS: Limits = { read: 16_384, write: 8192 };

/** A kernel, and the folder and devices that jobs use on it. */
export interface Storage {
  readonly name: 'emulator' | 'driver';
  readonly kernel: Kernel;
  /** The largest sector of its devices. */
  readonly sectorSize: number;
  /** That of its sources. */
  readonly sourceSector: number;
  /** Empty when a job begins. */
  readonly folder: string;
  /** Whether sources are files, which can be changed behind the back of a copy. */
  readonly hasSourceFiles: boolean;
  /** Whether the files in the folder can be destinations of offload. Devices always can. */
  readonly offloadsToFiles: boolean;
  /** Prepares for the next job. */
  reset(): void;
  /** Makes the source of a copy, and returns its path. */
  source(bytes: Buffer): Promise<string>;
  /** Fills a device that may be a destination, 0 or 1. */
  device(index: number, bytes: Buffer): Promise<{ path: string; sector: number }>;
  /** The contents of a file or device; undefined if there is none. */
  read(path: string): Promise<Buffer | undefined>;
  /** Whether the device itself can refuse a step, and not only a stand-in for the kernel. */
  reaches(step: Step): boolean;
  /** Makes the step, whose request number `skip` the device refuses. */
  refuse(step: Step, status: number, skip: number): Promise<unknown>;
  /** Makes the device hold the request of a step until it is cancelled. */
  hold(step: Step): void;
  /** What is open or pending when nothing should be. */
  leaks(): string[];
  remove(): void;
}

const DEVICE = /^\\\\\.\\Disk(\d)$/;

/** The emulator, on files of the host. Its devices are files as well, under the names of devices. */
export function emulatorStorage(limits: Limits, sectorSize = 512): Storage {
  const root = mkdtempSync(join(tmpdir(), 'win-odx-faults-'));
  const folder = join(root, 'folder');
  const emulator = createEmulator({
    sectorSize,
    maximumTransferSize: limits.read,
    maximumWriteSize: limits.write,
  });
  const onHost = (path: string): string => path.replace(DEVICE, (_, index) => join(root, `disk${index}`));
  const { files } = emulator;
  const kernel: Kernel = {
    ...emulator,
    files: {
      ...files,
      open: (path, request) => files.open(onHost(path), request),
      info: async (handle, path) => ({ ...(await files.info(handle, path)), isDevice: DEVICE.test(path) }),
      volume: (path) => files.volume(onHost(path)),
      openDevice: (path) => files.openDevice(onHost(path)),
    },
  };
  const write = async (path: string, bytes: Buffer): Promise<string> => {
    writeFileSync(onHost(path), bytes);
    return path;
  };
  return {
    name: 'emulator',
    kernel,
    sectorSize,
    sourceSector: sectorSize,
    folder,
    hasSourceFiles: true,
    offloadsToFiles: true,
    reset() {
      empty(folder);
      emulator.calls.length = 0;
    },
    source: (bytes) => write(join(folder, 'source'), bytes),
    device: async (index, bytes) => ({
      path: await write(`\\\\.\\Disk${index}`, bytes),
      sector: sectorSize,
    }),
    read: async (path) => (existsSync(onHost(path)) ? readFileSync(onHost(path)) : undefined),
    reaches: () => false,
    refuse: (step) => step.run(),
    hold() {},
    leaks: () => [],
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** kernel32 with the driver that plays the array. Disk 0 is the source of copies. */
export function driverStorage(limits: Limits): Storage {
  const folder = join(mkdtempSync(join(tmpdir(), 'win-odx-faults-')), 'folder');
  const kernel = loadKernel32();
  const files = filesOf(kernel);
  // Other tests of the same process may have left some: those of a worker thread that was terminated stay open.
  let handlesBefore: readonly number[] = [];
  const diskOf = (path: string | undefined): number | undefined =>
    driver.DISKS.find((disk) => disk.path === path)?.index;
  const fill = async (index: number, bytes: Buffer): Promise<string> => {
    const path = driver.DISKS[index]?.path ?? '';
    driver.setSize(index, bytes.length, 0);
    const handle = await files.open(path, { read: true, write: true, disposition: 'open' });
    await files.write(handle, bytes, 0n);
    await files.close(handle);
    return path;
  };
  const readDisk = async (path: string): Promise<Buffer> => {
    const handle = await files.open(path, { read: true, write: false, disposition: 'open' });
    const { size } = await files.info(handle, path);
    const bytes = Buffer.alloc(Number(size));
    const count = await files.read(handle, bytes, 0n);
    await files.close(handle);
    return bytes.subarray(0, count);
  };
  return {
    name: 'driver',
    kernel,
    sectorSize: Math.max(...driver.DISKS.map(({ sector }) => sector)),
    sourceSector: driver.DISKS[0]?.sector ?? 0,
    folder,
    hasSourceFiles: false,
    offloadsToFiles: false,
    reset() {
      empty(folder);
      driver.reset();
      driver.setLimits(undefined, limits);
      handlesBefore = driver.DISKS.map(({ index }) => driver.state(index).handles);
    },
    source: (bytes) => fill(0, bytes),
    device: async (index, bytes) => ({
      path: await fill(index + 1, bytes),
      sector: driver.DISKS[index + 1]?.sector ?? 0,
    }),
    async read(path) {
      driver.clearRules();
      if (diskOf(path) !== undefined) return readDisk(path);
      return existsSync(path) ? readFileSync(path) : undefined;
    },
    reaches: (step) => diskOf(step.path) !== undefined && requestOf(step) !== undefined,
    async refuse(step, status, skip) {
      const disk = diskOf(step.path);
      driver.force(disk, status, { ...requestOf(step), skip });
      try {
        return await step.run();
      } finally {
        driver.clearRules(disk);
      }
    },
    hold(step) {
      const disk = diskOf(step.path);
      if (disk !== undefined) driver.hold(disk, requestOf(step));
    },
    leaks: () =>
      driver.DISKS.flatMap(({ index, path }) => {
        const { handles, pending } = driver.state(index);
        const left = handles - (handlesBefore[index] ?? 0);
        return left <= 0 && pending === 0
          ? []
          : [`${path} has ${left} more open handles, and ${pending} pending requests`];
      }),
    remove: () => rmSync(join(folder, '..'), { recursive: true, force: true }),
  };
}

function empty(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
}

/** What a step sends to a device: a control code, a read, a write, or several control codes. */
function requestOf({ operation, parameters: [, code] }: Step): driver.Match | undefined {
  if (operation === 'read' || operation === 'write') return { code: operation };
  if (operation === 'info') return { code: 'any' };
  return typeof code === 'number' ? { code } : undefined;
}

/** Names of the files in the folder. */
export function filesIn({ folder }: Storage): string[] {
  return readdirSync(folder);
}
