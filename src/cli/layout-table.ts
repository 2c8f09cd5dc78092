import type { Layout } from '../structs.ts';

const HEAD = ['offset', '', 'size', 'type', 'field'] as const;

/** The fields of a structure, one per line. */
export function fieldTable({ fields }: Layout): string {
  const rows = [
    HEAD,
    ...fields.map(
      ({ name, offset, size, type }) => [offsetText(offset), `${offset}`, `${size}`, type, name] as const,
    ),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 1 || column === 2 ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

export function offsetText(offset: number): string {
  return `0x${offset.toString(16).toUpperCase().padStart(3, '0')}`;
}
