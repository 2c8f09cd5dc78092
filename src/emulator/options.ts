import { type ByteCount, byteCountSentence, isByteCount, roundDown } from '../byte-count.ts';
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
import type { Intercept } from './intercept.ts';

/** The behaviour of the emulated array. Every option may be omitted. */
export interface EmulatorOptions {
  /** Logical sector in bytes: a power of two from 512 to 65,536. Default 512. */
  readonly sectorSize?: number | undefined;
  /** Most bytes that one token covers, at least a sector; rounded down to the sector. Default: no limit. */
  readonly maximumTransferSize?: ByteCount | undefined;
  /** Most bytes that one offload write copies, at least a sector; rounded down to the sector. Default: no limit. */
  readonly maximumWriteSize?: ByteCount | undefined;
  /** How long a token is valid, in milliseconds; a shorter time to live in the request wins. Default: no limit. */
  readonly tokenLifetime?: number | undefined;
  /** The least time that a control code takes, in milliseconds. Default 0. */
  readonly latency?: number | undefined;
  /**
   * With false nothing here can offload: FSCTL_OFFLOAD_READ and _WRITE return STATUS_NOT_SUPPORTED, the DSM pair and
   * the copy-offload property STATUS_DEVICE_FEATURE_NOT_SUPPORTED. Default true.
   */
  readonly supported?: boolean | undefined;
  /** `'refuse'`: the DSM pair returns STATUS_ACCESS_DENIED, as the inbox class driver does to user mode. Default `'answer'`. */
  readonly dsm?: 'answer' | 'refuse' | undefined;
  /** Is called before every control code, and may make it fail, do less, or wait. */
  readonly intercept?: Intercept | undefined;
}

/** The checked options. The limits are multiples of the sector; undefined means that there is none. */
export interface Settings {
  readonly sectorSize: number;
  readonly maximumTransferSize: bigint | undefined;
  readonly maximumWriteSize: bigint | undefined;
  /** Milliseconds; Infinity where there is no limit. */
  readonly tokenLifetime: number;
  readonly latency: number;
  readonly supported: boolean;
  readonly dsm: 'answer' | 'refuse';
  readonly intercept: Intercept | undefined;
}

const emulatorOptions = requestSchema(
  'createEmulator',
  {
    sectorSize,
    maximumTransferSize: optional(transferSize()),
    maximumWriteSize: optional(transferSize()),
    tokenLifetime: optional(milliseconds),
    latency: milliseconds,
    supported: flag,
    dsm: oneOf('answer', 'refuse'),
    intercept: optional(callback<Intercept>()),
  },
  {
    rules: [atLeastOneSector('maximumTransferSize'), atLeastOneSector('maximumWriteSize')],
    defaults: { latency: 0, supported: true, dsm: 'answer' },
  },
);

/** Checks the options of createEmulator. */
export function checkOptions(options: unknown): Settings {
  const checked = emulatorOptions.check(options);
  const limit = (bytes: ByteCount | undefined): bigint | undefined =>
    bytes === undefined ? undefined : roundDown(BigInt(bytes), checked.sectorSize);
  return {
    sectorSize: checked.sectorSize,
    maximumTransferSize: limit(checked.maximumTransferSize),
    maximumWriteSize: limit(checked.maximumWriteSize),
    tokenLifetime: checked.tokenLifetime ?? Number.POSITIVE_INFINITY,
    latency: checked.latency,
    supported: checked.supported,
    dsm: checked.dsm,
    intercept: checked.intercept,
  };
}

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
