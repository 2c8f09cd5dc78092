import type { REPLServer } from 'node:repl';

const OURS = /^\s*import\s[^'"]*\sfrom\s+(['"])win-odx(?:\/\w+)?\1\s*;?\s*$/;

/** Passes over the import lines of examples: all that they bring is in scope, and Node's REPL takes no import. */
export function passOverImports(server: REPLServer): void {
  const { eval: evaluate } = server;
  Object.assign(server, {
    eval(this: REPLServer, ...[code, context, file, done]: Parameters<typeof evaluate>): void {
      if (OURS.test(code)) done(null, undefined);
      else evaluate.call(this, code, context, file, done);
    },
  });
}
