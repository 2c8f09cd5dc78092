import { expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/index.ts';
import * as everything from '../../src/index.ts';
import { createOdx } from '../../src/odx.ts';
import { expectSameFiles, failureOf, workspace } from '../kit.ts';

test('createOdx binds every function that uses a kernel, and no other', () => {
  const kernel = createEmulator();
  const { kernel: bound, ...functions } = createOdx({ kernel });
  expect(bound).toBe(kernel);
  const asking = Object.entries(everything)
    .filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name))
    .map(([name]) => name)
    .filter((name) => !['createOdx', 'explainStatus'].includes(name));
  expect(Object.keys(functions).sort()).toEqual(asking.sort());
});

test('the functions of createOdx can be destructured', async () => {
  const space = workspace();
  const { openFile, offloadRead } = space.odx;
  const file = await openFile(space.file('file', 512), 'r');
  expect((await offloadRead(file, { copyLength: 512 })).transferLength).toBe(512n);
  await file.close();
});

test('copyRange works on the kernel and returns its report', async () => {
  const { odx, file: make, path } = workspace();
  await using source = await odx.openFile(make('source', 4096), 'r');
  await using destination = await odx.openFile(path('copy'), 'wx', { size: 4096 });
  expect(await odx.copyRange(source, destination, { length: 4096 })).toMatchObject({ offloadedBytes: 4096n });
  expectSameFiles(path('copy'), source.path);
});

test('what lacks a method of a kernel is none, and a kernel itself has to be in an object', () => {
  const kernel = createEmulator();
  const refused: [given: object, message: string][] = [
    [kernel, 'createOdx takes an object with a kernel; pass { kernel }.'],
    ...(['acquire', 'release', 'control', 'controlSync', 'handleOf'] as const).map(
      (method): [object, string] => [
        { kernel: { ...kernel, [method]: undefined } },
        'kernel is an object; it must be a kernel, such as createEmulator() or loadKernel32() makes.',
      ],
    ),
  ];
  for (const [given, message] of refused) {
    expect(() => createOdx(given as never)).toThrow(
      expect.objectContaining({ issues: [{ path: 'kernel', message }] }),
    );
  }
});

test('two Odx objects on one kernel share its files', async () => {
  const space = workspace();
  const file = await space.odx.openFile(space.file('file', 512), 'r');
  const other = createOdx({ kernel: space.emulator });
  expect((await other.offloadRead(file, { copyLength: 512 })).transferLength).toBe(512n);
  await file.close();
});

test('a kernel without files works on handles, and a path is refused', async () => {
  const space = workspace();
  const file = await space.odx.openFile(space.file('file', 512), 'r');
  const odx = createOdx({ kernel: { ...space.emulator, files: undefined } });
  expect((await odx.offloadRead(file.handle, { copyLength: 512 })).transferLength).toBe(512n);
  expect(await failureOf(() => odx.openFile(file.path, 'r'))).toMatchObject({
    code: 'ERR_ODX_INVALID_ARGUMENT',
    message: expect.stringContaining("kernel is 'emulator', which has no files; use handles"),
  });
  await file.close();
});
