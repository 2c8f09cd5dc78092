import { hex32 } from '../../structs/codes.ts';
import { constants, controlCodes, structAliases, structs } from '../../structs/index.ts';
import { GENERATED, table } from './markdown.ts';

const INTRODUCTION = `# Structures

${GENERATED}

The structures, control codes and constants that this package passes to Windows or receives from it. Numbers are little-endian, except
the type and the length in a token, which are big-endian. Offsets and sizes are in bytes, and the same on every processor, except for
\`OVERLAPPED\`, which is shown as on 64-bit Windows.

\`\`\`ts
import { constants, layoutOf } from 'win-odx/structs';

console.log(layoutOf('FSCTL_OFFLOAD_WRITE_INPUT').size); // 544
console.log(constants.FSCTL_OFFLOAD_WRITE); // 623208
\`\`\`

\`odx layout NAME\` prints a structure, and \`--svg FILE\` draws it.
`;

const ACCESS = ['none', 'read', 'write'];

/** docs/structures.md: control codes, constants and a section for each structure. */
export function structuresPage(): string {
  return [INTRODUCTION, controlCodeTable(), constantTable(), ...Object.values(structs).map(section)].join(
    '\n',
  );
}

function controlCodeTable(): string {
  const rows = controlCodes.map(({ name, value, access, meaning }) => [
    `\`${name}\``,
    hex32(value),
    ACCESS[access] ?? '',
    meaning,
  ]);
  return `## Control codes\n\n${table(['Name', 'Value', 'Access', 'What it does'], rows)}\n`;
}

function constantTable(): string {
  const codes = new Set(controlCodes.map(({ name }) => name));
  const rows = Object.entries(constants)
    .filter(([name]) => !codes.has(name))
    .map(([name, value]) => [`\`${name}\``, hex32(value)]);
  return `## Constants\n\n${table(['Name', 'Value'], rows)}\n`;
}

function section(layout: (typeof structs)[keyof typeof structs]): string {
  const { name, size, alignment, fields } = layout;
  const aliases = Object.keys(structAliases).filter((alias) => structAliases[alias] === name);
  const also =
    aliases.length === 0 ? '' : `, also called ${aliases.map((alias) => `\`${alias}\``).join(' and ')}`;
  const rows = fields.map((field) => [
    `${field.offset}`,
    `${field.size}`,
    `\`${field.type}\``,
    `\`${field.name}\``,
  ]);
  return [
    `## ${name}`,
    `${size} bytes, aligned to ${alignment}${also}.`,
    table(['Offset', 'Size', 'Type', 'Field'], rows),
    `![Byte map of ${name}](pictures/structs/${name}.svg)\n`,
  ].join('\n\n');
}
