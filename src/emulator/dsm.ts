import {
  DEVICE_DATA_SET_RANGE,
  DEVICE_DSM_OFFLOAD_READ_PARAMETERS,
  DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS,
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES,
  DeviceDsmAction_OffloadRead,
  DeviceDsmAction_OffloadWrite,
  STORAGE_OFFLOAD_MAX_TOKEN_LENGTH,
  STORAGE_OFFLOAD_READ_OUTPUT,
  STORAGE_OFFLOAD_READ_RANGE_TRUNCATED,
  STORAGE_OFFLOAD_TOKEN_INVALID,
  STORAGE_OFFLOAD_WRITE_OUTPUT,
  STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED,
} from '../../structs/index.ts';
import { isMultiple, LARGEST, least, roundDown, roundUp } from '../byte-count.ts';
import { findToken, writeToken } from './copying.ts';
import type { Extent } from './host-file.ts';
import { isRefusal, refuse } from './refusal.ts';
import type { ControlRequest, Storage } from './storage.ts';
import type { Task } from './task.ts';
import { ExtentCursor, totalLength } from './tokens.ts';

const RANGE = DEVICE_DATA_SET_RANGE;
const READ_PARAMETERS = DEVICE_DSM_OFFLOAD_READ_PARAMETERS;
const WRITE_PARAMETERS = DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS;
const READ_OUTPUT = STORAGE_OFFLOAD_READ_OUTPUT;
const WRITE_OUTPUT = STORAGE_OFFLOAD_WRITE_OUTPUT;

/**
 * IOCTL_STORAGE_MANAGE_DATA_SET_ATTRIBUTES, with its checks in the order of the class driver. The file stands for the
 * device.
 */
export function* manageDataSet(storage: Storage, request: ControlRequest): Task<number> {
  const header = readHeader(request);
  const isRead = header.action === DeviceDsmAction_OffloadRead;
  if (!isRead && header.action !== DeviceDsmAction_OffloadWrite) refuse('NOT_SUPPORTED');
  if (!storage.settings.supported) refuse('DEVICE_FEATURE_NOT_SUPPORTED');
  if (storage.settings.dsm === 'refuse') refuse('ACCESS_DENIED');
  const run = isRead ? offloadRead : offloadWrite;
  return yield* storage.fileOf(request.open.key).changes.run(() => run(storage, request, header));
}

function* offloadRead(storage: Storage, request: ControlRequest, header: Header): Task<number> {
  const { sectorSize, maximumTransferSize = LARGEST, tokenLifetime } = storage.settings;
  const { open, truncate } = request;
  const { inputView, output, outputView } = request.buffers;

  const { file, stat } = yield* storage.waitUntilStable(open);
  const extents = checkedRanges(request, header, sectorSize, stat.size);
  if (header.parametersLength < READ_PARAMETERS.size) refuse('INVALID_PARAMETER');
  // Milliseconds according to the SDK header; the class driver takes them for seconds.
  const timeToLive = inputView.getUint32(header.parametersAt + READ_PARAMETERS.offsetOf.TimeToLive, true);
  if (tokenLifetime > 0 && timeToLive > tokenLifetime) refuse('INVALID_PARAMETER');
  if (request.outputLength < READ_OUTPUT.size) refuse('BUFFER_TOO_SMALL');

  const requested = totalLength(extents);
  const covered = least(requested, maximumTransferSize, truncate);
  const token = storage.tokens.issue(open, file, new ExtentCursor(extents).take(covered), timeToLive);

  const flags = covered < requested ? STORAGE_OFFLOAD_READ_RANGE_TRUNCATED : 0;
  output.fill(0, 0, READ_OUTPUT.size);
  outputView.setUint32(READ_OUTPUT.offsetOf.OffloadReadFlags, flags, true);
  outputView.setBigUint64(READ_OUTPUT.offsetOf.LengthProtected, covered, true);
  outputView.setUint32(READ_OUTPUT.offsetOf.TokenLength, token.length, true);
  output.set(token, READ_OUTPUT.offsetOf.Token);
  return READ_OUTPUT.size;
}

function* offloadWrite(storage: Storage, request: ControlRequest, header: Header): Task<number> {
  const { sectorSize, maximumWriteSize = LARGEST } = storage.settings;
  const { open, truncate } = request;
  const { input, inputView, outputView } = request.buffers;

  const target = storage.observe(open);
  const extents = checkedRanges(request, header, sectorSize, target.stat.size);
  if (header.parametersLength < WRITE_PARAMETERS.size) refuse('INVALID_PARAMETER');
  if (request.outputLength < WRITE_OUTPUT.size) refuse('BUFFER_TOO_SMALL');
  const tokenAt = header.parametersAt + WRITE_PARAMETERS.offsetOf.Token;
  const token = findToken(storage, input.subarray(tokenAt, tokenAt + STORAGE_OFFLOAD_MAX_TOKEN_LENGTH));
  const offsetAt = header.parametersAt + WRITE_PARAMETERS.offsetOf.TokenOffset;
  // The class driver does not check its alignment, it rounds down.
  const tokenOffset = roundDown(inputView.getBigUint64(offsetAt, true), sectorSize);
  const requested = totalLength(extents);
  const available = token === undefined ? requested : token.length - tokenOffset;
  if (available <= 0n) refuse('INVALID_PARAMETER');

  const length = least(requested, available, maximumWriteSize, truncate);
  const taken = new ExtentCursor(extents).take(length);
  const copied =
    length === 0n ? { length } : yield* writeToken(storage, open, target, token, tokenOffset, taken);
  const truncated = copied.length < requested ? STORAGE_OFFLOAD_WRITE_RANGE_TRUNCATED : 0;
  const invalid = isRefusal(copied.stoppedBy, 'INVALID_TOKEN') ? STORAGE_OFFLOAD_TOKEN_INVALID : 0;

  outputView.setUint32(WRITE_OUTPUT.offsetOf.OffloadWriteFlags, truncated | invalid, true);
  outputView.setUint32(WRITE_OUTPUT.offsetOf.Reserved, 0, true);
  outputView.setBigUint64(WRITE_OUTPUT.offsetOf.LengthCopied, copied.length, true);
  return WRITE_OUTPUT.size;
}

interface Header {
  readonly action: number;
  readonly parametersAt: number;
  readonly parametersLength: number;
  readonly rangesAt: number;
  readonly rangesLength: number;
}

function readHeader({ buffers: { inputView }, inputLength }: ControlRequest): Header {
  const { size, offsetOf } = DEVICE_MANAGE_DATA_SET_ATTRIBUTES;
  if (inputLength < size) refuse('INVALID_PARAMETER');
  const action = inputView.getUint32(offsetOf.Action, true);
  const parametersAt = inputView.getUint32(offsetOf.ParameterBlockOffset, true);
  const parametersLength = inputView.getUint32(offsetOf.ParameterBlockLength, true);
  const rangesAt = inputView.getUint32(offsetOf.DataSetRangesOffset, true);
  const rangesLength = inputView.getUint32(offsetOf.DataSetRangesLength, true);
  if (size + parametersLength + rangesLength > inputLength) refuse('INVALID_PARAMETER');
  if (parametersAt + parametersLength > inputLength) refuse('INVALID_PARAMETER');
  if (rangesAt + rangesLength > inputLength) refuse('INVALID_PARAMETER');
  return { action, parametersAt, parametersLength, rangesAt, rangesLength };
}

/** The ranges of a request. Each rule is checked for all of them before the next rule. */
function checkedRanges(
  { buffers: { inputView } }: ControlRequest,
  { rangesAt, rangesLength }: Header,
  sectorSize: number,
  size: bigint,
): Extent[] {
  const count = Math.floor(rangesLength / RANGE.size);
  if (rangesAt === 0 || count === 0) refuse('INVALID_PARAMETER');
  const ranges = Array.from({ length: count }, (_, index) => {
    const at = rangesAt + index * RANGE.size;
    return {
      offset: inputView.getBigUint64(at + RANGE.offsetOf.StartingOffset, true),
      length: inputView.getBigUint64(at + RANGE.offsetOf.LengthInBytes, true),
    };
  });
  const isAligned = ({ offset, length }: Extent): boolean =>
    length > 0n && isMultiple(offset, sectorSize) && isMultiple(length, sectorSize);
  if (!ranges.every(isAligned)) refuse('INVALID_PARAMETER');
  const end = roundUp(size, sectorSize);
  if (!ranges.every(({ offset, length }) => offset + length <= end)) refuse('NONEXISTENT_SECTOR');
  return ranges;
}
