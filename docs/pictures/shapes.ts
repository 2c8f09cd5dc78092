import type { Palette } from '../../src/cli/svg.ts';
import { SANS, svgElement } from '../../src/cli/svg.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The classes of the shapes below. */
export function shapeStyle({ page, text, muted, accent, accentFill, quiet, quietFill }: Palette): string {
  return [
    `text{font:18px ${SANS};fill:${text};text-anchor:middle}`,
    '.strong{font-weight:600}',
    `.note{font-size:16px;fill:${muted}}`,
    '.left{text-anchor:start}',
    '.right{text-anchor:end}',
    `.page{fill:${page}}`,
    `.quiet{fill:${quietFill};stroke:${quiet}}`,
    `.accent{fill:${accentFill};stroke:${accent};stroke-width:1.5}`,
    `.line{fill:none;stroke:${muted};stroke-width:1.5}`,
    `.tip{fill:${muted}}`,
    `.thick{fill:${accent}}`,
  ].join('');
}

export function box({ x, y, width, height }: Box, kind: string): string {
  return svgElement('rect', { class: kind, x, y, width, height, rx: 8 });
}

export function label(x: number, y: number, content: string, kind?: string): string {
  return svgElement('text', { class: kind, x, y }, content);
}

type Point = readonly [x: number, y: number];

/** A line through points, with a tip at its end. */
export function arrow(...points: readonly Point[]): string {
  const [[fromX, fromY], [toX, toY]] = [points.at(-2) ?? [0, 0], points.at(-1) ?? [0, 0]];
  const length = Math.hypot(toX - fromX, toY - fromY);
  const [alongX, alongY] = [(toX - fromX) / length, (toY - fromY) / length];
  const [baseX, baseY] = [toX - alongX * TIP, toY - alongY * TIP];
  const wing = (side: number): string =>
    `${round(baseX - side * alongY * (TIP / 2))},${round(baseY + side * alongX * (TIP / 2))}`;
  const line = [...points.slice(0, -1), [baseX, baseY]].map(([x = 0, y = 0]) => `${round(x)},${round(y)}`);
  return [
    svgElement('polyline', { class: 'line', points: line.join(' ') }),
    svgElement('polygon', { class: 'tip', points: `${toX},${toY} ${wing(1)} ${wing(-1)}` }),
  ].join('\n');
}

const TIP = 9;

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
