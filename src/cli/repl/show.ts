import { inspect } from 'node:util';
import { complain } from '../errors.ts';
import { paintFor } from '../style.ts';

export function showValue(value: unknown): string {
  const plain = paintFor(process.stdout)('green', '') === '';
  return inspect(value, { colors: !plain });
}

export function showError(error: unknown, debug = false): string {
  if (debug && error instanceof Error) return showValue(error);
  // Errors of JavaScript itself say little without their kind.
  if (!(error instanceof Error && 'code' in error)) return `odx: ${String(error)}`;
  const { sentence, next } = complain(error);
  return next === undefined ? `odx: ${sentence}` : `odx: ${sentence}\nnext: ${next}`;
}
