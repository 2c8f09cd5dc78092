// npm run bench:wine: a checked call beside the bare one and the one by hand, in Windows Node against the driver.
import koffi from 'koffi';
import { createOdx, OffloadToken } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { CAPACITY, reset, setSize } from '../test/wine/driver.ts';
import { bareReads, bareWrites } from './contenders/bare.ts';
import { byHand } from './contenders/by-hand.ts';
import { checked } from './contenders/checked.ts';
import type { Figure } from './figure.ts';
import { interleave, median, ratio } from './measure.ts';
import { table } from './report.ts';
import { PAGES } from './request.ts';

const LIBRARY = 'kernel32.dll';
const DISK = 0;

reset(DISK);
setSize(DISK, CAPACITY);
const handle = openSynchronous(`\\\\.\\OdxDisk${DISK}`);
const odx = createOdx({ kernel: loadKernel32() });
const token = OffloadToken.zeroData();

const rounds = interleave(
  [
    ...bareWrites(LIBRARY, handle, token.bytes, PAGES),
    ...bareReads(LIBRARY, handle, PAGES),
    ...checked(odx, handle, token, PAGES),
    ...byHand(LIBRARY, handle, token.bytes, PAGES),
  ],
  { rounds: 40, batchMs: 50, warmUpMs: 500 },
);

const times = [...rounds].map(([name, of]): Figure => ({ name, value: median(of), unit: 'ns' }));
const ratios = ['write', 'read'].flatMap((call) =>
  [
    [`${call}, checked`, `${call}, bare call, Buffers`] as const,
    [`${call}, by hand`, `${call}, checked`] as const,
  ].map(([of, to]): Figure => ({ name: `${of} / ${to}`, value: ratio(rounds, of, to), unit: 'times' })),
);
console.log(table([{ title: 'Against the driver, under Wine', figures: [...times, ...ratios] }]));

// As a program opens a file that it does not mean to wait for: what is measured is a call that blocks.
function openSynchronous(path: string): bigint {
  const createFile = koffi
    .load(LIBRARY)
    .func(
      'void *CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t disposition, uint32_t flags, void *template)',
    );
  const GENERIC_READ_WRITE = 0xc000_0000;
  const SHARE_ALL = 7;
  const OPEN_EXISTING = 3;
  const opened: unknown = createFile(path, GENERIC_READ_WRITE, SHARE_ALL, null, OPEN_EXISTING, 0, null);
  if (typeof opened !== 'bigint') throw new Error(`${path} could not be opened.`);
  return opened;
}
