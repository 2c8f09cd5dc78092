import { expect, test } from 'vitest';
import { describeValue, hrefOf } from '../src/describe.ts';

test.each<[unknown, string]>([
  ['a'.repeat(60), `"${'a'.repeat(60)}"`],
  ['a b'.repeat(21), `"${'a b'.repeat(20)}..."`],
  ['a'.repeat(684), 'a string of 684 characters'],
  [10n ** 58n, `1${'0'.repeat(58)}n`],
  [10n ** 59n, `1${'0'.repeat(59)}... (61 characters)`],
  [-0, '-0'],
  [null, 'null'],
])('A message shows %o in at most about 60 characters', (value, shown) => {
  expect(describeValue(value)).toBe(shown);
});

test.each([undefined, null, 1, 'file:///a', {}, { href: 'file:///a' }])(
  '%o has no href, for it is no URL',
  (value) => {
    expect(hrefOf(value)).toBeUndefined();
  },
);
