import type { Layout } from '../../structs.ts';
import { type Command, defineCommand, type Outcome } from '../command.ts';
import { plural } from '../format.ts';
import { byteMap } from '../layout-map.ts';
import { layoutPicture } from '../layout-picture.ts';
import { fieldTable } from '../layout-table.ts';
import { writeNewFile } from '../new-file.ts';
import { UsageError } from '../usage-error.ts';

export const layout: Command = defineCommand({
  name: 'layout',
  operands: '[STRUCT]',
  count: [0, 1],
  summary: 'show how Windows lays a structure out in memory',
  notes: [
    'Prints the fields as a table and as a map, eight bytes a row. Without STRUCT lists every structure.',
  ],
  spelling: { name: 'STRUCT' },
  remedy: 'odx layout lists every structure.',
  options: {
    svg: { type: 'string', value: 'FILE', help: 'write the map as a picture' },
    force: { type: 'boolean', help: 'with --svg: replace a file that is there' },
  },
  examples: [
    { line: 'layout', does: 'every structure with its size' },
    { line: 'layout FSCTL_OFFLOAD_WRITE_INPUT', does: 'the input of an offload write' },
    { line: 'layout STORAGE_OFFLOAD_TOKEN --svg token.svg', does: 'a picture of the token' },
    { line: 'layout DEVICE_DSM_INPUT --json', does: 'an alias, as JSON' },
  ],
  async run([name], { svg, force = false }) {
    const { layoutOf, structs } = await import('../../structs.ts');
    if (name === undefined) {
      if (svg !== undefined) throw new UsageError('--svg draws one structure; name it.');
      return list(Object.values(structs));
    }
    const found = layoutOf(name.toUpperCase());
    if (svg !== undefined) await writeNewFile(svg, layoutPicture(found), { force });
    return {
      data: svg === undefined ? found : { ...found, svg },
      text: [
        `${found.name}  ${describeSize(found)}`,
        fieldTable(found),
        byteMap(found),
        ...(svg === undefined ? [] : [`Picture: ${svg}`]),
      ].join('\n\n'),
    };
  },
});

function list(layouts: readonly Layout[]): Outcome {
  const width = Math.max(...layouts.map(({ name }) => name.length)) + 2;
  return {
    data: layouts.map(({ name, size, alignment }) => ({ name, size, alignment })),
    text: layouts.map((each) => `${each.name.padEnd(width)}${describeSize(each)}`).join('\n'),
  };
}

function describeSize({ size, alignment }: Layout): string {
  return `${plural(size, 'byte')}, aligned to ${alignment}`;
}
