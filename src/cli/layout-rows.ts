import type { Layout } from '../structs.ts';

export const BYTES_PER_ROW = 8;

/** A run of bytes of one field within a row. `name` is undefined for padding, which the compiler puts in. */
export interface Cell {
  readonly name: string | undefined;
  readonly from: number;
  readonly length: number;
  /** Whether the field begins here, as opposed to going on from the row above. */
  readonly begins: boolean;
}

export interface Row {
  readonly offset: number;
  readonly cells: readonly Cell[];
  /** Rows like this one that follow and are not listed, all inside one field. */
  readonly omitted: number;
}

/** A structure cut into rows of eight bytes. Of a long field the first two rows and the last are listed. */
export function layoutRows(layout: Layout): Row[] {
  const rows: Row[] = [];
  for (let offset = 0; offset < layout.size; offset += BYTES_PER_ROW) {
    const cells = cellsOf(layout, offset, Math.min(offset + BYTES_PER_ROW, layout.size));
    const last = rows.at(-1);
    const remaining = endOf(layout, offset) - offset;
    if (last !== undefined && goesOn(last.cells) && goesOn(cells) && remaining > BYTES_PER_ROW) {
      rows[rows.length - 1] = { ...last, omitted: last.omitted + 1 };
    } else {
      rows.push({ offset, cells, omitted: 0 });
    }
  }
  return rows;
}

function cellsOf(layout: Layout, start: number, end: number): Cell[] {
  const cells: Cell[] = [];
  for (let at = start; at < end; ) {
    const field = layout.fields.find(({ offset, size }) => offset <= at && at < offset + size);
    const next = layout.fields.find(({ offset }) => offset > at)?.offset ?? layout.size;
    const until = Math.min(end, field === undefined ? next : field.offset + field.size);
    cells.push({ name: field?.name, from: at, length: until - at, begins: field?.offset === at });
    at = until;
  }
  return cells;
}

// A field that began further up fills the whole row.
function goesOn(cells: readonly Cell[]): boolean {
  const [cell] = cells;
  return cells.length === 1 && cell !== undefined && cell.name !== undefined && !cell.begins;
}

function endOf(layout: Layout, at: number): number {
  const field = layout.fields.find(({ offset, size }) => offset <= at && at < offset + size);
  return field === undefined ? at : field.offset + field.size;
}
