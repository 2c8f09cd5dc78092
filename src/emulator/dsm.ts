import {
  DEVICE_DSM_OFFLOAD_READ_PARAMETERS,
  DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS,
  DeviceDsmAction_OffloadRead,
  DeviceDsmAction_OffloadWrite,
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_READ_OUTPUT,
  STORAGE_OFFLOAD_READ_RANGE_TRUNCATED,
  STORAGE_OFFLOAD_TOKEN_INVALID,
  STORAGE_OFFLOAD_WRITE_OUTPUT,
  STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED,
} from '../../structs/index.ts';
import { checkRanges, type DsmInput, readDsmInput } from './dsm-input.ts';
import { totalOf, Walk } from './extents.ts';
import { failure, refuse } from './refusal.ts';
import { type Request, roundDown } from './request.ts';
import type { Storage } from './storage.ts';
import { makeToken } from './token-read.ts';
import { findToken, writeToken } from './token-write.ts';
import type { Work } from './work.ts';

const readParameters = DEVICE_DSM_OFFLOAD_READ_PARAMETERS.offsetOf;
const writeParameters = DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS.offsetOf;
const readOutput = STORAGE_OFFLOAD_READ_OUTPUT.offsetOf;
const writeOutput = STORAGE_OFFLOAD_WRITE_OUTPUT.offsetOf;

/** IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, its checks in the order of the class driver. The file is the device. */
export function* manageDataSet(storage: Storage, request: Request): Work<number> {
  const head = readDsmInput(request);
  if (head.action !== DeviceDsmAction_OffloadRead && head.action !== DeviceDsmAction_OffloadWrite) {
    refuse('NOT_SUPPORTED');
  }
  if (!storage.settings.supported) refuse('DEVICE_FEATURE_NOT_SUPPORTED');
  if (storage.settings.dsm === 'refuse') refuse('ACCESS_DENIED');
  const file = storage.fileAt(request.open.key);
  return yield* file.turns.take(() =>
    head.action === DeviceDsmAction_OffloadRead
      ? offloadRead(storage, request, head)
      : offloadWrite(storage, request, head),
  );
}

function* offloadRead(storage: Storage, request: Request, head: DsmInput): Work<number> {
  const { sectorSize, maximumTransferSize, tokenLifetime } = storage.settings;
  const { open, frame } = request;
  const sight = yield* storage.settle(open);
  const extents = checkRanges(request, head, sectorSize, sight.size);
  if (head.parametersLength < DEVICE_DSM_OFFLOAD_READ_PARAMETERS.size) refuse('INVALID_PARAMETER');
  // In milliseconds, as the header says; the class driver takes it for seconds.
  const timeToLive = frame.inputView.getUint32(head.parametersOffset + readParameters.TimeToLive, true);
  if (tokenLifetime > 0 && timeToLive > tokenLifetime) refuse('INVALID_PARAMETER');
  if (request.outputLength < STORAGE_OFFLOAD_READ_OUTPUT.size) refuse('BUFFER_TOO_SMALL');

  const asked = totalOf(extents);
  const covered = Math.min(asked, maximumTransferSize, roundDown(request.truncate, sectorSize));
  const token = makeToken(storage, open, sight, new Walk(extents).take(covered), timeToLive);

  const view = frame.outputView;
  const flags = covered < asked ? STORAGE_OFFLOAD_READ_RANGE_TRUNCATED : 0;
  frame.output.fill(0, 0, STORAGE_OFFLOAD_READ_OUTPUT.size);
  view.setUint32(readOutput.OffloadReadFlags, flags, true);
  view.setBigUint64(readOutput.LengthProtected, BigInt(covered), true);
  view.setUint32(readOutput.TokenLength, token.bytes.length, true);
  frame.output.set(token.bytes, readOutput.Token);
  return STORAGE_OFFLOAD_READ_OUTPUT.size;
}

function* offloadWrite(storage: Storage, request: Request, head: DsmInput): Work<number> {
  const { sectorSize, maximumWriteSize } = storage.settings;
  const { open, frame } = request;
  const sight = storage.see(open);
  const extents = checkRanges(request, head, sectorSize, sight.size);
  if (head.parametersLength < DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS.size) refuse('INVALID_PARAMETER');
  if (request.outputLength < STORAGE_OFFLOAD_WRITE_OUTPUT.size) refuse('BUFFER_TOO_SMALL');

  const tokenAt = head.parametersOffset + writeParameters.Token;
  const token = findToken(storage, frame.input.subarray(tokenAt, tokenAt + STORAGE_OFFLOAD_MAX_TOKEN_LENGTH));
  const asked = totalOf(extents);
  const wished = frame.inputView.getBigUint64(head.parametersOffset + writeParameters.TokenOffset, true);
  // The class driver drops what is no whole sector without a word.
  const tokenOffset = roundDown(Number(wished), sectorSize);
  const left = token === undefined ? asked : token.length - tokenOffset;
  if (left <= 0) refuse('INVALID_PARAMETER');

  const limit = Math.min(asked, left, maximumWriteSize, roundDown(request.truncate, sectorSize));
  const moved =
    limit === 0
      ? { length: 0 }
      : yield* writeToken(storage, open, sight, token, tokenOffset, new Walk(extents).take(limit));
  const truncated = moved.length < asked ? STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED : 0;
  const invalid = moved.stopped?.ntstatus === INVALID_TOKEN ? STORAGE_OFFLOAD_TOKEN_INVALID : 0;

  const view = frame.outputView;
  view.setUint32(writeOutput.OffloadWriteFlags, truncated | invalid, true);
  view.setUint32(writeOutput.Reserved, 0, true);
  view.setBigUint64(writeOutput.LengthCopied, BigInt(moved.length), true);
  return STORAGE_OFFLOAD_WRITE_OUTPUT.size;
}

const INVALID_TOKEN = failure('INVALID_TOKEN').ntstatus;
