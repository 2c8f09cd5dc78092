import { FSCTL_OFFLOAD_WRITE_INPUT, FSCTL_OFFLOAD_WRITE_OUTPUT } from '../../structs/index.ts';
import { type OffloadToken, putToken } from '../token.ts';
import { putUint64, takeUint64 } from './integers.ts';

const input = FSCTL_OFFLOAD_WRITE_INPUT.offsetOf;
const output = FSCTL_OFFLOAD_WRITE_OUTPUT.offsetOf;

export const WRITE_INPUT_SIZE: number = FSCTL_OFFLOAD_WRITE_INPUT.size;
export const WRITE_OUTPUT_SIZE: number = FSCTL_OFFLOAD_WRITE_OUTPUT.size;

/** Writes all 544 bytes of a FSCTL_OFFLOAD_WRITE_INPUT. */
export function encodeOffloadWrite(
  view: DataView,
  bytes: Uint8Array,
  fileOffset: number | bigint,
  copyLength: number | bigint,
  transferOffset: number | bigint,
  token: OffloadToken | Uint8Array,
): void {
  view.setUint32(input.Size, WRITE_INPUT_SIZE, true);
  view.setUint32(input.Flags, 0, true);
  putUint64(view, input.FileOffset, fileOffset);
  putUint64(view, input.CopyLength, copyLength);
  putUint64(view, input.TransferOffset, transferOffset);
  putToken(token, bytes, input.Token);
}

export function decodeWriteFlags(view: DataView): number {
  return view.getUint32(output.Flags, true);
}

/** As {@link takeUint64} gives it. */
export function decodeLengthWritten(view: DataView): number | bigint {
  return takeUint64(view, output.LengthWritten);
}
