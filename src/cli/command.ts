import type { Kernels } from './kernel.ts';
import type { Options, Values } from './options.ts';

export interface Example {
  /** Without `odx` in front. */
  readonly line: string;
  readonly does: string;
}

/** What a command leaves to be printed: with --json the document, else the text. */
export interface Outcome {
  /** The document of --json. */
  readonly data: unknown;
  /** The same for people; undefined where the command has printed as it went. */
  readonly text: string | undefined;
  /** What was refused, one line each, for stderr. */
  readonly refusals?: readonly string[];
  /** 1 when part of the job failed and the text says which. Default 0. */
  readonly exitCode?: number;
}

/** What a command may use besides its own arguments. */
export interface Surroundings {
  readonly json: boolean;
  /** Whether errors are to be shown with their stacks. */
  readonly debug: boolean;
  readonly kernels: Kernels;
  /**
   * From now on Ctrl-C fires this signal instead of ending the process, so that the command can clean up.
   * A second Ctrl-C ends it all the same.
   */
  interruptible(): AbortSignal;
}

interface CommandFacts {
  readonly name: string;
  /** As the usage line shows them: 'SRC... DST'. */
  readonly operands: string;
  /** Fewest and most of them. */
  readonly count: readonly [number, number];
  readonly summary: string;
  /** What the API calls an argument, and what the command line calls it, where the two differ. */
  readonly spelling?: Readonly<Record<string, string>>;
  /** Whether an operand may be a negative number rather than an option. */
  readonly negative?: boolean;
  /** The next step after a request that cannot be meant. */
  readonly remedy?: string;
  /** Paragraphs of the help. */
  readonly notes: readonly string[];
  readonly examples: readonly Example[];
}

export interface CommandSpec<O extends Options> extends CommandFacts {
  readonly options: O;
  run(operands: readonly string[], values: Values<O>, surroundings: Surroundings): Outcome | Promise<Outcome>;
}

/** A command whose own options are known to itself alone. */
export interface Command extends CommandFacts {
  readonly options: Options;
  run(
    operands: readonly string[],
    values: Readonly<Record<string, string | boolean | undefined>>,
    surroundings: Surroundings,
  ): Outcome | Promise<Outcome>;
}

export function defineCommand<const O extends Options>(spec: CommandSpec<O>): Command {
  return {
    ...spec,
    run(operands, values, surroundings) {
      return spec.run(operands, values as Values<O>, surroundings);
    },
  };
}
