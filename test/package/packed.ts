import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../built.ts';

/** A tarball of `npm pack`. */
export interface Packed {
  readonly tarball: string;
  /** Paths in the package. */
  readonly files: readonly string[];
  readonly unpackedBytes: number;
}

/**
 * Packs this package as it is built now, or another one, into a folder. Runs no scripts: `prepack` would replace dist while
 * other tests read it.
 */
export function pack(folder: string, source: string = ROOT): Packed {
  const npm = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const output = execFileSync('npm', npm, {
    cwd: source,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename, files, unpackedSize }] = JSON.parse(output) as [
    { filename: string; files: { path: string }[]; unpackedSize: number },
  ];
  return {
    tarball: join(folder, filename),
    files: files.map(({ path }) => path).sort(),
    unpackedBytes: unpackedSize,
  };
}

/** Installs the tarball and the package's dependencies into a project, laid out as npm does it. */
export function install({ tarball }: Packed, project: string): void {
  const modules = join(project, 'node_modules');
  mkdirSync(modules, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', modules]);
  renameSync(join(modules, 'package'), join(modules, 'win-odx'));
  for (const name of ['koffi', 'zod']) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
}
