import { start } from 'node:repl';
import { teach } from './help.ts';
import { historyFile, keepHistory } from './history.ts';
import { passOverImports } from './imports.ts';
import type { ReplScope } from './scope.ts';
import { showError, showValue } from './show.ts';

/** Talks with the user until they leave; the process ends then, whatever they left running. */
export async function talk({ scope, jobs }: ReplScope, greeting: string, debug: boolean): Promise<never> {
  process.stdout.write(`${greeting}\n`);
  const server = start({
    prompt: 'odx> ',
    useGlobal: true,
    breakEvalOnSigint: true,
    writer(value: unknown) {
      // Ctrl-C ends the waiting for a statement, which is told here alone, but not what the statement has begun.
      if (codeOf(value) === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') jobs.abort();
      return isTold(value) && !debug ? showError(value) : showValue(value);
    },
  });
  Object.assign(server.context, scope);
  teach(server);
  passOverImports(server);
  const file = historyFile(process.env);
  if (file !== undefined) await keepHistory(server, file);
  return new Promise(() =>
    server.once('exit', async () => {
      await jobs.abort();
      process.exit();
    }),
  );
}

// Errors of this package say in a sentence what others need a stack for.
function isTold(value: unknown): boolean {
  return codeOf(value) !== undefined && 'toJSON' in Object(value);
}

function codeOf(value: unknown): unknown {
  return value instanceof Error && 'code' in value ? value.code : undefined;
}
