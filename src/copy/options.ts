import type { ByteCount } from '../byte-count.ts';
import { byteCount, callback, flag, integer, oneOf, optional, positiveByteCount, signal } from '../fields.ts';
import { optionsSchema, type RequestSchema } from '../request.ts';
import type { Signal } from '../signal.ts';
import type { CopyProgress } from './progress.ts';

/** Windows copies files under 256 KiB by ordinary means too. */
export const DEFAULT_MINIMUM_SIZE = 262_144;
const DEFAULT_CONCURRENCY = 4;
const HIGHEST_CONCURRENCY = 64;

/** How {@link copyFile} copies. */
export interface CopyFileOptions {
  /**
   * `prefer`, the default, goes on by ordinary reads and writes where offload fails; `require` rejects instead. Where the
   * sectors of the destination are larger than those of the source, a device may refuse a last one that the source does
   * not fill: `prefer` copies those few bytes by ordinary means, `require` rejects.
   */
  readonly mode?: 'prefer' | 'require' | undefined;
  /** With false the destination must not exist, which is decided in the moment of its creation. Default true. */
  readonly overwrite?: boolean | undefined;
  /** Reads both files afterwards and compares them, byte by byte. Default false. */
  readonly verify?: boolean | undefined;
  /** With `prefer`, files of fewer bytes are copied by ordinary means from the start, as Windows does. Default 262,144. */
  readonly minimumSize?: ByteCount | undefined;
  /**
   * The most that is asked of one offload read or write, in bytes, at least 1; rounded down to the larger of the two
   * sectors, but never below one. Default: reads ask for all that remains, writes for 256 MiB.
   */
  readonly chunkSize?: ByteCount | undefined;
  /** Called at most twenty times a second during the copy, and once at its end. What it throws ends the copy. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Cancels what is in flight (CancelIoEx); the promise then rejects with AbortError. */
  readonly signal?: Signal | undefined;
}

/** How {@link copyFiles} copies: what {@link copyFile} takes, for every file, and two more. */
export interface CopyFilesOptions extends CopyFileOptions {
  /** Copies at the same time, 1 to 64. Default 4. */
  readonly concurrency?: number | undefined;
  /** With true the first failure aborts everything that is not finished. Default false. */
  readonly stopOnError?: boolean | undefined;
}

const fields = {
  mode: oneOf('prefer', 'require'),
  overwrite: flag,
  verify: flag,
  minimumSize: byteCount,
  chunkSize: optional(positiveByteCount),
  onProgress: optional(callback<(progress: CopyProgress) => void>()),
  signal,
};

const defaults = {
  mode: 'prefer',
  overwrite: true,
  verify: false,
  minimumSize: DEFAULT_MINIMUM_SIZE,
} as const;

const copyFilesFields = {
  ...fields,
  concurrency: integer(1, HIGHEST_CONCURRENCY, 'copies at once'),
  stopOnError: flag,
};
const copyFilesDefaults = { ...defaults, concurrency: DEFAULT_CONCURRENCY, stopOnError: false };

/** Checked options, with every default filled in. */
export interface CopySettings extends CopyFileOptions {
  readonly mode: 'prefer' | 'require';
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly minimumSize: ByteCount;
}

export interface CopyFilesSettings extends CopySettings {
  readonly concurrency: number;
  readonly stopOnError: boolean;
}

export const copyFileOptions: RequestSchema<CopySettings> = optionsSchema('copyFile', fields, { defaults });
export const copyFilesOptions: RequestSchema<CopyFilesSettings> = optionsSchema(
  'copyFiles',
  copyFilesFields,
  {
    defaults: copyFilesDefaults,
  },
);
