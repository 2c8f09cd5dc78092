import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { CopyReport } from '../../src/copy/copy-file.ts';

// Long ago, so that no change of a test can fall into the same tick of a clock.
const WRITTEN = new Date('2020-02-02T02:02:02Z');

/** The emulator plays Windows on any host, but what the host itself cannot do, it cannot show. */
export const onWindows: boolean = process.platform === 'win32';

/** A folder of its own for one test file. */
export class Workspace {
  #root = '';
  #count = 0;

  constructor() {
    beforeAll(() => {
      this.#root = mkdtempSync(join(tmpdir(), 'odx-copy-'));
    });
    afterAll(() => rmSync(this.#root, { recursive: true, force: true }));
  }

  get root(): string {
    return this.#root;
  }

  /** A path where nothing is yet. */
  path(name = 'file'): string {
    this.#count++;
    const folder = join(this.#root, String(this.#count));
    mkdirSync(folder);
    return join(folder, name);
  }

  /** A file of random bytes, none of them zero. */
  file(size: number, name = 'source'): string {
    return this.written(noise(size), name);
  }

  written(bytes: Uint8Array, name = 'source'): string {
    const path = this.path(name);
    writeFileSync(path, bytes);
    utimesSync(path, WRITTEN, WRITTEN);
    return path;
  }

  /** A file that is one hole. */
  hole(size: number, name = 'hole'): string {
    const path = this.path(name);
    const fd = openSync(path, 'w');
    ftruncateSync(fd, size);
    closeSync(fd);
    utimesSync(path, WRITTEN, WRITTEN);
    return path;
  }
}

export function noise(size: number): Uint8Array {
  const bytes = randomFillSync(new Uint8Array(size));
  for (let at = 0; at < size; at++) if (bytes[at] === 0) bytes[at] = 1;
  return bytes;
}

export function expectSame(destination: string, source: string): void {
  expect(statSync(destination).size).toBe(statSync(source).size);
  expect(Buffer.compare(readFileSync(destination), readFileSync(source))).toBe(0);
}

export function expectHonest(report: CopyReport, size: number): void {
  expect(report.bytes).toBe(BigInt(size));
  expect(report.offloadedBytes + report.zeroedBytes + report.bufferedBytes).toBe(BigInt(size));
  expect(report.elapsedMs).toBeGreaterThan(0);
  const { fallback } = report;
  if (fallback !== undefined) expect(report.bufferedBytes).toBe(BigInt(size) - fallback.at);
}

/** Whatever happened to the copy, the source must be as it was. */
export function watched(source: string): () => void {
  const bytes = readFileSync(source);
  const { mtimeNs, ino } = statSync(source, { bigint: true });
  return () => {
    expect(readFileSync(source).equals(bytes)).toBe(true);
    expect(statSync(source, { bigint: true })).toMatchObject({ mtimeNs, ino });
  };
}

export function expectNothing(path: string): void {
  expect(existsSync(path)).toBe(false);
}

export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it should have rejected'),
    (error: unknown) => error,
  );
}
