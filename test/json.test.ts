import { expect, test } from 'vitest';
import { AbortError } from '../src/errors.ts';
import { withToJson } from '../src/json.ts';

test('A report becomes JSON with decimal strings for bigint, at every depth', () => {
  const report = withToJson({
    bytes: 2n ** 63n,
    ranges: [{ offset: 1n }, null, 'text', 1],
    reason: new AbortError('enough'),
    nothing: null,
    left: undefined,
  });
  expect(JSON.parse(JSON.stringify(report))).toMatchObject({
    bytes: '9223372036854775808',
    ranges: [{ offset: '1' }, null, 'text', 1],
    reason: { name: 'AbortError', code: 'ABORT_ERR', message: 'The operation was aborted.' },
    nothing: null,
  });
});

test('The method for JSON does not show, and a program may replace it', () => {
  const report = withToJson({ bytes: 1n });
  expect(Object.keys(report)).toEqual(['bytes']);
  expect(Object.getOwnPropertyDescriptor(report, 'toJSON')).toMatchObject({
    writable: true,
    configurable: true,
    enumerable: false,
  });
});
