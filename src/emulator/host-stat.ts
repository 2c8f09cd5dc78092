import { type BigIntStats, fstatSync, statSync } from 'node:fs';
import { onHost } from './host-failure.ts';

// Blocking in asynchronous calls too: it takes microseconds, and nothing else can run between the look and the decision.
export function statOf(fd: number): BigIntStats {
  return onHost(() => fstatSync(fd, { bigint: true }));
}

/** The same for every name of the same file. */
export function keyOf(stat: BigIntStats): string {
  return `${stat.dev}:${stat.ino}`;
}

/** What lies at a path; undefined where that cannot be told, which opening it will explain. */
export function statAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
