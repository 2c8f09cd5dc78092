import {
  DEVICE_DATA_SET_RANGE,
  DEVICE_DSM_OFFLOAD_READ_PARAMETERS,
  DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS,
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES,
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT,
  DeviceDsmAction_OffloadRead,
  DeviceDsmAction_OffloadWrite,
  type Layout,
  STORAGE_OFFLOAD_READ_OUTPUT,
  STORAGE_OFFLOAD_TOKEN,
  STORAGE_OFFLOAD_WRITE_OUTPUT,
} from '../../structs/index.ts';
import { cutToken, type OffloadToken, putToken } from '../token.ts';
import { putUint64 } from './integers.ts';

/** A range as the structure has it. */
export interface Range {
  readonly startingOffset: number | bigint;
  readonly lengthInBytes: number | bigint;
}

const header = DEVICE_MANAGE_DATA_SET_ATTRIBUTES.offsetOf;
const range = DEVICE_DATA_SET_RANGE.offsetOf;
const readParameters = DEVICE_DSM_OFFLOAD_READ_PARAMETERS.offsetOf;
const writeParameters = DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS.offsetOf;
const readOutput = STORAGE_OFFLOAD_READ_OUTPUT.offsetOf;
const writeOutput = STORAGE_OFFLOAD_WRITE_OUTPUT.offsetOf;
const outerOutput = DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT.offsetOf;
const OUTER_SIZE = DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT.size;

const readPacking = packing(DEVICE_DSM_OFFLOAD_READ_PARAMETERS);
const writePacking = packing(DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS);

/** Room for the result behind a DEVICE_DSM_OUTPUT, where two pages put it; the class driver puts it at the start. */
export const DSM_READ_OUTPUT_ROOM: number = roundUp(OUTER_SIZE, 8) + STORAGE_OFFLOAD_READ_OUTPUT.size;
export const DSM_WRITE_OUTPUT_ROOM: number = roundUp(OUTER_SIZE, 8) + STORAGE_OFFLOAD_WRITE_OUTPUT.size;

/** Without the four bytes of padding at the end. */
export const DSM_READ_OUTPUT_LEAST: number = readOutput.Token + STORAGE_OFFLOAD_TOKEN.size;
export const DSM_WRITE_OUTPUT_LEAST: number = STORAGE_OFFLOAD_WRITE_OUTPUT.size;

export function dsmReadInputSize(count: number): number {
  return readPacking.rangesOffset + count * DEVICE_DATA_SET_RANGE.size;
}

export function dsmWriteInputSize(count: number): number {
  return writePacking.rangesOffset + count * DEVICE_DATA_SET_RANGE.size;
}

/** Writes header, DEVICE_DSM_OFFLOAD_READ_PARAMETERS and ranges, packed as the helpers of the SDK do. */
export function encodeDsmOffloadRead(
  view: DataView,
  bytes: Uint8Array,
  ranges: readonly Range[],
  timeToLive: number,
): void {
  bytes.fill(0, 0, readPacking.rangesOffset);
  putHeader(view, DeviceDsmAction_OffloadRead, readPacking, ranges);
  view.setUint32(readPacking.parametersOffset + readParameters.TimeToLive, timeToLive, true);
}

/** Writes header, DEVICE_DSM_OFFLOAD_WRITE_PARAMETERS and ranges, packed as the helpers of the SDK do. */
export function encodeDsmOffloadWrite(
  view: DataView,
  bytes: Uint8Array,
  ranges: readonly Range[],
  tokenOffset: number | bigint,
  token: OffloadToken | Uint8Array,
): void {
  bytes.fill(0, 0, writePacking.rangesOffset);
  putHeader(view, DeviceDsmAction_OffloadWrite, writePacking, ranges);
  putUint64(view, writePacking.parametersOffset + writeParameters.TokenOffset, tokenOffset);
  putToken(token, bytes, writePacking.parametersOffset + writeParameters.Token);
}

/** Where the result begins and how much of it there is: at the start, or where a DEVICE_DSM_OUTPUT says. */
export interface ResultPlace {
  readonly offset: number;
  readonly length: number;
}

/**
 * A legal result begins with flags of 0 to 3, a DEVICE_DSM_OUTPUT with its size and the action, so the two
 * cannot be taken for each other.
 */
export function placeOfResult(view: DataView, returned: number, action: number): ResultPlace {
  if (
    returned < OUTER_SIZE ||
    view.getUint32(outerOutput.Size, true) !== OUTER_SIZE ||
    view.getUint32(outerOutput.Action, true) !== action
  ) {
    return { offset: 0, length: returned };
  }
  const offset = view.getUint32(outerOutput.OutputBlockOffset, true);
  const length = view.getUint32(outerOutput.OutputBlockLength, true);
  return { offset, length: Math.min(length, Math.max(returned - offset, 0)) };
}

export function decodeDsmReadOutput(
  view: DataView,
  at: number,
): { flags: number; lengthProtected: bigint; tokenLength: number } {
  return {
    flags: view.getUint32(at + readOutput.OffloadReadFlags, true),
    lengthProtected: view.getBigUint64(at + readOutput.LengthProtected, true),
    tokenLength: view.getUint32(at + readOutput.TokenLength, true),
  };
}

export function decodeDsmReadToken(bytes: Uint8Array, at: number): OffloadToken {
  return cutToken(bytes, at + readOutput.Token);
}

export function decodeDsmWriteOutput(view: DataView, at: number): { flags: number; lengthCopied: bigint } {
  return {
    flags: view.getUint32(at + writeOutput.OffloadWriteFlags, true),
    lengthCopied: view.getBigUint64(at + writeOutput.LengthCopied, true),
  };
}

interface Packing {
  readonly parametersOffset: number;
  readonly parametersLength: number;
  readonly rangesOffset: number;
}

function packing(parameters: Layout): Packing {
  const parametersOffset = roundUp(DEVICE_MANAGE_DATA_SET_ATTRIBUTES.size, parameters.alignment);
  const rangesOffset = roundUp(parametersOffset + parameters.size, DEVICE_DATA_SET_RANGE.alignment);
  return { parametersOffset, parametersLength: parameters.size, rangesOffset };
}

function putHeader(view: DataView, action: number, packed: Packing, ranges: readonly Range[]): void {
  view.setUint32(header.Size, DEVICE_MANAGE_DATA_SET_ATTRIBUTES.size, true);
  view.setUint32(header.Action, action, true);
  view.setUint32(header.ParameterBlockOffset, packed.parametersOffset, true);
  view.setUint32(header.ParameterBlockLength, packed.parametersLength, true);
  view.setUint32(header.DataSetRangesOffset, packed.rangesOffset, true);
  view.setUint32(header.DataSetRangesLength, ranges.length * DEVICE_DATA_SET_RANGE.size, true);
  let at = packed.rangesOffset;
  for (const { startingOffset, lengthInBytes } of ranges) {
    putUint64(view, at + range.StartingOffset, startingOffset);
    putUint64(view, at + range.LengthInBytes, lengthInBytes);
    at += DEVICE_DATA_SET_RANGE.size;
  }
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
