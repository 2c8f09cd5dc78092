/** One measured number, and what it is held to. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export type Unit = 'ns' | 'ms' | 'times' | 'calls/s' | 'MiB' | 'codes';

export interface Section {
  readonly title: string;
  readonly figures: readonly Figure[];
}

export type Verdict = 'ok' | 'OVER' | '';

export function verdict({ value, atMost, atLeast }: Figure): Verdict {
  if (atMost === undefined && atLeast === undefined) return '';
  // What could not be computed is NaN, and keeps no budget.
  const isWithin =
    value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
  return isWithin ? 'ok' : 'OVER';
}

export function budgetOf({ atMost, atLeast, unit }: Figure): string {
  if (atMost !== undefined) return `at most ${format(atMost, unit)}`;
  return atLeast === undefined ? '' : `at least ${format(atLeast, unit)}`;
}

export function format(value: number, unit: Unit): string {
  if (unit === 'times') return `${value.toFixed(2)} x`;
  const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits).replace(/\B(?=(\d{3})+$)/g, ',')} ${unit}`;
}
