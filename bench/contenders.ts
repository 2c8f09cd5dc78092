import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import type { Odx, OffloadToken } from 'win-odx';
import { compileOnce } from '../test/stub/stub.ts';
import type { Contender } from './measure.ts';

/** The requests that every contender makes: one length, and an offset that changes with every call. */
export interface Requests {
  readonly length: number;
  readonly offsetOf: (call: number) => number;
}

/** One MiB each. The stub moves no bytes. */
export const MEBIBYTES: Requests = requests(1_048_576);

/** For the driver, whose disks hold 32 MiB, and which does move the bytes. */
export const PAGES: Requests = requests(4096);

/** This package with all its checks, on a borrowed HANDLE. */
export function checked(
  odx: Odx,
  handle: bigint,
  token: OffloadToken,
  { length, offsetOf }: Requests,
): Contender[] {
  return [
    {
      name: 'read, checked',
      run(times) {
        for (let i = 0; i < times; i++) {
          odx.offloadReadSync(handle, { copyLength: length, fileOffset: offsetOf(i) });
        }
      },
    },
    {
      name: 'write, checked',
      run(times) {
        for (let i = 0; i < times; i++) {
          odx.offloadWriteSync(handle, {
            token,
            copyLength: length,
            fileOffset: offsetOf(i),
            transferOffset: 0,
          });
        }
      },
    },
  ];
}

/** The fastest calls that Koffi allows: the arguments are made once, and the output is never read. */
export function bareCalls(
  library: string,
  handle: bigint,
  token: Uint8Array,
  { length }: Requests,
): Contender[] {
  const read = Buffer.alloc(32);
  read.writeUInt32LE(read.length, 0);
  read.writeBigUInt64LE(BigInt(length), 24);
  const write = Buffer.alloc(544);
  write.writeUInt32LE(write.length, 0);
  write.writeBigUInt64LE(BigInt(length), 16);
  write.set(token, 32);
  return [
    ...bareCall('write, bare call', library, handle, 0x0009_8268, write),
    ...bareCall('read, bare call', library, handle, 0x0009_4264, read),
  ];
}

function bareCall(name: string, library: string, handle: bigint, code: number, input: Buffer): Contender[] {
  const deviceIoControl = koffi
    .load(library)
    .func('DeviceIoControl', 'int32_t', [
      'void *',
      'uint32_t',
      'void *',
      'uint32_t',
      'void *',
      'uint32_t',
      'void *',
      'void *',
    ]);
  const room = 528;
  const output = Buffer.alloc(room);
  const returned = Buffer.alloc(8);
  const overlapped = Buffer.alloc(32);
  const addresses = [input, output, returned, overlapped].map((buffer) => koffi.address(buffer));
  const [inputAt, outputAt, returnedAt, overlappedAt] = addresses;
  const { length } = input;
  return [
    {
      name: `${name}, Buffers`,
      run(times) {
        for (let i = 0; i < times; i++) {
          const succeeded = deviceIoControl(handle, code, input, length, output, room, returned, overlapped);
          if (succeeded === 0) throw FAILED;
        }
      },
    },
    {
      name: `${name}, addresses`,
      run(times) {
        for (let i = 0; i < times; i++) {
          const succeeded = deviceIoControl(
            handle,
            code,
            inputAt,
            length,
            outputAt,
            room,
            returnedAt,
            overlappedAt,
          );
          if (succeeded === 0) throw FAILED;
        }
      },
    },
  ];
}

const FAILED = new Error('A bare call failed.');

interface Addon {
  open(library: string): void;
  offloadRead(
    handle: bigint,
    request: { copyLength: number; fileOffset?: number },
  ): { token: Uint8Array; transferLength: bigint };
  offloadWrite(
    handle: bigint,
    request: { token: Uint8Array; copyLength: number; fileOffset?: number; transferOffset?: number },
  ): { lengthWritten: bigint };
}

/** The same calls through an addon in C++, addon.cc. */
export function addon(
  library: string,
  handle: bigint,
  token: Uint8Array,
  { length, offsetOf }: Requests,
): Contender[] {
  const native = createRequire(import.meta.url)(buildAddon()) as Addon;
  native.open(library);
  return [
    {
      name: 'read, C++ addon',
      run(times) {
        for (let i = 0; i < times; i++) {
          native.offloadRead(handle, { copyLength: length, fileOffset: offsetOf(i) });
        }
      },
    },
    {
      name: 'write, C++ addon',
      run(times) {
        for (let i = 0; i < times; i++) {
          native.offloadWrite(handle, {
            token,
            copyLength: length,
            fileOffset: offsetOf(i),
            transferOffset: 0,
          });
        }
      },
    },
  ];
}

function buildAddon(): string {
  // Node-API is the same in every version of Node, so its headers come from a package.
  const headers = dirname(fileURLToPath(import.meta.resolve('node-api-headers/include/node_api.h')));
  const flags = ['-shared', '-fPIC', '-O2', '-std=c++17', `-I${headers}`, '-ldl'];
  return compileOnce('c++', 'bench/addon.cc', flags, '.node');
}

function requests(length: number): Requests {
  return { length, offsetOf: (call) => (call & 0xfff) * length };
}
