import type { Layout } from '../structs.ts';
import { BYTES_PER_ROW, type Cell, layoutRows, memberName, offsetText } from './layout-rows.ts';
import { plural } from './quantities.ts';
import { adaptive, MONOSPACE, type Palette, svgDocument, svgElement } from './svg.ts';

/** Draws a structure as an SVG document, readable on a light and on a dark page. */
export function layoutPicture(layout: Layout): string {
  const { name, size, alignment, fields } = layout;
  const title = `${name}, ${size} bytes, aligned to ${alignment}`;
  const parts = [svgText(LEFT, 32, title, 'title'), ...ruler(size)];
  let y = TOP;
  for (const row of layoutRows(layout)) {
    parts.push(svgText(LEFT - 10, y + ROW / 2 + 5, offsetText(row.offset), 'offset'));
    for (const cell of row.cells) parts.push(...svgCell(cell, y));
    y += ROW;
    if (row.omitted > 0) {
      const more = `${row.omitted * BYTES_PER_ROW} bytes more`;
      parts.push(svgText(LEFT + (BYTES_PER_ROW * BYTE) / 2, y + ROW / 2 + 5, more, 'more'));
      y += ROW;
    }
  }
  return svgDocument({
    width: LEFT + BYTES_PER_ROW * BYTE + MARGIN,
    height: y + MARGIN,
    title,
    description: `${fields.map((field) => `${field.name}: ${plural(field.size, 'byte')} at ${field.offset}`).join('. ')}.`,
    style: adaptive(layoutStyle),
    parts,
  });
}

const BYTE = 84;
const ROW = 40;
const LEFT = 72;
const TOP = 72;
const MARGIN = 20;
const LETTER = 7.9;
const LINE = 15;

function layoutStyle({ page, text, muted, accent, accentFill, quiet, quietFill }: Palette): string {
  return [
    `text{font:13px ${MONOSPACE};fill:${text}}`,
    '.title{font-weight:600;font-size:15px}',
    `.offset,.byte,.more,.gap{fill:${muted}}`,
    '.offset{text-anchor:end}',
    '.byte,.more,.gap,.name{text-anchor:middle}',
    `.page{fill:${page}}`,
    `.field{fill:${accentFill};stroke:${accent}}`,
    `.padding{fill:${quietFill};stroke:${quiet};stroke-dasharray:4 3}`,
  ].join('');
}

function ruler(size: number): string[] {
  return Array.from({ length: Math.min(size, BYTES_PER_ROW) }, (_, byte) =>
    svgText(LEFT + byte * BYTE + BYTE / 2, TOP - 8, `${byte}`, 'byte'),
  );
}

function svgCell(cell: Cell, y: number): string[] {
  const x = LEFT + (cell.from % BYTES_PER_ROW) * BYTE;
  const width = cell.length * BYTE;
  const box = { x, y, width, height: ROW };
  const [middle, baseline] = [x + width / 2, y + ROW / 2 + 5];
  if (cell.name === undefined) {
    return [svgElement('rect', { class: 'padding', ...box }), svgText(middle, baseline, 'padding', 'gap')];
  }
  const lines = cell.begins ? linesOf(memberName(cell.name), width) : [];
  const first = baseline - ((lines.length - 1) * LINE) / 2;
  return [
    svgElement('rect', { class: 'field', ...box, 'stroke-dasharray': edgesOf(cell, width) }),
    ...lines.map((line, index) => svgText(middle, first + index * LINE, line, 'name')),
  ];
}

/** The edge of a box as dashes, clockwise from its upper left corner: open where the field continues in another row. */
function edgesOf({ begins, ends }: Cell, width: number): string | undefined {
  if (begins && ends) return undefined;
  if (begins) return `${width + ROW} ${width} ${ROW}`;
  return ends ? `0 ${width} ${width + 2 * ROW}` : `0 ${width} ${ROW} ${width} ${ROW}`;
}

/** Breaks a name that is wider than its box between two of its words. */
function linesOf(name: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of name.split(/(?<=[a-z])(?=[A-Z])/)) {
    const longer = `${lines.at(-1) ?? ''}${word}`;
    if (lines.length > 0 && longer.length * LETTER < width - 6) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function svgText(x: number, y: number, content: string, kind: string): string {
  return svgElement('text', { class: kind, x, y }, content);
}
