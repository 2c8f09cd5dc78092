import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createEmulator, type Emulator, type EmulatorOptions } from '../../src/emulator/index.ts';
import { createOdx, type Odx } from '../../src/odx.ts';

/** An emulator with the functions bound to it, and a folder for its files that goes when the test ends. */
export interface Workspace {
  readonly odx: Odx;
  readonly emulator: Emulator;
  path(name: string): string;
  /** A file with a different byte at most places. */
  file(name: string, size: number): string;
  /** A file of zeros that takes no room. */
  hollow(name: string, size: number): string;
}

export function workspace(options?: EmulatorOptions): Workspace {
  const made = makeWorkspace(options);
  onTestFinished(made.remove);
  return made;
}

/** The same for those that a whole group of tests shares; its maker removes it. */
export function makeWorkspace(options?: EmulatorOptions): Workspace & { remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'win-odx-'));
  const emulator = createEmulator(options);
  const path = (name: string): string => join(folder, name);
  return {
    odx: createOdx({ kernel: emulator }),
    emulator,
    path,
    file(name, size) {
      writeFileSync(path(name), patterned(size));
      return path(name);
    },
    hollow(name, size) {
      const fd = openSync(path(name), 'w');
      ftruncateSync(fd, size);
      closeSync(fd);
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function patterned(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) * 17 + (at >> 16) + seed) & 0xff);
}

/** What a promise rejects with, or a function throws. */
export async function failureOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to fail.');
}
