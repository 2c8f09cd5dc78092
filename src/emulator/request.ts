import type { IoBuffers } from '../kernel/kernel.ts';
import type { OpenFile } from './open-files.ts';
import type { Storage } from './storage.ts';
import type { Work } from './work.ts';

/** A control code on its way through the emulator. */
export interface Request {
  readonly open: OpenFile;
  readonly frame: IoBuffers;
  readonly inputLength: number;
  readonly outputLength: number;
  /** Most bytes to do, because an intercept said so. */
  readonly truncate: number;
}

/** Answers a control code into its frame and returns the bytes written there. */
export type Control = (storage: Storage, request: Request) => Work<number>;

const TWO_63 = 0x8000_0000_0000_0000n;

/** Whether a range ends within 2^63-1, beyond which no file reaches. */
export function endsWithinReach(offset: bigint, length: bigint): boolean {
  return offset + length < TWO_63;
}

export function isAligned(value: bigint, sector: number): boolean {
  return value % BigInt(sector) === 0n;
}

export function roundUp(value: number, sector: number): number {
  return Math.ceil(value / sector) * sector;
}

export function roundDown(value: number, sector: number): number {
  return value === Number.POSITIVE_INFINITY ? value : Math.floor(value / sector) * sector;
}
