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
import { afterEach, beforeEach, expect } from 'vitest';
import { least } from '../../src/byte-count.ts';
import type { CopyReport } from '../../src/copy/progress.ts';
import { createEmulator, type Emulator } from '../../src/emulator/index.ts';
import {
  type FileInfo,
  type FileKernel,
  filesOf,
  type IoBuffers,
  type Kernel,
} from '../../src/kernel/kernel.ts';
import { OffloadToken } from '../../src/token.ts';
import {
  FSCTL_OFFLOAD_READ,
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
} from '../../structs/index.ts';

const STATUS_NOT_SUPPORTED = 0xc000_00bb;
// Long ago, so that no change made by a test falls into the same tick of a clock.
const WRITTEN = new Date('2020-02-02T02:02:02Z');

/** Some tests need abilities of the host that Windows or Wine lacks. */
export const onWindows: boolean = process.platform === 'win32';

/** A folder of its own for each test of a file. */
export class Workspace {
  #root = '';
  #count = 0;

  constructor() {
    beforeEach(() => {
      this.#root = mkdtempSync(join(tmpdir(), 'odx-copy-'));
    });
    afterEach(() => rmSync(this.#root, { recursive: true, force: true }));
  }

  get root(): string {
    return this.#root;
  }

  /** A path at which no file exists yet. */
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

export function expectConsistent(report: CopyReport, size: number): void {
  expect(report.bytes).toBe(BigInt(size));
  const { offloadedBytes, zeroedBytes, bufferedBytes, systemBytes } = report;
  expect(offloadedBytes + zeroedBytes + bufferedBytes + systemBytes).toBe(BigInt(size));
  expect(report.elapsedMs).toBeGreaterThan(0);
  const { fallback } = report;
  if (fallback !== undefined) expect(bufferedBytes + systemBytes).toBe(BigInt(size) - fallback.at);
  // The system copies a file from its start, or not at all.
  if (systemBytes > 0n) expect(systemBytes).toBe(BigInt(size));
}

/** Returns a function that checks that a file is unchanged. */
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
    () => expect.unreachable('the promise should have been rejected'),
    (error: unknown) => error,
  );
}

/** An array that stops in the middle of a file: it refuses the second offload read. The rest takes ordinary reads and writes. */
export function stopsInTheMiddle(maximumTransferSize = 1_048_576): Emulator {
  let reads = 0;
  return createEmulator({
    maximumTransferSize,
    intercept: ({ code }) =>
      code === FSCTL_OFFLOAD_READ && ++reads % 2 === 0 ? { status: STATUS_NOT_SUPPORTED } : undefined,
  });
}

/** A kernel with some of the functions for files replaced. */
export function withFiles(kernel: Kernel, replaced: Partial<FileKernel>): Kernel {
  return { ...kernel, files: { ...filesOf(kernel), ...replaced } };
}

/** A kernel that reports other facts about the files whose path ends in a name. */
export function withInfo(kernel: Kernel, name: string, info: Partial<FileInfo>): Kernel {
  const files = filesOf(kernel);
  return withFiles(kernel, {
    async info(handle, path) {
      const actual = await files.info(handle, path);
      return path.endsWith(name) ? { ...actual, ...info } : actual;
    },
  });
}

export interface Extent {
  readonly from: bigint;
  readonly to: bigint;
}

/** An array that knows where the source is zeros: it replies to reads there with the zero token, and shortens others to end there. */
export function knowingZeros(kernel: Kernel, zeros: readonly Extent[]): Kernel {
  const { FileOffset, CopyLength } = FSCTL_OFFLOAD_READ_INPUT.offsetOf;
  return {
    ...kernel,
    async control(handle, code, buffers, inputLength, outputLength, signal) {
      if (code === FSCTL_OFFLOAD_READ) {
        const offset = buffers.inputView.getBigUint64(FileOffset, true);
        const length = buffers.inputView.getBigUint64(CopyLength, true);
        const found = zeros.find(({ from, to }) => from <= offset && offset < to);
        if (found !== undefined) {
          return replyZeros(buffers, least(found.to - offset, length));
        }
        const ahead = zeros.find(({ from }) => from > offset && from < offset + length);
        if (ahead !== undefined) buffers.inputView.setBigUint64(CopyLength, ahead.from - offset, true);
      }
      return kernel.control(handle, code, buffers, inputLength, outputLength, signal);
    },
  };
}

function replyZeros(buffers: IoBuffers, length: bigint): number {
  const { Size, Flags, TransferLength, Token } = FSCTL_OFFLOAD_READ_OUTPUT.offsetOf;
  buffers.outputView.setUint32(Size, FSCTL_OFFLOAD_READ_OUTPUT.size, true);
  buffers.outputView.setUint32(Flags, 0, true);
  buffers.outputView.setBigUint64(TransferLength, length, true);
  buffers.output.set(OffloadToken.zeroData().bytes, Token);
  return FSCTL_OFFLOAD_READ_OUTPUT.size;
}
