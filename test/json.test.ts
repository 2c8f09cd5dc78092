import { expect, test } from 'vitest';
import { withToJson } from '../src/json.ts';

test('A report becomes JSON with decimal strings for bigint, at every depth', () => {
  const report = withToJson({
    bytes: 2n ** 63n,
    ranges: [{ offset: 1n }, null, 'text', 1],
    reason: { toJSON: () => 'its own' },
    nothing: null,
    left: undefined,
  });
  expect(JSON.parse(JSON.stringify(report))).toEqual({
    bytes: '9223372036854775808',
    ranges: [{ offset: '1' }, null, 'text', 1],
    reason: 'its own',
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
