import type { OffloadFile } from '../../src/index.ts';
import { filesOf } from '../../src/kernel/kernel.ts';
import type { Odx } from '../../src/odx.ts';

/** The contents of a file when a case begins: `valid` pattern bytes, then the range between valid data length and end of file. */
export interface Content {
  readonly size: number;
  readonly valid?: number;
}

export interface FixtureOptions {
  readonly sector: number;
  readonly source: Content;
  readonly destination?: Content;
  /** The maximum number of bytes of one token and of one offload write. */
  readonly limits?: { readonly read?: number; readonly write?: number };
  /** The volume supports neither offload reads nor offload writes. */
  readonly unsupported?: boolean;
  /** The case calls expireTokens. */
  readonly expiring?: boolean;
  /** User mode may not use the storage pair. */
  readonly dsmRefused?: boolean;
}

/** A control code that reached the kernel. */
export interface SeenCall {
  readonly code: number;
  readonly input: Uint8Array;
}

/** Two files on a kernel, and the operations on them. */
export interface Fixture {
  readonly odx: Odx;
  readonly source: OffloadFile;
  readonly destination: OffloadFile;
  /** The first `valid` bytes of the source. */
  readonly data: Buffer;
  contents(file: OffloadFile, length: number): Promise<Buffer>;
  /** Opens the source again, for reading only. */
  openReadOnly(): Promise<OffloadFile>;
  calls(): SeenCall[];
  /** Makes the next control code of this kind fail with an NTSTATUS. */
  force(code: number, status: number): void;
  /** Makes every token expire. */
  expireTokens(): Promise<void>;
  tearDown(): Promise<void>;
}

/** A kernel and its abilities. Cases that need an ability it lacks are reported as skipped. */
export interface KernelUnderTest {
  readonly name: string;
  readonly sectors: readonly number[];
  readonly canLimit: boolean;
  readonly canForce: boolean;
  readonly canExpire: boolean;
  readonly canRefuse: boolean;
  readonly showsCalls: boolean;
  readonly answersDsm: boolean;
  /** The errors with which the volume may refuse a case. Empty where offload works, so that every refusal fails the case. */
  readonly acceptableRefusals: readonly string[];
  fixture(options: FixtureOptions): Promise<Fixture>;
}

export async function fill(odx: Odx, file: OffloadFile, data: Buffer): Promise<void> {
  let at = 0;
  while (at < data.length)
    at += await filesOf(odx.kernel).write(file.handle, data.subarray(at, at + 1_048_576), BigInt(at));
}

export async function contentsOf(odx: Odx, file: OffloadFile, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let at = 0;
  while (at < length) {
    const read = await filesOf(odx.kernel).read(file.handle, bytes.subarray(at, at + 1_048_576), BigInt(at));
    if (read === 0) throw new Error(`${file.path} ends at ${at}; the test expects ${length} bytes.`);
    at += read;
  }
  return bytes;
}
