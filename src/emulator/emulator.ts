import { type BigIntStats, closeSync, lstatSync, promises, realpathSync, unlinkSync } from 'node:fs';
import type { FileInfo, FileKernel, IoBuffers, Kernel, OpenRequest, VolumeInfo } from '../kernel/kernel.ts';
import type { Signal } from '../signal.ts';
import { CallLog, type EmulatedCall, failed, succeeded } from './call-log.ts';
import { now, sleepUntil } from './clock.ts';
import { runControl } from './controls.ts';
import { readFile, setFileSize, writeFile } from './file-access.ts';
import { Frames } from './frames.ts';
import { onHost, onHostAsync } from './host-failure.ts';
import { type HostOpening, openHost, openHostSync } from './host-open.ts';
import { keyOf, statAt } from './host-stat.ts';
import { askIntercept, UNTOUCHED } from './interception.ts';
import { copyMetadata } from './metadata.ts';
import { type OpenFile, OpenFiles } from './open-files.ts';
import type { Settings } from './options.ts';
import { failureOf, refuse } from './refusal.ts';
import { Storage } from './storage.ts';
import { runAsync, runSync, type Work } from './work.ts';

/** A kernel whose files are files of this host. */
export interface Emulator extends Kernel {
  readonly files: FileKernel;
  /** Every control code in the order they came. Live; `calls.length = 0` empties it, and the numbering goes on. */
  readonly calls: EmulatedCall[];
}

class EmulatedKernel {
  readonly name = 'emulator';
  readonly calls: EmulatedCall[];
  readonly #settings: Settings;
  readonly #log = new CallLog();
  readonly #frames = new Frames();
  readonly #handles = new OpenFiles();
  readonly #storage: Storage;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#storage = new Storage(settings, this.#handles);
    this.calls = this.#log.calls;
  }

  acquire(inputLength: number, outputLength: number): IoBuffers {
    return this.#frames.acquire(inputLength, outputLength);
  }

  release(frame: IoBuffers): void {
    this.#frames.release(frame);
  }

  controlSync(
    handle: bigint,
    code: number,
    frame: IoBuffers,
    inputLength: number,
    outputLength: number,
  ): number {
    return runSync(this.#control(handle, code, frame, inputLength, outputLength));
  }

  async control(
    handle: bigint,
    code: number,
    frame: IoBuffers,
    inputLength: number,
    outputLength: number,
    signal?: Signal,
  ): Promise<number> {
    return runAsync(this.#control(handle, code, frame, inputLength, outputLength), signal);
  }

  handleOf(fd: number): bigint {
    return this.#handles.borrow(fd);
  }

  async open(path: string, request: OpenRequest): Promise<bigint> {
    this.#checkSharing(path, request);
    return this.#register(await openHost(path, request), request);
  }

  openSync(path: string, request: OpenRequest): bigint {
    this.#checkSharing(path, request);
    return this.#register(openHostSync(path, request), request);
  }

  async close(handle: bigint): Promise<void> {
    await this.#handles.close(handle);
  }

  closeSync(handle: bigint): void {
    this.#handles.closeSync(handle);
  }

  async info(handle: bigint, path?: string): Promise<FileInfo> {
    return this.infoSync(handle, path);
  }

  infoSync(handle: bigint, _path?: string): FileInfo {
    const { file, stat } = this.#storage.see(this.#handles.at(handle));
    return {
      size: stat.size,
      sectorSize: this.#settings.sectorSize,
      identity: file.key,
      stamp: `${stat.size}:${stat.mtimeNs}:${file.generation}`,
      isDevice: false,
    };
  }

  async setSize(handle: bigint, size: bigint): Promise<void> {
    await this.#held(handle, (open) => runAsync(setFileSize(this.#storage, open, size), undefined));
  }

  setSizeSync(handle: bigint, size: bigint): void {
    runSync(setFileSize(this.#storage, this.#handles.at(handle), size));
  }

  async read(handle: bigint, into: Uint8Array, offset: bigint, signal?: Signal): Promise<number> {
    return this.#held(handle, (open) => readFile(this.#storage, open, into, offset, signal));
  }

  async write(handle: bigint, from: Uint8Array, offset: bigint, signal?: Signal): Promise<number> {
    return this.#held(handle, (open) => runAsync(writeFile(this.#storage, open, from, offset), signal));
  }

  async copyMetadata(from: bigint, to: bigint): Promise<void> {
    const source = this.#handles.at(from);
    await this.#held(to, (open) => runAsync(copyMetadata(this.#storage, source, open), undefined));
  }

  async remove(handle: bigint): Promise<void> {
    this.removeSync(handle);
  }

  removeSync(handle: bigint): void {
    const { path, key } = this.#handles.at(handle);
    if (path === undefined) refuse('ACCESS_DENIED');
    onHost(() => {
      // Through a symbolic link it is the target that is open; the link is somebody else's.
      const place = realpathSync(path);
      const stat = lstatSync(place, { bigint: true });
      // It was moved away, and another file may be in its place.
      if (keyOf(stat) !== key) refuse('OBJECT_NAME_NOT_FOUND');
      unlinkSync(place);
      // The host may give the number of the file to the next one that is created.
      if (stat.nlink === 1n) this.#storage.forget(stat);
    });
  }

  async volume(path: string): Promise<VolumeInfo> {
    const stat = await this.#statOf(path);
    return {
      fileSystem: 'emulated',
      location: 'local',
      readOnly: false,
      attributes: [],
      size: stat.isFile() ? stat.size : undefined,
      sectorSize: this.#settings.sectorSize,
      device: path,
      filters: [],
      filtersUnknown: undefined,
    };
  }

  async openDevice(path: string): Promise<bigint> {
    const stat = await this.#statOf(path);
    return this.#handles.add(undefined, path, stat, { read: false, write: false });
  }

  #statOf(path: string): Promise<BigIntStats> {
    return onHostAsync(() => promises.stat(path, { bigint: true }));
  }

  // Before it is opened, which may empty it.
  #checkSharing(path: string, request: OpenRequest): void {
    // What exists is refused as such.
    if (request.disposition === 'create-new') return;
    const stat = statAt(path);
    if (stat !== undefined) this.#handles.checkSharing(stat, request);
  }

  #register({ fd, path, stat, isFresh }: HostOpening, request: OpenRequest): bigint {
    // Somebody may have been faster.
    try {
      this.#handles.checkSharing(stat, request);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    if (isFresh) this.#storage.startAfresh(fd, stat);
    return this.#handles.add(fd, path, stat, request);
  }

  async #held<T>(handle: bigint, call: (open: OpenFile) => Promise<T>): Promise<T> {
    const open = this.#handles.at(handle);
    this.#handles.hold(open);
    try {
      return await call(open);
    } finally {
      this.#handles.release(open);
    }
  }

  *#control(
    handle: bigint,
    code: number,
    frame: IoBuffers,
    inputLength: number,
    outputLength: number,
  ): Work<number> {
    const entry = this.#log.begin(code, frame.input.slice(0, inputLength));
    const open = this.#handles.find(handle);
    if (open !== undefined) this.#handles.hold(open);
    try {
      const { intercept, latency } = this.#settings;
      const { index, name } = entry;
      const verdict =
        intercept === undefined
          ? UNTOUCHED
          : yield* askIntercept(intercept, { index, code, name, input: entry.input.slice(), handle });
      if (verdict.delay > 0) yield sleepUntil(now() + verdict.delay);
      const until = now() + latency;
      let returned: number;
      try {
        if (verdict.status !== 0) throw failureOf(verdict.status);
        if (open === undefined) refuse('INVALID_HANDLE');
        const request = { open, frame, inputLength, outputLength, truncate: verdict.truncate };
        returned = yield* runControl(this.#storage, code, request);
      } finally {
        if (latency > 0) yield sleepUntil(until);
      }
      succeeded(entry, returned);
      return returned;
    } catch (error) {
      failed(entry, error);
      throw error;
    } finally {
      if (open !== undefined) this.#handles.release(open);
    }
  }
}

/** The emulator as a plain object, which a program can wrap. */
export function emulatedKernel(settings: Settings): Emulator {
  const kernel = new EmulatedKernel(settings);
  return {
    name: kernel.name,
    calls: kernel.calls,
    acquire: (...args) => kernel.acquire(...args),
    release: (...args) => kernel.release(...args),
    control: (...args) => kernel.control(...args),
    controlSync: (...args) => kernel.controlSync(...args),
    handleOf: (...args) => kernel.handleOf(...args),
    files: {
      open: (...args) => kernel.open(...args),
      openSync: (...args) => kernel.openSync(...args),
      close: (...args) => kernel.close(...args),
      closeSync: (...args) => kernel.closeSync(...args),
      info: (...args) => kernel.info(...args),
      infoSync: (...args) => kernel.infoSync(...args),
      setSize: (...args) => kernel.setSize(...args),
      setSizeSync: (...args) => kernel.setSizeSync(...args),
      read: (...args) => kernel.read(...args),
      write: (...args) => kernel.write(...args),
      copyMetadata: (...args) => kernel.copyMetadata(...args),
      remove: (...args) => kernel.remove(...args),
      removeSync: (...args) => kernel.removeSync(...args),
      volume: (...args) => kernel.volume(...args),
      openDevice: (...args) => kernel.openDevice(...args),
    },
  };
}
