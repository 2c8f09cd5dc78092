import type { Layout } from '../structs.ts';

export const BYTES_PER_ROW = 8;

/** A run of bytes of one field within a row. `name` is undefined for padding. */
export interface Cell {
  readonly name: string | undefined;
  readonly from: number;
  readonly length: number;
  /** Whether the field begins here, as opposed to continuing from the row above. */
  readonly begins: boolean;
  /** Whether it ends here, as opposed to continuing in the row below. */
  readonly ends: boolean;
}

export interface Row {
  readonly offset: number;
  readonly cells: readonly Cell[];
  /** How many rows like this one follow that are not listed, all inside one field. */
  readonly omitted: number;
}

/** Cuts a structure into rows of eight bytes. Of a long field the first two rows and the last one are listed. */
export function layoutRows(layout: Layout): Row[] {
  const rows: Row[] = [];
  for (let offset = 0; offset < layout.size; offset += BYTES_PER_ROW) {
    const cells = cellsBetween(layout, offset, Math.min(offset + BYTES_PER_ROW, layout.size));
    const last = rows.at(-1);
    const remaining = endOfField(layout, offset) - offset;
    if (last !== undefined && continues(last.cells) && continues(cells) && remaining > BYTES_PER_ROW) {
      rows[rows.length - 1] = { ...last, omitted: last.omitted + 1 };
    } else {
      rows.push({ offset, cells, omitted: 0 });
    }
  }
  return rows;
}

function cellsBetween(layout: Layout, start: number, end: number): Cell[] {
  const cells: Cell[] = [];
  for (let at = start; at < end; ) {
    const field = fieldAt(layout, at);
    const next = layout.fields.find(({ offset }) => offset > at)?.offset ?? layout.size;
    const endOfCell = field === undefined ? next : field.offset + field.size;
    const until = Math.min(end, endOfCell);
    cells.push({
      name: field?.name,
      from: at,
      length: until - at,
      begins: field?.offset === at,
      ends: until === endOfCell,
    });
    at = until;
  }
  return cells;
}

// One field that began further up fills the whole row.
function continues(cells: readonly Cell[]): boolean {
  const [cell] = cells;
  return cells.length === 1 && cell !== undefined && cell.name !== undefined && !cell.begins;
}

function endOfField(layout: Layout, at: number): number {
  const field = fieldAt(layout, at);
  return field === undefined ? at : field.offset + field.size;
}

function fieldAt(layout: Layout, at: number): Layout['fields'][number] | undefined {
  return layout.fields.find(({ offset, size }) => offset <= at && at < offset + size);
}

export function offsetText(offset: number): string {
  return `0x${offset.toString(16).toUpperCase().padStart(3, '0')}`;
}

// Members of a union are named after it, and the box is narrow.
export function memberName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
