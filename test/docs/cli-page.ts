import { type Command, commonOptions, emulatorOptions, type OptionSpecs } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { GENERATED, table } from './markdown.ts';

const INTRODUCTION = `# The command line and the REPL

${GENERATED}

\`npx odx\` runs the command in a project that has this package; \`npx win-odx\` runs it anywhere. Every command has \`--json\`. Outside
Windows, the commands that work on files use [the emulator](testing.md) and say so.

Exit codes: 0 done, 1 failed, 2 usage, 130 interrupted. \`odx try\` also has 3: the storage cannot offload.

Sizes are \`65536\`, \`0x10000\`, \`64KiB\`, \`64MiB\` or \`1.5G\`: K, M and G are powers of 1024, KB, MB and GB of 1000. Times are \`20ms\` or
\`1.5s\`.

Ctrl-C cancels what is in flight, removes the unfinished file, and exits with 130. A second Ctrl-C ends the process at once.
`;

/** docs/cli.md: a section for each command, from what its help prints. */
export function cliPage(): string {
  return [
    INTRODUCTION,
    table(
      ['Command', ''],
      commands.map(({ name, operands, summary }) => [
        `[\`odx ${`${name} ${operands}`.trim()}\`](#odx-${name})`,
        summary,
      ]),
    ),
    '',
    ...commands.map(section),
    '## Options of every command\n',
    `${optionTable(commonOptions)}\n`,
    '## Options of the emulator\n',
    `The commands that work on files take them.\n\n${optionTable(emulatorOptions)}\n`,
  ].join('\n');
}

function section({ name, operands, notes, options, examples }: Command): string {
  const lines = examples.map(({ line, does }) => `# ${does}\n$ npx odx ${line}`);
  return [
    `## odx ${name}`,
    `\`odx ${`${name} ${operands}`.trim()}\``,
    ...notes,
    ...(Object.keys(options).length > 0 ? [optionTable(options)] : []),
    `\`\`\`console\n${lines.join('\n')}\n\`\`\`\n`,
  ].join('\n\n');
}

function optionTable(options: OptionSpecs): string {
  const rows = Object.entries(options).map(([name, { value, short, help }]) => [
    `\`${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}\``,
    help,
  ]);
  return table(['Option', ''], rows);
}
