import { isMainThread } from 'node:worker_threads';
import { unlessMissing } from './failures.ts';
import { type Native, nativeMemory } from './native.ts';

const LONGEST_EXIT = 1000;

const actions = new Set<() => void>();
let isHooked = false;

/** Runs an action when the process exits, as long as it has not been removed. */
export function atExit(action: () => void): void {
  actions.add(action);
  if (isHooked) return;
  isHooked = true;
  process.once('exit', () => {
    for (const each of actions) each();
  });
}

/**
 * Ends the process after a second, with its exit code, should a thread of the pool still be inside a call by then. Node
 * waits for its pool, and a CreateFileW that waits for a server cannot be cancelled.
 */
export function limitExit(native: Native): void {
  // The exit of a worker thread must not end the process.
  if (!isMainThread) return;
  const code = Number(process.exitCode ?? 0);
  unlessMissing(() => {
    // ExitProcess reads its exit code where a timer's callback gets its argument.
    const exitProcess = native.addressOfFunction('ExitProcess');
    native.CreateTimerQueueTimer(nativeMemory(8), 0n, exitProcess, code, LONGEST_EXIT, 0, 0);
  });
}
