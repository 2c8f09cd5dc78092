import { closeSync, constants, openSync } from 'node:fs';
import type { Claim, HostFile } from './host-file.ts';
import { keyOf, statOf } from './host-stat.ts';
import type { OpenFile } from './open-files.ts';
import { refuse } from './refusal.ts';
import type { Storage } from './storage.ts';
import type { Token } from './tokens.ts';

// A file is read past the page cache only where it is mostly holes: reading a hole through the cache costs as much as
// reading data, reading it directly next to nothing.
const WORTH_DIRECT = 8_388_608;
const BLOCK = 512n;
const SPARSE = 4n;

/** The file behind a token, open for reading. */
export interface Source {
  readonly file: HostFile;
  readonly fd: number;
  /** A second descriptor of the same file that reads past the cache of the host. */
  readonly direct: number | undefined;
  close(): void;
}

/** Opens what a token stands for: through its handle, or by its path when that is closed. Throws when it is no longer there. */
export function openSource(storage: Storage, token: Token): Source {
  const held = holdHandle(storage, token);
  const fd = held?.fd ?? openSame(token.path, token.file.key, 0);
  if (fd === undefined) refuse('INVALID_TOKEN');
  const direct = openDirect(token, fd);
  return {
    file: token.file,
    fd,
    direct,
    close() {
      if (direct !== undefined) closeSync(direct);
      if (held === undefined) closeSync(fd);
      else storage.handles.release(held.source);
    },
  };
}

/** Whether the token still stands for what it was made of. Called before its data is copied, and after. */
export function checkToken(storage: Storage, token: Token, fd: number, killed?: ReadonlySet<Claim>): void {
  const { file } = storage.seeDescriptor(fd);
  if (file !== token.file || (token.dead && killed?.has(token) !== true)) refuse('INVALID_TOKEN');
}

function holdHandle(storage: Storage, { source, file }: Token): { source: OpenFile; fd: number } | undefined {
  const { fd } = source;
  if (source.closed || fd === undefined) return undefined;
  try {
    if (keyOf(statOf(fd)) !== file.key) return undefined;
  } catch {
    return undefined;
  }
  storage.handles.hold(source);
  return { source, fd };
}

function openDirect(token: Token, fd: number): number | undefined {
  const { O_DIRECT } = constants;
  if (O_DIRECT === undefined || token.length < WORTH_DIRECT || !isSparse(fd)) return undefined;
  return openSame(token.path, token.file.key, O_DIRECT);
}

function isSparse(fd: number): boolean {
  try {
    const { blocks, size } = statOf(fd);
    return blocks * BLOCK * SPARSE < size;
  } catch {
    return false;
  }
}

function openSame(path: string | undefined, key: string, flags: number): number | undefined {
  if (path === undefined) return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags);
    if (keyOf(statOf(fd)) === key) return fd;
  } catch {
    // Gone, or not ours to read: the token is void then.
  }
  if (fd !== undefined) closeSync(fd);
  return undefined;
}
