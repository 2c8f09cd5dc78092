import { describe, expect, test } from 'vitest';
import { InvalidArgumentError } from '../../src/errors.ts';
import { layoutOf, structs } from '../../src/structs.ts';

test.each(Object.keys(structs))('layoutOf returns %s by its name', (name) => {
  expect(layoutOf(name)).toBe(structs[name as keyof typeof structs]);
});

test.each([
  ['DEVICE_DSM_INPUT', 'DEVICE_MANAGE_DATA_SET_ATTRIBUTES'],
  ['DEVICE_DSM_RANGE', 'DEVICE_DATA_SET_RANGE'],
  ['DEVICE_DSM_OUTPUT', 'DEVICE_MANAGE_DATA_SET_ATTRIBUTES_OUTPUT'],
])('layoutOf accepts the alias %s for %s', (alias, name) => {
  expect(layoutOf(alias).name).toBe(name);
});

describe('layoutOf', () => {
  test.each<[unknown, string]>([
    [
      'FSCTL_OFFLOAD_READ_INPT',
      'name "FSCTL_OFFLOAD_READ_INPT" is not a known structure. Did you mean FSCTL_OFFLOAD_READ_INPUT?',
    ],
    ['overlaped', 'name "overlaped" is not a known structure. Did you mean OVERLAPPED?'],
    ['?', 'name "?" is not a known structure. The keys of structs are the known names.'],
    ['', 'name "" is not a known structure. The keys of structs are the known names.'],
    ['toString', 'name "toString" is not a known structure.'],
    ['__proto__', 'name "__proto__" is not a known structure.'],
    ['constructor', 'name "constructor" is not a known structure.'],
    // A long name is cut, and one that may be a token in base64 is not repeated.
    [`${'a b '.repeat(15)}c`, `name "${'a b '.repeat(15)}..." is not a known structure.`],
    ['a b '.repeat(200), `name "${'a b '.repeat(15)}..." is not a known structure.`],
    ['A'.repeat(684), 'name a string of 684 characters is not a known structure.'],
    [
      undefined,
      "name must be the Windows name of a structure, such as 'FSCTL_OFFLOAD_READ_INPUT', not undefined.",
    ],
    [315, "name must be the Windows name of a structure, such as 'FSCTL_OFFLOAD_READ_INPUT', not 315."],
    [{}, "name must be the Windows name of a structure, such as 'FSCTL_OFFLOAD_READ_INPUT', not an object."],
    [
      Symbol('x'),
      "name must be the Windows name of a structure, such as 'FSCTL_OFFLOAD_READ_INPUT', not a symbol.",
    ],
  ])('rejects the name %o', (name, message) => {
    const call = () => layoutOf(name as string);
    expect(call).toThrow(InvalidArgumentError);
    expect(call).toThrow(message);
    try {
      call();
    } catch (error) {
      expect((error as InvalidArgumentError).issues).toMatchObject([{ path: 'name' }]);
    }
  });
});
