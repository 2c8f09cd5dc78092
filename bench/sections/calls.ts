import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { addon } from '../contenders/addon.ts';
import { bareCalls } from '../contenders/bare.ts';
import { byHand } from '../contenders/by-hand.ts';
import { checked } from '../contenders/checked.ts';
import type { Figure, Section } from '../figure.ts';
import { type Effort, interleave, median, type Rounds, ratio } from '../measure.ts';
import { CHUNK } from '../request.ts';
import { buildAddon, buildStub } from '../workspace.ts';

// A handle that the stub never gave out, and which is thus a synchronous one.
const BORROWED = 0x8000_0004n;
const READ = 0x0009_4264;
const WRITE = 0x0009_8268;

/** What a checked call costs beside the least it could cost, beside what one would write instead, and beside C++. */
export function calls(effort: Effort): Section {
  const rounds = measure(effort);
  const times = [...rounds].map(([name, of]): Figure => ({ name, value: median(of), unit: 'ns' }));
  return { title: 'A synchronous call', figures: [...times, ...ratios(rounds)] };
}

function measure(effort: Effort): Rounds {
  const stub = buildStub();
  const odx = createOdx({ kernel: loadKernel32({ kernel32: stub, ntdll: stub }) });
  const { token } = odx.offloadReadSync(BORROWED, { copyLength: CHUNK });
  return interleave(
    [
      ...bareCalls(stub, BORROWED, WRITE, 'write, bare call'),
      ...bareCalls(stub, BORROWED, READ, 'read, bare call'),
      ...checked(odx, BORROWED, token),
      ...addon(buildAddon(), stub, BORROWED, token.bytes),
      ...byHand(stub, BORROWED, token.bytes),
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
