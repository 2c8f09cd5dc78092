import type { Layout } from '../../structs.ts';
import { type Command, type CommandResult, defineCommand } from '../command.ts';
import { RequestError, UsageError } from '../errors.ts';
import { byteMap, fieldTable } from '../layout-drawing.ts';
import { layoutPicture } from '../layout-picture.ts';
import { columnsOf, writeNewFile } from '../output.ts';
import { withSuggestion } from '../parse.ts';
import { plural } from '../quantities.ts';

export const layout: Command = defineCommand({
  name: 'layout',
  operands: '[STRUCT]',
  count: [0, 1],
  summary: 'show the memory layout of a Windows structure',
  usesKernel: false,
  completion: async () => Object.keys((await import('../../structs.ts')).structs),
  notes: [
    'Prints the fields as a table and as a map with eight bytes per row. Without STRUCT, lists every structure.',
  ],
  options: {
    svg: { type: 'string', value: 'FILE', help: 'write the map as a picture' },
    force: { type: 'boolean', help: 'with --svg: replace an existing file' },
  },
  examples: [
    { line: 'layout', does: 'every structure with its size' },
    { line: 'layout FSCTL_OFFLOAD_WRITE_INPUT', does: 'the input of an offload write' },
    { line: 'layout STORAGE_OFFLOAD_TOKEN --svg token.svg', does: 'a picture of the token' },
    { line: 'layout DEVICE_DSM_INPUT --json', does: 'an alias, as JSON' },
    { line: 'layout --json', does: 'every structure with its fields, as JSON' },
  ],
  async run([name], { svg, force = false }) {
    const columns = Math.min(columnsOf(process.stdout), 80);
    if (name === undefined) {
      if (svg !== undefined) throw new UsageError('--svg draws one structure; name it.');
      const { structs } = await import('../../structs.ts');
      return list(Object.values(structs));
    }
    const found = await findLayout(name);
    if (svg !== undefined) await writeNewFile(svg, layoutPicture(found), { force });
    return {
      data: svg === undefined ? found : { ...found, svg },
      text: [
        `${found.name}  ${describeSize(found)}`,
        fieldTable(found, columns),
        byteMap(found, columns),
        ...(svg === undefined ? [] : [`Picture: ${svg}`]),
      ].join('\n\n'),
    };
  },
});

async function findLayout(name: string): Promise<Layout> {
  const { layoutOf, structs } = await import('../../structs.ts');
  try {
    return layoutOf(name.toUpperCase());
  } catch (cause) {
    const sentence = withSuggestion(`Unknown structure ${name}`, name, Object.keys(structs));
    throw new RequestError(sentence, { cause, next: 'odx layout lists every structure.' });
  }
}

function list(layouts: readonly Layout[]): CommandResult {
  const width = Math.max(...layouts.map(({ name }) => name.length)) + 2;
  return {
    data: layouts,
    text: layouts.map((each) => `${each.name.padEnd(width)}${describeSize(each)}`).join('\n'),
  };
}

function describeSize({ size, alignment }: Layout): string {
  return `${plural(size, 'byte')}, aligned to ${alignment}`;
}
