// npm run soak -- [--minutes N] [--seed N] [--jobs N]
// Runs random jobs with random faults, one after the other, and checks the invariants of the fault matrix after each.
import { parseArgs } from 'node:util';
import { available } from '../wine/driver.ts';
import { type Result, resources, runCell } from './cell.ts';
import { type Fault, faults } from './faults.ts';
import { CALLS, type Job, jobName, type Trouble } from './jobs.ts';
import { newSeed, Random } from './random.ts';
import { driverStorage, emulatorStorage, LIMITS, type Storage } from './storage.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string' },
    jobs: { type: 'string', default: 'Infinity' },
  },
});

const KIB = 1024;
const MIB = 1024 * KIB;
const SAMPLE_MS = 1000;
// What the memory may grow by between the second quarter and the last, beyond what the garbage collector leaves.
const GROWTH = 1.25;
const GROWTH_BYTES = 32 * MIB;

const seed = values.seed === undefined ? newSeed() : Number(values.seed);
let milliseconds = Number(values.minutes) * 60_000;
const mostJobs = Number(values.jobs);

const RENEWAL = 1000;
let storages = newStorages();
const statusFaults = faults.filter(({ status }) => status !== undefined);
const otherFaults = faults.filter(({ status }) => status === undefined);

const figures = { jobs: 0, faults: 0, aborts: 0, failures: 0, bytes: 0, violations: 0 };
const samples: { at: number; rss: number }[] = [];
const startedAt = performance.now();
const elapsed = (): number => performance.now() - startedAt;
let descriptorsAtFirst = 0;
// Ctrl+C ends it early, with the figures so far.
process.once('SIGINT', () => {
  milliseconds = 0;
});

console.log(`Soak on the ${storages[0]?.name}, seed ${seed}`);
while (elapsed() < milliseconds && figures.jobs < mostJobs) {
  const number = figures.jobs;
  // An emulator remembers many tokens and files, which would look like a leak of the functions that are called.
  if (number > 0 && number % RENEWAL === 0 && storages[0]?.name === 'emulator') {
    removeStorages();
    storages = newStorages();
  }
  const random = new Random(seed + number);
  const job = randomJob(random);
  const choose = randomFault(random);
  const result = await runCell(random.pick(storages), job, random, choose);
  count(job, result);
  if (number === 0) descriptorsAtFirst = resources().descriptors;
  if (result.problems.length > 0) report(nameOf(job, result), result.problems, number);
  sample();
}

const memory = growth();
if (memory !== undefined) report('memory', [memory], 0);
removeStorages();
print();
process.exitCode = figures.violations === 0 ? 0 : 1;

function newStorages(): readonly Storage[] {
  if (available()) return [driverStorage(LIMITS)];
  return [
    emulatorStorage(LIMITS),
    emulatorStorage({ read: MIB, write: 256 * KIB }),
    emulatorStorage({ read: 256 * KIB, write: 64 * KIB }, 4096),
  ];
}

function removeStorages(): void {
  for (const storage of storages) storage.remove();
}

function randomJob(random: Random): Job {
  // tryOffload waits for a token to expire, so it comes less often.
  const call =
    random.below(20) === 0 ? 'tryOffload' : random.pick(CALLS.filter((name) => name !== 'tryOffload'));
  const destinations = ['new', 'existing', 'device'] as const;
  const needsDestination = call === 'zeroRange' || call === 'offloadPair';
  const troubles: Trouble[] = ['none', 'none', 'none', 'no offload', 'offload ends', 'last step fails'];
  return {
    call,
    destination: random.pick(needsDestination ? destinations.slice(1) : destinations),
    mode: call === 'tryOffload' ? 'prefer' : random.pick(['prefer', 'require']),
    trouble: needsDestination || call === 'tryOffload' ? 'none' : random.pick(troubles),
    size: random.below(
      random.pick([2, 600, 5000, 70_000, 70_000, 70_000, 70_000, 500_000, 500_000, 3_000_000]),
    ),
    verify: random.below(3) === 0,
    minimumSize: random.pick([0, 0, 0, 262_144]),
    ...(random.below(3) === 0 && { chunkSize: 1 + random.below(100_000) }),
  };
}

function randomFault(random: Random): (step: { index: number }) => Fault | undefined {
  const at = random.below(random.pick([5, 15, 40]));
  const fault = random.pick(random.below(2) === 0 ? statusFaults : otherFaults);
  return ({ index }) => (index === at ? fault : undefined);
}

function nameOf(job: Job, { scene: { strike, storage } }: Result): string {
  const fault = strike === undefined ? 'no fault' : `${strike.fault.name} at ${strike.step.name}`;
  return `${jobName(job)} on the ${storage.name} with sectors of ${storage.sectorSize}: ${fault}`;
}

function count({ call, size }: Job, { scene, outcome }: Result): void {
  figures.jobs++;
  if (scene.strike !== undefined) figures.faults++;
  if (scene.signal.aborted) figures.aborts++;
  if (outcome.kind === 'success') figures.bytes += call === 'copyFiles' ? 2 * size : size;
  else figures.failures++;
}

function sample(): void {
  const last = samples.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  if (elapsed() - last >= SAMPLE_MS) samples.push({ at: elapsed(), rss: process.memoryUsage.rss() });
}

/** Says how the memory has grown, if it has grown too much. */
function growth(): string | undefined {
  const most = (from: number, to: number): number =>
    Math.max(...samples.slice(samples.length * from, samples.length * to).map(({ rss }) => rss));
  if (samples.length < 8) return undefined;
  const [early, late] = [most(0.25, 0.5), most(0.75, 1)];
  if (late <= early * GROWTH + GROWTH_BYTES) return undefined;
  return `grew from ${inMib(early)} in the second quarter to ${inMib(late)} in the last`;
}

function report(name: string, problems: readonly string[], number: number): void {
  figures.violations++;
  console.error(`VIOLATION ${name}\n  ${problems.join('\n  ')}`);
  const script = available() ? 'soak:wine' : 'soak';
  console.error(`  repeat: npm run ${script} -- --seed ${seed + number} --jobs 1`);
}

function inMib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function print(): void {
  const { jobs, faults: struck, aborts, failures, bytes, violations } = figures;
  const peak = Math.max(...samples.map(({ rss }) => rss));
  const [first, last] = [samples[0], samples.at(-1)];
  console.log(`minutes ${(elapsed() / 60_000).toFixed(1)}`);
  console.log(`jobs ${jobs}, of which ${failures} failed as they should; faults ${struck}; aborts ${aborts}`);
  console.log(`bytes copied ${bytes}`);
  console.log(
    `memory ${inMib(first?.rss ?? 0)} at first, ${inMib(peak)} at most, ${inMib(last?.rss ?? 0)} at last`,
  );
  console.log(
    `descriptors ${descriptorsAtFirst} at first, ${resources().descriptors} at last; timers ${resources().timers}`,
  );
  console.log(`violations ${violations}`);
}
