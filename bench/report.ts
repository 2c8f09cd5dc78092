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
