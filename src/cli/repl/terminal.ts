import { start } from 'node:repl';
import { teach } from './help.ts';
import { historyFile, keepHistory } from './history.ts';
import { passOverImports } from './imports.ts';

/** Talks with the user until they leave; the process ends then, whatever they left running. */
export async function talk(scope: Record<string, unknown>, greeting: string): Promise<never> {
  process.stdout.write(`${greeting}\n`);
  const server = start({ prompt: 'odx> ', useGlobal: true, breakEvalOnSigint: true });
  Object.assign(server.context, scope);
  teach(server);
  passOverImports(server);
  const file = historyFile(process.env);
  if (file !== undefined) await keepHistory(server, file);
  return new Promise(() => server.once('exit', () => process.exit()));
}
