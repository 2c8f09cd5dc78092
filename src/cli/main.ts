import type { Command } from './command.ts';
import { commands, findCommand } from './commands.ts';
import { complain, DONE, errorDocument, USAGE } from './errors.ts';
import type { GlobalValues } from './global-options.ts';
import { commandHelp, generalHelp } from './help.ts';
import { listenForInterrupt } from './interrupt.ts';
import { toJson } from './json.ts';
import { chooseKernel, emulatorSpelling } from './kernel.ts';
import { manifest } from './package.ts';
import { parseBare, parseCommand, splitCommand } from './parse.ts';
import { paintFor } from './style.ts';
import { UsageError } from './usage-error.ts';

/** Runs one command line to its end and returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // Known before the line is understood, so that errors of the line itself come in the right form too.
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  const json = options.includes('--json');
  const debug = options.includes('--debug');
  const { name, rest } = splitCommand(args);
  let command: Command | undefined;
  try {
    if (name === undefined) return bare(rest, json);
    if (name === 'help') return help(rest, json);
    command = findCommand(name);
    if (command === undefined) throw new UsageError(noCommand(name));
    return await runCommand(command, rest, json, debug);
  } catch (error) {
    return report(error, command, json, debug);
  }
}

function bare(rest: readonly string[], json: boolean): number {
  const { values } = parseBare(rest);
  if (values['version']) {
    const { version } = manifest();
    print(json ? toJson({ version }) : version);
    return DONE;
  }
  if (!values['help']) throw new UsageError('A command is missing.');
  const text = generalHelp(commands, manifest(), paintFor(process.stdout));
  print(json ? toJson({ help: text }) : text);
  return DONE;
}

function help(rest: readonly string[], json: boolean): number {
  const { operands } = parseBare(rest);
  const [name] = operands;
  if (name === undefined) return bare(['--help'], json);
  const command = findCommand(name);
  if (command === undefined) throw new UsageError(noCommand(name));
  return printHelp(command, json);
}

function noCommand(name: string): string {
  // What begins alike was probably meant.
  const near = name.length >= LIKE ? commands.find((c) => c.name.startsWith(name.slice(0, LIKE))) : undefined;
  return `${name} is no command of odx${near === undefined ? '.' : `; did you mean ${near.name}?`}`;
}

const LIKE = 3;

function printHelp(command: Command, json: boolean): number {
  const text = commandHelp(command, paintFor(process.stdout));
  print(json ? toJson({ help: text }) : text);
  return DONE;
}

async function runCommand(
  command: Command,
  rest: readonly string[],
  json: boolean,
  debug: boolean,
): Promise<number> {
  const { operands, values } = parseCommand(command, rest);
  if (values['help']) return printHelp(command, json);
  const kernels = chooseKernel(values as GlobalValues, (line) => process.stderr.write(`${line}\n`));
  const surroundings = { json, debug, kernels, interruptible: listenForInterrupt };
  const outcome = await command.run(operands, values, surroundings);
  const text = json ? toJson(outcome.data) : outcome.text;
  if (text !== undefined) print(text);
  if (!json) for (const line of outcome.refusals ?? []) process.stderr.write(`${line}\n`);
  return outcome.exitCode ?? DONE;
}

function report(error: unknown, command: Command | undefined, json: boolean, debug: boolean): number {
  const complaint = complain(error);
  if (json) {
    print(toJson({ error: error instanceof Error ? errorDocument(error) : { message: String(error) } }));
  } else {
    const paint = paintFor(process.stderr);
    if (error instanceof UsageError) {
      const text =
        command === undefined ? generalHelp(commands, manifest(), paint) : commandHelp(command, paint);
      process.stderr.write(`${text}\n\n`);
    }
    process.stderr.write(`${paint('red', 'odx:')} ${respell(complaint.sentence, command)}\n`);
    const next = complaint.next ?? remedyFor(error, complaint.exitCode, command);
    if (next !== undefined) process.stderr.write(`${paint('bold', 'next:')} ${next}\n`);
  }
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return complaint.exitCode;
}

// After a usage error the help has just been printed.
function remedyFor(error: unknown, exitCode: number, command: Command | undefined): string | undefined {
  if (exitCode !== USAGE || error instanceof UsageError || command === undefined) return undefined;
  return command.remedy ?? `Mend the command line; odx ${command.name} --help shows examples.`;
}

// The API speaks of its own arguments, the user typed others. A sentence about an argument begins with its name. And
// what is a bigint there was no bigint on the command line.
function respell(sentences: string, command: Command | undefined): string {
  const names = new Map(Object.entries({ ...emulatorSpelling, ...command?.spelling }));
  return sentences
    .replace(/^\w+(?= )/gm, (word) => names.get(word) ?? word)
    .replace(/(?<=\bis )(-?\d+)n\b/g, '$1');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
