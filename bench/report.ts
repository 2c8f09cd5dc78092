import { budgetOf, type Figure, format, type Section, verdict } from './figure.ts';

/** The sections as a table for a terminal. */
export function table(sections: readonly Section[]): string {
  const figures = sections.flatMap((section) => section.figures);
  const width = Math.max(...figures.map(({ name }) => name.length));
  const blocks = sections.map(({ title, figures: of }) =>
    [title, ...of.map((figure) => row(figure, width))].join('\n'),
  );
  return blocks.join('\n\n');
}

/** The sections and the machine as plain data. */
export function toDocument(sections: readonly Section[]): object {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    sections: sections.map(({ title, figures }) => ({
      title,
      figures: figures.map((figure) => ({ ...figure, verdict: verdict(figure) })),
    })),
  };
}

function row(figure: Figure, width: number): string {
  const value = format(figure.value, figure.unit).padStart(16);
  const budget = budgetOf(figure);
  return `  ${figure.name.padEnd(width)} ${value}  ${budget.padEnd(24)} ${verdict(figure)}`.trimEnd();
}
