import {
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
  OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE,
} from '../../structs/index.ts';
import { refuse } from './refusal.ts';
import { endsWithinReach, isAligned, type Request, roundDown, roundUp } from './request.ts';
import type { Storage } from './storage.ts';
import { makeToken } from './token-read.ts';
import { putZeroToken } from './tokens.ts';
import type { Work } from './work.ts';

const input = FSCTL_OFFLOAD_READ_INPUT.offsetOf;
const output = FSCTL_OFFLOAD_READ_OUTPUT.offsetOf;
const TWO_64 = 0x1_0000_0000_0000_0000n;

/** FSCTL_OFFLOAD_READ, its checks in the order of MS-FSA 2.1.5.10.20. */
export function* offloadRead(storage: Storage, request: Request): Work<number> {
  const { sectorSize, supported, maximumTransferSize } = storage.settings;
  const { open, frame } = request;
  if (!supported) refuse('NOT_SUPPORTED');
  if (request.inputLength < FSCTL_OFFLOAD_READ_INPUT.size) refuse('BUFFER_TOO_SMALL');
  if (request.outputLength < FSCTL_OFFLOAD_READ_OUTPUT.size) refuse('BUFFER_TOO_SMALL');

  const view = frame.inputView;
  const fileOffset = view.getBigUint64(input.FileOffset, true);
  const copyLength = view.getBigUint64(input.CopyLength, true);
  if (!isAligned(fileOffset, sectorSize) || !isAligned(copyLength, sectorSize)) refuse('INVALID_PARAMETER');
  if (view.getUint32(input.Size, true) !== FSCTL_OFFLOAD_READ_INPUT.size) refuse('INVALID_PARAMETER');
  if (fileOffset + copyLength >= TWO_64) refuse('INVALID_PARAMETER');
  if (copyLength === 0n) return reply(request, 0, false);

  const file = storage.fileAt(open.key);
  const timeToLive = view.getUint32(input.TokenTimeToLive, true);
  // Reads wait for a change of the same file that is under way, so that no token stands for half of it.
  return yield* file.turns.take(function* () {
    const sight = yield* storage.settle(open);
    const { stat, size } = sight;
    if (!stat.isFile()) refuse('OFFLOAD_READ_FILE_NOT_SUPPORTED');
    if (stat.nlink === 0n) refuse('FILE_DELETED');
    if (!endsWithinReach(fileOffset, 0n)) refuse('INVALID_PARAMETER');
    if (fileOffset >= stat.size) refuse('END_OF_FILE');

    const offset = Number(fileOffset);
    const truncate = roundDown(request.truncate, sectorSize);
    const asked = Math.min(Number(copyLength), roundUp(size - offset, sectorSize));
    // The specification gives no TransferLength here. This one lets a caller that only adds up lengths reach the end.
    if (offset >= file.validData) return reply(request, Math.min(asked, truncate), true);

    const crosses = offset + Number(copyLength) > file.validData;
    const length = crosses ? Math.min(asked, roundUp(file.validData - offset, sectorSize)) : asked;
    const covered = Math.min(length, maximumTransferSize, truncate);
    const token = makeToken(storage, open, sight, [{ offset, length: covered }], timeToLive);
    return reply(request, covered, crosses && covered === length, token.bytes);
  });
}

// Written only once nothing can fail any more: Windows copies nothing out of a call that failed.
function reply({ frame }: Request, covered: number, allZeroBeyond: boolean, token?: Uint8Array): number {
  const { size } = FSCTL_OFFLOAD_READ_OUTPUT;
  const view = frame.outputView;
  view.setUint32(output.Size, size, true);
  view.setUint32(output.Flags, allZeroBeyond ? OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE : 0, true);
  view.setBigUint64(output.TransferLength, BigInt(covered), true);
  if (token === undefined) putZeroToken(view, output.Token);
  else frame.output.set(token, output.Token);
  return size;
}
