import { type Command, commonOptions, emulatorOptions, type OptionSpecs } from './command.ts';
import { type Paint, table, wrap } from './output.ts';

/** How a help text is to look. */
export interface HelpStyle {
  readonly paint: Paint;
  /** The width of the terminal. Lines have at most 80 characters in any case. */
  readonly columns: number;
}

/** What `odx --help` prints. */
export function generalHelp(
  commands: readonly Command[],
  about: { readonly version: string; readonly description: string },
  style: HelpStyle,
): string {
  const page = new Page(style);
  const rows = commands.map((each) => [`${each.name} ${each.operands}`.trim(), each.summary] as const);
  const onFiles = commands.filter(({ usesKernel }) => usesKernel).map(({ name }) => name);
  page.paragraph(`odx ${about.version}: ${about.description}`);
  page.section('Usage', '  odx COMMAND [OPTION...]\n  odx help COMMAND');
  page.table('Commands', [...rows, ['help COMMAND', 'explain a command, with examples']]);
  page.options('Options of every command', { ...commonOptions, version: VERSION });
  page.paragraph(
    `${listOf(onFiles)} also take --emulate, to run without an array, and options of the emulator; odx help ${onFiles[0]} lists them.`,
  );
  page.paragraph(SIZES);
  page.paragraph('Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted.');
  return page.text();
}

/** What `odx COMMAND --help` prints. */
export function commandHelp(command: Command, style: HelpStyle): string {
  const { name, operands, options, usesKernel } = command;
  const page = new Page(style);
  const hasOptions = Object.keys(options).length > 0;
  page.paragraph(`odx ${name}: ${command.summary}`);
  page.section('Usage', `  ${`odx ${name} ${operands}`.trim()}${hasOptions ? ' [OPTION...]' : ''}`);
  for (const note of command.notes) page.paragraph(note);
  if (hasOptions) page.options('Options', options);
  page.options('Options of every command', commonOptions);
  if (usesKernel) {
    page.options('Emulator', emulatorOptions);
    page.paragraph(SIZES);
  }
  page.examples(command.examples);
  return page.text();
}

const WIDEST = 80;
const VERSION = { type: 'boolean', short: 'V', help: 'print the version' } as const;
const SIZES =
  'SIZE is 65536, 0x10000, 64KiB, 64MiB or 1.5G; K, M and G are powers of 1024, KB, MB and GB of 1000. ' +
  'TIME is 20ms or 1.5s.';

class Page {
  readonly #parts: string[] = [];
  readonly #paint: Paint;
  readonly #columns: number;

  constructor({ paint, columns }: HelpStyle) {
    this.#paint = paint;
    this.#columns = Math.min(columns, WIDEST);
  }

  paragraph(text: string): void {
    this.#parts.push(wrap(text, this.#columns).join('\n'));
  }

  section(title: string, body: string): void {
    this.#parts.push(`${this.#paint('bold', title)}\n${body}`);
  }

  table(title: string, rows: readonly (readonly [string, string])[]): void {
    this.section(title, table(rows, this.#columns));
  }

  options(title: string, options: OptionSpecs): void {
    this.table(
      title,
      Object.entries(options).map(([name, { value, short, help }]) => [
        `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
        help,
      ]),
    );
  }

  examples(examples: Command['examples']): void {
    const lines = examples.flatMap(({ line, does }) => [
      ...wrap(does, this.#columns - 4).map((text) => `  ${this.#paint('dim', `# ${text}`)}`),
      `  odx ${line}`,
    ]);
    this.section('Examples', lines.join('\n'));
  }

  text(): string {
    return this.#parts.join('\n\n');
  }
}

function listOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
