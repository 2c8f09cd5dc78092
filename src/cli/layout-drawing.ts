import type { Layout } from '../structs.ts';

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

/** Draws a structure as an SVG document, readable on a light and on a dark page. */
export function layoutPicture(layout: Layout): string {
  const parts: string[] = [];
  let y = TOP;
  for (const row of layoutRows(layout)) {
    parts.push(svgText(LEFT - 10, y + ROW / 2 + 5, offsetText(row.offset), 'offset', 'end'));
    for (const cell of row.cells) parts.push(svgBox(cell, y));
    y += ROW;
    if (row.omitted > 0) {
      const middle = LEFT + (BYTES_PER_ROW * BYTE) / 2;
      const more = `${row.omitted * BYTES_PER_ROW} bytes more`;
      parts.push(svgText(middle, y + ROW / 2 + 5, more, 'more', 'middle'));
      y += ROW;
    }
  }
  const bytes = Math.min(layout.size, BYTES_PER_ROW);
  const ruler = Array.from({ length: bytes }, (_, byte) =>
    svgText(LEFT + byte * BYTE + BYTE / 2, TOP - 8, `${byte}`, 'offset', 'middle'),
  );
  const width = LEFT + BYTES_PER_ROW * BYTE + MARGIN;
  const title = `${layout.name}, ${layout.size} bytes, aligned to ${layout.alignment}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + MARGIN}" width="${width}" height="${y + MARGIN}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<rect class="page" width="100%" height="100%"/>',
    svgText(LEFT, 32, title, 'title', 'start'),
    ...ruler,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

const BYTE = 92;
const ROW = 40;
const LEFT = 72;
const TOP = 72;
const MARGIN = 20;
const LETTER = 7.6;

const STYLE = [
  'text{font:13px ui-monospace,Consolas,Menlo,monospace;fill:#1f2328}',
  '.title{font-weight:600;font-size:15px}',
  '.offset,.more{fill:#59636e}',
  '.page{fill:#fff}',
  '.field{fill:#ddf4ff;stroke:#0969da}',
  '.padding{fill:#f6f8fa;stroke:#818b98;stroke-dasharray:4 3}',
].join('');

function svgBox(cell: Cell, y: number): string {
  const x = LEFT + (cell.from % BYTES_PER_ROW) * BYTE;
  const width = cell.length * BYTE;
  const kind = cell.name === undefined ? 'padding' : 'field';
  const rectangle = `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${ROW}"/>`;
  const label = cell.name === undefined ? 'padding' : cell.begins ? memberName(cell.name) : '';
  if (label === '') return rectangle;
  // A name longer than its box is squeezed rather than cut.
  const squeeze =
    label.length * LETTER > width - 8 ? ` textLength="${width - 8}" lengthAdjust="spacingAndGlyphs"` : '';
  return `${rectangle}\n<text x="${x + width / 2}" y="${y + ROW / 2 + 5}" text-anchor="middle"${squeeze}>${escapeXml(label)}</text>`;
}

function svgText(x: number, y: number, content: string, kind: string, anchor: string): string {
  return `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

const BYTES_PER_ROW = 8;

/** A run of bytes of one field within a row. `name` is undefined for padding. */
interface Cell {
  readonly name: string | undefined;
  readonly from: number;
  readonly length: number;
  /** Whether the field begins here, as opposed to continuing from the row above. */
  readonly begins: boolean;
}

interface Row {
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
    const until = Math.min(end, field === undefined ? next : field.offset + field.size);
    cells.push({ name: field?.name, from: at, length: until - at, begins: field?.offset === at });
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

function bytesIn(row: Row | undefined): number {
  return row?.cells.reduce((bytes, { length }) => bytes + length, 0) ?? 0;
}

function offsetText(offset: number): string {
  return `0x${offset.toString(16).toUpperCase().padStart(3, '0')}`;
}

// Members of a union are named after it, and the box is narrow.
function memberName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
