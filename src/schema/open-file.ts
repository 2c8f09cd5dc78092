import { describeValue } from '../describe.ts';
import type { ByteCount } from './byte-count.ts';
import { type Checker, check, checker } from './check.ts';
import { byteCount } from './fields.ts';
import { once } from './once.ts';
import { ownOptions } from './own.ts';
import { refuse } from './refuse.ts';

/** How {@link openFile} opens: 'r' to read; 'r+' to read and write what exists; 'w' to create or empty; 'wx' to create what must not exist. */
export type OpenFlags = 'r' | 'r+' | 'w' | 'wx';

export interface OpenFileOptions {
  /** Bytes to set the file's size to once it is open; not with 'r'. */
  readonly size?: ByteCount | undefined;
}

const FLAGS: readonly string[] = ['r', 'r+', 'w', 'wx'];
const NUL = '\0';

const optionsChecker: () => Checker<{ size?: ByteCount | undefined }> = once(() =>
  checker('openFile', { size: byteCount('size', 1).optional() }),
);

export function checkPath(field: string, path: unknown): string {
  const said =
    typeof path === 'string' && path.includes(NUL) ? 'a string with a NUL character' : describeValue(path);
  if (typeof path !== 'string' || path === '' || path.includes(NUL)) {
    refuse(field, `${field} is ${said}; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.`);
  }
  return path;
}

export function checkOpenFile(
  path: unknown,
  flags: unknown,
  given: unknown,
): { path: string; flags: OpenFlags; size: bigint | undefined } {
  const checkedPath = checkPath('path', path);
  if (typeof flags !== 'string' || !FLAGS.includes(flags)) {
    refuse('flags', `flags is ${describeValue(flags)}; it must be one of 'r', 'r+', 'w', 'wx'.`);
  }
  const options = optionsChecker();
  const own = ownOptions(given, options.of, options.keys);
  const { size } = check(options, own);
  if (size !== undefined && flags === 'r') {
    const said = describeValue(size);
    refuse('size', `size is ${said}, but a file opened with 'r' cannot be resized; open it with 'r+'.`);
  }
  return {
    path: checkedPath,
    flags: flags as OpenFlags,
    size: size === undefined ? undefined : BigInt(size),
  };
}
