import { type BigIntStats, closeSync, constants, open, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OpenRequest } from '../kernel/kernel.ts';
import { asFailure, onHost } from './host-failure.ts';
import { statOf } from './host-stat.ts';
import { refuse } from './refusal.ts';

/** A file of the host that was opened. */
export interface HostOpening {
  readonly fd: number;
  /** Absolute, since the working directory may change before it is needed again. */
  readonly path: string;
  readonly stat: BigIntStats;
  /** Whether nothing in it was ever written. */
  readonly isFresh: boolean;
}

export function openHostSync(path: string, request: OpenRequest): HostOpening {
  return inspect(
    onHost(() => openSync(path, flagsOf(request))),
    path,
    request,
  );
}

export async function openHost(path: string, request: OpenRequest): Promise<HostOpening> {
  const fd = await new Promise<number>((resolveWith, reject) => {
    const done = (error: Error | null, opened: number): void => (error ? reject(error) : resolveWith(opened));
    open(path, flagsOf(request), 0o666, done);
  }).catch((error: unknown) => {
    throw asFailure(error);
  });
  return inspect(fd, path, request);
}

// O_NONBLOCK: to open a pipe must not wait for its other end. Windows has no such flag.
function flagsOf({ read, write, disposition }: OpenRequest): number {
  const access = write ? (read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY;
  return access | CREATION[disposition] | (constants.O_NONBLOCK ?? 0);
}

const CREATION: Readonly<Record<OpenRequest['disposition'], number>> = {
  open: 0,
  create: constants.O_CREAT | constants.O_TRUNC,
  'create-new': constants.O_CREAT | constants.O_EXCL,
};

function inspect(fd: number, path: string, { disposition }: OpenRequest): HostOpening {
  try {
    const stat = statOf(fd);
    if (stat.isDirectory()) refuse('FILE_IS_A_DIRECTORY');
    if (!stat.isFile()) refuse('UNSUCCESSFUL');
    const isFresh = disposition === 'create' || disposition === 'create-new';
    return { fd, path: resolve(path), stat, isFresh };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
