import { setTimeout as sleep } from 'node:timers/promises';
import { type IoBuffers, KernelFailure } from '../../src/kernel/kernel.ts';
import { SMALLEST_SECTOR } from '../../src/request.ts';
import {
  FSCTL_OFFLOAD_READ_INPUT,
  FSCTL_OFFLOAD_READ_OUTPUT,
  FSCTL_OFFLOAD_WRITE_INPUT,
  FSCTL_OFFLOAD_WRITE_OUTPUT,
  statuses,
  win32FromNtstatus,
} from '../../structs/index.ts';
import type { Random } from './random.ts';
import { type Scene, STRANGER } from './scene.ts';
import type { Step } from './stepped-kernel.ts';
import type { Storage } from './storage.ts';

/** Something that goes wrong at one step of a job. */
export interface Fault {
  readonly name: string;
  /** The step is refused with this NTSTATUS. */
  readonly status?: number;
  /** `reply`: the storage refuses or answers wrongly. `harmless`: every job succeeds nevertheless. `other`: any outcome may be right. */
  readonly kind: 'reply' | 'harmless' | 'other';
  fits(step: Step, scene: Scene): boolean;
  act(step: Step, scene: Scene, random: Random): Promise<unknown>;
}

// Without the customer bit, 0x20000000, with which Windows passes a status on as if it were a Win32 error.
const UNKNOWN = 0xc0de_0001;
const SHORT_REPLY = 8;
// Longer than any other step and any timer of a copy, so that what runs at the same time overtakes it.
const DELAY_MS = 1000;
// Longer than the shortest interval between two calls of onProgress, so that the next one is due.
const PROGRESS_MS = 55;

const always = () => true;
const isControl = ({ parameters }: Step): boolean => buffersOf(parameters) !== undefined;
const isTransfer = (step: Step): boolean => lengthOf(step) !== undefined;
const isLong = (step: Step, { storage }: Scene): boolean => (lengthOf(step) ?? 0) > storage.sectorSize;
const hasProgress = (_: Step, { job }: Scene): boolean =>
  job.call !== 'zeroRange' && job.call !== 'offloadPair';

/** Every fault of the matrix. */
export const faults: readonly Fault[] = [
  ...statuses.map(({ name, value }) => refusal(name, value)),
  ...statuses.map(({ name, value }) => refusal(`${name}, second request,`, value, 1)),
  ...statuses.map(({ name, value }) => refusal(`${name}, third request,`, value, 2)),
  refusal('unknown status', UNKNOWN),
  {
    name: 'success with 0 bytes',
    kind: 'reply',
    fits: isTransfer,
    act: async (step) => reported(step, FULL_REPLY, 0),
  },
  {
    name: 'short by one sector',
    kind: 'harmless',
    fits: isLong,
    act: (step, { storage }) => shortened(step, storage, (length) => length - storage.sectorSize),
  },
  {
    name: 'short by half',
    kind: 'harmless',
    fits: isLong,
    act: (step, { storage }) => shortened(step, storage, (length) => Math.ceil(length / 2)),
  },
  {
    name: 'more than asked',
    kind: 'reply',
    fits: isTransfer,
    async act(step, { storage }) {
      const length = lengthOf(step) ?? 0;
      return reported(step, await step.run(), length + storage.sectorSize);
    },
  },
  {
    name: 'reply too short',
    kind: 'reply',
    fits: isControl,
    async act(step) {
      await step.run();
      return SHORT_REPLY;
    },
  },
  {
    name: 'garbage reply',
    kind: 'reply',
    fits: isControl,
    async act(step, _, random) {
      const returned = await step.run();
      random.fill(buffersOf(step.parameters)?.output ?? new Uint8Array());
      return returned;
    },
  },
  {
    name: '1 s delay',
    kind: 'harmless',
    fits: always,
    async act(step) {
      await sleep(DELAY_MS);
      return step.run();
    },
  },
  {
    name: 'abort before',
    kind: 'other',
    fits: always,
    act(step, scene) {
      scene.abort();
      return step.run();
    },
  },
  {
    name: 'abort during',
    kind: 'other',
    fits: always,
    act(step, scene) {
      if (step.hasSignal) scene.storage.hold(step);
      const running = step.run();
      setImmediate(() => scene.abort());
      return running;
    },
  },
  {
    name: 'abort after',
    kind: 'other',
    fits: always,
    async act(step, scene) {
      const result = await step.run();
      scene.abort();
      return result;
    },
  },
  {
    name: 'exception in onProgress',
    kind: 'other',
    fits: hasProgress,
    act: (step, scene) => failProgress(step, scene, 'throws'),
  },
  {
    name: 'rejection in onProgress',
    kind: 'other',
    fits: hasProgress,
    act: (step, scene) => failProgress(step, scene, 'rejects'),
  },
  {
    name: 'source changed',
    kind: 'other',
    // The pair by itself does not look at the source again.
    fits: (_, { storage, job }) => storage.hasSourceFiles && job.call.startsWith('copy'),
    act(step, scene) {
      scene.changeSource();
      return step.run();
    },
  },
  {
    name: 'destination removed',
    kind: 'other',
    fits: (_, { job }) => job.destination !== 'device',
    act(step, scene) {
      scene.removeDestinations();
      return step.run();
    },
  },
  {
    name: 'destination replaced',
    kind: 'other',
    // A copy by the system is known by its name alone: a file of the same size that replaces it is taken for it.
    fits: (_, { job }) => job.destination !== 'device' && !(job.verify && job.size === STRANGER.length),
    act(step, scene) {
      scene.replaceDestinations();
      return step.run();
    },
  },
];

/** The step, or its request number `skip`, is refused. */
function refusal(name: string, status: number, skip = 0): Fault {
  return {
    name,
    status,
    kind: 'reply',
    fits(step, { storage }) {
      // A query of a device takes several requests, which are one step.
      if (skip > 0) return storage.reaches(step) && step.operation === 'info' && isError(status);
      // A stand-in for the kernel would show nothing here that it does not show on the emulator.
      return storage.name === 'emulator' || status === UNKNOWN || (storage.reaches(step) && isError(status));
    },
    act: (step, { storage }) =>
      storage.reaches(step) ? storage.refuse(step, status, skip) : refuse(step, status),
  };
}

/** Whether a driver can complete a request with a status and transfer nothing. */
function isError(status: number): boolean {
  return status >>> 30 === 3;
}

/** Makes a step fail without the device. */
export async function refuse(step: Step, status: number): Promise<never> {
  // A handle is gone even if closing it reports a failure.
  if (step.operation === 'close') await step.run();
  throw new KernelFailure(win32FromNtstatus(status), status);
}

async function failProgress(step: Step, scene: Scene, how: 'throws' | 'rejects'): Promise<unknown> {
  const result = await step.run();
  await sleep(PROGRESS_MS);
  scene.progressFails = how;
  return result;
}

const LENGTHS: Readonly<Record<string, { input: number; output: number; size: number }>> = {
  FSCTL_OFFLOAD_READ: {
    input: FSCTL_OFFLOAD_READ_INPUT.offsetOf.CopyLength,
    output: FSCTL_OFFLOAD_READ_OUTPUT.offsetOf.TransferLength,
    size: FSCTL_OFFLOAD_READ_OUTPUT.size,
  },
  FSCTL_OFFLOAD_WRITE: {
    input: FSCTL_OFFLOAD_WRITE_INPUT.offsetOf.CopyLength,
    output: FSCTL_OFFLOAD_WRITE_OUTPUT.offsetOf.LengthWritten,
    size: FSCTL_OFFLOAD_WRITE_OUTPUT.size,
  },
};
const FULL_REPLY = undefined;

function buffersOf(parameters: readonly unknown[]): IoBuffers | undefined {
  const [, , buffers] = parameters;
  return typeof buffers === 'object' && buffers !== null && 'inputView' in buffers
    ? (buffers as IoBuffers)
    : undefined;
}

/** The bytes that a step is to transfer; undefined if it transfers none. */
function lengthOf({ operation, parameters }: Step): number | undefined {
  const lengths = LENGTHS[operation];
  const buffers = buffersOf(parameters);
  if (lengths !== undefined && buffers !== undefined) {
    return Number(buffers.inputView.getBigUint64(lengths.input, true));
  }
  const [, bytes] = parameters;
  return bytes instanceof Uint8Array ? bytes.length : undefined;
}

/** Makes the call for a part of its length. */
async function shortened(
  step: Step,
  { sectorSize }: Storage,
  shorter: (length: number) => number,
): Promise<unknown> {
  const asked = lengthOf(step) ?? 0;
  // What a device reads and writes is whole sectors, also where it stops early; so is what is read past the cache.
  const unit = [sectorSize, SMALLEST_SECTOR].find((size) => asked % size === 0) ?? 1;
  const length = Math.ceil(shorter(asked) / unit) * unit;
  const buffers = buffersOf(step.parameters);
  const lengths = LENGTHS[step.operation];
  if (buffers !== undefined && lengths !== undefined) {
    const whole = Math.max(sectorSize, length - (length % sectorSize));
    buffers.inputView.setBigUint64(lengths.input, BigInt(whole), true);
    return step.run();
  }
  const [handle, bytes, ...rest] = step.parameters;
  return step.run([handle, (bytes as Uint8Array).subarray(0, length), ...rest]);
}

/** The result of a step, with another length reported. */
function reported(step: Step, result: unknown, length: number): unknown {
  const buffers = buffersOf(step.parameters);
  const lengths = LENGTHS[step.operation];
  if (buffers === undefined || lengths === undefined) return length;
  if (result === FULL_REPLY) buffers.output.fill(0);
  buffers.outputView.setBigUint64(lengths.output, BigInt(length), true);
  return result ?? lengths.size;
}
