import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createOdx } from 'win-odx';
import { loadKernel32 } from 'win-odx/kernel32';
import { buildStub, ROOT } from '../test/stub/stub.ts';
import { BORROWED } from './calls.ts';
import { checked, MEBIBYTES } from './contenders.ts';
import { median } from './measure.ts';
import type { Figure, Section } from './report.ts';

const MIB = 1_048_576;

/** The time of a cold import, compared with that of importing the dependencies. Each import has its own process. */
export function importTime(rounds: number): Section {
  const ours = ['win-odx'].map((name) => import.meta.resolve(name));
  const theirs = ['koffi', 'zod'].map((name) => import.meta.resolve(name));
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    times.ours.push(importMs(ours));
    times.theirs.push(importMs(theirs));
  }
  return {
    title: 'A cold import',
    figures: [
      { name: 'win-odx', value: median(times.ours), unit: 'ms' },
      { name: 'koffi and zod', value: median(times.theirs), unit: 'ms' },
      {
        name: 'win-odx / koffi and zod',
        value: median(times.ours.map((time, at) => time / (times.theirs[at] ?? Number.NaN))),
        unit: 'times',
        atMost: 1.1,
      },
    ],
  };
}

function importMs(modules: readonly string[]): number {
  return numberFrom(`
    const start = performance.now();
    for (const module of ${JSON.stringify(modules)}) await import(module);
    console.log(performance.now() - start);`);
}

/** The growth of the process during a million synchronous calls, after half a million to warm up. */
export function memory(): Section {
  const growth = (call: string): Figure => ({
    name: `${call}s, growth of RSS`,
    value: numberFrom(`
      import { growthMiB } from ${JSON.stringify(import.meta.url)};
      console.log(growthMiB('${call}'));`),
    unit: 'MiB',
    atMost: 8,
  });
  return { title: 'A million synchronous calls', figures: [growth('write'), growth('read')] };
}

/** Measures this process, which must run with --expose-gc and do nothing else. */
export function growthMiB(call: string): number {
  const calls = 1_000_000;
  const stub = buildStub();
  const odx = createOdx({ kernel: loadKernel32({ kernel32: stub, ntdll: stub }) });
  const { token } = odx.offloadReadSync(BORROWED, { copyLength: MEBIBYTES.length });
  const contender = checked(odx, BORROWED, token, MEBIBYTES).find(({ name }) => name.startsWith(call));
  contender?.run(calls / 2);
  const before = residentBytes();
  contender?.run(calls);
  return (residentBytes() - before) / MIB;
}

function residentBytes(): number {
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** The size of an installation, with the Koffi binary of this platform only. */
export function installedSize(): Section {
  const binary = `@koromix/koffi-${process.platform}-${process.arch}`;
  const sizes = [
    ['win-odx', packedBytes()],
    ...['koffi', binary, 'zod'].map((name) => [name, bytesIn(join(ROOT, 'node_modules', name))] as const),
  ] as const;
  const figures = sizes.map(([name, bytes]): Figure => ({ name, value: bytes / MIB, unit: 'MiB' }));
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  return { title: 'Installed', figures: [...figures, { name: 'total', value: total / MIB, unit: 'MiB' }] };
}

function packedBytes(): number {
  // Without scripts: they would build again.
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const shell = process.platform === 'win32';
  const output = execFileSync('npm', options, { cwd: ROOT, encoding: 'utf8', shell });
  const [packed] = JSON.parse(output) as readonly { readonly unpackedSize: number }[];
  return packed?.unpackedSize ?? Number.NaN;
}

function bytesIn(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

/** Runs a script in its own process and returns the number that it prints. */
function numberFrom(script: string): number {
  const options = ['--expose-gc', '--input-type=module', '--eval', script];
  return Number(execFileSync(process.execPath, options, { encoding: 'utf8' }));
}
