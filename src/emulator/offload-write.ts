import {
  FSCTL_OFFLOAD_WRITE_INPUT,
  FSCTL_OFFLOAD_WRITE_OUTPUT,
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
} from '../../structs/index.ts';
import { refuse } from './refusal.ts';
import { endsWithinReach, isAligned, type Request, roundDown, roundUp } from './request.ts';
import type { Storage } from './storage.ts';
import { findToken, writeToken } from './token-write.ts';
import type { Work } from './work.ts';

const input = FSCTL_OFFLOAD_WRITE_INPUT.offsetOf;
const output = FSCTL_OFFLOAD_WRITE_OUTPUT.offsetOf;
const TWO_64 = 0x1_0000_0000_0000_0000n;

/** FSCTL_OFFLOAD_WRITE, its checks in the order of MS-FSA 2.1.5.10.21. */
export function* offloadWrite(storage: Storage, request: Request): Work<number> {
  const { sectorSize, supported, maximumWriteSize } = storage.settings;
  const { open, frame } = request;
  if (!supported) refuse('NOT_SUPPORTED');
  if (request.inputLength < FSCTL_OFFLOAD_WRITE_INPUT.size) refuse('BUFFER_TOO_SMALL');
  if (request.outputLength < FSCTL_OFFLOAD_WRITE_OUTPUT.size) refuse('BUFFER_TOO_SMALL');

  const view = frame.inputView;
  const fileOffset = view.getBigUint64(input.FileOffset, true);
  const copyLength = view.getBigUint64(input.CopyLength, true);
  const transferOffset = view.getBigUint64(input.TransferOffset, true);
  if (![fileOffset, copyLength, transferOffset].every((value) => isAligned(value, sectorSize))) {
    refuse('INVALID_PARAMETER');
  }
  if (view.getUint32(input.Size, true) !== FSCTL_OFFLOAD_WRITE_INPUT.size) refuse('INVALID_PARAMETER');
  if (fileOffset + copyLength >= TWO_64) refuse('INVALID_PARAMETER');
  if (copyLength === 0n) return reply(request, 0);

  const file = storage.fileAt(open.key);
  const bytes = frame.input.subarray(input.Token, input.Token + STORAGE_OFFLOAD_MAX_TOKEN_LENGTH);
  return yield* file.turns.take(function* () {
    const sight = storage.see(open);
    if (!sight.stat.isFile()) refuse('OFFLOAD_WRITE_FILE_NOT_SUPPORTED');
    if (sight.stat.nlink === 0n) refuse('FILE_DELETED');
    if (!endsWithinReach(fileOffset, copyLength)) refuse('INVALID_PARAMETER');
    if (fileOffset >= sight.stat.size) refuse('END_OF_FILE');
    if (fileOffset > BigInt(file.validData)) refuse('BEYOND_VDL');

    const token = findToken(storage, bytes);
    // Windows does not say what happens beyond the token; illumos refuses.
    if (token !== undefined && transferOffset + copyLength > BigInt(token.length))
      refuse('INVALID_PARAMETER');

    const offset = Number(fileOffset);
    const room = roundUp(sight.size - offset, sectorSize);
    const truncate = roundDown(request.truncate, sectorSize);
    const length = Math.min(Number(copyLength), room, maximumWriteSize, truncate);
    if (length === 0) return reply(request, 0);
    const moved = yield* writeToken(storage, open, sight, token, Number(transferOffset), [
      { offset, length },
    ]);
    return reply(request, moved.length);
  });
}

function reply({ frame }: Request, written: number): number {
  const { size } = FSCTL_OFFLOAD_WRITE_OUTPUT;
  const view = frame.outputView;
  view.setUint32(output.Size, size, true);
  view.setUint32(output.Flags, 0, true);
  view.setBigUint64(output.LengthWritten, BigInt(written), true);
  return size;
}
