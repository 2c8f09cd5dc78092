import type { Odx, OffloadFile } from '../../src/index.ts';
import type { Scene } from './scene.ts';

/** What is called: a function, or the pair of offloadRead and offloadWrite in a loop. */
export const CALLS = [
  'copyFile',
  'copyFiles',
  'copyRange',
  'zeroRange',
  'offloadPair',
  'tryOffload',
] as const;
export type CallName = (typeof CALLS)[number];

/** A trouble that a job has from the start, so that its faults also meet what it does in such a case. */
export const TROUBLES = {
  none: undefined,
  'no offload': { operation: 'FSCTL_OFFLOAD_READ', from: 1, status: 0xc000_00bb },
  'offload ends': { operation: 'FSCTL_OFFLOAD_WRITE', from: 2, status: 0xc000_00bb },
  'last step fails': { operation: 'copyMetadata', from: 1, status: 0xc000_007f },
} as const;
export type Trouble = keyof typeof TROUBLES;

/** A call to make, and the files to make it on. */
export interface Job {
  readonly call: CallName;
  readonly destination: 'new' | 'existing' | 'device';
  readonly mode: 'prefer' | 'require';
  readonly trouble: Trouble;
  /** Bytes of the source. */
  readonly size: number;
  readonly verify: boolean;
  /** Files of fewer bytes are not offloaded with `prefer`. */
  readonly minimumSize: number;
  readonly chunkSize?: number;
}

export function jobName(job: Job): string {
  const { call, destination, mode, trouble, size, verify, minimumSize, chunkSize } = job;
  const options = [
    verify ? ', verify' : '',
    size < minimumSize ? ', too small to offload' : '',
    chunkSize === undefined ? '' : `, chunkSize ${chunkSize}`,
  ].join('');
  const having = trouble === 'none' ? '' : `, ${trouble}`;
  return `${call} of ${size} bytes to ${destination}, ${mode}${options}${having}`;
}

const SMALL = 20_001;
// More than one block of ordinary reads and writes.
const LARGE = 1_100_001;
const DESTINATIONS = ['new', 'existing', 'device'] as const;

/** Every job of the matrix. */
export const jobs: readonly Job[] = CALLS.flatMap((call): Job[] => {
  const job: Job = {
    call,
    destination: 'existing',
    mode: 'prefer',
    trouble: 'none',
    size: SMALL,
    verify: false,
    minimumSize: 0,
  };
  if (call === 'zeroRange' || call === 'offloadPair') return [job, { ...job, destination: 'device' }];
  if (call === 'tryOffload') {
    return [
      { ...job, destination: 'new' },
      { ...job, destination: 'new', trouble: 'offload ends' },
    ];
  }
  const plain = DESTINATIONS.flatMap((destination): Job[] => [
    { ...job, destination },
    { ...job, destination, mode: 'require', verify: true },
  ]);
  // Each of its copies is one of copyFile.
  if (call === 'copyFiles') return plain;
  const troubled = DESTINATIONS.flatMap((destination): Job[] => [
    { ...job, destination, trouble: 'no offload', verify: true },
    { ...job, destination, trouble: 'offload ends' },
    { ...job, destination, trouble: 'last step fails' },
  ]);
  const small = DESTINATIONS.map((destination): Job => ({ ...job, destination, minimumSize: SMALL + 1 }));
  if (call === 'copyFile') troubled.push(...small);
  return [...plain, ...troubled, { ...job, trouble: 'no offload', size: LARGE }];
});

// A multiple of every sector.
const RANGE_OFFSET = 4096;

/** Where a job begins to change its destination. */
export function offsetOf({ call, destination }: Job): number {
  return isWhole(call) || destination === 'new' ? 0 : RANGE_OFFSET;
}

/** Bytes that a job changes in its destination. */
export function lengthOf({ call, destination, mode, size }: Job): number {
  const mustBeAligned =
    call === 'zeroRange' || call === 'offloadPair' || (mode === 'require' && destination !== 'new');
  return !isWhole(call) && mustBeAligned ? size - (size % RANGE_OFFSET) : size;
}

/** Whether a call copies whole files, and removes what it cannot complete. */
export function isWhole(call: CallName): boolean {
  return call === 'copyFile' || call === 'copyFiles';
}

/** Makes the call of a job. `range` holds the files of copyRange and zeroRange, which the caller opens and closes. */
export const start: Record<
  CallName,
  (odx: Odx, scene: Scene, range: readonly OffloadFile[]) => Promise<unknown>
> = {
  copyFile: (odx, { job: { minimumSize }, source, targets: [target], options }) =>
    odx.copyFile(source, target?.path ?? '', { ...options, minimumSize }),
  copyFiles: (odx, { job: { minimumSize }, source, targets, options }) =>
    odx.copyFiles(
      targets.map(({ path }) => [source, path]),
      { ...options, minimumSize, concurrency: 2 },
    ),
  copyRange: (odx, { job, options }, [source, destination]) =>
    odx.copyRange(source as OffloadFile, destination as OffloadFile, {
      ...options,
      length: lengthOf(job),
      destinationOffset: offsetOf(job),
    }),
  zeroRange: (odx, { job, options: { signal } }, [, destination]) =>
    odx.zeroRange(destination as OffloadFile, { fileOffset: offsetOf(job), length: lengthOf(job), signal }),
  async offloadPair(odx, { job, options: { signal } }, [source, destination]) {
    const length = BigInt(lengthOf(job));
    const offset = BigInt(offsetOf(job));
    for (let done = 0n; done < length; ) {
      const read = { fileOffset: done, copyLength: length - done, signal };
      const { token, transferLength: copyLength } = await odx.offloadRead(source as OffloadFile, read);
      const write = { token, fileOffset: offset + done, copyLength, signal };
      done += (await odx.offloadWrite(destination as OffloadFile, write)).lengthWritten;
    }
  },
  tryOffload: (odx, { storage, options: { signal, onProgress } }) =>
    odx.tryOffload(storage.folder, { size: 65_536, signal, onProgress }),
};
