import { INTERRUPTED } from './errors.ts';

// Ctrl-C, kill, a terminal that is closed, Ctrl-Break.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;

/** A signal that fires on the first Ctrl-C or its like; the second one ends the process. */
export function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return controller.signal;
}
