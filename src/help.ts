import { DOCS } from './version.ts';

/** The address of a guide. */
export function guide(page: 'diagnose.md' | 'array-reports.md'): string {
  return `${DOCS}${page}`;
}

const UNKNOWN = /^ERROR_\d+$/;

/** The address of the section of docs/errors.md that explains the code of an error. */
export function helpFor(code: string): string {
  return `${DOCS}errors.md#${UNKNOWN.test(code) ? 'unknown-codes' : code.toLowerCase()}`;
}
