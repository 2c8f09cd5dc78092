import { type Control, ImpossibleReply } from '../../src/control.ts';
import { type DataSetRange, findResult } from '../../src/dsm.ts';
import { dsmOffloadReadControl } from '../../src/dsm-offload-read.ts';
import { dsmOffloadWriteControl } from '../../src/dsm-offload-write.ts';
import { alignmentQuery, copyOffloadQuery, propertyQuery } from '../../src/kernel/device-queries.ts';
import type { IoBuffers } from '../../src/kernel/kernel.ts';
import { offloadReadControl } from '../../src/offload-read.ts';
import { offloadWriteControl } from '../../src/offload-write.ts';
import { OffloadToken } from '../../src/token.ts';
import { STORAGE_PROPERTY_QUERY } from '../../structs/index.ts';

// Encodes and decodes the control codes field by field, also with values that no checked request can have.

type Count = number | bigint;

const MOST = 2n ** 64n - 1n;
// With a sector of one byte, no length is rounded.
const unrounded = { sectorSize: 1, endOfFile: undefined };
const NOTHING = new Uint8Array(0);
const ZEROS = OffloadToken.zeroData();

function input(view: DataView, bytes: Uint8Array): IoBuffers {
  return { input: bytes, inputView: view, output: NOTHING, outputView: new DataView(NOTHING.buffer) };
}

function output(view: DataView): IoBuffers {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return { input: NOTHING, inputView: new DataView(NOTHING.buffer), output: bytes, outputView: view };
}

/** Decodes a reply to a request for everything; a reply of zero bytes is a reply to a request for nothing. */
function decode<Arguments, Result>(
  control: Control<Arguments, Result>,
  view: DataView,
  returned: number,
  everything: Arguments,
  nothing: Arguments,
): Result {
  try {
    return control.decode(output(view), returned, everything);
  } catch (error) {
    if (!(error instanceof ImpossibleReply)) throw error;
    return control.decode(output(view), returned, nothing);
  }
}

export const READ_INPUT_SIZE: number = offloadReadControl.inputSize(readArguments(0, 0, 0));
export const READ_OUTPUT_SIZE: number = offloadReadControl.outputSize;
export const WRITE_INPUT_SIZE: number = offloadWriteControl.inputSize(writeArguments(0, 0, 0, ZEROS));
export const WRITE_OUTPUT_SIZE = 16;

function tokenOf(token: OffloadToken | Uint8Array): OffloadToken {
  return token instanceof OffloadToken ? token : OffloadToken.from(token);
}

function readArguments(fileOffset: Count, copyLength: Count, tokenTimeToLive: number) {
  return { fileOffset, copyLength, tokenTimeToLive, ...unrounded };
}

function writeArguments(
  fileOffset: Count,
  copyLength: Count,
  transferOffset: Count,
  token: OffloadToken | Uint8Array,
) {
  return { fileOffset, copyLength, transferOffset, token: tokenOf(token), ...unrounded };
}

export function encodeOffloadRead(view: DataView, fileOffset: Count, copyLength: Count, ttl: number): void {
  offloadReadControl.encode(input(view, bytesOf(view)), readArguments(fileOffset, copyLength, ttl));
}

export function encodeOffloadWrite(
  view: DataView,
  bytes: Uint8Array,
  fileOffset: Count,
  copyLength: Count,
  transferOffset: Count,
  token: OffloadToken | Uint8Array,
): void {
  const args = writeArguments(fileOffset, copyLength, transferOffset, token);
  offloadWriteControl.encode(input(view, bytes), args);
}

function decodeRead(view: DataView) {
  return decode(
    offloadReadControl,
    view,
    READ_OUTPUT_SIZE,
    readArguments(0, MOST, 0),
    readArguments(0, 0n, 0),
  );
}

export const decodeReadFlags = (view: DataView): number => decodeRead(view).flags;
export const decodeTransferLength = (view: DataView): bigint => decodeRead(view).transferLength;
export const decodeReadToken = (bytes: Uint8Array): OffloadToken => decodeRead(viewOf(bytes)).token;

export function isAllZeroBeyond(flags: number): boolean {
  const view = new DataView(new ArrayBuffer(READ_OUTPUT_SIZE));
  view.setUint32(4, flags, true);
  return decodeRead(view).allZeroBeyondRange;
}

function decodeWrite(view: DataView) {
  const [all, none] = [writeArguments(0, MOST, 0, ZEROS), writeArguments(0, 0n, 0, ZEROS)];
  return decode(offloadWriteControl, view, WRITE_OUTPUT_SIZE, all, none);
}

export const decodeWriteFlags = (view: DataView): number => decodeWrite(view).flags;
export const decodeLengthWritten = (view: DataView): bigint => decodeWrite(view).lengthWritten;

export const DSM_READ_OUTPUT_ROOM: number = dsmOffloadReadControl.outputSize;
export const DSM_WRITE_OUTPUT_ROOM: number = dsmOffloadWriteControl.outputSize;

const rangesOf = (count: number): DataSetRange[] =>
  Array.from({ length: count }, () => ({ startingOffset: 0, lengthInBytes: 512 }));
const readOf = (ranges: readonly DataSetRange[], timeToLive = 0) => ({
  ranges: [...ranges],
  timeToLive,
  sectorSize: 512,
});
const writeOf = (
  ranges: readonly DataSetRange[],
  token: OffloadToken | Uint8Array,
  tokenOffset: Count = 0,
) => ({ ranges: [...ranges], token: tokenOf(token), tokenOffset, sectorSize: 512 });

export const dsmReadInputSize = (count: number): number =>
  dsmOffloadReadControl.inputSize(readOf(rangesOf(count)));
export const dsmWriteInputSize = (count: number): number =>
  dsmOffloadWriteControl.inputSize(writeOf(rangesOf(count), ZEROS));

/** The shortest reply that a control code accepts. */
function leastReply(control: { decode(buffers: IoBuffers, returned: number): unknown }): number {
  for (let returned = 0; ; returned++) {
    try {
      control.decode(output(new DataView(new ArrayBuffer(1024))), returned);
      return returned;
    } catch (error) {
      if (!(error instanceof ImpossibleReply)) throw error;
      if (!error.problem.startsWith('the reply holds')) return returned;
    }
  }
}

export const DSM_READ_OUTPUT_LEAST: number = leastReply({
  decode: (buffers, returned) => dsmOffloadReadControl.decode(buffers, returned, readOf(rangesOf(1))),
});
export const DSM_WRITE_OUTPUT_LEAST: number = leastReply({
  decode: (buffers, returned) =>
    dsmOffloadWriteControl.decode(buffers, returned, writeOf(rangesOf(1), ZEROS)),
});

export function encodeDsmOffloadRead(
  view: DataView,
  bytes: Uint8Array,
  ranges: readonly DataSetRange[],
  timeToLive: number,
): void {
  dsmOffloadReadControl.encode(input(view, bytes), readOf(ranges, timeToLive));
}

export function encodeDsmOffloadWrite(
  view: DataView,
  bytes: Uint8Array,
  ranges: readonly DataSetRange[],
  tokenOffset: Count,
  token: OffloadToken | Uint8Array,
): void {
  dsmOffloadWriteControl.encode(input(view, bytes), writeOf(ranges, token, tokenOffset));
}

const everything: DataSetRange[] = [{ startingOffset: 0, lengthInBytes: MOST }];
const TOKEN_LENGTH = 16;

/** Copies the result at an offset, as if the reply began there. */
function resultAt(view: DataView, at: number): DataView {
  const bytes = new Uint8Array(view.byteLength - at);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset + at, view.byteLength - at));
  return viewOf(bytes);
}

export function decodeDsmReadOutput(
  view: DataView,
  at: number,
): { flags: number; lengthProtected: bigint; tokenLength: number } {
  const result = resultAt(view, at);
  const decoded = (): ReturnType<typeof dsmOffloadReadControl.decode> =>
    dsmOffloadReadControl.decode(output(result), result.byteLength, readOf(everything));
  const tokenLength = problemOr(512, decoded);
  result.setUint32(TOKEN_LENGTH, 512, true);
  const lengthProtected = problemOr(undefined, decoded) === 0 ? 0n : decoded().lengthProtected;
  if (lengthProtected === 0n) result.setBigUint64(8, 1n, true);
  return { flags: decoded().flags, lengthProtected, tokenLength: tokenLength ?? 0 };
}

/** The number in the message of an ImpossibleReply; 0 where the token covers nothing. */
function problemOr<T>(otherwise: T, run: () => unknown): number | T {
  try {
    run();
    return otherwise;
  } catch (error) {
    if (!(error instanceof ImpossibleReply)) throw error;
    const [, number] = /claims a token of (\d+) bytes/.exec(error.problem) ?? [];
    if (number !== undefined) return Number(number);
    return error.problem.includes('covers none') && otherwise === undefined ? 0 : otherwise;
  }
}

export function decodeDsmReadToken(bytes: Uint8Array, at: number): OffloadToken {
  const result = resultAt(viewOf(bytes), at);
  return dsmOffloadReadControl.decode(output(result), result.byteLength, readOf(everything)).token;
}

export function decodeDsmWriteOutput(view: DataView, at: number): { flags: number; lengthCopied: bigint } {
  const result = resultAt(view, at);
  const decoded = () =>
    dsmOffloadWriteControl.decode(output(result), result.byteLength, writeOf(everything, ZEROS));
  try {
    const { flags, lengthCopied } = decoded();
    return { flags, lengthCopied };
  } catch (error) {
    if (!(error instanceof ImpossibleReply)) throw error;
    result.setBigUint64(8, 1n, true);
    return { flags: decoded().flags, lengthCopied: 0n };
  }
}

export function placeOfResult(
  view: DataView,
  returned: number,
  action: number,
): { offset: number; length: number } {
  return findResult(output(view), returned, action);
}

export const PROPERTY_QUERY_SIZE: number = STORAGE_PROPERTY_QUERY.size;
export const COPY_OFFLOAD_SIZE: number = copyOffloadQuery.outputSize;
export const ACCESS_ALIGNMENT_SIZE: number = alignmentQuery.outputSize;

export function encodePropertyQuery(view: DataView, bytes: Uint8Array, propertyId: number): void {
  propertyQuery(propertyId, STORAGE_PROPERTY_QUERY, () => 0).encode(input(view, bytes), undefined);
}

export const decodeCopyOffload = (view: DataView): ReturnType<typeof copyOffloadQuery.decode> =>
  copyOffloadQuery.decode(output(view), COPY_OFFLOAD_SIZE, undefined);
export const decodeBytesPerLogicalSector = (view: DataView): number =>
  alignmentQuery.decode(output(view), ACCESS_ALIGNMENT_SIZE, undefined);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
