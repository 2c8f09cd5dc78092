import type { Section } from './figure.ts';

const ROW = 34;
const LEFT = 190;
const RIGHT = 560;
const TOP = 44;

interface Bar {
  readonly label: string;
  readonly nanoseconds: number;
  readonly isOurs: boolean;
}

/** A bar for each way to make the call, shorter is faster; its colours do on a light page and on a dark one. */
export function chart(calls: Section): string {
  const groups = ['write', 'read'].map((kind) => bars(calls, kind));
  const longest = Math.max(...groups.flat().map(({ nanoseconds }) => nanoseconds));
  const parts: string[] = [];
  let y = TOP;
  for (const [at, title] of ['FSCTL_OFFLOAD_WRITE', 'FSCTL_OFFLOAD_READ'].entries()) {
    parts.push(text(16, y, title, 'weight'));
    y += ROW / 2;
    for (const bar of groups[at] ?? []) {
      parts.push(drawn(bar, y, longest));
      y += ROW;
    }
    y += ROW;
  }
  const height = y;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${height}" width="720" height="${height}" role="img">`,
    '<title>Nanoseconds for a synchronous call; shorter is faster</title>',
    '<style>text{font:14px system-ui,sans-serif;fill:#808890}.weight{font-weight:600}.ours{fill:#2f81f7}.other{fill:#8b949e;fill-opacity:.55}</style>',
    text(16, 20, 'Nanoseconds a call, driver left out; shorter is faster'),
    ...parts,
    '</svg>',
  ].join('\n')}\n`;
}

function bars({ figures }: Section, kind: string): Bar[] {
  const ways = [
    ['bare call, Buffers', 'Koffi alone, no checks'],
    ['checked', 'win-odx, every check'],
    ['C++ addon', 'a C++ addon'],
    ['by hand', 'Koffi and Zod by hand'],
  ] as const;
  return ways.flatMap(([way, label]) => {
    const figure = figures.find(({ name, unit }) => name === `${kind}, ${way}` && unit === 'ns');
    return figure === undefined ? [] : [{ label, nanoseconds: figure.value, isOurs: way === 'checked' }];
  });
}

function drawn({ label, nanoseconds, isOurs }: Bar, y: number, longest: number): string {
  const width = Math.max(2, Math.round(((RIGHT - LEFT) * nanoseconds) / longest));
  const middle = y + ROW / 2 + 1;
  return [
    text(16, middle, label),
    `<rect class="${isOurs ? 'ours' : 'other'}" x="${LEFT}" y="${y}" width="${width}" height="${ROW - 12}" rx="3"/>`,
    text(LEFT + width + 8, middle, `${Math.round(nanoseconds)} ns`, isOurs ? 'weight' : undefined),
  ].join('\n');
}

function text(x: number, y: number, content: string, style?: string): string {
  const attribute = style === undefined ? '' : ` class="${style}"`;
  return `<text x="${x}" y="${y}"${attribute}>${content}</text>`;
}
