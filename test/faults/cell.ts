import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { AbortError, type CopyReport, OdxError, Win32Error } from '../../src/index.ts';
import { win32FromNtstatus, win32Name } from '../../structs/index.ts';
import { type Fault, refuse } from './faults.ts';
import { type CallName, isWhole, type Job, TROUBLES } from './jobs.ts';
import type { Random } from './random.ts';
import { Scene, type Target } from './scene.ts';
import type { Step } from './stepped-kernel.ts';
import { filesIn, type Storage } from './storage.ts';

/** How a job ended. */
export type Outcome =
  | { readonly kind: 'success'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly error: unknown }
  | { readonly kind: 'late' };

export interface Result {
  readonly scene: Scene;
  readonly steps: readonly Step[];
  readonly outcome: Outcome;
  /** The invariants that do not hold. Empty if all is well. */
  readonly problems: readonly string[];
}

// Between two steps, so that it is long enough on a machine that is busy with other work.
const DEADLINE_MS = 20_000;
const MOST_STEPS = 100_000;

/** Runs a job with a fault at the first step for which `choose` returns one, and checks every invariant. */
export async function runCell(
  storage: Storage,
  job: Job,
  random: Random,
  choose: (step: Step) => Fault | undefined,
): Promise<Result> {
  const scene = await Scene.prepare(storage, job);
  const before = resources();
  const unhandled: string[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(`unhandled rejection: ${inspect(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  const steps: Step[] = [];
  const outcome = await inTime(
    steps,
    scene.run((step) => {
      steps.push(step);
      const fault = scene.strike === undefined ? choose(step) : undefined;
      if (fault?.fits(step, scene)) {
        scene.strike = { fault, step };
        return fault.act(step, scene, random);
      }
      const trouble = TROUBLES[job.trouble];
      const isRefused = trouble?.operation === step.operation && countOf(step) >= trouble.from;
      return isRefused ? refuse(step, trouble.status) : step.run();
    }),
  );
  const hasBegun = steps.some(({ operation }) => !READ_ONLY.includes(operation));
  const problems = [
    ...problemsOfOutcome(scene, outcome),
    ...(await problemsOfFiles(scene, outcome, hasBegun)),
    ...problemsOfResources(scene, before),
    ...unhandled,
  ];
  process.off('unhandledRejection', onUnhandled);
  return { scene, steps, outcome, problems };
}

// Any other step may change a destination.
const READ_ONLY = [
  'open',
  'openDevice',
  'openUnbuffered',
  'info',
  'volume',
  'find',
  'streams',
  'read',
  'close',
  'FSCTL_OFFLOAD_READ',
  'IOCTL_STORAGE_QUERY_PROPERTY',
];

const countOf = ({ name }: Step): number => Number(name.slice(name.indexOf('#') + 1));

/** Waits for a job that must not stop between two steps, nor go on forever. */
async function inTime(steps: readonly Step[], running: Promise<unknown>): Promise<Outcome> {
  let seen = -1;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outcome>((resolve) => {
    timer = setInterval(() => {
      if (steps.length === seen || steps.length > MOST_STEPS) resolve({ kind: 'late' });
      seen = steps.length;
    }, DEADLINE_MS);
  });
  const ended = running.then(
    (value): Outcome => ({ kind: 'success', value }),
    (error: unknown): Outcome => ({ kind: 'failure', error }),
  );
  const outcome = await Promise.race([ended, late]);
  clearInterval(timer);
  return outcome;
}

/** It ended in time, with a result that adds up or with the right error. */
function problemsOfOutcome(scene: Scene, outcome: Outcome): string[] {
  if (outcome.kind === 'late') return [`made no step for ${DEADLINE_MS} ms, or far too many`];
  const failures = failuresOf(outcome);
  const problems = failures.flatMap((error) => problemsOfError(error, scene));
  for (const report of reportsOf(outcome)) {
    const { bytes, offloadedBytes, zeroedBytes, bufferedBytes, systemBytes } = report;
    if (offloadedBytes + zeroedBytes + bufferedBytes + systemBytes !== bytes) {
      problems.push('the counts of the report do not add up');
    }
    problems.push(...problemsOfFallback(report, scene));
  }
  if (failures.length > 0 && mustSucceed(scene)) problems.push(`failed: ${String(failures[0])}`);
  if (failures.length === 0 && mustFail(scene)) problems.push('succeeded in spite of a refusal');
  return problems;
}

/** Everything before the fallback was offloaded, and nothing after it. The reason is the refusal that struck. */
function problemsOfFallback(
  { bytes, bufferedBytes, systemBytes, fallback }: CopyReport,
  scene: Scene,
): string[] {
  if (fallback === undefined) return [];
  const { strike } = scene;
  const { reason, at } = fallback;
  if (bufferedBytes + systemBytes !== bytes - at)
    return ['the report names a wrong position of the fallback'];
  const status = strike !== undefined && isOffload(strike.step) ? strike.fault.status : undefined;
  if (isTroubled(scene) || status === undefined) return [];
  const isRight = reason instanceof Win32Error && reason.ntstatus?.value === status;
  return isRight ? [] : [`the report names ${reason.code} as the reason of the fallback`];
}

function failuresOf(outcome: Outcome): unknown[] {
  if (outcome.kind === 'failure') return [outcome.error];
  if (outcome.kind === 'late' || !Array.isArray(outcome.value)) return [];
  return outcome.value.filter((slot) => slot instanceof OdxError);
}

function reportsOf(outcome: Outcome): CopyReport[] {
  if (outcome.kind !== 'success') return [];
  const slots: unknown[] = Array.isArray(outcome.value) ? outcome.value : [outcome.value];
  return slots.filter(
    (slot): slot is CopyReport => slot !== null && typeof slot === 'object' && 'bufferedBytes' in slot,
  );
}

function problemsOfError(error: unknown, scene: Scene): string[] {
  const { exception, abortReason, signal, strike } = scene;
  if (error === exception) return [];
  if (!(error instanceof OdxError)) return [`rejected with ${String(error)}, which is no OdxError`];
  if (error instanceof AbortError) {
    // After an exception, copyFiles aborts what is not finished.
    return error.cause === abortReason || error.cause === exception ? [] : ['aborted for another reason'];
  }
  // It may be the trouble that is reported.
  if (isTroubled(scene)) return [];
  if (signal.aborted) return [`rejected with ${error.code} after an abort`];
  const status = strike?.fault.status;
  const isOther =
    error instanceof Win32Error && status !== undefined && error.errno !== win32FromNtstatus(status);
  return isOther ? [`rejected with ${error.code}, which is not the status of the fault`] : [];
}

const BEYOND_VALID_DATA = ['ERROR_BEYOND_VDL', 'ERROR_INVALID_PARAMETER'];
const STATUS_DISK_FULL = 0xc000_007f;

function isOffload({ operation }: Step): boolean {
  return operation === 'FSCTL_OFFLOAD_READ' || operation === 'FSCTL_OFFLOAD_WRITE';
}

function mustSucceed(scene: Scene): boolean {
  const { job, strike } = scene;
  const { call, mode, trouble } = job;
  const needsOffload = mode === 'require' || isPlain(call);
  if (trouble === 'last step fails' || (needsOffload && isTroubled(scene))) return false;
  if (strike === undefined || strike.fault.kind === 'harmless') return true;
  // Only tryOffload and a copy with `prefer` get along without offload. Nothing depends on the query of the limits.
  const isTolerant = isOffload(strike.step) && mode === 'prefer' && !isPlain(call);
  const isIgnored = strike.step.operation === 'IOCTL_STORAGE_QUERY_PROPERTY';
  // A full disk says nothing about offload, so a trial ends.
  const isDiskFull = call === 'tryOffload' && strike.fault.status === STATUS_DISK_FULL;
  return strike.fault.kind === 'reply' && (isTolerant || isIgnored) && !isDiskFull;
}

function mustFail({ job: { call, mode }, strike }: Scene): boolean {
  if (strike?.fault.status === undefined || !isOffload(strike.step)) return false;
  if (isPlain(call)) return true;
  const error = win32Name(win32FromNtstatus(strike.fault.status));
  const isMended =
    strike.step.operation === 'FSCTL_OFFLOAD_WRITE' &&
    // A fresh token may be accepted, and a gap before a range can be filled.
    (error === 'ERROR_INVALID_TOKEN' || (call === 'copyRange' && BEYOND_VALID_DATA.includes(error)));
  return mode === 'require' && !isMended;
}

/** Whether something goes wrong without a fault. */
function isTroubled({ job, storage, targets }: Scene): boolean {
  const { trouble, destination, call, size } = job;
  if (trouble !== 'none') return true;
  if (destination !== 'device') return call !== 'tryOffload' && !storage.offloadsToFiles;
  // If the sectors of the source are smaller, its last token may not cover the last sector of the device.
  const covered = Math.ceil(size / storage.sourceSector) * storage.sourceSector;
  return isWhole(call) && targets.some(({ sector }) => covered % sector !== 0);
}

/** Whether a call passes on what the storage answers. */
function isPlain(call: CallName): boolean {
  return call === 'zeroRange' || call === 'offloadPair';
}

/** The source is untouched, every destination is as it may be, and there is nothing else in the folder. */
async function problemsOfFiles(scene: Scene, outcome: Outcome, hasBegun: boolean): Promise<string[]> {
  const { storage, source, sourceVersions, strangers, moved } = scene;
  const problems: string[] = [];
  if (source !== '' && !isOneOf(await storage.read(source), sourceVersions.slice(-1))) {
    problems.push('the source was changed');
  }
  for (const [path, bytes] of strangers) {
    // The system copies to a name, and overwrites the file that has it by then, as the caller has asked for.
    const target = scene.targets.find((each) => each.path === path);
    const isOverwritten =
      outcome.kind === 'success' && target?.before !== undefined && isWhole(scene.job.call);
    const allowed = isOverwritten ? [bytes, ...scene.copies(target)] : [bytes];
    if (!isOneOf(await storage.read(path), allowed)) problems.push('the file of someone else was changed');
  }
  for (const [path, contents] of moved) {
    const target = scene.targets.find((each) => path.startsWith(each.path));
    const actual = await storage.read(path);
    // What was moved away during the copy may be complete, but must not look so otherwise.
    if (target === undefined || actual?.length === 0 || isOneOf(actual, [contents])) continue;
    // The system copies to the name, after the file that had it before has got the size of the source. Windows refuses to
    // move a file away that the copy has open.
    if (outcome.kind === 'success' && actual?.equals(resized(contents, scene.job.size))) continue;
    if (!isHarmless(actual, target, scene, hasBegun))
      problems.push(`the moved destination holds ${shown(actual, target, scene)}`);
  }
  for (const [index, target] of scene.targets.entries()) {
    if (strangers.has(target.path)) continue;
    const actual = await storage.read(target.path);
    const slot: unknown =
      outcome.kind === 'success' && Array.isArray(outcome.value) ? outcome.value[index] : undefined;
    const hasSucceeded = outcome.kind === 'success' && !(slot instanceof OdxError);
    const isRight = hasSucceeded
      ? isComplete(actual, target, scene)
      : isHarmless(actual, target, scene, hasBegun);
    const ended = hasSucceeded ? 'success, but' : 'failure, and';
    if (!isRight) problems.push(`${ended} ${target.path} holds ${shown(actual, target, scene)}`);
  }
  const others = filesIn(storage).filter((name) => !scene.expectedFiles.includes(name));
  if (others.length > 0) problems.push(`left ${others.join(', ')}`);
  return problems;
}

function isComplete(actual: Buffer | undefined, target: Target, scene: Scene): boolean {
  // Someone has removed the finished copy, or the one in the making.
  if (actual === undefined) return scene.wasRemoved(target.path);
  return isOneOf(actual, scene.copies(target));
}

/** Whether a destination may be so after a failure. */
function isHarmless(actual: Buffer | undefined, target: Target, scene: Scene, hasBegun: boolean): boolean {
  if (actual === undefined && scene.wasRemoved(target.path)) return true;
  if (!hasBegun) return isOneOf(actual, [target.before]);
  const copies = scene.copies(target);
  if (isOneOf(actual, [target.before, ...copies])) return true;
  if (target.isDevice || !isWhole(scene.job.call)) return isMixture(actual, target.before, copies);
  // What could not be removed is empty.
  return actual === undefined || (actual.length === 0 && scene.strike?.step.operation === 'remove');
}

/** A range may be copied in part; what is around it is unchanged, and a file may have grown with zeros. */
function isMixture(
  actual: Buffer | undefined,
  before: Buffer | undefined,
  copies: readonly Buffer[],
): boolean {
  if (actual === undefined || before === undefined) return actual === before;
  const longest = Math.max(before.length, ...copies.map(({ length }) => length));
  if (actual.length < before.length || actual.length > longest) return false;
  return actual.every((byte, at) => {
    if (byte === before[at] || copies.some((copy) => byte === copy[at])) return true;
    return byte === 0 && copies.some((copy) => copy[at] !== before[at]);
  });
}

function resized(contents: Buffer, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  contents.copy(bytes);
  return bytes;
}

function isOneOf(actual: Buffer | undefined, allowed: readonly (Buffer | undefined)[]): boolean {
  return allowed.some((bytes) => bytes === actual || (actual !== undefined && bytes?.equals(actual)));
}

function shown(actual: Buffer | undefined, target: Target, scene: Scene): string {
  if (actual === undefined) return 'nothing';
  const expected = scene.copies(target)[0] ?? Buffer.alloc(0);
  const first = actual.findIndex((byte, at) => byte !== expected[at]);
  return `${actual.length} bytes instead of ${expected.length}, the first difference at ${first}`;
}

interface Resources {
  readonly timers: number;
  readonly descriptors: number;
}

/** What the process has. It can be counted only where no test runner and no other thread has a share in it. */
export function resources(): Resources {
  if (!isMainThread) return { timers: 0, descriptors: 0 };
  const timers = process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
  const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return { timers, descriptors };
}

/** Nothing is left: no handle, buffer, call, listener, timer or descriptor. */
function problemsOfResources({ stepped, signal, storage }: Scene, before: Resources): string[] {
  const after = resources();
  const listeners = getEventListeners(signal, 'abort').length;
  return [
    ...stepped.misuses,
    ...stepped.leaks,
    ...storage.leaks(),
    ...(listeners === 0 ? [] : [`${listeners} listeners left`]),
    ...(after.timers <= before.timers ? [] : [`${after.timers - before.timers} timers left`]),
    ...(after.descriptors <= before.descriptors
      ? []
      : [`${after.descriptors - before.descriptors} descriptors left`]),
  ];
}
