/** One measured number and its budget. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: 'ns' | 'ms' | 'times' | 'calls/s' | 'MiB' | 'codes';
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface Section {
  readonly title: string;
  readonly figures: readonly Figure[];
}

export function isOverBudget({ value, atMost, atLeast }: Figure): boolean {
  // A NaN, which means that a measurement failed, is over any budget.
  if (atMost !== undefined && !(value <= atMost)) return true;
  return atLeast !== undefined && !(value >= atLeast);
}

/** A section as a table for a terminal. */
export function table({ title, figures }: Section): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  const rows = figures.map((figure) => {
    const value = format(figure, figure.value).padStart(16);
    const [budget, verdict] = [budgetOf(figure), verdictOf(figure)];
    return `  ${figure.name.padEnd(width)} ${value}  ${budget.padEnd(24)} ${verdict}`.trimEnd();
  });
  return [title, ...rows].join('\n');
}

/** The sections and the machine as plain data. */
export function toDocument(sections: readonly Section[]): object {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    sections: sections.map(({ title, figures }) => ({
      title,
      figures: figures.map((figure) => ({ ...figure, verdict: verdictOf(figure) })),
    })),
  };
}

const ROW = 34;
const LEFT = 220;
const RIGHT = 560;
const TOP = 44;
const STYLE =
  'text{font:14px system-ui,sans-serif;fill:#808890}.weight{font-weight:600}' +
  '.ours{fill:#2f81f7}.other{fill:#8b949e;fill-opacity:.55}';
// In the order of the bars: the names that the section `calls` gives to the contenders, and those in the chart.
const BARS = [
  ['bare call, addresses', 'Koffi alone, addresses'],
  ['bare call, Buffers', 'Koffi alone, Buffers'],
  ['checked', 'win-odx, every check'],
  ['C++ addon', 'a C++ addon'],
  ['by hand', 'Koffi and Zod by hand'],
] as const;

/** The times of the section `calls` as an SVG bar chart that is legible on light and dark pages. */
export function chart({ figures }: Section): string {
  const times = new Map(figures.filter(({ unit }) => unit === 'ns').map(({ name, value }) => [name, value]));
  const longest = Math.max(...times.values());
  const parts: string[] = [];
  let y = TOP;
  for (const [call, title] of [
    ['write', 'FSCTL_OFFLOAD_WRITE'],
    ['read', 'FSCTL_OFFLOAD_READ'],
  ] as const) {
    parts.push(text(16, y, title, 'weight'));
    y += ROW / 2;
    for (const [name, label] of BARS) {
      const time = times.get(`${call}, ${name}`);
      if (time === undefined) continue;
      const width = Math.max(2, Math.round(((RIGHT - LEFT) * time) / longest));
      const middle = y + ROW / 2 + 1;
      const isOurs = name === 'checked';
      parts.push(
        text(16, middle, label),
        `<rect class="${isOurs ? 'ours' : 'other'}" x="${LEFT}" y="${y}" width="${width}" height="${ROW - 12}" rx="3"/>`,
        text(LEFT + width + 8, middle, `${Math.round(time)} ns`, isOurs ? 'weight' : undefined),
      );
      y += ROW;
    }
    y += ROW;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 ${y}" width="720" height="${y}" role="img">`,
    '<title>Nanoseconds per synchronous call; shorter is faster</title>',
    `<style>${STYLE}</style>`,
    text(16, 20, 'Nanoseconds per call, without the time of the driver; shorter is faster'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, content: string, style?: string): string {
  const attribute = style === undefined ? '' : ` class="${style}"`;
  return `<text x="${x}" y="${y}"${attribute}>${content}</text>`;
}

function budgetOf(figure: Figure): string {
  const { atMost, atLeast } = figure;
  if (atMost !== undefined) return `at most ${format(figure, atMost)}`;
  return atLeast === undefined ? '' : `at least ${format(figure, atLeast)}`;
}

function verdictOf(figure: Figure): 'ok' | 'OVER' | '' {
  if (figure.atMost === undefined && figure.atLeast === undefined) return '';
  return isOverBudget(figure) ? 'OVER' : 'ok';
}

function format({ unit }: Figure, value: number): string {
  if (unit === 'times') return `${value.toFixed(2)} x`;
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ',')} ${unit}`;
}
