import type { Command } from './command.ts';
import { completion } from './commands/completion.ts';
import { copy } from './commands/copy.ts';
import { explain } from './commands/explain.ts';
import { layout } from './commands/layout.ts';
import { probe } from './commands/probe.ts';
import { read } from './commands/read.ts';
import { repl } from './commands/repl.ts';
import { tryCommand } from './commands/try.ts';
import { write } from './commands/write.ts';
import { zero } from './commands/zero.ts';

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  copy,
  probe,
  tryCommand,
  zero,
  read,
  write,
  explain,
  layout,
  repl,
  completion,
];
