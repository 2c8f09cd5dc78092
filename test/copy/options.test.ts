import { describe, expect, test } from 'vitest';
import { copyFileWith } from '../../src/copy/copy-file.ts';
import type { CopyFileOptions } from '../../src/copy/options.ts';
import { createEmulator } from '../../src/emulator/index.ts';
import { InvalidArgumentError } from '../../src/errors.ts';
import { expectNothing, failureOf, Workspace } from './kit.ts';

const workspace = new Workspace();

const illegal: [string, unknown, RegExp][] = [
  ['mode', 'Prefer', /^mode is "Prefer"; it must be one of 'prefer', 'require'\.$/],
  ['mode', null, /^mode is null/],
  ['overwrite', 1, /^overwrite is 1; it must be true or false\.$/],
  ['verify', 'yes', /^verify is "yes"/],
  ['minimumSize', -1, /the nearest legal value is 0\.$/],
  ['minimumSize', 1.5, /whole number/],
  ['minimumSize', 2n ** 63n, /2\^63-1/],
  ['chunkSize', 0, /^chunkSize is 0; it must be at least one byte, the nearest legal value is 1\.$/],
  ['chunkSize', 0n, /^chunkSize is 0n; it must be at least one byte, the nearest legal value is 1\.$/],
  ['chunkSize', '1', /^chunkSize is "1"/],
  ['chunkSize', -1, /^chunkSize is -1; .*the nearest legal value is 1\.$/],
  ['chunkSize', -5n, /^chunkSize is -5n; .*the nearest legal value is 1n\.$/],
  ['chunkSize', 0.4, /^chunkSize is 0\.4; .*the nearest legal value is 1\.$/],
  ['onProgress', {}, /^onProgress is an object; it must be a function\.$/],
  ['signal', {}, /^signal is an object; it must be an AbortSignal\.$/],
  ['onprogress', () => undefined, /did you mean onProgress\?$/],
];

describe('copyFile refuses', () => {
  test.each(illegal)('the option %s with the value %o', async (key, value, message) => {
    const destination = workspace.path();
    const options = { [key]: value } as CopyFileOptions;
    const failure = await failureOf(copyFileWith(createEmulator(), workspace.file(10), destination, options));
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect(failure).toMatchObject({
      message: expect.stringMatching(message),
      issues: [{ path: key }],
    });
    expectNothing(destination);
  });

  test.each([
    ['source', ['', 'b']],
    ['source', [5, 'b']],
    ['destination', ['a', 'b\0']],
    ['destination', ['a', undefined]],
  ])('a %s that is not a path: %o', async (path, [source, destination]) => {
    const copying = copyFileWith(createEmulator(), source as string, destination as string);
    expect(await failureOf(copying)).toMatchObject({ issues: [{ path }] });
  });

  test('options that are not an object', async () => {
    for (const options of [null, 5, 'x', []]) {
      const copying = copyFileWith(createEmulator(), 'a', 'b', options as CopyFileOptions);
      expect(await failureOf(copying)).toBeInstanceOf(InvalidArgumentError);
    }
  });
});
