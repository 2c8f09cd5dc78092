import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from './run-program.ts';

// Built by test/wine/prepare.sh: appends its own path to the file ODX_MARK when it is loaded.
const MARKING = 'C:\\odx\\fltlib.dll';
const SYSTEM = 'C:\\windows\\system32\\fltlib.dll';
const ASIDE = 'C:\\odx\\fltlib.original.dll';

// Windows looks for a library that is loaded by its bare name beside the executable first, and at last in the working
// folder and the PATH; Koffi looks in the working folder once more. Wine's own fltlib.dll ends the process when it is
// called, so another one takes its place. advapi32.dll cannot be planted: node.exe itself has loaded it.
describe.skipIf(!existsSync(MARKING))('a fltlib.dll that somebody has planted [needs Wine]', () => {
  const root = join(tmpdir(), `odx-planted-${process.pid}`);
  const [exe, cwd, path] = [join(root, 'exe'), join(root, 'cwd'), join(root, 'path')];
  const node = join(exe, 'node.exe');
  const mark = join(root, 'mark');
  const withoutWine = join(root, 'ntdll-without-wine.dll');
  const PLACES = [
    ['beside node.exe', exe],
    ['in the working folder', cwd],
    ['in a folder of the PATH', path],
  ] as const;

  beforeAll(() => {
    for (const place of [exe, cwd, path]) mkdirSync(place, { recursive: true });
    copyFileSync(process.execPath, node);
    copyFileSync(MARKING, withoutWine);
    // An earlier run may have been stopped before it could put the file back.
    if (!existsSync(ASIDE)) renameSync(SYSTEM, ASIDE);
  });
  afterEach(() => {
    for (const place of [exe, cwd, path]) rmSync(join(place, 'fltlib.dll'), { force: true });
    rmSync(SYSTEM, { force: true });
    rmSync(mark, { force: true });
  });
  afterAll(() => {
    renameSync(ASIDE, SYSTEM);
    rmSync(root, { recursive: true, force: true });
  });

  it.each(PLACES)('%s is loaded by its bare name, so these tests can fail', async (_, place) => {
    copyFileSync(MARKING, join(place, 'fltlib.dll'));
    expect(await run('load-by-name.mjs')).toEqual({
      output: 'loaded\n',
      loaded: [join(place, 'fltlib.dll')],
    });
  });

  it('is not loaded by probe, which loads that of the system folder', async () => {
    for (const [, place] of PLACES) copyFileSync(MARKING, join(place, 'fltlib.dll'));
    copyFileSync(MARKING, SYSTEM);
    expect(await run('probe.mjs', withoutWine)).toEqual({ output: '[]\n', loaded: [SYSTEM] });
  });

  it('is not loaded by probe when the system folder has none', async () => {
    for (const [, place] of PLACES) copyFileSync(MARKING, join(place, 'fltlib.dll'));
    const { output, loaded } = await run('probe.mjs', withoutWine);
    expect(output).toContain('fltlib.dll is not there');
    expect(loaded).toEqual([]);
  });

  async function run(
    program: string,
    ...parameters: string[]
  ): Promise<{ output: string; loaded: string[] }> {
    const env = { ...process.env, PATH: `${path};${process.env['PATH']}`, ODX_MARK: mark };
    const { output } = await runProgram(program, parameters, { node, cwd, env });
    const loaded = existsSync(mark) ? readFileSync(mark, 'utf16le').trim().split('\n') : [];
    return { output, loaded: loaded.filter((name) => name !== withoutWine) };
  }
});
