// The bytes that Windows expects, packed and unpacked by hand: every offset is a number from the Windows headers, and
// nothing here comes from structs/ or src/.

type Count = number | bigint;

/** Little-endian memory that is filled with a byte which no field may leave behind. */
class Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  constructor(size: number, filler = 0) {
    this.bytes = new Uint8Array(size).fill(filler);
    this.#view = new DataView(this.bytes.buffer);
  }

  u32(at: number, value: number): this {
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(at: number, value: Count): this {
    this.#view.setBigUint64(at, BigInt(value), true);
    return this;
  }

  put(at: number, bytes: Uint8Array): this {
    this.bytes.set(bytes, at);
    return this;
  }
}

const roundedUp = (length: Count, sector: number): bigint => {
  const unit = BigInt(sector);
  return ((BigInt(length) + unit - 1n) / unit) * unit;
};

export interface PackedRead {
  readonly copyLength: Count;
  readonly fileOffset?: Count;
  readonly tokenTimeToLive?: number;
}

/** FSCTL_OFFLOAD_READ_INPUT, 32 bytes. */
export function packRead(request: PackedRead, sector: number): Uint8Array {
  return new Memory(32)
    .u32(0, 32)
    .u32(8, request.tokenTimeToLive ?? 0)
    .u64(16, request.fileOffset ?? 0)
    .u64(24, roundedUp(request.copyLength, sector)).bytes;
}

export interface PackedWrite {
  readonly token: Uint8Array;
  readonly copyLength: Count;
  readonly fileOffset?: Count;
  readonly transferOffset?: Count;
}

/** FSCTL_OFFLOAD_WRITE_INPUT, 544 bytes. */
export function packWrite(request: PackedWrite, sector: number): Uint8Array {
  return new Memory(544)
    .u32(0, 544)
    .u64(8, request.fileOffset ?? 0)
    .u64(16, roundedUp(request.copyLength, sector))
    .u64(24, request.transferOffset ?? 0)
    .put(32, request.token).bytes;
}

export interface PackedRange {
  readonly startingOffset: Count;
  readonly lengthInBytes: Count;
}

/** DEVICE_MANAGE_DATA_SET_ATTRIBUTES of 28 bytes, parameters, and ranges of 16 bytes each. */
function packDsm(
  action: number,
  [parametersAt, parametersLength, rangesAt]: readonly [number, number, number],
  ranges: readonly PackedRange[],
): Memory {
  const memory = new Memory(rangesAt + 16 * ranges.length)
    .u32(0, 28)
    .u32(4, action)
    .u32(12, parametersAt)
    .u32(16, parametersLength)
    .u32(20, rangesAt)
    .u32(24, 16 * ranges.length);
  for (const [index, { startingOffset, lengthInBytes }] of ranges.entries()) {
    memory.u64(rangesAt + 16 * index, startingOffset).u64(rangesAt + 16 * index + 8, lengthInBytes);
  }
  return memory;
}

export function packDsmRead(request: {
  readonly ranges: readonly PackedRange[];
  readonly timeToLive?: number;
}): Uint8Array {
  return packDsm(0x8000_0003, [28, 16, 48], request.ranges).u32(32, request.timeToLive ?? 0).bytes;
}

export function packDsmWrite(request: {
  readonly ranges: readonly PackedRange[];
  readonly token: Uint8Array;
  readonly tokenOffset?: Count;
}): Uint8Array {
  return packDsm(4, [32, 528, 560], request.ranges)
    .u64(40, request.tokenOffset ?? 0)
    .put(48, request.token).bytes;
}

/** FSCTL_OFFLOAD_READ_OUTPUT, 528 bytes. */
export function packReadReply(flags: number, transferLength: bigint, token: Uint8Array): Uint8Array {
  return new Memory(528, 0xee).u32(0, 528).u32(4, flags).u64(8, transferLength).put(16, token).bytes;
}

/** FSCTL_OFFLOAD_WRITE_OUTPUT, 16 bytes. */
export function packWriteReply(flags: number, lengthWritten: bigint): Uint8Array {
  return new Memory(16, 0xee).u32(0, 16).u32(4, flags).u64(8, lengthWritten).bytes;
}

/** STORAGE_OFFLOAD_READ_OUTPUT, 536 bytes, of which the last 4 are padding. */
export function packDsmReadReply(
  flags: number,
  lengthProtected: bigint,
  token: Uint8Array,
  tokenLength: number,
): Uint8Array {
  const memory = new Memory(536, 0xee).u32(0, flags).u32(4, 0).u64(8, lengthProtected);
  return memory.u32(16, tokenLength).put(20, token).bytes;
}

/** STORAGE_OFFLOAD_WRITE_OUTPUT, 16 bytes. */
export function packDsmWriteReply(flags: number, lengthCopied: bigint): Uint8Array {
  return new Memory(16, 0xee).u32(0, flags).u32(4, 0).u64(8, lengthCopied).bytes;
}

/** A result behind a DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT of 36 bytes, as two pages of the documentation have it. */
export function wrapDsmReply(action: number, result: Uint8Array): Uint8Array {
  const header = new Memory(40 + result.length).u32(0, 36).u32(4, action).u32(28, 40).u32(32, result.length);
  return header.put(40, result).bytes;
}
