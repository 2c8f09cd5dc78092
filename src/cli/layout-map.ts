import type { Layout } from '../structs.ts';
import { BYTES_PER_ROW, type Cell, layoutRows, type Row } from './layout-rows.ts';
import { offsetText } from './layout-table.ts';

const BYTE_WIDTH = 9;
const INDENT = ' '.repeat(7);

/** A structure drawn in text, eight bytes a row, each field a box as wide as it is long. */
export function byteMap(layout: Layout): string {
  const rows = layoutRows(layout);
  const lines = [ruler(layout)];
  let above: Row | undefined;
  for (const row of rows) {
    lines.push(border(above, row));
    lines.push(`${offsetText(row.offset).padStart(6)} ${boxes(row)}`);
    if (row.omitted > 0) lines.push(`${' '.repeat(5)}: ${omission(row)}`);
    above = row.omitted > 0 ? undefined : row;
  }
  lines.push(border(above, undefined));
  return lines.join('\n');
}

function ruler({ size }: Layout): string {
  const bytes = Array.from({ length: Math.min(size, BYTES_PER_ROW) }, (_, byte) => byte);
  return `${INDENT}${bytes.map((byte) => ` ${byte}`.padEnd(BYTE_WIDTH)).join('')}`.trimEnd();
}

// Corners stand where a box ends in the row above or below; the line is open where a field goes on.
function border(above: Row | undefined, below: Row | undefined): string {
  const width = Math.max(widthOf(above), widthOf(below));
  const line = Array.from({ length: width * BYTE_WIDTH + 1 }, () => '-');
  for (const cell of below?.cells ?? []) {
    if (cell.begins || cell.name === undefined) continue;
    const start = (cell.from % BYTES_PER_ROW) * BYTE_WIDTH;
    line.fill(' ', start, start + cell.length * BYTE_WIDTH + 1);
  }
  for (const cell of [...(above?.cells ?? []), ...(below?.cells ?? [])]) {
    const start = (cell.from % BYTES_PER_ROW) * BYTE_WIDTH;
    for (const corner of [start, start + cell.length * BYTE_WIDTH]) {
      line[corner] = line[corner - 1] === '-' || line[corner + 1] === '-' ? '+' : '|';
    }
  }
  return `${INDENT}${line.join('')}`;
}

function widthOf(row: Row | undefined): number {
  return row?.cells.reduce((bytes, { length }) => bytes + length, 0) ?? 0;
}

function boxes({ cells }: Row): string {
  return `|${cells.map((cell) => `${label(cell).padEnd(cell.length * BYTE_WIDTH - 1)}|`).join('')}`;
}

function label({ name, begins, length }: Cell): string {
  const room = length * BYTE_WIDTH - 2;
  const text = name === undefined ? '(padding)' : begins ? lastPart(name) : '';
  return ` ${text.length > room ? `${text.slice(0, room - 1)}~` : text}`;
}

function omission({ omitted }: Row): string {
  const bytes = omitted * BYTES_PER_ROW;
  return `:${` ${bytes} bytes more`.padEnd(BYTES_PER_ROW * BYTE_WIDTH - 1)}:`;
}

// Members of a union are named after it, and the box is narrow.
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
