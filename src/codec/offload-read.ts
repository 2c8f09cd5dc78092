import {
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
  OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE,
} from '../../structs/index.ts';
import { cutToken, type OffloadToken } from '../token.ts';
import { putUint64, takeUint64 } from './integers.ts';

const input = FSCTL_OFFLOAD_READ_INPUT.offsetOf;
const output = FSCTL_OFFLOAD_READ_OUTPUT.offsetOf;

export const READ_INPUT_SIZE: number = FSCTL_OFFLOAD_READ_INPUT.size;
export const READ_OUTPUT_SIZE: number = FSCTL_OFFLOAD_READ_OUTPUT.size;

/** Writes all 32 bytes of a FSCTL_OFFLOAD_READ_INPUT. */
export function encodeOffloadRead(
  view: DataView,
  fileOffset: number | bigint,
  copyLength: number | bigint,
  tokenTimeToLive: number,
): void {
  view.setUint32(input.Size, READ_INPUT_SIZE, true);
  view.setUint32(input.Flags, 0, true);
  view.setUint32(input.TokenTimeToLive, tokenTimeToLive, true);
  view.setUint32(input.Reserved, 0, true);
  putUint64(view, input.FileOffset, fileOffset);
  putUint64(view, input.CopyLength, copyLength);
}

export function decodeReadFlags(view: DataView): number {
  return view.getUint32(output.Flags, true);
}

export function isAllZeroBeyond(flags: number): boolean {
  return (flags & OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE) !== 0;
}

/** As {@link takeUint64} gives it. */
export function decodeTransferLength(view: DataView): number | bigint {
  return takeUint64(view, output.TransferLength);
}

export function decodeReadToken(bytes: Uint8Array): OffloadToken {
  return cutToken(bytes, output.Token);
}
