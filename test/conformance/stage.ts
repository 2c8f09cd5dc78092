import type { OffloadFile } from '../../src/index.ts';
import { filesOf } from '../../src/kernel/kernel.ts';
import type { Odx } from '../../src/odx.ts';

/** What a file holds when a case begins: `valid` random bytes, then whatever lies between valid data length and end of file. */
export interface Content {
  readonly size: number;
  readonly valid?: number;
}

export interface Props {
  readonly sector: number;
  readonly source: Content;
  readonly destination?: Content;
  /** Most bytes of one token and of one offload write. */
  readonly limits?: { readonly read?: number; readonly write?: number };
  /** The volume offloads neither reads nor writes. */
  readonly unsupported?: boolean;
  /** The case will call expireTokens. */
  readonly expiring?: boolean;
  /** The storage pair is refused to user mode. */
  readonly dsmRefused?: boolean;
}

/** A control code as the kernel saw it. */
export interface SeenCall {
  readonly code: number;
  readonly input: Uint8Array;
}

/** Two files on a kernel, and what a case may do to them. */
export interface Stage {
  readonly odx: Odx;
  readonly source: OffloadFile;
  readonly destination: OffloadFile;
  /** What the source's first `valid` bytes are. */
  readonly data: Buffer;
  contents(file: OffloadFile, length: number): Promise<Buffer>;
  /** Opens the source once more, for reading only. */
  openReadOnly(): Promise<OffloadFile>;
  calls(): SeenCall[];
  /** The next such control code fails with this NTSTATUS. */
  force(code: number, status: number): void;
  /** Ends the life of every token. */
  expireTokens(): Promise<void>;
  strike(): Promise<void>;
}

/** What only some kernels can be made to do; the others report those cases as skipped. */
export interface KernelUnderTest {
  readonly name: string;
  readonly sectors: readonly number[];
  readonly canLimit: boolean;
  readonly canForce: boolean;
  readonly canExpire: boolean;
  readonly canRefuse: boolean;
  readonly showsCalls: boolean;
  readonly answersDsm: boolean;
  /** Says what stands in the way; empty where offload works and a refusal is a failure. */
  readonly acceptableRefusals: readonly string[];
  stage(props: Props): Promise<Stage>;
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
    if (read === 0) throw new Error(`${file.path} ends at ${at}, before ${length}.`);
    at += read;
  }
  return bytes;
}
