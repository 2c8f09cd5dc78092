import { isAbsolute, parse, resolve, sep } from 'node:path';
import { describeValue } from './describe.ts';
import { type Field, field } from './fields.ts';
import { checkArgument } from './request.ts';

const DEVICE = /^[\\/]{2}\.[\\/]|^[\\/]{2}\?[\\/]Volume\{[^}]*\}$/i;
const NUL = '\0';

/**
 * Whether a path names a volume or a disk: `\\.\D:`, `\\.\PhysicalDrive1`, `\\?\Volume{...}`. A device is never created or
 * replaced.
 */
export function isDevicePath(path: string): boolean {
  return DEVICE.test(path);
}

/** A path as it was given, which is the one to show, and in a form that process.chdir does not affect. */
export interface FixedPath {
  readonly shown: string;
  readonly absolute: string;
}

export function fixPath(path: string): FixedPath {
  return { shown: path, absolute: absolutePath(path) };
}

function absolutePath(path: string): string {
  // On Windows a path such as `\folder` still depends on the current drive.
  const isFixed = isAbsolute(path) && (process.platform !== 'win32' || parse(path).root.length > 1);
  if (isFixed || isDevicePath(path)) return path;
  // A name that ends in a separator is that of a folder, and must not become that of a file.
  return resolve(path) + (/[\\/]$/.test(path) ? sep : '');
}

/** Checks an argument that must be the path of a file, folder or device. */
export function checkPath(argument: string, path: unknown): string {
  return checkArgument(argument, filePath, path);
}

export const filePath: Field<string> = field<string>(
  (value) => typeof value === 'string' && value !== '' && !value.includes(NUL),
  (argument, value) => {
    const hasNul = typeof value === 'string' && value.includes(NUL);
    const shown = hasNul ? 'a string with a NUL character' : describeValue(value);
    return (nameOf) =>
      `${nameOf(argument)} is ${shown}; it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.`;
  },
);
