export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  /** A letter that stands for it. */
  readonly short?: string;
  /** What stands for the value in the help: SIZE, FILE. */
  readonly value?: string;
  readonly help: string;
}

export type Options = Readonly<Record<string, OptionSpec>>;

/** What was given on the command line; absent options are absent. */
export type Values<O extends Options> = {
  readonly [K in keyof O]?: O[K]['type'] extends 'boolean' ? boolean : string;
};
