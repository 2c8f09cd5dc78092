import { isAbsolute, parse, resolve, sep, win32 } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import { describeValue, hrefOf } from './describe.ts';
import type { Sentence } from './errors.ts';
import { type Field, field } from './fields.ts';
import { checkArgument, refuse } from './request.ts';

// What follows the device, as in \\.\C:\folder\file, is a path on it.
const DEVICE = /^[\\/]{2}[.?][\\/](?:GLOBALROOT[\\/]Device[\\/](?:Harddisk\d+[\\/])?)?[^\\/]+$/i;
const NUL = '\0';

/**
 * Whether a path names a volume or a disk: `\\.\D:`, `\\?\PhysicalDrive1`, `\\?\Volume{...}`. A device is never created or
 * replaced.
 */
export function isDevicePath(path: string): boolean {
  return DEVICE.test(path);
}

/** The named stream in a path, `file:stream`, in lower case. Undefined for the main stream, `file` or `file::$DATA`. */
export function streamOf(path: string): string | undefined {
  const [, stream = ''] = win32.basename(path).split(':');
  return stream === '' ? undefined : stream.toLowerCase();
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

/** The part of a `file:` URL that this package uses, spelled out so that its declarations need neither DOM nor Node types. */
export interface FileUrl {
  /** The whole URL. */
  readonly href: string;
  /** `file:`. */
  readonly protocol: string;
}

/** The path of a file, folder or device, or a `file:` URL. */
export type FilePath = string | FileUrl;

/** Checks an argument that is a path, and returns it as a string. */
export function checkPath(argument: string, given: unknown): string {
  checkArgument(argument, filePath, given);
  return pathOf(given) ?? '';
}

export const filePath: Field<FilePath> = field<FilePath>((value) => pathOf(value) !== undefined, explainPath);

/** The path in an argument, if there is one. */
function pathOf(given: unknown): string | undefined {
  const url = urlOf(given);
  const path = url === undefined ? given : pathOfUrl(url);
  if (typeof path !== 'string' || path === '' || path.includes(NUL)) return undefined;
  return process.platform === 'win32' && isServerOnly(path) ? undefined : path;
}

/** Whether a network path names no share. Node.js would take `\\server` for a file of the current drive. */
export function isServerOnly(path: string): boolean {
  return /^[\\/]{2}[^\\/]*[\\/]*$/.test(path);
}

/** The text of a URL object, or of a string that begins as no path does. */
function urlOf(given: unknown): string | undefined {
  if (typeof given === 'string') return FILE_URL.test(given) ? given : undefined;
  return hrefOf(given);
}

const FILE_URL = /^file:\/\//i;

function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** {@link checkPath} for a file that may be created. */
export function checkNewPath(argument: string, given: unknown): string {
  const path = checkPath(argument, given);
  const problem = process.platform === 'win32' ? problemOfName(path) : undefined;
  return problem === undefined ? path : refuse(argument, `${argument} is ${describeValue(path)}; ${problem}`);
}

const EXACT = /^[\\/]{2}[.?][\\/]/;
const RESERVED = /^(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[1-9¹²³])(\..*)?$/i;

/**
 * Why Windows programs could not open a file of this name again: it is that of a folder, they take it for a device, or they
 * leave out the dots and spaces at its end. A path that begins with `\\?\` is meant to the letter.
 */
export function problemOfName(path: string): string | undefined {
  if (EXACT.test(path)) return undefined;
  if (/[\\/]$/.test(path)) return 'only the name of a folder may end with a separator, name a file.';
  const name = win32.basename(path);
  const nearest = name.replace(/[. ]+$/, '');
  const [, device, extension = ''] = RESERVED.exec(nearest) ?? [];
  if (device !== undefined) {
    return `Windows reserves the name ${device} for a device, choose another, such as '${device}_${extension}'.`;
  }
  // '.' and '..' are folders.
  if (nearest === name || name === '.' || name === '..') return undefined;
  if (nearest === '') return 'a name on Windows cannot consist of dots and spaces.';
  return `a name cannot end with a dot or a space on Windows, the nearest legal one is '${nearest}'.`;
}

function explainPath(argument: string, given: unknown): Sentence {
  const url = urlOf(given);
  if (url !== undefined) {
    const problem = FILE_URL.test(url) ? 'which is no path on this system' : 'but only a file: URL is a path';
    return (nameOf) => `${nameOf(argument)} is the URL ${describeValue(url)}, ${problem}.`;
  }
  const hint = types.isPromise(given)
    ? 'did you forget await?'
    : types.isUint8Array(given)
      ? 'pass a string or a file: URL.'
      : "it must be the path of a file, such as 'D:\\\\disks\\\\big.vhdx'.";
  if (typeof given === 'string' && isServerOnly(given)) {
    return (nameOf) =>
      `${nameOf(argument)} is ${describeValue(given)}; a network path needs a server and a share, such as '\\\\server\\share\\file'.`;
  }
  const hasNul = typeof given === 'string' && given.includes(NUL);
  const shown = hasNul ? 'a string with a NUL character' : describeValue(given);
  return (nameOf) => `${nameOf(argument)} is ${shown}; ${hint}`;
}
