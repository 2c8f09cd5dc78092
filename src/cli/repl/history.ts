import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { REPLServer } from 'node:repl';

/** Where the lines of earlier sessions are kept; undefined where ODX_REPL_HISTORY is set to nothing. */
export function historyFile(env: NodeJS.ProcessEnv): string | undefined {
  const { ODX_REPL_HISTORY: own, XDG_STATE_HOME: state, LOCALAPPDATA: local } = env;
  if (own !== undefined) return own.trim() === '' ? undefined : own;
  const folder = process.platform === 'win32' ? local : state;
  const fallback = process.platform === 'win32' ? join('AppData', 'Local') : join('.local', 'state');
  return join(folder || join(homedir(), fallback), 'win-odx', 'repl_history');
}

/** Gives a REPL its history. Without a place to keep it there is none, which is no error. */
export function keepHistory(server: REPLServer, file: string): Promise<void> {
  return new Promise((resolve) => {
    try {
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    } catch {
      resolve();
      return;
    }
    server.setupHistory(file, () => resolve());
  });
}
