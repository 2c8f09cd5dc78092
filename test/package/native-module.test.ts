import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { install, pack } from './packed.ts';

const BINARY = `@koromix/koffi-${process.platform}-${process.arch}`;
const ENTRIES = ['win-odx', 'win-odx/emulator', 'win-odx/kernel32', 'win-odx/structs'];
// Node 20 calls the permission model experimental.
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

// Windows Node under Wine has neither npm nor pipes for child processes.
describe.skipIf(process.platform === 'win32')('A program whose Koffi has no binary', () => {
  let root: string;
  let complete: string;
  let omitted: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'win-odx-native-'));
    const packed = pack(root);
    complete = join(root, 'complete');
    install(packed, complete);
    omitted = join(root, 'omitted');
    // Without a registry, so from what is installed here.
    const tarballs = ['koffi', 'zod'].map((name) => pack(root, join(ROOT, 'node_modules', name)).tarball);
    const flags = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'];
    execFileSync('npm', ['install', ...flags, '--prefix', omitted, packed.tarball, ...tarballs], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** Runs a program in a project and returns the JSON that it prints. */
  function run(folder: string, flags: readonly string[], extension: 'mjs' | 'cjs', source: string): unknown {
    const program = join(folder, `program.${extension}`);
    writeFileSync(program, source);
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, program], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  const REPORT = `(error) => ({ name: error.name, code: error.code, message: error.message, cause: error.cause?.message })`;
  const importing = (...entries: readonly string[]): string =>
    `const entries = ${JSON.stringify(entries)};
    const imports = entries.map((entry) => import(entry).then(() => 'imported', ${REPORT}));
    console.log(JSON.stringify(await Promise.all(imports)));`;
  const requiring = (entry: string): string =>
    `try { require('${entry}'); console.log('"required"'); } catch (error) { console.log(JSON.stringify((${REPORT})(error))); }`;

  const CASES: [string, () => string, string[], RegExp][] = [
    ['installed with --omit=optional', () => omitted, [], /^Cannot find the native Koffi module/],
    ['run with --no-addons', () => complete, ['--no-addons'], /loading addons is disabled/],
    [
      'run with --permission',
      () => complete,
      [PERMISSION, '--allow-fs-read=*'],
      /loading addons is disabled/,
    ],
  ];

  describe.each(CASES)('because it is %s', (_, folder, flags, cause) => {
    const expected = {
      name: 'NativeModuleError',
      code: 'ERR_ODX_NATIVE_MODULE',
      message: expect.stringContaining(BINARY),
      cause: expect.stringMatching(cause),
    };

    test('gets a NativeModuleError that names the package to install from importing any entry point', () => {
      expect(run(folder(), flags, 'mjs', importing(...ENTRIES))).toEqual(ENTRIES.map(() => expected));
    });

    test('gets it from require too', () => {
      expect(run(folder(), flags, 'cjs', requiring('win-odx'))).toEqual(expected);
    });

    test('gets the flags of npm and Node.js that leave the binary out from the message', () => {
      const [{ message }] = run(folder(), flags, 'mjs', importing('win-odx')) as [{ message: string }];
      for (const flag of ['--omit=optional', '--no-addons', '--permission']) expect(message).toContain(flag);
    });

    test('is told by the command what to install', () => {
      const command = join(folder(), 'node_modules', 'win-odx', 'dist', 'odx.js');
      const { status, stderr } = spawnSync(process.execPath, [...flags, command, 'explain', '315'], {
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect(status).toBe(1);
      expect(stderr).toContain(BINARY);
    });
  });

  test('is the only one that gets the error: with the binary every entry point can be imported and required', () => {
    expect(run(complete, [], 'mjs', importing(...ENTRIES))).toEqual(ENTRIES.map(() => 'imported'));
    for (const entry of ENTRIES) expect(run(complete, [], 'cjs', requiring(entry))).toBe('required');
  });
});
