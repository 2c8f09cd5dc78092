import type { Layout } from '../structs.ts';
import { BYTES_PER_ROW, type Cell, layoutRows, memberName, offsetText, type Row } from './layout-rows.ts';

/** The fields of a structure, one per line. Leaves out what does not fit: the decimal offsets, then the types. */
export function fieldTable({ fields }: Layout, columns = 80): string {
  const rows = [
    HEADINGS,
    ...fields.map(({ name, offset, size, type }) => [offsetText(offset), `${offset}`, `${size}`, type, name]),
  ];
  const tables = COLUMN_SETS.map((set) => alignedTable(rows, set));
  const fits = (lines: readonly string[]): boolean => lines.every((line) => line.length <= columns);
  return (tables.find(fits) ?? tables.at(-1) ?? []).join('\n');
}

const HEADINGS = ['offset', '', 'size', 'type', 'field'];
const NUMBERS = [1, 2];
const COLUMN_SETS = [
  [0, 1, 2, 3, 4],
  [0, 2, 3, 4],
  [0, 2, 4],
];

function alignedTable(rows: readonly (readonly string[])[], columns: readonly number[]): string[] {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = columns.map((column) => {
      const [cell = '', width = 0] = [row[column], widths[column]];
      return NUMBERS.includes(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `  ${cells.join('  ').trimEnd()}`;
  });
}

/** Draws a structure in text, eight bytes per row, each field as a box. Fits into 80 columns, or fewer. */
export function byteMap(layout: Layout, columns = 80): string {
  const room = Math.floor((columns - INDENT.length - 1) / BYTES_PER_ROW);
  const map = new TextMap(Math.min(WIDEST_BYTE, Math.max(NARROWEST_BYTE, room)));
  const lines = [map.ruler(layout)];
  let above: Row | undefined;
  for (const row of layoutRows(layout)) {
    lines.push(map.border(above, row));
    lines.push(`${offsetText(row.offset).padStart(6)} ${map.boxes(row)}`);
    if (row.omitted > 0) lines.push(`${' '.repeat(5)}: ${map.omission(row)}`);
    above = row.omitted > 0 ? undefined : row;
  }
  lines.push(map.border(above, undefined));
  return lines.join('\n');
}

const INDENT = ' '.repeat(7);
const WIDEST_BYTE = 9;
const NARROWEST_BYTE = 3;

class TextMap {
  readonly #byteWidth: number;

  constructor(byteWidth: number) {
    this.#byteWidth = byteWidth;
  }

  ruler({ size }: Layout): string {
    const bytes = Array.from({ length: Math.min(size, BYTES_PER_ROW) }, (_, byte) => byte);
    return `${INDENT}${bytes.map((byte) => ` ${byte}`.padEnd(this.#byteWidth)).join('')}`.trimEnd();
  }

  // Corners are where a box ends in the row above or below; the line is open where a field continues.
  border(above: Row | undefined, below: Row | undefined): string {
    const width = Math.max(bytesIn(above), bytesIn(below));
    const line = Array.from({ length: width * this.#byteWidth + 1 }, () => '-');
    for (const cell of below?.cells ?? []) {
      if (cell.begins || cell.name === undefined) continue;
      const [start, end] = this.#edges(cell);
      line.fill(' ', start, end + 1);
    }
    for (const cell of [...(above?.cells ?? []), ...(below?.cells ?? [])]) {
      for (const corner of this.#edges(cell)) {
        line[corner] = line[corner - 1] === '-' || line[corner + 1] === '-' ? '+' : '|';
      }
    }
    return `${INDENT}${line.join('')}`;
  }

  boxes({ cells }: Row): string {
    const box = (cell: Cell): string => `${this.#label(cell).padEnd(cell.length * this.#byteWidth - 1)}|`;
    return `|${cells.map(box).join('')}`;
  }

  omission({ omitted }: Row): string {
    const text = ` ${omitted * BYTES_PER_ROW} bytes more`;
    return `:${text.padEnd(BYTES_PER_ROW * this.#byteWidth - 1)}:`;
  }

  #edges({ from, length }: Cell): [start: number, end: number] {
    const start = (from % BYTES_PER_ROW) * this.#byteWidth;
    return [start, start + length * this.#byteWidth];
  }

  #label({ name, begins, length }: Cell): string {
    const room = length * this.#byteWidth - 2;
    const text = name === undefined ? '(padding)' : begins ? memberName(name) : '';
    return ` ${text.length > room ? `${text.slice(0, room - 1)}~` : text}`;
  }
}

function bytesIn(row: Row | undefined): number {
  return row?.cells.reduce((bytes, { length }) => bytes + length, 0) ?? 0;
}
