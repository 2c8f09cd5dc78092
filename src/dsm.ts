import * as z from 'zod';
import {
  DEVICE_DATA_SET_RANGE,
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES,
  DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT,
  type Layout,
} from '../structs/index.ts';
import { type ByteCount, isByteCount, LARGEST, type Limits, roundDown, roundUp } from './byte-count.ts';
import { describeValue } from './describe.ts';
import type { Sentence } from './errors.ts';
import {
  aligned,
  explainAlignment,
  explainReach,
  type Field,
  field,
  isAligned,
  isInReach,
  limitedByteCount,
  type Rule,
  rule,
  sectorSizeOf,
} from './fields.ts';
import type { IoBuffers } from './kernel/kernel.ts';
import { type Explain, hint, isArray, LONGEST_LIST, MOST_ISSUES, type Snapshot } from './request.ts';
import { setUint64 } from './uint64.ts';

// Shared by dsmOffloadRead and dsmOffloadWrite: the ranges, the layout of the input, the position of the result.

/** A range of a device (DEVICE_DATA_SET_RANGE), in bytes; both are multiples of the logical sector. */
export interface DataSetRange {
  /** From the start of the device. */
  readonly startingOffset: ByteCount;
  /** More than 0. */
  readonly lengthInBytes: ByteCount;
}

// A range is never empty, so a whole sector must fit after every offset.
const offsetLimits = (sector: number): Limits => ({ highest: LARGEST - BigInt(sector) });
const lengthLimits = (sector: number): Limits => ({ lowest: sector });

/** The keys of a range. */
export const rangeKeys: readonly (keyof DataSetRange)[] = ['startingOffset', 'lengthInBytes'];

/** 1 to 65,536 ranges. What they hold is checked by {@link rangesFit}. */
export const rangeList: Field<readonly DataSetRange[]> = field(isRangeList, explainCount);

function explainCount(path: string, value: unknown): Sentence {
  if (isArray(value)) {
    const nearest = value.length === 0 ? 1 : LONGEST_LIST;
    return (nameOf) =>
      `${nameOf(path)} holds ${value.length} ranges; it must hold 1 to ${LONGEST_LIST}, the nearest legal number is ${nearest}.`;
  }
  const shown = value === undefined ? 'missing' : describeValue(value);
  return (nameOf) => `${nameOf(path)} is ${shown}; it must be an array of { startingOffset, lengthInBytes }.`;
}

const explainNoRoom: Explain = (path, value, request) => {
  const sector = sectorSizeOf(request);
  const nearest = roundDown(LARGEST - BigInt(sector), sector);
  return (nameOf) =>
    `${nameOf(path)} is ${describeValue(value)}; a whole sector must fit after it within 2^63-1, the nearest legal value is ${nearest}n.`;
};

const explainEmpty: Explain = (path, value, request) => (nameOf) =>
  `${nameOf(path)} is ${describeValue(value)}; a range must not be empty, the nearest legal value is ${sectorSizeOf(request)}.`;

/** Every range must have its two keys and no other, be aligned, not be empty, and end within 2^63-1. */
export const rangesFit: Rule = z.superRefine((request: Snapshot, context) => {
  let reported = 0;
  for (const [index, range] of rangesIn(request).entries()) {
    if (reported >= MOST_ISSUES) break;
    const { startingOffset, lengthInBytes, ...others } = range;
    const report = (key: string, explain: Explain): void => {
      reported++;
      context.addIssue({ code: 'custom', path: ['ranges', index, key], params: { explain } });
    };

    if (!isByteCount(startingOffset) || !isAligned(startingOffset, request)) {
      report('startingOffset', explainAlignment(offsetLimits));
    } else if (!leavesRoom(startingOffset, request)) report('startingOffset', explainNoRoom);

    if (!isByteCount(lengthInBytes) || !isAligned(lengthInBytes, request)) {
      report('lengthInBytes', explainAlignment(lengthLimits));
    } else if (BigInt(lengthInBytes) === 0n) report('lengthInBytes', explainEmpty);
    else if (leavesRoom(startingOffset, request) && !isInReach(startingOffset, lengthInBytes, request)) {
      report('lengthInBytes', explainReach('startingOffset'));
    }

    for (const key of Object.keys(others)) {
      const parent = `ranges.${index}`;
      report(
        key,
        () => () => `Unknown key ${describeValue(key)} in ${parent}; ${hint('key', key, rangeKeys)}`,
      );
    }
  }
});

/** The offset in the token plus the total length of the ranges must stay within 2^63-1. */
export const rangesTogetherFit: Rule = rule(
  'ranges',
  ({ tokenOffset, ...request }) => {
    const start = isByteCount(tokenOffset) ? BigInt(tokenOffset) : 0n;
    return !isAligned(tokenOffset, request) || start + totalOf(request) <= LARGEST;
  },
  (path, _value, request) => {
    const { tokenOffset } = request;
    const start = isByteCount(tokenOffset) ? BigInt(tokenOffset) : 0n;
    const from = start === 0n ? '' : ` from tokenOffset ${describeValue(tokenOffset)}`;
    const most = roundDown(LARGEST - start, sectorSizeOf(request));
    return (nameOf) =>
      `${nameOf(path)} hold ${totalOf(request)} bytes in total${from}, which ends beyond 2^63-1; the maximum is ${most}.`;
  },
);

export const tokenOffset: Field<ByteCount> = limitedByteCount(offsetLimits);

/** TokenOffset must be a multiple of the logical sector, and a whole sector must fit after it. */
export const tokenOffsetFits: readonly [Rule, Rule] = [
  aligned('tokenOffset', offsetLimits),
  rule('tokenOffset', (request) => leavesRoom(request['tokenOffset'], request), explainNoRoom),
];

function leavesRoom(offset: unknown, request: Snapshot): boolean {
  if (!isByteCount(offset) || !isAligned(offset, request)) return true;
  return offset <= LARGEST - BigInt(sectorSizeOf(request));
}

function isRangeList(value: unknown): boolean {
  return isArray(value) && value.length >= 1 && value.length <= LONGEST_LIST;
}

/** The ranges of a request, whose values may still be refused. Empty if the list itself is refused. */
function rangesIn({ ranges }: Snapshot): readonly Snapshot[] {
  return isArray(ranges) && isRangeList(ranges)
    ? ranges.map((range): Snapshot => ({ ...Object(range) }))
    : [];
}

// Ignores lengths that are refused.
function totalOf(request: Snapshot): bigint {
  return rangesIn(request)
    .map(({ lengthInBytes }) => lengthInBytes)
    .filter(isByteCount)
    .reduce<bigint>((total, length) => total + BigInt(length), 0n);
}

/** The total length of the ranges in bytes. */
export function totalLength(ranges: readonly Pick<DataSetRange, 'lengthInBytes'>[]): bigint {
  return ranges.reduce((total, { lengthInBytes }) => total + BigInt(lengthInBytes), 0n);
}

/**
 * The layout of the input, as the SDK helper DeviceDsmInitializeInput packs it: header, aligned parameters, aligned ranges.
 */
export interface DsmPacking {
  readonly parametersOffset: number;
  readonly parametersLength: number;
  readonly rangesOffset: number;
}

export function packingOf(parameters: Layout): DsmPacking {
  const parametersOffset = alignUp(DEVICE_MANAGE_DATA_SET_ATTRIBUTES.size, parameters.alignment);
  const rangesOffset = alignUp(parametersOffset + parameters.size, DEVICE_DATA_SET_RANGE.alignment);
  return { parametersOffset, parametersLength: parameters.size, rangesOffset };
}

export function inputSizeOf(packing: DsmPacking, ranges: readonly DataSetRange[]): number {
  return packing.rangesOffset + ranges.length * DEVICE_DATA_SET_RANGE.size;
}

/** Writes DEVICE_MANAGE_DATA_SET_ATTRIBUTES and the ranges. The caller adds the parameters. */
export function encodeDsmInput(
  { input, inputView }: IoBuffers,
  action: number,
  packing: DsmPacking,
  ranges: readonly DataSetRange[],
): void {
  const header = DEVICE_MANAGE_DATA_SET_ATTRIBUTES;
  input.fill(0, 0, packing.rangesOffset);
  inputView.setUint32(header.offsetOf.Size, header.size, true);
  inputView.setUint32(header.offsetOf.Action, action, true);
  inputView.setUint32(header.offsetOf.ParameterBlockOffset, packing.parametersOffset, true);
  inputView.setUint32(header.offsetOf.ParameterBlockLength, packing.parametersLength, true);
  inputView.setUint32(header.offsetOf.DataSetRangesOffset, packing.rangesOffset, true);
  inputView.setUint32(header.offsetOf.DataSetRangesLength, ranges.length * DEVICE_DATA_SET_RANGE.size, true);
  let offset = packing.rangesOffset;
  for (const { startingOffset, lengthInBytes } of ranges) {
    setUint64(inputView, offset + DEVICE_DATA_SET_RANGE.offsetOf.StartingOffset, startingOffset);
    setUint64(inputView, offset + DEVICE_DATA_SET_RANGE.offsetOf.LengthInBytes, lengthInBytes);
    offset += DEVICE_DATA_SET_RANGE.size;
  }
}

const WRAPPER = DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT;

/** Output buffer size for a result behind a DEVICE_DSM_OUTPUT, which two pages of the documentation describe. */
export function outputRoomFor(result: Layout): number {
  return alignUp(WRAPPER.size, result.alignment) + result.size;
}

/**
 * Finds the result in a reply: at the start, where the class driver writes it, or at the position in a DEVICE_DSM_OUTPUT.
 * A result begins with flags from 0 to 3 and a DEVICE_DSM_OUTPUT with its size, so the two cannot be confused.
 */
export function findResult(
  { outputView }: IoBuffers,
  returned: number,
  action: number,
): { readonly offset: number; readonly length: number } {
  const isWrapped =
    returned >= WRAPPER.size &&
    outputView.getUint32(WRAPPER.offsetOf.Size, true) === WRAPPER.size &&
    outputView.getUint32(WRAPPER.offsetOf.Action, true) === action;
  if (!isWrapped) return { offset: 0, length: returned };
  const offset = outputView.getUint32(WRAPPER.offsetOf.OutputBlockOffset, true);
  const length = outputView.getUint32(WRAPPER.offsetOf.OutputBlockLength, true);
  return { offset, length: Math.min(length, Math.max(returned - offset, 0)) };
}

function alignUp(offset: number, alignment: number): number {
  return Number(roundUp(offset, alignment));
}
