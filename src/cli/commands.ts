import type { Command } from './command.ts';
import { copy } from './commands/copy.ts';
import { explain } from './commands/explain.ts';
import { layout } from './commands/layout.ts';
import { probe } from './commands/probe.ts';
import { read } from './commands/read.ts';
import { repl } from './commands/repl.ts';
import { write } from './commands/write.ts';
import { zero } from './commands/zero.ts';

/** In the order of the help. */
export const commands: readonly Command[] = [copy, probe, zero, read, write, explain, layout, repl];

export function findCommand(name: string): Command | undefined {
  return commands.find((command) => command.name === name);
}
