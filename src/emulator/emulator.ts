import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_WRITE,
  IOCTL_DISK_GET_DRIVE_GEOMETRY,
  IOCTL_DISK_GET_LENGTH_INFO,
  IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES,
  IOCTL_STORAGE_QUERY_PROPERTY,
} from '../../structs/index.ts';
import { roundDown } from '../byte-count.ts';
import type { FileKernel, IoBuffers, Kernel } from '../kernel/kernel.ts';
import { CallLog, type EmulatedCall } from './call-log.ts';
import { manageDataSet } from './dsm.ts';
import { fileKernel } from './files.ts';
import { callIntercept } from './intercept.ts';
import { offloadRead } from './offload-read.ts';
import { offloadWrite } from './offload-write.ts';
import { OpenFiles } from './open-files.ts';
import { checkOptions, type EmulatorOptions } from './options.ts';
import { queryDiskGeometry, queryDiskLength, queryProperty } from './property.ts';
import { failureOf, refuse } from './refusal.ts';
import { type ControlHandler, type ControlRequest, Storage } from './storage.ts';
import { runAsync, runSync, sleepUntil, type Task } from './task.ts';

/** A kernel whose files are files of this host. */
export interface Emulator extends Kernel {
  /** Files of the host. */
  readonly files: FileKernel;
  /** Every control code in the order of arrival. Live; `calls.length = 0` empties it, and the numbering goes on. */
  readonly calls: EmulatedCall[];
}

/**
 * Makes a storage array that offloads copies between ordinary files of this host, on every OS. It takes the place of
 * kernel32 in tests and during development.
 *
 * It replies with the same bytes and the same statuses, in the same order of checks, as documented for Windows. A token
 * stands for a range of a file in its state at that moment. It becomes invalid when the emulator writes to that range,
 * or when another program changes the file, which shows in size and last write time. Unlike on some real arrays, a token
 * outlives the handle it was read from; keep the source open all the same. This process copies the data of an offload
 * write. Tokens and states belong to the emulator that made them and mean nothing to another one. A file that it creates
 * is readable and writable for its owner only.
 *
 * @param options see {@link EmulatorOptions}; sizes in bytes, times in milliseconds.
 * @returns a kernel for createOdx, with the control codes that it has seen in `calls`. It holds nothing that needs closing.
 * @throws {InvalidArgumentError} when an option is unknown or not legal.
 * @see https://learn.microsoft.com/openspecs/windows_protocols/ms-fsa
 * @example
 * const emulator = createEmulator({ latency: 5, maximumWriteSize: 16777216 });
 * const odx = createOdx({ kernel: emulator });
 * await odx.copyFile('big.vhdx', 'copy.vhdx');
 * emulator.calls.length // the number of control codes that it took
 * @example
 * // The first offload write finds its token expired.
 * let refused = false;
 * createEmulator({
 *   intercept({ name }) {
 *     if (name !== 'FSCTL_OFFLOAD_WRITE' || refused) return undefined;
 *     refused = true;
 *     return { status: 0xC0000465 };
 *   },
 * });
 */
export function createEmulator(options: EmulatorOptions = {}): Emulator {
  const settings = checkOptions(options);
  const handles = new OpenFiles();
  const storage = new Storage(settings, handles);
  const log = new CallLog();

  function* control(
    handle: bigint,
    code: number,
    buffers: IoBuffers,
    inputLength: number,
    outputLength: number,
  ): Task<number> {
    const entry = log.begin(code, buffers.input.slice(0, inputLength));
    const open = handles.find(handle);
    if (open !== undefined) handles.hold(open);
    try {
      const { index, name } = entry;
      const call = { index, code, name, input: entry.input.slice(), handle };
      const verdict = yield* callIntercept(settings.intercept, call);
      if (verdict.delay > 0) yield sleepUntil(performance.now() + verdict.delay);
      const deadline = performance.now() + settings.latency;
      let returned: number;
      try {
        if (verdict.status !== 0) throw failureOf(verdict.status);
        if (open === undefined) refuse('INVALID_HANDLE');
        const truncate = roundDown(verdict.truncate, settings.sectorSize);
        returned = yield* execute(storage, code, { open, buffers, inputLength, outputLength, truncate });
      } finally {
        if (settings.latency > 0) yield sleepUntil(deadline);
      }
      log.succeed(entry, returned);
      return returned;
    } catch (error) {
      log.fail(entry, error);
      throw error;
    } finally {
      if (open !== undefined) handles.release(open);
    }
  }

  return {
    name: 'emulator',
    calls: log.calls,
    acquire: makeBuffers,
    release() {},
    control: async (handle, code, buffers, inputLength, outputLength, signal) =>
      runAsync(control(handle, code, buffers, inputLength, outputLength), signal),
    controlSync: (handle, code, buffers, inputLength, outputLength) =>
      runSync(control(handle, code, buffers, inputLength, outputLength)),
    handleOf: (fd) => handles.borrow(fd),
    files: fileKernel(storage),
  };
}

const handlers: ReadonlyMap<number, ControlHandler> = new Map<number, ControlHandler>([
  [FSCTL_OFFLOAD_READ, offloadRead],
  [FSCTL_OFFLOAD_WRITE, offloadWrite],
  [IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, manageDataSet],
  [IOCTL_STORAGE_QUERY_PROPERTY, queryProperty],
  [IOCTL_DISK_GET_LENGTH_INFO, queryDiskLength],
  [IOCTL_DISK_GET_DRIVE_GEOMETRY, queryDiskGeometry],
]);

// The access bits of CTL_CODE.
const NEEDS_READ = 0x4000;
const NEEDS_WRITE = 0x8000;

// The I/O manager checks buffers and access before a driver sees the request.
function* execute(storage: Storage, code: number, request: ControlRequest): Task<number> {
  const { open, buffers, inputLength, outputLength } = request;
  if (inputLength > buffers.input.length) refuse('INVALID_USER_BUFFER');
  if (outputLength > buffers.output.length) refuse('INVALID_USER_BUFFER');
  if (code & NEEDS_READ && !open.read) refuse('ACCESS_DENIED');
  if (code & NEEDS_WRITE && !open.write) refuse('ACCESS_DENIED');
  const handler = handlers.get(code) ?? refuse('INVALID_DEVICE_REQUEST');
  const returned = handler(storage, request);
  return typeof returned === 'number' ? returned : yield* returned;
}

function makeBuffers(inputLength: number, outputLength: number): IoBuffers {
  const input = new Uint8Array(inputLength);
  const output = new Uint8Array(outputLength);
  return {
    input,
    inputView: new DataView(input.buffer),
    output,
    outputView: new DataView(output.buffer),
  };
}
