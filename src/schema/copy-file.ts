import type { Signal } from '../abort.ts';
import { type ByteCount, isByteCount } from './byte-count.ts';
import { type Checker, check, checker } from './check.ts';
import { byteCount, callback, flag, integer, oneOf, signal } from './fields.ts';
import { once } from './once.ts';
import { type Own, ownOptions } from './own.ts';

/** Windows copies files under 256 KiB by ordinary means too. */
export const DEFAULT_MINIMUM_SIZE = 262_144;
const DEFAULT_CONCURRENCY = 4;
const HIGHEST_CONCURRENCY = 64;

/** What the caller asked of a copy, checked, every default filled in. */
export interface CopyOrder<Progress> {
  readonly mode: 'prefer' | 'require';
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly minimumSize: bigint;
  readonly chunkSize: bigint | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly signal: Signal | undefined;
}

export interface CopyFilesOrder<Progress> extends CopyOrder<Progress> {
  readonly concurrency: number;
  readonly stopOnError: boolean;
}

export function checkCopyFile<Progress>(options: unknown): CopyOrder<Progress> {
  return toOrder(check(copyFileChecker(), own(options, copyFileChecker())));
}

export function checkCopyFiles<Progress>(options: unknown): CopyFilesOrder<Progress> {
  const checked = check(copyFilesChecker(), own(options, copyFilesChecker()));
  const { concurrency = DEFAULT_CONCURRENCY, stopOnError = false } = checked;
  return { ...toOrder<Progress>(checked), concurrency, stopOnError };
}

interface Checked {
  readonly mode?: 'prefer' | 'require' | undefined;
  readonly overwrite?: boolean | undefined;
  readonly verify?: boolean | undefined;
  readonly minimumSize?: ByteCount | undefined;
  readonly chunkSize?: ByteCount | undefined;
  readonly onProgress?: ((progress: never) => void) | undefined;
  readonly signal?: Signal | undefined;
}

function toOrder<Progress>(checked: Checked): CopyOrder<Progress> {
  const { mode = 'prefer', overwrite = true, verify = false, minimumSize = DEFAULT_MINIMUM_SIZE } = checked;
  const { chunkSize, onProgress, signal: given } = checked;
  return {
    mode,
    overwrite,
    verify,
    minimumSize: BigInt(minimumSize),
    chunkSize: chunkSize === undefined ? undefined : BigInt(chunkSize),
    onProgress: onProgress as ((progress: Progress) => void) | undefined,
    signal: given,
  };
}

function own(options: unknown, checkerOf: Checker<unknown>): Own {
  return ownOptions(options, checkerOf.of, checkerOf.keys);
}

const chunkSize = () =>
  byteCount('chunkSize', 1, 1).refine((value) => !isByteCount(value, 1) || value > 0, {
    error: 'chunkSize is 0; it must be at least one byte, the nearest legal value is 1.',
  });

const fields = once(() => ({
  mode: oneOf('mode', ['prefer', 'require']).optional(),
  overwrite: flag('overwrite').optional(),
  verify: flag('verify').optional(),
  minimumSize: byteCount('minimumSize', 1).optional(),
  chunkSize: chunkSize().optional(),
  onProgress: callback<(progress: never) => void>('onProgress').optional(),
  signal: signal().optional(),
}));

const copyFileChecker: () => Checker<Checked> = once(() => checker('copyFile', fields()));

const copyFilesChecker: () => Checker<
  Checked & { readonly concurrency?: number | undefined; readonly stopOnError?: boolean | undefined }
> = once(() =>
  checker('copyFiles', {
    ...fields(),
    concurrency: integer('concurrency', 1, HIGHEST_CONCURRENCY, 'copies at once').optional(),
    stopOnError: flag('stopOnError').optional(),
  }),
);
