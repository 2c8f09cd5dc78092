import type { KernelLoader } from './kernel.ts';

interface OptionDescription {
  /** One letter that means the same. */
  readonly short?: string;
  readonly help: string;
}

interface BooleanOption extends OptionDescription {
  readonly type: 'boolean';
  readonly value?: never;
  readonly choices?: never;
}

interface StringOption extends OptionDescription {
  readonly type: 'string';
  /** What stands for the value in the help: SIZE, FILE. */
  readonly value: string;
  /** The only values that are legal. */
  readonly choices?: readonly string[];
}

export type OptionSpec = BooleanOption | StringOption;

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The values of the options that were given; the others are absent. */
export type OptionValues<O extends OptionSpecs> = {
  readonly [K in keyof O]?: O[K]['type'] extends 'boolean' ? boolean : string;
};

/** What a command may use besides its own arguments. */
export interface CommandContext {
  readonly json: boolean;
  /** Whether errors are shown with their stacks. */
  readonly debug: boolean;
  /** The version of this package. */
  readonly version: string;
  readonly kernels: KernelLoader;
  /** Every command, for those that describe the command line itself. */
  readonly commands: readonly Command[];
  /**
   * From now on Ctrl-C aborts this signal instead of ending the process, so that the command can clean up.
   * A second Ctrl-C ends the process.
   */
  interruptible(): AbortSignal;
}

export interface CommandResult {
  /** What --json prints. */
  readonly data: unknown;
  /** What is printed without --json; undefined where the command has printed already. */
  readonly text: string | undefined;
  /** Messages for stderr, one per line: which parts of the job failed. */
  readonly failures?: readonly string[];
  /** Default 0. */
  readonly exitCode?: number;
}

interface CommandDescription {
  readonly name: string;
  /** As in the usage line: 'SRC... DST'. */
  readonly operands: string;
  /** The lowest and the highest number of operands. */
  readonly count: readonly [lowest: number, highest: number];
  readonly summary: string;
  /** What the options and operands are called here that set a field of the API: `{ chunkSize: '--chunk' }`. */
  readonly fieldNames?: Readonly<Record<string, string>>;
  /** What to do about an error, by its code, where the advice of the library does not fit this command. */
  readonly advice?: Readonly<Record<string, string>>;
  /** Whether the command works on files through a kernel, so that the options of the emulator apply. */
  readonly usesKernel: boolean;
  /** Whether an operand may be a negative number. */
  readonly negativeNumbers?: boolean;
  /** What Tab completes the operands with. Default: nothing. */
  readonly completion?: 'paths' | (() => readonly string[] | Promise<readonly string[]>);
  /** Paragraphs of the help. */
  readonly notes: readonly string[];
  /** Lines without `odx` in front, and what they do. */
  readonly examples: readonly { readonly line: string; readonly does: string }[];
}

interface CommandSpec<O extends OptionSpecs> extends CommandDescription {
  readonly options: O;
  run(
    operands: readonly string[],
    values: OptionValues<O>,
    context: CommandContext,
  ): CommandResult | Promise<CommandResult>;
}

/** A command as the command table holds it. Only the command itself knows the types of its options. */
export interface Command extends CommandDescription {
  readonly options: OptionSpecs;
  run(
    operands: readonly string[],
    values: Readonly<Record<string, string | boolean | undefined>>,
    context: CommandContext,
  ): CommandResult | Promise<CommandResult>;
}

export function defineCommand<const O extends OptionSpecs>(spec: CommandSpec<O>): Command {
  return {
    ...spec,
    run: (operands, values, context) => spec.run(operands, values as OptionValues<O>, context),
  };
}

/** Options of every command. */
export const commonOptions = {
  json: { type: 'boolean', help: 'print one JSON document, with 64-bit numbers as decimal strings' },
  debug: { type: 'boolean', help: 'print the stack of an error' },
  help: { type: 'boolean', short: 'h', help: 'print this help' },
} as const;

/** Options of every command that works on files. The others accept and ignore them. */
export const emulatorOptions = {
  emulate: {
    type: 'boolean',
    help: 'use the emulator; without Windows it is always used',
  },
  sector: { type: 'string', value: 'SIZE', help: 'logical sector, 512 to 64KiB; default 512' },
  latency: { type: 'string', value: 'TIME', help: 'shortest duration of a control code, such as 20ms' },
  'max-transfer': { type: 'string', value: 'SIZE', help: 'most bytes that one token stands for' },
  'max-write': { type: 'string', value: 'SIZE', help: 'most bytes that one offload write copies' },
  'token-lifetime': { type: 'string', value: 'TIME', help: 'how long a token is valid, such as 30s' },
  incapable: { type: 'boolean', help: 'storage without copy offload, to see the fallback' },
} as const;

export type CommonValues = OptionValues<typeof commonOptions & typeof emulatorOptions>;
