import { adaptive, type Palette, SANS, svgDocument, svgElement } from '../src/cli/svg.ts';
import type { Section } from './report.ts';

const WIDTH = 640;
const LEFT = 200;
const RIGHT = 540;
const ROW = 34;
const BAR = 22;

// In the order of the bars: the names that the section `calls` gives to the contenders, and those in the chart.
const BARS = [
  ['bare call, addresses', 'Koffi alone, addresses'],
  ['bare call, Buffers', 'Koffi alone, Buffers'],
  ['checked', 'win-odx, every check'],
  ['C++ addon', 'a C++ addon'],
  ['by hand', 'Koffi and Zod by hand'],
] as const;
const CALLS = [
  ['write', 'FSCTL_OFFLOAD_WRITE'],
  ['read', 'FSCTL_OFFLOAD_READ'],
] as const;

/** The times of the section `calls` as an SVG bar chart, readable on a light and on a dark page. */
export function chart({ figures }: Pick<Section, 'figures'>): string {
  const times = new Map(figures.filter(({ unit }) => unit === 'ns').map(({ name, value }) => [name, value]));
  const scale = (RIGHT - LEFT) / Math.max(...times.values());
  const parts = [
    text(20, 34, 'Nanoseconds per call, without the time of the driver; shorter is faster', 'note'),
  ];
  const sentences: string[] = [];
  let y = 52;
  for (const [call, title] of CALLS) {
    parts.push(text(20, y + 16, title, 'strong'));
    y += ROW;
    for (const [name, label] of BARS) {
      const time = times.get(`${call}, ${name}`);
      if (time === undefined) continue;
      const [nanoseconds, width] = [Math.round(time), Math.max(2, Math.round(time * scale))];
      const isOurs = name === 'checked';
      parts.push(
        text(20, y + 16, label),
        svgElement('rect', { class: isOurs ? 'ours' : 'other', x: LEFT, y, width, height: BAR, rx: 3 }),
        text(LEFT + width + 8, y + 16, `${nanoseconds} ns`, isOurs ? 'strong' : undefined),
      );
      sentences.push(`${title}, ${label}: ${nanoseconds} ns.`);
      y += ROW;
    }
    y += ROW / 2;
  }
  return svgDocument({
    width: WIDTH,
    height: y,
    title: 'Nanoseconds per synchronous call; shorter is faster',
    description: sentences.join(' '),
    style: adaptive(style),
    parts,
  });
}

function style({ page, text, muted, accent, quiet }: Palette): string {
  return [
    `text{font:14px ${SANS};fill:${text}}`,
    '.strong{font-weight:600}',
    `.note{fill:${muted}}`,
    `.page{fill:${page}}`,
    `.ours{fill:${accent}}`,
    `.other{fill:${quiet}}`,
  ].join('');
}

function text(x: number, y: number, content: string, kind?: string): string {
  return svgElement('text', { class: kind, x, y }, content);
}
