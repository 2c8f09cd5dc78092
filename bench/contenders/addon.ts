import { createRequire } from 'node:module';
import type { Contender } from '../measure.ts';
import type { Work } from '../request.ts';

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

/** The same job in C++, compiled ahead. */
export function addon(
  path: string,
  library: string,
  handle: bigint,
  token: Uint8Array,
  { length, offsetOf }: Work,
): Contender[] {
  const native = createRequire(import.meta.url)(path) as Addon;
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
