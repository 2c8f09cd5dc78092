#!/usr/bin/env node
import { createRequire } from 'node:module';
import type { Command, CommonValues } from './command.ts';
import { commands } from './commands.ts';
import {
  codeOf,
  DONE,
  type ErrorDescription,
  errorDocument,
  FAILED,
  INTERRUPTED,
  RequestError,
  USAGE,
  UsageError,
} from './errors.ts';
import { commandHelp, generalHelp, type HelpStyle } from './help.ts';
import { kernelLoader } from './kernel.ts';
import { columnsOf, paintFor, paragraph, toJson, wrap } from './output.ts';
import { parseCommand, parseWithoutCommand, splitCommand, withSuggestion } from './parse.ts';

/** Runs one command line and returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  // Found before the line is parsed, so that errors of parsing have the right form too.
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  const json = options.includes('--json');
  const debug = options.includes('--debug');
  let command: Command | undefined;
  try {
    const { name, rest } = splitCommand(args);
    if (name === undefined) return runWithoutCommand(rest, json);
    if (name === 'help') return runHelp(rest, json);
    command = findCommand(name);
    return await runCommand(command, rest, json, debug);
  } catch (error) {
    return reportError(error, command, json, debug);
  }
}

async function runCommand(
  command: Command,
  rest: readonly string[],
  json: boolean,
  debug: boolean,
): Promise<number> {
  const { operands, values } = parseCommand(command, rest);
  if (values['help']) return printHelp(commandHelp(command, styleFor(process.stdout)), json);
  const kernels = kernelLoader(values as CommonValues, printNotice);
  const { version } = manifest();
  const context = { json, debug, version, kernels, commands, interruptible };
  const result = await command.run(operands, values, context);
  const text = json ? toJson(result.data) : result.text;
  if (text !== undefined) print(text);
  if (!json) for (const line of result.failures ?? []) printError(line);
  return result.exitCode ?? DONE;
}

function runWithoutCommand(rest: readonly string[], json: boolean): number {
  const { values } = parseWithoutCommand(rest);
  if (values['version']) {
    const { version } = manifest();
    print(json ? toJson({ version }) : version);
    return DONE;
  }
  if (!values['help']) throw new UsageError('A command is missing.');
  return printHelp(generalHelp(commands, manifest(), styleFor(process.stdout)), json);
}

function runHelp(rest: readonly string[], json: boolean): number {
  const [name] = parseWithoutCommand(rest).operands;
  if (name === undefined) return runWithoutCommand(['--help'], json);
  return printHelp(commandHelp(findCommand(name), styleFor(process.stdout)), json);
}

function findCommand(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = [...commands.map((each) => each.name), 'help'];
  throw new UsageError(withSuggestion(`Unknown command ${name}`, name, names));
}

async function reportError(
  error: unknown,
  command: Command | undefined,
  json: boolean,
  debug: boolean,
): Promise<number> {
  const description = await describe(error, command);
  if (json) {
    print(toJson({ error: errorDocument(error, description) }));
  } else {
    const style = styleFor(process.stderr);
    if (error instanceof UsageError) {
      const text =
        command === undefined ? generalHelp(commands, manifest(), style) : commandHelp(command, style);
      process.stderr.write(`${text}\n\n`);
    }
    printError(description.sentence);
    const next = description.next ?? referenceToHelp(error, description.exitCode, command);
    if (next !== undefined) {
      process.stderr.write(`${style.paint('bold', 'next:')}${paragraph('next:', next, process.stderr)}\n`);
    }
    if (description.help !== undefined) {
      process.stderr.write(`${style.paint('bold', 'help:')} ${description.help}\n`);
    }
  }
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return description.exitCode;
}

async function describe(error: unknown, command: Command | undefined): Promise<ErrorDescription> {
  if (error instanceof UsageError || error instanceof RequestError) {
    const next = error instanceof RequestError ? error.next : undefined;
    return { exitCode: USAGE, sentence: error.message, next };
  }
  try {
    const { describeError } = await import('./describe-error.ts');
    return describeError(error, command);
  } catch {
    // The library itself could not be loaded.
    return {
      exitCode: FAILED,
      sentence: error instanceof Error ? error.message : String(error),
      next:
        codeOf(error) === 'ERR_MODULE_NOT_FOUND'
          ? 'Install win-odx again, with its dependencies.'
          : undefined,
    };
  }
}

// With a usage error, the help has been printed just before.
function referenceToHelp(error: unknown, exitCode: number, command: Command | undefined): string | undefined {
  if (exitCode !== USAGE || error instanceof UsageError || command === undefined) return undefined;
  return `Correct the command line; odx ${command.name} --help shows examples.`;
}

// Ctrl-C, kill, a terminal that is closed, Ctrl-Break.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;

function interruptible(): AbortSignal {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return controller.signal;
}

interface Manifest {
  readonly version: string;
  readonly description: string;
}

// Found by name, because the bundled file is in another folder than this one.
function manifest(): Manifest {
  return createRequire(import.meta.url)('win-odx/package.json') as Manifest;
}

function printHelp(text: string, json: boolean): number {
  print(json ? toJson({ help: text }) : text);
  return DONE;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printNotice(text: string): void {
  process.stderr.write(`${wrap(text, columnsOf(process.stderr)).join('\n')}\n`);
}

function printError(sentence: string): void {
  const paint = paintFor(process.stderr);
  process.stderr.write(`${paint('red', 'odx:')}${paragraph('odx:', sentence, process.stderr)}\n`);
}

function styleFor(stream: NodeJS.WriteStream): HelpStyle {
  return { paint: paintFor(stream), columns: columnsOf(stream) };
}

// Last, because a function that waits needs the constants above.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that stops reading, as `head` does, is no failure.
    if (error.code === 'EPIPE') return;
    process.exitCode = FAILED;
    if (stream === process.stdout)
      process.stderr.write(`odx: Writing the output failed (${error.message}).\n`);
  });
}

const exitCode = await main(process.argv.slice(2));
process.exitCode ||= exitCode;
