import { rm, writeFile } from 'node:fs/promises';
import { AdvisedError, hostError } from './errors.ts';

/** Writes a file that is not there; one that is there only with `force`, by making it anew, since an old one keeps its mode. */
export async function writeNewFile(
  path: string,
  data: string | Uint8Array,
  { force, mode = 0o666 }: { force: boolean; mode?: number },
): Promise<void> {
  try {
    if (force) await rm(path, { force: true });
    await writeFile(path, data, { flag: 'wx', mode });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new AdvisedError(
        `${path} is there already.`,
        'Choose another name, or add --force to replace what is there.',
        { code: error.code },
      );
    }
    throw hostError(path, 'written', error);
  }
}
