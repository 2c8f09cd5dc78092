import koffi from 'koffi';
import type { Contender } from '../measure.ts';

/** The least a call through Koffi can be: every argument made beforehand, nothing written, nothing read. */
export function bareCalls(library: string, handle: bigint, code: number, name: string): Contender[] {
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
  const inputLength = code === 0x0009_4264 ? 32 : 544;
  const input = Buffer.alloc(inputLength);
  input.writeUInt32LE(inputLength, 0);
  const output = Buffer.alloc(528);
  const returned = Buffer.alloc(8);
  const overlapped = Buffer.alloc(32);
  const inputAt = koffi.address(input);
  const outputAt = koffi.address(output);
  const returnedAt = koffi.address(returned);
  const overlappedAt = koffi.address(overlapped);
  return [
    {
      name: `${name}, Buffers`,
      run(times) {
        for (let i = 0; i < times; i++) {
          if (call(handle, code, input, inputLength, output, 528, returned, overlapped) === 0) throw FAILED;
        }
      },
    },
    {
      name: `${name}, addresses`,
      run(times) {
        for (let i = 0; i < times; i++) {
          if (call(handle, code, inputAt, inputLength, outputAt, 528, returnedAt, overlappedAt) === 0) {
            throw FAILED;
          }
        }
      },
    },
  ];
}

const FAILED = new Error('The stub refused a bare call.');
