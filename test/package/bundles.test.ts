import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../built.ts';
import { install, pack } from './packed.ts';

type Format = 'cjs' | 'esm';

/** Bundles a file for Node.js, all but Koffi, and returns the warnings. */
type Bundler = (input: string, output: string, format: Format) => Promise<readonly unknown[]>;

// The bundlers are imported when they are needed, because Wine has no binaries of them.

const esbuild: Bundler = async (input, output, format) => {
  const { build } = await import('esbuild');
  const { warnings } = await build({
    entryPoints: [input],
    outfile: output,
    bundle: true,
    platform: 'node',
    format,
    external: ['koffi'],
    logLevel: 'silent',
  });
  return warnings;
};

const withRolldown: Bundler = async (input, output, format) => {
  const { rolldown } = await import('rolldown');
  const warnings: string[] = [];
  const bundle = await rolldown({
    input,
    platform: 'node',
    external: ['koffi'],
    onLog: (level, { message }) => warnings.push(`${level}: ${message}`),
  });
  await bundle.write({ file: output, format });
  return warnings;
};

const withWebpack: Bundler = async (input, output, format) => {
  const { default: webpack } = await import('webpack');
  const module = format === 'esm';
  const compiler = webpack({
    mode: 'production',
    target: 'node',
    entry: input,
    output: { path: dirname(output), filename: basename(output), module },
    experiments: { outputModule: module },
    externals: { koffi: module ? 'module koffi' : 'commonjs koffi' },
    // Only to save time.
    optimization: { minimize: false },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
  return [...errors, ...warnings];
};

const EXPECTED = {
  lengthWritten: 1024,
  refused: true,
  message: expect.stringMatching(/^copyLength is 1000; .* the nearest legal value is 1024\.$/),
  explained: 'ERROR_INVALID_TOKEN',
};

// Child processes have no pipes in Windows Node under Wine.
describe.skipIf(process.platform === 'win32')('A bundled program in a folder with nothing but Koffi', () => {
  let root: string;
  let program: string;
  let folder: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'win-odx-bundle-'));
    const project = join(root, 'project');
    install(pack(root), project);
    program = join(project, 'bundled.mjs');
    cpSync(join(ROOT, 'test', 'package', 'bundled.mjs'), program);
    folder = join(root, 'folder');
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    for (const name of ['koffi', '@koromix'])
      symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }, 60_000);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function run(command: string, args: readonly string[]): unknown {
    const { status, stdout, stderr } = spawnSync(command, [...args, join(folder, 'file')], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout);
  }

  const BUNDLERS: [string, Format, Bundler][] = [
    ['esbuild', 'cjs', esbuild],
    ['esbuild', 'esm', esbuild],
    ['rolldown', 'cjs', withRolldown],
    ['rolldown', 'esm', withRolldown],
    ['webpack', 'cjs', withWebpack],
    ['webpack', 'esm', withWebpack],
  ];

  test.each(BUNDLERS)('runs when %s bundled it as %s', async (name, format, bundler) => {
    const extension = format === 'cjs' ? 'cjs' : 'mjs';
    const bundle = join(root, `${name}.${extension}`);
    expect(await bundler(program, bundle, format)).toEqual([]);
    const moved = join(folder, `${name}.${extension}`);
    copyFileSync(bundle, moved);
    expect(run(process.execPath, [moved])).toEqual(EXPECTED);
  });

  // The require of a single executable knows the modules of Node.js only.
  const BANNER = "require = require('node:module').createRequire(process.execPath);";

  test('is described in docs/bundling.md', () => {
    const text = readFileSync(join(ROOT, 'docs', 'bundling.md'), 'utf8');
    for (const part of ['--external:koffi', "koffi: 'commonjs koffi'", BANNER]) expect(text).toContain(part);
  });

  const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
  const reason =
    process.platform === 'darwin'
      ? 'macOS runs it only when it is signed'
      : readFileSync(process.execPath).includes(FUSE)
        ? ''
        : 'this Node.js has no room for a program';

  test.skipIf(reason !== '')(
    `runs as a single executable${reason && ` (skipped: ${reason})`}`,
    async () => {
      const bundle = join(root, 'single.cjs');
      const { build } = await import('esbuild');
      await build({
        entryPoints: [program],
        outfile: bundle,
        bundle: true,
        platform: 'node',
        format: 'cjs',
        external: ['koffi'],
        banner: { js: BANNER },
      });
      const blob = join(root, 'single.blob');
      const config = join(root, 'single.json');
      writeFileSync(
        config,
        JSON.stringify({ main: bundle, output: blob, disableExperimentalSEAWarning: true }),
      );
      const quiet = { stdio: 'ignore', timeout: 30_000 } as const;
      execFileSync(process.execPath, ['--experimental-sea-config', config], quiet);
      const executable = join(folder, 'single');
      copyFileSync(process.execPath, executable);
      const postject = join(ROOT, 'node_modules', '.bin', 'postject');
      execFileSync(postject, [executable, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE], quiet);
      expect(run(executable, [])).toEqual(EXPECTED);
    },
    60_000,
  );
});
