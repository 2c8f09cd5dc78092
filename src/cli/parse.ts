import { parseArgs } from 'node:util';
import type { Command } from './command.ts';
import { globalOptions } from './global-options.ts';
import type { Options } from './options.ts';
import { RequestError, UsageError } from './usage-error.ts';

/** The word that names the command, and everything else. Options of every command may stand before it. */
export function splitCommand(args: readonly string[]): { name: string | undefined; rest: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options: optionsFor(globalOptions),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find((token) => token.kind === 'positional' || token.kind === 'option-terminator');
  if (first?.kind !== 'positional') return { name: undefined, rest: [...args] };
  return { name: first.value, rest: args.filter((_, index) => index !== first.index) };
}

export interface Parsed {
  readonly operands: string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

/** The operands and options of a command. Throws UsageError. */
export function parseCommand(command: Command, args: readonly string[]): Parsed {
  const parsed = parse(command.negative ? behindDashes(args) : args, {
    ...command.options,
    ...globalOptions,
  });
  if (parsed.values['help']) return parsed;
  refuseNameless(command, parsed);
  const [fewest, most] = command.count;
  const count = parsed.operands.length;
  if (count < fewest) throw new UsageError(`odx ${command.name} needs ${command.operands}.`);
  if (count > most) {
    throw new UsageError(
      most === 0
        ? `odx ${command.name} takes no operand, but '${parsed.operands[0]}' was given.`
        : `odx ${command.name} takes ${command.operands}; '${parsed.operands[most]}' is one too many.`,
    );
  }
  return parsed;
}

// An empty name is mostly a variable of a shell that was never set.
function refuseNameless(command: Command, { operands, values }: Parsed): void {
  if (operands.includes('')) {
    throw new RequestError(
      `odx ${command.name} takes ${command.operands}, but '' was given for one of them.`,
    );
  }
  for (const [name, { value }] of Object.entries(command.options)) {
    if (value === 'FILE' && values[name] === '') throw new RequestError(`--${name} is ''; name a file.`);
  }
}

/** Options where no command is named. Throws UsageError. */
export function parseBare(args: readonly string[]): Parsed {
  return parse(args, { ...globalOptions, version: { type: 'boolean', short: 'V', help: '' } });
}

function parse(args: readonly string[], options: Options): Parsed {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: optionsFor(options),
      allowPositionals: true,
    });
    return { values: values as Parsed['values'], operands: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(sentence(error.message, options));
  }
}

// A negative number looks like an option to Node; behind -- it does not.
function behindDashes(args: readonly string[]): string[] {
  const isNegative = (arg: string): boolean => /^-\d/.test(arg);
  if (args.includes('--') || !args.some(isNegative)) return [...args];
  return [...args.filter((arg) => !isNegative(arg)), '--', ...args.filter(isNegative)];
}

function optionsFor(options: Options): Record<string, { type: 'boolean' | 'string'; short?: string }> {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
}

// Node's own words, without the lines that speak to programmers and with the kind of value that is wanted.
function sentence(message: string, options: Options): string {
  const [first = message] = message.split('\n');
  const [, missing] = /^Option '--([\w-]+) <value>' argument missing$/.exec(first) ?? [];
  if (missing !== undefined)
    return `--${missing} needs a value: --${missing} ${options[missing]?.value ?? 'VALUE'}.`;
  const [, ambiguous] = /^Option '--([\w-]+)' argument is ambiguous/.exec(first) ?? [];
  if (ambiguous !== undefined)
    return `--${ambiguous} needs a value; one that begins with a dash is written --${ambiguous}=-1.`;
  const [, unknown] = /^Unknown option '(.+?)'/.exec(first) ?? [];
  if (unknown !== undefined) return `${unknown} is no option here; after -- it would be taken for a name.`;
  return first.endsWith('.') ? first : `${first}.`;
}
