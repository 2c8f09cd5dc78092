import type { Odx, OffloadToken } from 'win-odx';
import type { Contender } from '../measure.ts';
import type { Work } from '../request.ts';

/** The package itself: every check made, on a borrowed HANDLE. */
export function checked(
  odx: Odx,
  handle: bigint,
  token: OffloadToken,
  { length, offsetOf }: Work,
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
