/**
 * Commands for the ODX array that the kernel driver plays; README.md has the protocol.
 * Nothing native is loaded before the first call, so the module can be imported on any OS.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';

export interface Disk {
  readonly index: number;
  readonly path: string;
  readonly sector: number;
}

export const CAPACITY: number = 32 * 1024 * 1024;

export const DISKS: readonly Disk[] = [512, 512, 4096, 4096].map((sector, index) => ({
  index,
  path: `\\\\.\\OdxDisk${index}`,
  sector,
}));

const SWITCHES = {
  notImplemented: 0x001,
  readUnsupported: 0x002,
  writeUnsupported: 0x004,
  readOnly: 0x008,
  fileKind: 0x010,
  deleted: 0x020,
  locked: 0x040,
  dsmRefused: 0x080,
  dsmHeader: 0x100,
  noRod: 0x200,
  volume: 0x400,
} as const;

export type Switch = keyof typeof SWITCHES;

const REPLIES = [
  'proper',
  'short',
  'tooMuch',
  'zero',
  'long',
  'sizeZero',
  'empty',
  'huge',
  'unaligned',
  'half',
  'tokenInvalid',
  'dsmHeader',
] as const;

export type Reply = (typeof REPLIES)[number];

const CODES = { any: 0, offload: 1, read: 3, write: 4 } as const;

export interface Match {
  /** A control code, or: every control request, the three offload codes, ReadFile, WriteFile. Default 'offload'. */
  code?: number | keyof typeof CODES;
  /** How many requests the rule is for; Infinity until it is cleared. Default 1. */
  count?: number;
  /** How many fitting requests pass before the rule begins. Default 0. */
  skip?: number;
}

export interface Rule extends Match {
  /** Milliseconds for which the request pends; Infinity until release() or a cancellation. */
  delay?: number;
  /** The driver spends the delay in its dispatch routine, so that DeviceIoControl itself does not return. Default false. */
  blocks?: boolean;
  /** NTSTATUS with which the request fails, after the delay if there is one. */
  status?: number;
  reply?: Reply;
}

export interface LogEntry {
  sequence: number;
  disk: number;
  code: number;
  inputLength: number;
  outputLength: number;
  /** Granted access of the handle; undefined when it could not be found. */
  access: number | undefined;
  pended: boolean;
  cancelled: boolean;
  completed: boolean;
  status: number;
  information: number;
  process: number;
  /** Milliseconds from arrival to completion. */
  duration: number;
  /** The first 1024 bytes of the input buffer as the driver saw it. */
  input: Buffer;
}

export interface DiskState {
  requests: number;
  pended: number;
  cancelled: number;
  reads: number;
  writes: number;
  pending: number;
  handles: number;
  tokens: number;
  sector: number;
  capacity: number;
  eof: number;
  vdl: number;
  switches: number;
}

/** False where the driver is not running, and on any OS but Windows. */
export function available(): boolean {
  if (process.platform !== 'win32') return false;
  try {
    return connect() !== undefined;
  } catch {
    return false;
  }
}

/** Zeros, full size, no limits, switches, rules, log or tokens; what still pends is cancelled. */
export function reset(disk?: number): void {
  command(1, disk);
}

export function setSize(disk: number, eof: number, vdl: number = eof): void {
  command(2, disk, (b) => {
    b.writeBigUInt64LE(BigInt(eof), 8);
    b.writeBigUInt64LE(BigInt(vdl), 16);
  });
}

/** Most bytes of one token and of one offload write; 0 for no limit. */
export function setLimits(disk: number | undefined, limits: { read?: number; write?: number }): void {
  command(3, disk, (b) => {
    b.writeBigUInt64LE(BigInt(limits.read ?? 0), 8);
    b.writeBigUInt64LE(BigInt(limits.write ?? 0), 16);
  });
}

/** Turns on the switches that are named and off all others. */
export function setSwitches(disk: number | undefined, ...on: Switch[]): void {
  const mask = on.reduce((sum, name) => sum | SWITCHES[name], 0);
  command(4, disk, (b) => b.writeUInt32LE(mask, 8));
}

/** Rules form a queue: the first one that fits a request applies to it, and is spent by it. */
export function addRule(disk: number | undefined, rule: Rule): void {
  const code = rule.code ?? 'offload';
  command(5, disk, (b) => {
    b.writeUInt32LE(typeof code === 'number' ? code : CODES[code], 8);
    b.writeUInt32LE(uint32(rule.count ?? 1), 12);
    b.writeUInt32LE(uint32(rule.delay ?? 0), 16);
    b.writeUInt32LE((rule.status ?? 0) >>> 0, 20);
    b.writeUInt16LE(REPLIES.indexOf(rule.reply ?? 'proper'), 24);
    b.writeUInt16LE(rule.blocks === true ? 1 : 0, 26);
    b.writeUInt32LE(rule.skip ?? 0, 28);
  });
}

/** The request is pending for a moment and then fails, so that its exact status is known to an asynchronous call. */
export function force(disk: number | undefined, status: number, match: Match = {}): void {
  addRule(disk, { ...match, status, delay: 1 });
}

/** The request fails at once, without having been pending. */
export function forceAtOnce(disk: number | undefined, status: number, match: Match = {}): void {
  addRule(disk, { ...match, status });
}

export function delay(disk: number | undefined, milliseconds: number, match: Match = {}): void {
  addRule(disk, { ...match, delay: milliseconds });
}

/** The dispatch routine of the driver blocks, and then completes the request without having been pending. */
export function block(disk: number | undefined, milliseconds: number, match: Match = {}): void {
  addRule(disk, { ...match, delay: milliseconds, blocks: true });
}

/** The request pends until release() or a cancellation. */
export function hold(disk: number | undefined, match: Match = {}): void {
  addRule(disk, { ...match, delay: Number.POSITIVE_INFINITY });
}

export function garbage(disk: number | undefined, reply: Reply, match: Match = {}): void {
  addRule(disk, { ...match, reply });
}

export function clearRules(disk?: number): void {
  command(6, disk);
}

export function expireTokens(disk?: number): void {
  command(7, disk);
}

/** Lets every request that pends go on now. */
export function release(disk?: number): void {
  command(8, disk);
}

/** The control requests seen since the last reset (the newest 512), oldest first. */
export function log(disk?: number, from = 0): LogEntry[] {
  const SIZE = 1088;
  const out = Buffer.alloc(SIZE * 512);
  const length = command(9, disk, (b) => b.writeBigUInt64LE(BigInt(from), 8), out);
  return Array.from({ length: length / SIZE }, (_, i) => entryAt(out.subarray(i * SIZE, (i + 1) * SIZE)));
}

export function state(disk: number): DiskState {
  const out = Buffer.alloc(88);
  command(10, disk, undefined, out);
  const u64 = (at: number): number => Number(out.readBigUInt64LE(at));
  const u32 = (at: number): number => out.readUInt32LE(at);
  return {
    requests: u64(0),
    pended: u64(8),
    cancelled: u64(16),
    reads: u64(24),
    writes: u64(32),
    pending: u32(40),
    handles: u32(44),
    tokens: u32(48),
    sector: u32(52),
    capacity: u64(56),
    eof: u64(64),
    vdl: u64(72),
    switches: u32(80),
  };
}

/** Waits until a number of requests pend, without blocking the event loop. */
export async function untilPending(disk: number, count = 1): Promise<void> {
  while (state(disk).pending < count) await sleep(5);
}

function entryAt(b: Buffer): LogEntry {
  const access = b.readUInt32LE(24);
  const flags = b.readUInt32LE(28);
  const completed = (flags & 4) !== 0;
  return {
    sequence: Number(b.readBigUInt64LE(0)),
    disk: b.readUInt32LE(8),
    code: b.readUInt32LE(12),
    inputLength: b.readUInt32LE(16),
    outputLength: b.readUInt32LE(20),
    access: access === 0xffff_ffff ? undefined : access,
    pended: (flags & 1) !== 0,
    cancelled: (flags & 2) !== 0,
    completed,
    status: b.readUInt32LE(32),
    information: b.readUInt32LE(36),
    process: b.readUInt32LE(40),
    duration: completed ? Number(b.readBigUInt64LE(56) - b.readBigUInt64LE(48)) / 10_000 : Number.NaN,
    input: Buffer.from(b.subarray(64, 64 + b.readUInt32LE(44))),
  };
}

function uint32(count: number): number {
  return count === Number.POSITIVE_INFINITY ? 0xffff_ffff : count;
}

type Control = (input: Buffer, output: Buffer | null) => number;

let control: Control | undefined;

/** The handle is opened on first use and kept until the process ends. */
function connect(): Control {
  if (control) return control;
  const kernel32 = koffi.load('kernel32.dll');
  const createFile = kernel32.func('CreateFileW', 'intptr_t', [
    'str16',
    'uint32_t',
    'uint32_t',
    'void *',
    'uint32_t',
    'uint32_t',
    'void *',
  ]);
  const deviceIoControl = kernel32.func('DeviceIoControl', 'int32_t', [
    'intptr_t',
    'uint32_t',
    'void *',
    'uint32_t',
    'void *',
    'uint32_t',
    'void *',
    'void *',
  ]);
  const lastError = kernel32.func('GetLastError', 'uint32_t', []);
  const OPEN_EXISTING = 3;
  const SHARE_ALL = 7;
  const handle: number | bigint = createFile('\\\\.\\OdxControl', 0, SHARE_ALL, null, OPEN_EXISTING, 0, null);
  if (BigInt(handle) === -1n) throw new Error(`the ODX driver is not running (${String(lastError())})`);
  control = (input, output) => {
    const returned = Buffer.alloc(4);
    const size = output === null ? 0 : output.length;
    const ok: number = deviceIoControl(
      handle,
      0x8dd0_2000,
      input,
      input.length,
      output,
      size,
      returned,
      null,
    );
    if (ok === 0) throw new Error(`command ${input.readUInt32LE(0)} refused (${String(lastError())})`);
    return returned.readUInt32LE(0);
  };
  return control;
}

function command(
  number: number,
  disk: number | undefined,
  fill?: (input: Buffer) => void,
  output: Buffer | null = null,
): number {
  const input = Buffer.alloc(32);
  input.writeUInt32LE(number, 0);
  input.writeUInt32LE(disk ?? 0xffff_ffff, 4);
  fill?.(input);
  return connect()(input, output);
}
