import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import { createEmulator, type Emulator, type EmulatorOptions } from '../src/emulator/index.ts';
import { createOdx, type Odx } from '../src/odx.ts';

/** A temporary folder, and the files that a test creates in it. */
export interface Folder {
  /** The path of a file in the folder, which need not exist. */
  path(name: string): string;
  /** Creates a file with these bytes, or with {@link patternBytes} of this size. Returns its path. */
  file(name: string, contents: Uint8Array | number): string;
  /** Creates a file of zeros that takes no space. Returns its path. */
  sparseFile(name: string, size: number): string;
}

/** A temporary folder, an emulator, and the functions of the package bound to it. */
export interface Workspace extends Folder {
  readonly odx: Odx;
  readonly emulator: Emulator;
}

/** Creates a folder that is removed when the running test finishes. */
export function temporaryFolder(): Folder {
  const folder = createFolder();
  onTestFinished(folder.remove);
  return folder;
}

/** Creates a workspace whose folder is removed when the running test finishes. */
export function workspace(options?: EmulatorOptions): Workspace {
  return withEmulator(temporaryFolder(), options);
}

/** Creates a workspace for all tests of a file or a `describe`, whose folder is removed after the last of them. */
export function sharedWorkspace(options?: EmulatorOptions): Workspace {
  const folder = createFolder();
  afterAll(folder.remove);
  return withEmulator(folder, options);
}

/** Creates a folder that the caller removes. */
export function createFolder(parent: string = tmpdir()): Folder & { remove(): void } {
  const root = mkdtempSync(join(parent, 'win-odx-'));
  const path = (name: string): string => join(root, name);
  return {
    path,
    file(name, contents) {
      writeFileSync(path(name), typeof contents === 'number' ? patternBytes(contents) : contents);
      return backdated(path(name));
    },
    sparseFile(name, size) {
      const fd = openSync(path(name), 'w');
      ftruncateSync(fd, size);
      closeSync(fd);
      return backdated(path(name));
    },
    remove() {
      try {
        rmSync(root, { recursive: true, force: true });
      } catch (error) {
        // Windows does not delete a file that a test has left open.
        if (process.platform !== 'win32') throw error;
      }
    },
  };
}

/** Pseudo-random bytes, the same in every run. None of them is zero, so that data is not mistaken for a hole. */
export function patternBytes(size: number, seed = 0x9e37_79b9): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size);
  let state = seed;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = (state >>> 24) | 1;
  }
  return bytes;
}

/** Returns what a function throws or a promise rejects with. Fails the test when nothing goes wrong. */
export async function failureOf(run: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof run === 'function' ? run() : run);
  } catch (error) {
    return error;
  }
  throw new Error('The call succeeded, but the test expects it to fail.');
}

/** Runs a function as if on another system, for as long as it does not wait. */
export function onPlatform<T>(platform: NodeJS.Platform, run: () => T): T {
  const { platform: own } = process;
  Object.defineProperty(process, 'platform', { value: platform });
  try {
    return run();
  } finally {
    Object.defineProperty(process, 'platform', { value: own });
  }
}

/** Compares bytes and reports the first difference. Vitest's own matchers would print them all. */
export function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  const isSame = Buffer.compare(actual, expected) === 0;
  const firstDifference = isSame ? undefined : actual.findIndex((byte, index) => byte !== expected[index]);
  expect({ length: actual.length, firstDifference }).toEqual({
    length: expected.length,
    firstDifference: undefined,
  });
}

export function expectSameFiles(actual: string, expected: string): void {
  expectSameBytes(readFileSync(actual), readFileSync(expected));
}

function withEmulator(folder: Folder, options: EmulatorOptions | undefined): Workspace {
  const emulator = createEmulator(options);
  return { ...folder, emulator, odx: createOdx({ kernel: emulator }) };
}

// Long ago, so that no change that a test makes falls into the same tick of the clock.
const WRITTEN = new Date('2020-02-02T02:02:02Z');

function backdated(path: string): string {
  utimesSync(path, WRITTEN, WRITTEN);
  return path;
}
