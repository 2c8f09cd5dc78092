import { constants, readFileSync, readlinkSync, readvSync, writeSync } from 'node:fs';

const NOTHING = Buffer.alloc(0);
// Of open(2); in fdinfo the flags are octal.
const ACCESS_MODE = 3;
const FLAGS = /^flags:\s*([0-7]+)$/m;

/** What a descriptor that somebody else opened may be used for. */
export function borrowedAccess(fd: number): { read: boolean; write: boolean } {
  const flags = process.platform === 'linux' ? flagsOf(fd) : undefined;
  if (flags === undefined) return { read: mayRead(fd), write: mayWrite(fd) };
  const mode = flags & ACCESS_MODE;
  // Writes to an O_APPEND descriptor land at the end wherever they were meant to go; Windows calls that append access,
  // which is not write access.
  return {
    read: mode !== constants.O_WRONLY,
    write: mode !== constants.O_RDONLY && !(flags & constants.O_APPEND),
  };
}

/** Where the host finds the file of a descriptor, as far as it says. */
export function pathOfDescriptor(fd: number): string | undefined {
  try {
    return process.platform === 'linux' ? readlinkSync(`/proc/self/fd/${fd}`) : undefined;
  } catch {
    return undefined;
  }
}

function flagsOf(fd: number): number | undefined {
  try {
    const digits = FLAGS.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return digits === undefined ? undefined : Number.parseInt(digits, 8);
  } catch {
    return undefined;
  }
}

// The plain read returns without asking the host when there is nothing to read; the vectored one does ask.
function mayRead(fd: number): boolean {
  try {
    readvSync(fd, [NOTHING], 0);
    return true;
  } catch {
    return false;
  }
}

function mayWrite(fd: number): boolean {
  try {
    writeSync(fd, NOTHING, 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
