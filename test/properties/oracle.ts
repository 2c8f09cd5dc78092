import { OffloadToken } from '../../src/token.ts';

// What the documentation says about legal requests, written a second time without any code of the schemas, so that a
// mistake in either shows as a difference.

type Request = Readonly<Record<string, unknown>>;

/** What an open file adds to a request. A borrowed handle adds nothing. */
export interface OpenFile {
  readonly sectorSize: number;
  readonly size: bigint;
}

/** The fields for which a request must be refused (none for a legal request), and those that may be named besides. */
export interface Expected {
  readonly must: ReadonlySet<string>;
  readonly may: (path: string) => boolean;
}

export type Oracle = (request: Request, file?: OpenFile) => Expected;

const LARGEST = 2n ** 63n - 1n;

function bytesOf(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value >= 0n && value <= LARGEST ? value : undefined;
  return wholeNumber(0, Number.MAX_SAFE_INTEGER)(value) ? BigInt(Number(value)) : undefined;
}

function wholeNumber(from: number, to: number): (value: unknown) => boolean {
  return (value) => typeof value === 'number' && Math.trunc(value) === value && value >= from && value <= to;
}

const isBytes = (value: unknown): boolean => bytesOf(value) !== undefined;
const isBoolean = (value: unknown): boolean => value === true || value === false;
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isSignal = (value: unknown): boolean => value instanceof AbortSignal;
const isPositive = (value: unknown): boolean => isBytes(value) && bytesOf(value) !== 0n;
const isMode = (value: unknown): boolean => value === 'prefer' || value === 'require';
const isSector = (value: unknown): boolean =>
  [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].some((size) => size === value);
const isToken = (value: unknown): boolean =>
  value instanceof OffloadToken ||
  (value instanceof Uint8Array && value.length === 512 && value.buffer instanceof ArrayBuffer);

type Field = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Field>>;

/** The keys that are unknown, missing or hold a value that is wrong whatever else the request holds. */
function wrongFields(request: Request, fields: Fields, required: readonly string[]): Set<string> {
  const unknown = Object.keys(request).filter((key) => !Object.hasOwn(fields, key));
  const missing = required.filter((key) => request[key] === undefined);
  const wrong = Object.entries(fields).flatMap(([key, isLegal]) =>
    request[key] === undefined || isLegal(request[key]) ? [] : [key],
  );
  return new Set([...unknown, ...missing, ...wrong]);
}

const nothingElse = (): boolean => false;

/** The oracle of options, which have no rules beyond those of each field. */
function optionsOracle(fields: Fields): Oracle {
  return (request) => ({ must: wrongFields(request, fields, []), may: nothingElse });
}

/** The oracle of an offload read or write of a file. `offsets` begins with the offset in the file. */
function rangeOracle(
  fields: Fields,
  required: readonly string[],
  length: string,
  offsets: readonly [inFile: string, inToken?: string],
): Oracle {
  return (request, file) => {
    const must = wrongFields(request, fields, required);
    const sector = request['sectorSize'] ?? file?.sectorSize ?? 512;
    if (!isSector(sector)) return { must, may: () => true };
    const unit = BigInt(Number(sector));
    const positions = offsets.map((name = '') => {
      const standard = required.includes(name) ? undefined : 0;
      return { name, at: bytesOf(request[name] ?? standard) };
    });
    const count = bytesOf(request[length]);
    const endOfFile = bytesOf(request['endOfFile'] ?? file?.size);
    for (const { name, at = 0n } of positions) if (at % unit !== 0n) must.add(name);
    if (count === undefined) return { must, may: nothingElse };
    const [{ at: start } = {}] = positions;
    const isAtEnd = start !== undefined && endOfFile !== undefined && start + count === endOfFile;
    const rounded = ((count + unit - 1n) / unit) * unit;
    if (rounded !== count && !isAtEnd) must.add(length);
    for (const { at = 0n } of positions) {
      if (at % unit === 0n && at + rounded > LARGEST) must.add(length);
    }
    return { must, may: nothingElse };
  };
}

/** The oracle of a request to a device, which lists ranges. */
function dsmOracle(fields: Fields, required: readonly string[]): Oracle {
  return (request, file) => {
    const ranges = request['ranges'];
    const list: readonly unknown[] = Array.isArray(ranges) && ranges.length <= 65_536 ? ranges : [];
    const stranger = list.findIndex(
      (range) => typeof range !== 'object' || range === null || Array.isArray(range),
    );
    if (stranger !== -1) return { must: new Set([`ranges.${stranger}`]), may: nothingElse };

    const must = wrongFields(request, fields, required);
    const sector = request['sectorSize'] ?? file?.sectorSize ?? 512;
    if (!isSector(sector)) return { must, may: () => true };
    const unit = BigInt(Number(sector));
    const isOffset = (at: bigint | undefined): boolean =>
      at !== undefined && at % unit === 0n && at + unit <= LARGEST;
    const tokenOffset = bytesOf(request['tokenOffset'] ?? 0);
    if (!isOffset(tokenOffset)) must.add('tokenOffset');
    let total = tokenOffset ?? 0n;
    for (const [index, range] of list.entries()) {
      const { startingOffset, lengthInBytes, ...others } = Object(range);
      const start = bytesOf(startingOffset);
      const length = bytesOf(lengthInBytes);
      const isLength = length !== undefined && length > 0n && length % unit === 0n;
      if (!isOffset(start)) must.add(`ranges.${index}.startingOffset`);
      if (!isLength || (isOffset(start) && (start ?? 0n) + length > LARGEST)) {
        must.add(`ranges.${index}.lengthInBytes`);
      }
      for (const key of Object.keys(others)) must.add(`ranges.${index}.${key}`);
      total += length ?? 0n;
    }
    const isTotalCertain = ![...must].some((path) => path.startsWith('ranges.') || path === 'tokenOffset');
    if (isTotalCertain && total > LARGEST) must.add('ranges');
    return { must, may: (path) => !isTotalCertain && path === 'ranges' };
  };
}

const isU32 = wholeNumber(0, 2 ** 32 - 1);
const signal = { signal: isSignal };
const file = { sectorSize: isSector, endOfFile: isBytes };
const read = { copyLength: isBytes, fileOffset: isBytes, tokenTimeToLive: isU32, ...file };
const write = {
  token: isToken,
  copyLength: isBytes,
  fileOffset: isBytes,
  transferOffset: isBytes,
  ...file,
};
const ranges = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.length <= 65_536;
const dsmRead = { ranges, timeToLive: isU32, sectorSize: isSector };
const dsmWrite = { ranges, token: isToken, tokenOffset: isBytes, sectorSize: isSector };
const copy = {
  mode: isMode,
  overwrite: isBoolean,
  verify: isBoolean,
  minimumSize: isBytes,
  chunkSize: isPositive,
  onProgress: isFunction,
  ...signal,
};

const readRange = ['copyLength', ['fileOffset']] as const;
const writeRange = ['copyLength', ['fileOffset', 'transferOffset']] as const;

export type OracleName =
  | 'offloadRead'
  | 'offloadReadSync'
  | 'offloadWrite'
  | 'offloadWriteSync'
  | 'dsmOffloadRead'
  | 'dsmOffloadReadSync'
  | 'dsmOffloadWrite'
  | 'dsmOffloadWriteSync'
  | 'zeroRange'
  | 'copyFile'
  | 'copyFiles';

export const oracles: Readonly<Record<OracleName, Oracle>> = {
  offloadRead: rangeOracle({ ...read, ...signal }, ['copyLength'], ...readRange),
  offloadReadSync: rangeOracle(read, ['copyLength'], ...readRange),
  offloadWrite: rangeOracle({ ...write, ...signal }, ['token', 'copyLength'], ...writeRange),
  offloadWriteSync: rangeOracle(write, ['token', 'copyLength'], ...writeRange),
  dsmOffloadRead: dsmOracle({ ...dsmRead, ...signal }, ['ranges']),
  dsmOffloadReadSync: dsmOracle(dsmRead, ['ranges']),
  dsmOffloadWrite: dsmOracle({ ...dsmWrite, ...signal }, ['ranges', 'token']),
  dsmOffloadWriteSync: dsmOracle(dsmWrite, ['ranges', 'token']),
  zeroRange: rangeOracle(
    { fileOffset: isBytes, length: isBytes, ...file, ...signal },
    ['fileOffset', 'length'],
    'length',
    ['fileOffset'],
  ),
  copyFile: optionsOracle(copy),
  copyFiles: optionsOracle({ ...copy, concurrency: wholeNumber(1, 64), stopOnError: isBoolean }),
};
