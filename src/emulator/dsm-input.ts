import { DEVICE_DATA_SET_RANGE, DEVICE_MANAGE_DATA_SET_ATTRIBUTES } from '../../structs/index.ts';
import type { Extent } from './extents.ts';
import { refuse } from './refusal.ts';
import { isAligned, type Request, roundUp } from './request.ts';

const head = DEVICE_MANAGE_DATA_SET_ATTRIBUTES.offsetOf;
const range = DEVICE_DATA_SET_RANGE.offsetOf;

/** The head of a DSM request. */
export interface DsmInput {
  readonly action: number;
  readonly parametersOffset: number;
  readonly parametersLength: number;
  readonly rangesOffset: number;
  readonly rangesLength: number;
}

export function readDsmInput({ frame, inputLength }: Request): DsmInput {
  const { size } = DEVICE_MANAGE_DATA_SET_ATTRIBUTES;
  if (inputLength < size) refuse('INVALID_PARAMETER');
  const view = frame.inputView;
  const input: DsmInput = {
    action: view.getUint32(head.Action, true),
    parametersOffset: view.getUint32(head.ParameterBlockOffset, true),
    parametersLength: view.getUint32(head.ParameterBlockLength, true),
    rangesOffset: view.getUint32(head.DataSetRangesOffset, true),
    rangesLength: view.getUint32(head.DataSetRangesLength, true),
  };
  const { parametersOffset, parametersLength, rangesOffset, rangesLength } = input;
  const fits =
    size + parametersLength + rangesLength <= inputLength &&
    parametersOffset + parametersLength <= inputLength &&
    rangesOffset + rangesLength <= inputLength;
  return fits ? input : refuse('INVALID_PARAMETER');
}

/** The ranges of a DSM request, checked one rule after the other as the class driver does. */
export function checkRanges(request: Request, input: DsmInput, sector: number, size: number): Extent[] {
  const count = Math.floor(input.rangesLength / DEVICE_DATA_SET_RANGE.size);
  if (input.rangesOffset === 0 || count === 0) refuse('INVALID_PARAMETER');
  const view = request.frame.inputView;
  const ranges = Array.from({ length: count }, (_, index) => {
    const at = input.rangesOffset + index * DEVICE_DATA_SET_RANGE.size;
    return {
      offset: view.getBigUint64(at + range.StartingOffset, true),
      length: view.getBigUint64(at + range.LengthInBytes, true),
    };
  });
  if (
    !ranges.every(
      ({ offset, length }) => length > 0n && isAligned(offset, sector) && isAligned(length, sector),
    )
  ) {
    refuse('INVALID_PARAMETER');
  }
  const end = BigInt(roundUp(size, sector));
  if (!ranges.every(({ offset, length }) => offset + length <= end)) refuse('NONEXISTENT_SECTOR');
  return ranges.map(({ offset, length }) => ({ offset: Number(offset), length: Number(length) }));
}
