import koffi from 'koffi';
import type { Contender } from '../measure.ts';
import type { Work } from '../request.ts';

const READ = 0x0009_4264;
const WRITE = 0x0009_8268;
const OUTPUT_LENGTH = 528;

/** The least a call through Koffi can be: every argument made beforehand, nothing written, nothing read. */
export function bareReads(library: string, handle: bigint, { length }: Work): Contender[] {
  const input = Buffer.alloc(32);
  input.writeUInt32LE(input.length, 0);
  input.writeBigUInt64LE(BigInt(length), 24);
  return bareCalls('read, bare call', library, handle, READ, input);
}

/** The same for a write. */
export function bareWrites(
  library: string,
  handle: bigint,
  token: Uint8Array,
  { length }: Work,
): Contender[] {
  const input = Buffer.alloc(544);
  input.writeUInt32LE(input.length, 0);
  input.writeBigUInt64LE(BigInt(length), 16);
  input.set(token, 32);
  return bareCalls('write, bare call', library, handle, WRITE, input);
}

function bareCalls(name: string, library: string, handle: bigint, code: number, input: Buffer): Contender[] {
  const kernel32 = koffi.load(library);
  const call = kernel32.func('DeviceIoControl', 'int32_t', [
    'void *',
    'uint32_t',
    'void *',
    'uint32_t',
    'void *',
    'uint32_t',
    'void *',
    'void *',
  ]);
  const output = Buffer.alloc(OUTPUT_LENGTH);
  const returned = Buffer.alloc(8);
  const overlapped = Buffer.alloc(32);
  const inputAt = koffi.address(input);
  const outputAt = koffi.address(output);
  const returnedAt = koffi.address(returned);
  const overlappedAt = koffi.address(overlapped);
  const { length } = input;
  return [
    {
      name: `${name}, Buffers`,
      run(times) {
        for (let i = 0; i < times; i++) {
          if (call(handle, code, input, length, output, OUTPUT_LENGTH, returned, overlapped) === 0)
            throw FAILED;
        }
      },
    },
    {
      name: `${name}, addresses`,
      run(times) {
        for (let i = 0; i < times; i++) {
          if (call(handle, code, inputAt, length, outputAt, OUTPUT_LENGTH, returnedAt, overlappedAt) === 0) {
            throw FAILED;
          }
        }
      },
    },
  ];
}

const FAILED = new Error('A bare call failed.');
