import {
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
  OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE,
} from '../../structs/index.ts';
import { fitsInFile, isMultiple, LARGEST, least, roundUp } from '../byte-count.ts';
import { refuse } from './refusal.ts';
import type { ControlRequest, Storage } from './storage.ts';
import type { Task } from './task.ts';
import { putZeroToken } from './tokens.ts';

const INPUT = FSCTL_OFFLOAD_READ_INPUT;
const OUTPUT = FSCTL_OFFLOAD_READ_OUTPUT;
const LARGEST_U64 = 0xffff_ffff_ffff_ffffn;

/** FSCTL_OFFLOAD_READ, with its checks in the order of MS-FSA 2.1.5.10.20. */
export function* offloadRead(storage: Storage, request: ControlRequest): Task<number> {
  const { sectorSize, supported, maximumTransferSize = LARGEST } = storage.settings;
  const { open, truncate, inputLength, outputLength } = request;
  const view = request.buffers.inputView;

  if (!supported) refuse('NOT_SUPPORTED');
  if (inputLength < INPUT.size) refuse('BUFFER_TOO_SMALL');
  if (outputLength < OUTPUT.size) refuse('BUFFER_TOO_SMALL');
  const fileOffset = view.getBigUint64(INPUT.offsetOf.FileOffset, true);
  const copyLength = view.getBigUint64(INPUT.offsetOf.CopyLength, true);
  if (!isMultiple(fileOffset, sectorSize)) refuse('INVALID_PARAMETER');
  if (!isMultiple(copyLength, sectorSize)) refuse('INVALID_PARAMETER');
  if (view.getUint32(INPUT.offsetOf.Size, true) !== INPUT.size) refuse('INVALID_PARAMETER');
  if (fileOffset + copyLength > LARGEST_U64) refuse('INVALID_PARAMETER');
  if (copyLength === 0n) return reply(request, 0n, false);

  const timeToLive = view.getUint32(INPUT.offsetOf.TokenTimeToLive, true);
  // A read waits for changes of the same file, so that no token stands for half a change.
  return yield* storage.fileOf(open.key).changes.run(function* () {
    const { file, stat } = yield* storage.waitUntilStable(open);
    if (!stat.isFile()) refuse('OFFLOAD_READ_FILE_NOT_SUPPORTED');
    if (stat.nlink === 0n) refuse('FILE_DELETED');
    if (!fitsInFile(fileOffset, 0n)) refuse('INVALID_PARAMETER');
    if (fileOffset >= stat.size) refuse('END_OF_FILE');

    const { validData } = file;
    const available = least(copyLength, roundUp(stat.size - fileOffset, sectorSize));
    // The specification names no TransferLength here. With this one, a caller that adds up lengths reaches the end.
    if (fileOffset >= validData) return reply(request, least(available, truncate), true);

    const isCut = fileOffset + copyLength > validData;
    const valid = isCut ? least(available, roundUp(validData - fileOffset, sectorSize)) : available;
    const covered = least(valid, maximumTransferSize, truncate);
    const extents = [{ offset: fileOffset, length: covered }];
    const token = storage.tokens.issue(open, file, extents, timeToLive);
    return reply(request, covered, isCut && covered === valid, token);
  });
}

// Written last: Windows copies no output of a call that failed. Without a token the reply holds the zero token.
function reply(
  { buffers: { output, outputView } }: ControlRequest,
  transferLength: bigint,
  isZeroBeyond: boolean,
  token?: Uint8Array,
): number {
  const flags = isZeroBeyond ? OFFLOAD_READ_FLAG_ALL_ZERO_BEYOND_CURRENT_RANGE : 0;
  outputView.setUint32(OUTPUT.offsetOf.Size, OUTPUT.size, true);
  outputView.setUint32(OUTPUT.offsetOf.Flags, flags, true);
  outputView.setBigUint64(OUTPUT.offsetOf.TransferLength, transferLength, true);
  if (token === undefined) putZeroToken(output, OUTPUT.offsetOf.Token);
  else output.set(token, OUTPUT.offsetOf.Token);
  return OUTPUT.size;
}
