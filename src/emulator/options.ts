import { type ByteCount, byteCountSentence, isByteCount } from '../byte-count.ts';
import { describeValue } from '../describe.ts';
import {
  callback,
  type Field,
  field,
  flag,
  milliseconds,
  oneOf,
  optional,
  type Rule,
  rule,
  sectorSize,
  sectorSizeOf,
} from '../fields.ts';
import { requestSchema } from '../request.ts';
import type { Intercept } from './interception.ts';

/** How the emulated array behaves. Everything may be left out. */
export interface EmulatorOptions {
  /** Logical sector in bytes: a power of two from 512 to 65,536. Default 512. */
  readonly sectorSize?: number | undefined;
  /** Most that one token covers, in bytes, at least a sector; rounded down to one. Default: no limit. */
  readonly maximumTransferSize?: ByteCount | undefined;
  /** Most that one offload write does, in bytes, at least a sector; rounded down to one. Default: no limit. */
  readonly maximumWriteSize?: ByteCount | undefined;
  /** How long a token is good for, in milliseconds; a shorter time to live in the request wins. Default: no limit. */
  readonly tokenLifetime?: number | undefined;
  /** What each control code takes at least, in milliseconds. Default 0. */
  readonly latency?: number | undefined;
  /**
   * With false nothing here can offload: FSCTL_OFFLOAD_READ and _WRITE answer STATUS_NOT_SUPPORTED, the DSM pair and
   * the copy-offload property STATUS_DEVICE_FEATURE_NOT_SUPPORTED. Default true.
   */
  readonly supported?: boolean | undefined;
  /** `'refuse'`: the DSM pair answers STATUS_ACCESS_DENIED, as the inbox class driver does to user mode. Default `'answer'`. */
  readonly dsm?: 'answer' | 'refuse' | undefined;
  /** Sees every control code before it runs, and may make it fail, do less, or wait. */
  readonly intercept?: Intercept | undefined;
}

/** The checked options; sizes in bytes, multiples of the sector, Infinity where there is no limit. */
export interface Settings {
  readonly sectorSize: number;
  readonly maximumTransferSize: number;
  readonly maximumWriteSize: number;
  readonly tokenLifetime: number;
  readonly latency: number;
  readonly supported: boolean;
  readonly dsm: 'answer' | 'refuse';
  readonly intercept: Intercept | undefined;
}

export function checkOptions(options: unknown): Settings {
  const checked = emulatorOptions.check(options);
  const sector = checked.sectorSize;
  return {
    sectorSize: sector,
    maximumTransferSize: limit(checked.maximumTransferSize, sector),
    maximumWriteSize: limit(checked.maximumWriteSize, sector),
    tokenLifetime: checked.tokenLifetime ?? Number.POSITIVE_INFINITY,
    latency: checked.latency ?? 0,
    supported: checked.supported ?? true,
    dsm: checked.dsm ?? 'answer',
    intercept: checked.intercept,
  };
}

function limit(bytes: ByteCount | undefined, sector: number): number {
  return bytes === undefined ? Number.POSITIVE_INFINITY : Math.floor(Number(bytes) / sector) * sector;
}

const emulatorOptions = requestSchema(
  'createEmulator',
  {
    sectorSize,
    maximumTransferSize: optional(transferSize()),
    maximumWriteSize: optional(transferSize()),
    tokenLifetime: optional(milliseconds),
    latency: optional(milliseconds),
    supported: optional(flag),
    dsm: optional(oneOf('answer', 'refuse')),
    intercept: optional(callback<Intercept>()),
  },
  { rules: [atLeastOneSector('maximumTransferSize'), atLeastOneSector('maximumWriteSize')] },
);

function transferSize(): Field<ByteCount> {
  return field(isByteCount, (path, value, request) =>
    byteCountSentence(path, value, 1, { lowest: sectorSizeOf(request) }),
  );
}

function atLeastOneSector(path: string): Rule {
  return rule(
    path,
    (request) => !isByteCount(request[path]) || request[path] >= sectorSizeOf(request),
    (at, value, request) => (nameOf) =>
      `${nameOf(at)} is ${describeValue(value)}; it must be at least a sector, the nearest legal value is ${sectorSizeOf(request)}.`,
  );
}
