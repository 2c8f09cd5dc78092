import { closeSync, openSync, writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import { type Disposition, KernelFailure } from '../../src/kernel/kernel.ts';
import { statusByName } from '../../structs/index.ts';
import { temporaryFolder } from '../kit.ts';

/** The emulator runs on every host, but it cannot show what the host itself cannot do. */
export const onWindows: boolean = process.platform === 'win32';

/** A path in a folder of its own, which is removed after the test. */
export function temporaryPath(name = 'file'): string {
  return temporaryFolder().path(name);
}

export function temporaryFile(contents: Uint8Array | string, name?: string): string {
  const path = temporaryPath(name);
  writeFileSync(path, contents);
  return path;
}

/** Opens a descriptor, which is closed after the test. */
export function borrow(path: string, flags: string | number): number {
  const fd = openSync(path, flags);
  onTestFinished(() => {
    try {
      closeSync(fd);
    } catch {
      // The test has closed it.
    }
  });
  return fd;
}

/** Bytes in which no two sectors are equal. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

export function statusOf(name: string): number {
  const status = statusByName(`STATUS_${name}`);
  if (status === undefined) throw new Error(`STATUS_${name} is not in the table.`);
  return status.value;
}

/** The result of a control code. */
export interface Outcome {
  readonly status: number;
  readonly errno: number;
  readonly returned: number;
  readonly output: Buffer;
}

/** Sends the bytes that DeviceIoControl would receive. */
export async function send(
  emulator: Emulator,
  handle: bigint,
  code: number,
  input: Uint8Array,
  outputLength: number,
  how: 'sync' | 'async' = 'async',
): Promise<Outcome> {
  const buffers = emulator.acquire(input.length, outputLength);
  buffers.input.set(input);
  buffers.output.fill(0xcc);
  const output = (): Buffer => Buffer.from(buffers.output.slice(0, outputLength));
  try {
    const returned =
      how === 'sync'
        ? emulator.controlSync(handle, code, buffers, input.length, outputLength)
        : await emulator.control(handle, code, buffers, input.length, outputLength);
    return { status: 0, errno: 0, returned, output: output() };
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    return { status: error.ntstatus ?? -1, errno: error.errno, returned: 0, output: output() };
  } finally {
    emulator.release(buffers);
  }
}

export function openOn(emulator: Emulator, path: string, how: 'r' | 'r+' | 'w' | 'wo' | 'wx'): bigint {
  const disposition: Disposition = how === 'w' ? 'create' : how === 'wx' ? 'create-new' : 'open';
  return emulator.files.openSync(path, { read: how !== 'wo', write: how !== 'r', disposition });
}

export interface Pair {
  readonly emulator: Emulator;
  readonly source: bigint;
  readonly destination: bigint;
  readonly sourcePath: string;
  readonly destinationPath: string;
}

/** A source with these contents, and an empty destination of the same size. */
export function makePair(contents: Uint8Array, options?: EmulatorOptions): Pair {
  const emulator = createEmulator(options);
  const sourcePath = temporaryFile(contents, 'source');
  const destinationPath = temporaryPath('destination');
  const source = openOn(emulator, sourcePath, 'r+');
  const destination = openOn(emulator, destinationPath, 'w');
  emulator.files.setSizeSync(destination, BigInt(contents.length));
  return { emulator, source, destination, sourcePath, destinationPath };
}
