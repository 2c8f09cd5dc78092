import type { Layout } from '../structs.ts';
import { lastPart } from './layout-map.ts';
import { BYTES_PER_ROW, type Cell, layoutRows } from './layout-rows.ts';
import { offsetText } from './layout-table.ts';

const BYTE = 92;
const ROW = 40;
const LEFT = 72;
const TOP = 72;
const MARGIN = 20;
const LETTER = 7.6;

/** The map of a structure as an SVG document, readable on a light and on a dark page. */
export function layoutPicture(layout: Layout): string {
  const rows = layoutRows(layout);
  const parts: string[] = [];
  let y = TOP;
  for (const row of rows) {
    parts.push(text(LEFT - 10, y + ROW / 2 + 5, offsetText(row.offset), 'offset', 'end'));
    for (const cell of row.cells) parts.push(box(cell, y));
    y += ROW;
    if (row.omitted > 0) {
      const bytes = row.omitted * BYTES_PER_ROW;
      parts.push(
        text(LEFT + (BYTES_PER_ROW * BYTE) / 2, y + ROW / 2 + 5, `${bytes} bytes more`, 'more', 'middle'),
      );
      y += ROW;
    }
  }
  const bytes = Math.min(layout.size, BYTES_PER_ROW);
  const ruler = Array.from({ length: bytes }, (_, byte) =>
    text(LEFT + byte * BYTE + BYTE / 2, TOP - 8, `${byte}`, 'offset', 'middle'),
  );
  const width = LEFT + BYTES_PER_ROW * BYTE + MARGIN;
  const title = `${layout.name}, ${layout.size} bytes, aligned to ${layout.alignment}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + MARGIN}" width="${width}" height="${y + MARGIN}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<rect class="page" width="100%" height="100%"/>',
    text(LEFT, 32, title, 'title', 'start'),
    ...ruler,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

const STYLE = [
  'text{font:13px ui-monospace,Consolas,Menlo,monospace;fill:#1f2328}',
  '.title{font-weight:600;font-size:15px}',
  '.offset,.more{fill:#59636e}',
  '.page{fill:#fff}',
  '.field{fill:#ddf4ff;stroke:#0969da}',
  '.padding{fill:#f6f8fa;stroke:#818b98;stroke-dasharray:4 3}',
].join('');

function box(cell: Cell, y: number): string {
  const x = LEFT + (cell.from % BYTES_PER_ROW) * BYTE;
  const width = cell.length * BYTE;
  const kind = cell.name === undefined ? 'padding' : 'field';
  const rectangle = `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${ROW}"/>`;
  const label = cell.name === undefined ? 'padding' : cell.begins ? lastPart(cell.name) : '';
  if (label === '') return rectangle;
  // A name longer than its box is squeezed rather than cut.
  const squeeze =
    label.length * LETTER > width - 8 ? ` textLength="${width - 8}" lengthAdjust="spacingAndGlyphs"` : '';
  return `${rectangle}\n<text x="${x + width / 2}" y="${y + ROW / 2 + 5}" text-anchor="middle"${squeeze}>${escapeXml(label)}</text>`;
}

function text(x: number, y: number, content: string, kind: string, anchor: string): string {
  return `<text class="${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
