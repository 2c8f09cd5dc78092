import type { Command } from './command.ts';
import { globalOptions } from './global-options.ts';
import type { Options } from './options.ts';
import type { Paint } from './style.ts';

const WIDTH = 96;

/** What `odx --help` prints. */
export function generalHelp(
  commands: readonly Command[],
  about: { readonly version: string; readonly description: string },
  paint: Paint,
): string {
  const rows = commands.map((c) => [`${c.name} ${c.operands}`.trim(), c.summary] as const);
  return [
    `${paint('bold', `odx ${about.version}`)}  ${wrap(about.description, WIDTH - 12).join('\n')}`,
    section('Usage', ['  odx COMMAND [OPTION...]', '  odx help COMMAND'], paint),
    section('Commands', table([...rows, ['help COMMAND', 'explain a command, with examples']]), paint),
    section('Options of every command', optionTable({ ...globalOptions, version: VERSION }), paint),
    SIZES,
    'Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted.',
  ].join('\n\n');
}

/** What `odx COMMAND --help` prints. */
export function commandHelp(command: Command, paint: Paint): string {
  const { name, operands, options, examples } = command;
  const usage = ['  odx', name, operands, ...(Object.keys(options).length > 0 ? ['[OPTION...]'] : [])];
  return [
    `${paint('bold', `odx ${name}`)}: ${command.summary}`,
    section('Usage', [usage.filter((word) => word !== '').join(' ')], paint),
    ...command.notes.map((note) => wrap(note, WIDTH).join('\n')),
    ...(Object.keys(options).length > 0 ? [section('Options', optionTable(options), paint)] : []),
    section('Options of every command', optionTable(globalOptions), paint),
    SIZES,
    section(
      'Examples',
      examples.flatMap(({ line, does }) => [`  ${paint('dim', `# ${does}`)}`, `  odx ${line}`]),
      paint,
    ),
  ].join('\n\n');
}

const VERSION = { type: 'boolean', short: 'V', help: 'print the version' } as const;

const SIZES =
  'SIZE is 65536, 0x10000, 64KiB, 64MiB, 1.5G (K, M and G are powers of 1024; KB, MB and GB of 1000).';

function section(title: string, lines: readonly string[], paint: Paint): string {
  return [paint('bold', title), ...lines].join('\n');
}

function optionTable(options: Options): string[] {
  return table(
    Object.entries(options).map(([name, { value, short, help }]) => [
      `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`,
      help,
    ]),
  );
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width - 2).map(
      (line, index) => `  ${(index === 0 ? left : '').padEnd(width)}${line}`,
    ),
  );
}

/** Lines of at most this many characters. The terminal is not asked, so that the help reads the same everywhere. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
