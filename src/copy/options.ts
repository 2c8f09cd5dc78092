import type { ByteCount } from '../byte-count.ts';
import { byteCount, callback, flag, integer, oneOf, optional, positiveByteCount, signal } from '../fields.ts';
import { optionsSchema, type RequestSchema } from '../request.ts';
import type { Signal } from '../signal.ts';
import type { OnProgress } from './progress.ts';

/** Windows, too, copies files under 256 KiB by ordinary means. */
export const DEFAULT_MINIMUM_SIZE = 262_144;
const DEFAULT_CONCURRENCY = 4;
const HIGHEST_CONCURRENCY = 64;

/** Options of {@link copyFile}. */
export interface CopyFileOptions {
  /**
   * `prefer`, the default, has the system copy the file if nothing of it can be offloaded, and goes on with ordinary reads
   * and writes if offload fails later; `require` rejects instead. If the
   * sectors of the destination are larger than those of the source, a device may refuse a last one that the source does
   * not fill: `prefer` copies those few bytes by ordinary means, `require` rejects.
   */
  readonly mode?: 'prefer' | 'require' | undefined;
  /** With false the destination must not exist, which is decided at the moment of its creation. Default true. */
  readonly overwrite?: boolean | undefined;
  /**
   * Reads both files after the copy, by whichever means, and compares them byte by byte without their named streams: from
   * the disk where possible, which the report says. Until then, programs that tolerate a writer can read the unfinished
   * destination. Default false.
   */
  readonly verify?: boolean | undefined;
  /** With `prefer`, the system copies files of fewer bytes, as they gain nothing from offload. Default 262,144. */
  readonly minimumSize?: ByteCount | undefined;
  /**
   * Allows an unencrypted copy of a file that is encrypted by EFS, where the destination cannot be encrypted. Otherwise such a
   * copy fails with ERROR_ENCRYPTION_FAILED. Default false.
   */
  readonly allowDecrypted?: boolean | undefined;
  /**
   * The most that one offload read or write requests, in bytes, at least 1; rounded down to the larger of the two
   * sectors, but never below one. Default: reads request all that remains, writes 256 MiB.
   */
  readonly chunkSize?: ByteCount | undefined;
  /**
   * Called once when the copy begins, at most twenty times a second during the copy, and once when it is complete and the
   * destination is closed. An exception, or the rejection of a returned promise, ends the copy; in the last call it is
   * ignored, because the copy is complete.
   */
  readonly onProgress?: OnProgress | undefined;
  /**
   * Cancels the calls in flight (CancelIoEx; CopyFileExW by its flag, at its next block); the promise then rejects with
   * AbortError.
   */
  readonly signal?: Signal | undefined;
}

/** Options of {@link copyFiles}: those of {@link copyFile}, for every file, and two more. */
export interface CopyFilesOptions extends CopyFileOptions {
  /** Copies at the same time, 1 to 64. Default 4. */
  readonly concurrency?: number | undefined;
  /** With true the first failure aborts all copies that are not finished. Default false. */
  readonly stopOnError?: boolean | undefined;
}

/** Checked options, with every default filled in. */
export interface CopyFileSettings extends CopyFileOptions {
  readonly mode: 'prefer' | 'require';
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly allowDecrypted: boolean;
  readonly minimumSize: ByteCount;
}

export interface CopyFilesSettings extends CopyFileSettings {
  readonly concurrency: number;
  readonly stopOnError: boolean;
}

const copyFileFields = {
  mode: oneOf('prefer', 'require'),
  overwrite: flag,
  verify: flag,
  allowDecrypted: flag,
  minimumSize: byteCount,
  chunkSize: optional(positiveByteCount),
  onProgress: optional(callback<OnProgress>()),
  signal,
};

const copyFileDefaults = {
  mode: 'prefer',
  overwrite: true,
  verify: false,
  allowDecrypted: false,
  minimumSize: DEFAULT_MINIMUM_SIZE,
} as const;

export const copyFileOptions: RequestSchema<CopyFileSettings> = optionsSchema('copyFile', copyFileFields, {
  defaults: copyFileDefaults,
});

export const copyFilesOptions: RequestSchema<CopyFilesSettings> = optionsSchema(
  'copyFiles',
  {
    ...copyFileFields,
    concurrency: integer(1, HIGHEST_CONCURRENCY, 'copies at once'),
    stopOnError: flag,
  },
  { defaults: { ...copyFileDefaults, concurrency: DEFAULT_CONCURRENCY, stopOnError: false } },
);
