import {
  type BigIntStats,
  closeSync,
  fchmodSync,
  futimesSync,
  lstatSync,
  promises,
  realpathSync,
  unlinkSync,
} from 'node:fs';
import { resolve } from 'node:path';
import { LARGEST } from '../byte-count.ts';
import type { FileInfo, FileKernel, FoundFile, OpenRequest, VolumeInfo } from '../kernel/kernel.ts';
import type { Extent } from './host-file.ts';
import {
  checkName,
  keyOf,
  openHostFile,
  PIECE_SIZE,
  readSome,
  resize,
  statAt,
  statOf,
  statOfLink,
  synchronize,
  unlessNotOwner,
  writeAll,
} from './host-io.ts';
import type { OpenFile } from './open-files.ts';
import { onHost, onHostAsync, refuse } from './refusal.ts';
import type { FileSnapshot, Storage } from './storage.ts';
import { copyBySystem } from './system-copy.ts';
import { runAsync, runSync, type Task } from './task.ts';

/** The file half of the emulator: its files are files of this host. */
export function fileKernel(storage: Storage): FileKernel {
  const { handles } = storage;
  return {
    open: async (path, request) => runAsync(openFile(storage, path, request)),
    openSync: (path, request) => runSync(openFile(storage, path, request)),
    close: async (handle) => runAsync(handles.close(handle)),
    closeSync: (handle) => runSync(handles.close(handle)),
    info: async (handle) => infoOf(storage, handle),
    infoSync: (handle) => infoOf(storage, handle),
    setSize: async (handle, size) => runAsync(setFileSize(storage, handle, size)),
    setSizeSync: (handle, size) => runSync(setFileSize(storage, handle, size)),
    read: async (handle, into, offset, signal) => runAsync(readFile(storage, handle, into, offset), signal),
    write: async (handle, from, offset, signal) => runAsync(writeFile(storage, handle, from, offset), signal),
    flush: async (handle) => runAsync(flushFile(storage, handle)),
    // Node.js cannot align memory as O_DIRECT demands.
    openUnbuffered: async () => refuse('NOT_SUPPORTED'),
    copyMetadata: async (from, to) => runAsync(copyMetadata(storage, from, to)),
    remove: async (handle) => removeFile(storage, handle),
    removeSync: (handle) => removeFile(storage, handle),
    find: async (path) => findFile(path),
    copy: (source, destination, request, signal) =>
      copyBySystem(storage, source, destination, request, signal),
    // Files of the host have no named streams.
    streams: async () => [],
    volume: (path) => volumeOf(storage, path),
    openDevice: (path) => openDevice(storage, path),
  };
}

function* openFile(storage: Storage, path: string, request: OpenRequest): Task<bigint> {
  const { handles } = storage;
  const existing = statAt(path);
  // Before it is opened, which may empty it. For 'create-new' the host refuses an existing file.
  if (existing !== undefined && request.disposition !== 'create-new') {
    handles.checkSharing(existing, request);
  }
  const fd = yield* openHostFile(path, request);
  try {
    const stat = statOf(fd);
    if (stat.isDirectory()) refuse('FILE_IS_A_DIRECTORY');
    if (!stat.isFile()) refuse('UNSUCCESSFUL');
    // Another call may have opened the file in the meantime.
    handles.checkSharing(stat, request);
    if (request.disposition !== 'open') storage.startEmpty(fd, stat);
    // Absolute, because the working directory may change.
    return handles.add(fd, resolve(path), stat, request);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function infoOf(storage: Storage, handle: bigint): FileInfo {
  const { file, stat } = storage.observe(storage.handles.get(handle));
  return {
    size: stat.size,
    sectorSize: storage.settings.sectorSize,
    identity: file.key,
    stamp: `${stat.size}:${stat.mtimeNs}:${file.generation}`,
    isDevice: false,
    isEncrypted: false,
  };
}

function findFile(path: string): FoundFile | undefined {
  const stat = statOfLink(path);
  if (stat === undefined) return undefined;
  return { isPlain: stat.isFile(), size: stat.size, stamp: `${stat.size}:${stat.mtimeNs}` };
}

/** FileEndOfFileInfo. */
function setFileSize(storage: Storage, handle: bigint, size: bigint): Task<void> {
  return whileHeld(storage, handle, (open) => {
    if (!open.write) refuse('ACCESS_DENIED');
    // No host can hold such a file, and Node cannot pass on its exact size.
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) refuse('DISK_FULL');
    // A larger file ends in zeros, as do tokens beyond its end, so only a smaller one revokes tokens.
    const isSmaller = size < storage.observe(open).stat.size;
    const dropped = isSmaller ? [{ offset: size, length: LARGEST }] : [];
    return changeFile(storage, open, dropped, function* ({ fd, file }) {
      yield resize(fd, size);
      file.truncate(size);
    });
  });
}

/** ReadFile at an offset, until the memory is full or the file ends. */
function readFile(storage: Storage, handle: bigint, into: Uint8Array, offset: bigint): Task<number> {
  return whileHeld(storage, handle, function* (open) {
    if (!open.read) refuse('ACCESS_DENIED');
    const { fd } = storage.observe(open);
    let done = 0;
    while (done < into.length) {
      const piece = into.subarray(done, done + PIECE_SIZE);
      const length = yield* readSome(fd, piece, offset + BigInt(done));
      if (length === 0) break;
      done += length;
    }
    return done;
  });
}

/** WriteFile at an offset. Unlike an offload write, it may extend the file. */
function writeFile(storage: Storage, handle: bigint, from: Uint8Array, offset: bigint): Task<number> {
  return whileHeld(storage, handle, (open) => {
    if (!open.write) refuse('ACCESS_DENIED');
    const extent = { offset, length: BigInt(from.length) };
    return changeFile(storage, open, [extent], function* ({ fd, file }) {
      for (let done = 0; done < from.length; done += PIECE_SIZE) {
        const piece = from.subarray(done, done + PIECE_SIZE);
        const at = offset + BigInt(done);
        file.extendWritten(at + BigInt(piece.length));
        yield* writeAll(fd, piece, at);
      }
      return from.length;
    });
  });
}

/** FlushFileBuffers. */
function flushFile(storage: Storage, handle: bigint): Task<void> {
  return whileHeld(storage, handle, function* (open) {
    if (!open.write) refuse('ACCESS_DENIED');
    yield* synchronize(storage.observe(open).fd);
  });
}

const PERMISSIONS = 0o777;
const NS_PER_SECOND = 1e9;

/**
 * Copies what CopyFile copies, as far as the host has it: the times of the last write and the last access, to about a
 * microsecond, and the permission bits in place of the attributes. The time of creation cannot be set.
 */
function copyMetadata(storage: Storage, from: bigint, to: bigint): Task<void> {
  const { stat } = storage.observe(storage.handles.get(from));
  const accessed = Number(stat.atimeNs) / NS_PER_SECOND;
  const written = Number(stat.mtimeNs) / NS_PER_SECOND;
  return whileHeld(storage, to, (open) =>
    changeFile(storage, open, [], function* ({ fd }) {
      onHost(() => {
        unlessNotOwner(() => fchmodSync(fd, Number(stat.mode) & PERMISSIONS));
        unlessNotOwner(() => futimesSync(fd, accessed, written));
      });
    }),
  );
}

function removeFile(storage: Storage, handle: bigint): void {
  const { path, key } = storage.handles.get(handle);
  if (path === undefined) refuse('ACCESS_DENIED');
  onHost(() => {
    // The handle of a symbolic link is that of its target, and only the target is removed.
    const target = realpathSync(path);
    const stat = lstatSync(target, { bigint: true });
    // The file was moved, and another one may have taken its place.
    if (keyOf(stat) !== key) refuse('OBJECT_NAME_NOT_FOUND');
    unlinkSync(target);
    // The host may reuse the inode number for the next new file.
    if (stat.nlink === 1n) storage.forget(stat);
  });
}

async function volumeOf({ settings }: Storage, path: string): Promise<VolumeInfo> {
  const stat = await statOfPath(path);
  return {
    fileSystem: 'emulated',
    location: 'local',
    readOnly: false,
    attributes: [],
    size: stat.isFile() ? stat.size : undefined,
    sectorSize: settings.sectorSize,
    device: path,
    filters: [],
    filtersUnknown: undefined,
  };
}

async function openDevice({ handles }: Storage, path: string): Promise<bigint> {
  return handles.add(undefined, path, await statOfPath(path), { read: false, write: false });
}

function statOfPath(path: string): Promise<BigIntStats> {
  checkName(path);
  return onHostAsync(() => promises.stat(path, { bigint: true }));
}

/** Runs a task on an open file, which stays open until the end. */
function* whileHeld<T>({ handles }: Storage, handle: bigint, task: (open: OpenFile) => Task<T>): Task<T> {
  const open = handles.get(handle);
  handles.hold(open);
  try {
    return yield* task(open);
  } finally {
    handles.release(open);
  }
}

/** Runs a change of a file when the changes before it have ended. Tokens that overlap with the extents are revoked. */
function changeFile<T>(
  storage: Storage,
  open: OpenFile,
  extents: readonly Extent[],
  job: (snapshot: FileSnapshot) => Task<T>,
): Task<T> {
  return storage.fileOf(open.key).changes.run(() => {
    const snapshot = storage.observe(open);
    if (!snapshot.stat.isFile()) refuse('INVALID_DEVICE_REQUEST');
    return storage.change(open, snapshot, extents, () => job(snapshot));
  });
}
