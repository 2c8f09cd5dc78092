import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { addon } from '../contenders/addon.ts';
import { bareReads, bareWrites } from '../contenders/bare.ts';
import { byHand } from '../contenders/by-hand.ts';
import { checked } from '../contenders/checked.ts';
import type { Figure, Section } from '../figure.ts';
import { type Effort, interleave, median, type Rounds, ratio } from '../measure.ts';
import { MEGABYTES } from '../request.ts';
import { buildAddon, buildStub } from '../workspace.ts';

// A handle that the stub never gave out, and which is thus a synchronous one.
const BORROWED = 0x8000_0004n;

/** What a checked call costs beside the least it could cost, beside what one would write instead, and beside C++. */
export function calls(effort: Effort): Section {
  const rounds = measure(effort);
  const times = [...rounds].map(([name, of]): Figure => ({ name, value: median(of), unit: 'ns' }));
  return { title: 'A synchronous call', figures: [...times, ...ratios(rounds)] };
}

function measure(effort: Effort): Rounds {
  const stub = buildStub();
  const odx = createOdx({ kernel: loadKernel32({ kernel32: stub, ntdll: stub }) });
  const { token } = odx.offloadReadSync(BORROWED, { copyLength: MEGABYTES.length });
  return interleave(
    [
      ...bareWrites(stub, BORROWED, token.bytes, MEGABYTES),
      ...bareReads(stub, BORROWED, MEGABYTES),
      ...checked(odx, BORROWED, token, MEGABYTES),
      ...addon(buildAddon(), stub, BORROWED, token.bytes, MEGABYTES),
      ...byHand(stub, BORROWED, token.bytes, MEGABYTES),
    ],
    effort,
  );
}

function ratios(rounds: Rounds): Figure[] {
  const times = (name: string, of: string, to: string) =>
    ({ name, value: ratio(rounds, of, to), unit: 'times' }) as const;
  return [
    {
      ...times('write, checked / bare call, Buffers', 'write, checked', 'write, bare call, Buffers'),
      atMost: 1.7,
    },
    times('write, checked / bare call, addresses', 'write, checked', 'write, bare call, addresses'),
    { ...times('write, by hand / checked', 'write, by hand', 'write, checked'), atLeast: 9 },
    { ...times('write, C++ addon / checked', 'write, C++ addon', 'write, checked'), atLeast: 2.2 },
    {
      ...times('read, checked / bare call, Buffers', 'read, checked', 'read, bare call, Buffers'),
      atMost: 2.6,
    },
    times('read, checked / bare call, addresses', 'read, checked', 'read, bare call, addresses'),
    { ...times('read, by hand / checked', 'read, by hand', 'read, checked'), atLeast: 9 },
    { ...times('read, C++ addon / checked', 'read, C++ addon', 'read, checked'), atLeast: 2.2 },
  ];
}
