import {
  FSCTL_OFFLOAD_WRITE_INPUT,
  FSCTL_OFFLOAD_WRITE_OUTPUT,
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
} from '../../structs/index.ts';
import { fitsInFile, isMultiple, LARGEST, least, roundUp } from '../byte-count.ts';
import { findToken, writeToken } from './copying.ts';
import { refuse } from './refusal.ts';
import type { ControlRequest, Storage } from './storage.ts';
import type { Task } from './task.ts';

const INPUT = FSCTL_OFFLOAD_WRITE_INPUT;
const OUTPUT = FSCTL_OFFLOAD_WRITE_OUTPUT;
const LARGEST_U64 = 0xffff_ffff_ffff_ffffn;

/** FSCTL_OFFLOAD_WRITE, with its checks in the order of MS-FSA 2.1.5.10.21. */
export function* offloadWrite(storage: Storage, request: ControlRequest): Task<number> {
  const { sectorSize, supported, maximumWriteSize = LARGEST } = storage.settings;
  const { open, truncate, inputLength, outputLength } = request;
  const { input, inputView: view } = request.buffers;

  if (!supported) refuse('NOT_SUPPORTED');
  if (inputLength < INPUT.size) refuse('BUFFER_TOO_SMALL');
  if (outputLength < OUTPUT.size) refuse('BUFFER_TOO_SMALL');
  const fileOffset = view.getBigUint64(INPUT.offsetOf.FileOffset, true);
  const copyLength = view.getBigUint64(INPUT.offsetOf.CopyLength, true);
  const transferOffset = view.getBigUint64(INPUT.offsetOf.TransferOffset, true);
  if (!isMultiple(fileOffset, sectorSize)) refuse('INVALID_PARAMETER');
  if (!isMultiple(copyLength, sectorSize)) refuse('INVALID_PARAMETER');
  if (!isMultiple(transferOffset, sectorSize)) refuse('INVALID_PARAMETER');
  if (view.getUint32(INPUT.offsetOf.Size, true) !== INPUT.size) refuse('INVALID_PARAMETER');
  if (fileOffset + copyLength > LARGEST_U64) refuse('INVALID_PARAMETER');
  if (copyLength === 0n) return reply(request, 0n);

  const tokenAt = INPUT.offsetOf.Token;
  const tokenBytes = input.subarray(tokenAt, tokenAt + STORAGE_OFFLOAD_MAX_TOKEN_LENGTH);
  return yield* storage.fileOf(open.key).changes.run(function* () {
    const target = storage.observe(open);
    const { file, stat } = target;
    if (!stat.isFile()) refuse('OFFLOAD_WRITE_FILE_NOT_SUPPORTED');
    if (stat.nlink === 0n) refuse('FILE_DELETED');
    if (!fitsInFile(fileOffset, copyLength)) refuse('INVALID_PARAMETER');
    if (fileOffset >= stat.size) refuse('END_OF_FILE');
    if (fileOffset > file.validData) refuse('BEYOND_VDL');
    const token = findToken(storage, tokenBytes);
    // Windows documents nothing for a range beyond the token; illumos refuses it.
    if (token !== undefined && transferOffset + copyLength > token.length) refuse('INVALID_PARAMETER');

    const room = roundUp(stat.size - fileOffset, sectorSize);
    const length = least(copyLength, room, maximumWriteSize, truncate);
    if (length === 0n) return reply(request, 0n);
    const extents = [{ offset: fileOffset, length }];
    const copied = yield* writeToken(storage, open, target, token, transferOffset, extents);
    return reply(request, copied.length);
  });
}

function reply({ buffers: { outputView } }: ControlRequest, lengthWritten: bigint): number {
  outputView.setUint32(OUTPUT.offsetOf.Size, OUTPUT.size, true);
  outputView.setUint32(OUTPUT.offsetOf.Flags, 0, true);
  outputView.setBigUint64(OUTPUT.offsetOf.LengthWritten, lengthWritten, true);
  return OUTPUT.size;
}
