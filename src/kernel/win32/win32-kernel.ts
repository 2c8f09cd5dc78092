import {
  ERROR_HANDLE_EOF,
  ERROR_INVALID_HANDLE,
  FSCTL_DISMOUNT_VOLUME,
  FSCTL_LOCK_VOLUME,
} from '../../../structs/index.ts';
import { isDevicePath } from '../../path.ts';
import type { Signal } from '../../signal.ts';
import {
  type ControlKernel,
  type FileKernel,
  type IoBuffers,
  type Kernel,
  KernelFailure,
} from '../kernel.ts';
import { controlSync, overlapped, type Running } from './calls.ts';
import { CompletionPort } from './completion-port.ts';
import {
  deviceInfo,
  deviceInfoSync,
  endOfFileParameters,
  fileInfo,
  fileInfoSync,
  findFile,
  flush,
  metadataParameters,
  namedStreams,
  readMetadata,
  refuseRemote,
  removeFile,
  removeParameters,
  setInformation,
  setInformationSync,
} from './file-info.ts';
import { deviceParameters, Handles, openParameters } from './handles.ts';
import { IoBuffersPool, Win32IoBuffers } from './io-buffers.ts';
import type { Native } from './native.ts';
import { atExit, limitExit } from './process-exit.ts';
import { Semaphore } from './serial-queue.ts';
import { copyBySystem } from './system-copy.ts';
import { devicePath, volumeInfo, volumeOfDevice } from './volume.ts';

// Wine completes these without telling the completion port.
const COMPLETED_AT_ONCE = [FSCTL_LOCK_VOLUME, FSCTL_DISMOUNT_VOLUME];
const PAGE = 4096;
const HIGHEST_HANDLE = 0xffff_ffff_ffff_fff0n;
const DEFAULT_POOL = 4;
const LARGEST_POOL = 1024;

/** The kernel that is kernel32.dll. How its calls reach the threads of the pool is described in calls.ts. */
export function win32Kernel(native: Native): Kernel {
  const buffersPool = new IoBuffersPool(native);
  const port = new CompletionPort(native);
  const running: Running = new Set();
  const handles = new Handles(native, running, new Semaphore(laneCount()), port);

  atExit(() => {
    port.wake();
    if (running.size === 0) return;
    for (const cancel of running) cancel();
    limitExit(native);
  });

  const control: ControlKernel = {
    name: 'kernel32',
    acquire: (inputLength, outputLength) => buffersPool.acquire(inputLength, outputLength),
    release: (buffers) => buffersPool.release(checkBuffers(buffers)),
    async control(handle, code, buffers, inputLength, outputLength, signal) {
      const io = checkBuffers(buffers);
      const target = handles.target(handle);
      const observed = COMPLETED_AT_ONCE.includes(code) ? { ...target, port: undefined } : target;
      try {
        // SAFETY: both areas are inside the buffers, which the call references until it has completed.
        return await overlapped(native, running, observed, io, signal, (done) =>
          native.background(
            'DeviceIoControl',
            [
              handle,
              code,
              io.inputAddress,
              inputLength,
              io.outputAddress,
              outputLength,
              io.returnedAddress,
              io.overlapped,
            ],
            done,
          ),
        );
      } finally {
        handles.release(target);
      }
    },
    controlSync: (handle, code, buffers, inputLength, outputLength) =>
      controlSync(native, handle, code, checkBuffers(buffers), inputLength, outputLength),
    handleOf(fd) {
      const handle = native.uv_get_osfhandle(fd) ?? 0n;
      // -1 for a bad descriptor, -2 for one without a file behind it.
      if (handle === 0n || handle > HIGHEST_HANDLE) throw new KernelFailure(ERROR_INVALID_HANDLE);
      return handle;
    },
  };

  const transfer = async (
    name: 'ReadFile' | 'WriteFile',
    handle: bigint,
    bytes: Uint8Array,
    offset: bigint,
    signal: Signal | undefined,
  ): Promise<number> => {
    const io = buffersPool.acquire(0, 0);
    io.position = offset;
    try {
      const target = handles.target(handle);
      // SAFETY: this closure references the bytes and the buffers until the call has completed.
      return await overlapped(native, running, target, io, signal, (done) =>
        native.background(name, [handle, bytes, bytes.length, null, io.overlapped], done),
      );
    } finally {
      io.position = 0n;
      buffersPool.release(io);
    }
  };

  const files: FileKernel = {
    open: (path, request) =>
      handles.runOnPath(path, (call) => handles.open(call, openParameters(path, request))),
    openSync: (path, request) => handles.openSync(openParameters(path, request)),
    close: (handle) => handles.close(handle),
    closeSync: (handle) => handles.closeSync(handle),
    info: (handle, path) =>
      isDevicePath(path)
        ? deviceInfo(control, handle, path)
        : handles.run(handle, (call) => fileInfo(call, handle, path)),
    infoSync: (handle, path) =>
      isDevicePath(path) ? deviceInfoSync(control, handle, path) : fileInfoSync(native, handle, path),
    setSize: (handle, size) =>
      handles.run(handle, (call) => setInformation(call, endOfFileParameters(handle, size))),
    setSizeSync: (handle, size) => setInformationSync(native, endOfFileParameters(handle, size)),
    async read(handle, into, offset, signal) {
      try {
        return await transfer('ReadFile', handle, into, offset, signal);
      } catch (error) {
        if (error instanceof KernelFailure && error.errno === ERROR_HANDLE_EOF) return 0;
        throw error;
      }
    },
    write: (handle, from, offset, signal) => transfer('WriteFile', handle, from, offset, signal),
    // Smaller memory is not aligned.
    allocate: (bytes) => native.allocate(Math.max(bytes, PAGE)).subarray(0, bytes),
    flush: (handle) => handles.run(handle, (call) => flush(call, handle)),
    openUnbuffered: (handle) =>
      handles.run(handle, async (call) => {
        await refuseRemote(call, handle);
        return handles.openUnbuffered(call, handle);
      }),
    async copyMetadata(from, to) {
      const metadata = await handles.run(from, (call) => readMetadata(call, from));
      await handles.run(to, (call) => setInformation(call, metadataParameters(to, metadata)));
    },
    remove: (handle) => handles.run(handle, (call) => removeFile(call, handle)),
    removeSync: (handle) => setInformationSync(native, removeParameters(handle)),
    find: (path) => handles.runOnPath(path, (call) => findFile(call, path)),
    copy: (source, destination, request, signal) =>
      copyBySystem(native, handles, source, destination, request, signal),
    streams: (handle) => handles.run(handle, (call) => namedStreams(call, handle)),
    volume: async (path) =>
      isDevicePath(path) ? volumeOfDevice(path) : handles.runOnPath(path, (call) => volumeInfo(call, path)),
    openDevice: (path) =>
      handles.runOnPath(path, async (call) =>
        handles.open(call, deviceParameters(await devicePath(call, path))),
      ),
  };

  return { ...control, files };
}

// One thread waits at the completion port and one stays free for the program.
function laneCount(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? DEFAULT_POOL);
  const known = Number.isInteger(threads) && threads > 0 ? Math.min(threads, LARGEST_POOL) : DEFAULT_POOL;
  return Math.max(2, known - 2);
}

function checkBuffers(buffers: IoBuffers): Win32IoBuffers {
  if (buffers instanceof Win32IoBuffers) return buffers;
  throw new TypeError('The buffers were not acquired from this kernel.');
}
