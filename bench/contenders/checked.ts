import type { Odx, OffloadToken } from 'win-odx';
import type { Contender } from '../measure.ts';
import { CHUNK, offsetOf } from '../request.ts';

/** The package itself: every check made, on a borrowed HANDLE. */
export function checked(odx: Odx, handle: bigint, token: OffloadToken): Contender[] {
  return [
    {
      name: 'read, checked',
      run(times) {
        for (let i = 0; i < times; i++) {
          odx.offloadReadSync(handle, { copyLength: CHUNK, fileOffset: offsetOf(i) });
        }
      },
    },
    {
      name: 'write, checked',
      run(times) {
        for (let i = 0; i < times; i++) {
          odx.offloadWriteSync(handle, {
            token,
            copyLength: CHUNK,
            fileOffset: offsetOf(i),
            transferOffset: 0,
          });
        }
      },
    },
  ];
}
