import { parseArgs } from 'node:util';
import { nearestName } from '../describe.ts';
import { type Command, commonOptions, emulatorOptions, type OptionSpecs } from './command.ts';
import { RequestError, UsageError } from './errors.ts';

export interface ParsedArguments {
  readonly operands: string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

// Every command accepts the options of the emulator, so that they may be in an alias or a script.
const sharedOptions = { ...commonOptions, ...emulatorOptions };

/** Separates the name of the command from the other arguments. Shared options may come before it. */
export function splitCommand(args: readonly string[]): { name: string | undefined; rest: string[] } {
  const { tokens } = tokenize(args, sharedOptions);
  const first = tokens.find((token) => token.kind === 'positional' || token.kind === 'option-terminator');
  if (first?.kind !== 'positional') return { name: undefined, rest: [...args] };
  return { name: first.value, rest: args.filter((_, index) => index !== first.index) };
}

/** Parses the arguments of a command. Throws UsageError. */
export function parseCommand(command: Command, args: readonly string[]): ParsedArguments {
  const options = { ...command.options, ...sharedOptions };
  const parsed = parse(command.negativeNumbers ? afterTerminator(args) : args, options);
  if (parsed.values['help']) return parsed;
  checkEmptyNames(command, parsed);
  const [lowest, highest] = command.count;
  const { operands } = parsed;
  if (operands.length < lowest) throw new UsageError(`odx ${command.name} needs ${command.operands}.`);
  if (operands.length > highest) {
    const extra = operands[highest];
    throw new UsageError(
      highest === 0
        ? `odx ${command.name} takes no operand, but '${extra}' was given.`
        : `odx ${command.name} takes ${command.operands}; '${extra}' is one too many.`,
    );
  }
  return parsed;
}

/** Parses the options of a command line without a command. Throws UsageError. */
export function parseWithoutCommand(args: readonly string[]): ParsedArguments {
  return parse(args, { ...sharedOptions, version: { type: 'boolean', short: 'V', help: '' } });
}

/** Appends a suggestion to a sentence about an unknown name. */
export function withSuggestion(
  sentence: string,
  name: string,
  known: readonly string[],
  prefix = '',
): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `${sentence}.` : `${sentence}; did you mean ${prefix}${nearest}?`;
}

// An empty name is usually a shell variable that was never set.
function checkEmptyNames(command: Command, { operands, values }: ParsedArguments): void {
  if (operands.includes('')) {
    throw new RequestError(`odx ${command.name} takes ${command.operands}, but one of them is ''.`);
  }
  for (const [name, { value }] of Object.entries(command.options)) {
    if (value === 'FILE' && values[name] === '') throw new RequestError(`--${name} is ''; name a file.`);
  }
}

function parse(args: readonly string[], options: OptionSpecs): ParsedArguments {
  const { tokens, values, positionals } = tokenize(args, options);
  for (const token of tokens) if (token.kind === 'option') checkOption(token, options);
  return { values: values as ParsedArguments['values'], operands: positionals };
}

// Not strict, because the messages of Node.js speak to programmers.
function tokenize(args: readonly string[], options: OptionSpecs) {
  return parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short }]) => [
        name,
        short === undefined ? { type } : { type, short },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkOption({ name, rawName, value, inlineValue }: OptionToken, options: OptionSpecs): void {
  const spec = Object.hasOwn(options, name) ? options[name] : undefined;
  if (spec === undefined) throw new UsageError(unknownOption(rawName, Object.keys(options)));
  if (spec.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`--${name} takes no value.`);
    return;
  }
  if (value === undefined) {
    throw new UsageError(`--${name} needs a value: --${name} ${spec.value}.`);
  }
  if (inlineValue !== true && value.length > 1 && value.startsWith('-')) {
    throw new UsageError(`--${name} needs a value; write one that begins with a dash as --${name}=${value}.`);
  }
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    throw new UsageError(`--${name} is '${value}'; it must be ${spec.choices.join(' or ')}.`);
  }
}

function unknownOption(rawName: string, known: readonly string[]): string {
  const sentence = `Unknown option ${rawName}`;
  const suggestion = withSuggestion(sentence, rawName.replace(/^-+/, ''), known, '--');
  return suggestion === `${sentence}.`
    ? `${sentence}. If it is a file name, write -- before it.`
    : suggestion;
}

// Node.js takes a negative number for an option, but not after --.
function afterTerminator(args: readonly string[]): string[] {
  const isNegative = (arg: string): boolean => /^-\d/.test(arg);
  if (args.includes('--') || !args.some(isNegative)) return [...args];
  return [...args.filter((arg) => !isNegative(arg)), '--', ...args.filter(isNegative)];
}
